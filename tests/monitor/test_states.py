"""What a group of a monitor becomes, look by look: one a minute, written as one letter each.

. right   - in the band   w wrong   c critically wrong   e in the band below critical   _ nothing   ! failed
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.monitor.states import (
    CRITICAL,
    ERROR,
    FIRING,
    NO_DATA,
    OK,
    PENDING,
    RECOVERING,
    WARNING,
    Rules,
    Seen,
    State,
    forgotten,
    step,
)

MINUTE = 60_000
LOOKS = {
    ".": Seen(OK, 1.0),
    "-": Seen(OK, 2.0, clear=False),
    "w": Seen(WARNING, 3.0, clear=False),
    "e": Seen(WARNING, 4.0, clear=False, eased=False),
    "c": Seen(CRITICAL, 5.0, clear=False, eased=False),
    "!": Seen(ERROR, None, "the store is away"),
    "_": None,
}
LETTERS = {
    OK: ".", PENDING: "p", WARNING: "W", CRITICAL: "C", RECOVERING: "r", NO_DATA: "n", ERROR: "!"
}  # fmt: skip


def told(looks: str, rules: Rules) -> str:
    state, found = State(), ""
    for number, look in enumerate(looks):
        state = step(state, LOOKS[look], rules, number * MINUTE)
        found += LETTERS[state.state]
    return found


AT_ONCE = Rules()
PATIENT = Rules(for_ms=2 * MINUTE, recovery_ms=3 * MINUTE, no_data_ms=2 * MINUTE)


@pytest.mark.parametrize(
    ("rules", "looks", "states"),
    [
        (AT_ONCE, ".w.c.", ".W.C."),  # without patience each look counts
        (AT_ONCE, "w--w-.", "WWWWW."),  # in the band what fires goes on
        (AT_ONCE, "---", "..."),  # and what does not fire does not begin to
        (AT_ONCE, "ceew-.", "CCCWW."),  # critical ends below its own band
        (AT_ONCE, "wc", "WC"),
        (PATIENT, ".w.ww.", ".p.pp."),  # a peak is no alert
        (PATIENT, ".wwww.", ".ppWWr"),
        (PATIENT, "wwcccw", "ppWWCC"),  # each level waits for itself
        (PATIENT, "ccc", "ppC"),
        (PATIENT, "cwc", "ppW"),  # wrong all the time, critically only now and then
        (PATIENT, "www....", "ppWrrr."),
        (PATIENT, "www..w....", "ppWrrWrrr."),  # it begins to count again
        (PATIENT, "www..-....", "ppWrrWrrr."),
        (PATIENT, "cccwwww", "ppCCCCW"),
        (PATIENT, "ccc....", "ppCrrr."),  # from critical to right, without a warning on the way
        (PATIENT, "www____w", "ppWWnnnW"),  # what was behind no data goes on
        (PATIENT, "..__.", "...n."),
        (PATIENT, "www!!w", "ppW!!W"),
        (PATIENT, "www!.", "ppW!r"),
        (PATIENT, "www!_", "ppW!n"),
        (Rules(no_data_ms=9 * MINUTE), "w!_", "W!W"),
        (Rules(on_no_data="ok"), "w_", "W."),
        (Rules(on_no_data="keep"), "w___", "WWWW"),
    ],
)
def test_states_follow_looks(rules: Rules, looks: str, states: str) -> None:
    assert told(looks, rules) == states


def test_a_state_knows_since_when_and_why() -> None:
    state = step(State(), Seen(WARNING, 91.5, "91.5 % above 90 %", clear=False), AT_ONCE, 5 * MINUTE)
    again = step(state, Seen(WARNING, 92.0, "92 % above 90 %", clear=False), AT_ONCE, 6 * MINUTE)
    assert (again.state, again.since, again.value, again.seen) == (WARNING, 5 * MINUTE, 92.0, 6 * MINUTE)


def test_what_was_not_seen_for_long_is_forgotten_but_not_because_we_could_not_look() -> None:
    rules = Rules(forget_ms=10 * MINUTE)
    assert forgotten(State(NO_DATA, seen=0), rules, 10 * MINUTE)
    assert not forgotten(State(NO_DATA, seen=1), rules, 10 * MINUTE)
    assert not forgotten(State(ERROR, seen=0), rules, 99 * MINUTE)


@given(st.text("".join(LOOKS), max_size=40), st.integers(0, 4), st.integers(0, 4))
def test_nothing_fires_before_it_was_wrong_for_so_long_nor_ends_before_it_was_right(
    looks: str, patience: int, recovery: int
) -> None:
    rules = Rules(for_ms=patience * MINUTE, recovery_ms=recovery * MINUTE, no_data_ms=MINUTE)
    state = State()
    for number, look in enumerate(looks):
        before, state = state, step(state, LOOKS[look], rules, number * MINUTE)
        if state.level in FIRING and before.level == OK:
            assert not set(looks[number - patience : number + 1]) & set(".-")
        if state.level == OK and before.level in FIRING:
            assert not set(looks[number - recovery : number + 1]) & set("-wec")
        if state.state == PENDING:
            assert state.level == OK
        if state.state in FIRING:
            assert state.state == state.level
