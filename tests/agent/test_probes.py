"""Which histograms of live objects an agent takes for a server, and which it does not."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from heapwatch.agent.probes import AGAIN_S, MOST, Probes, lives_of
from heapwatch.model import Target


def target(pid: int = 7, started: int = 1000) -> Target:
    return Target(pid, pid, 1, started, "shop", 0, 0, "app", "hotspot")


def test_what_is_asked_for_is_done_once_an_hour() -> None:
    probes = Probes(allowed=True)
    assert probes.next([target()], 0.0) is None
    probes.ask([(7, 1000)])
    assert probes.next([target()], 0.0) == target()
    assert probes.next([target()], 1.0) is None
    probes.ask([(7, 1000)])
    assert probes.next([target()], AGAIN_S - 1) is None
    probes.ask([(7, 1000)])
    assert probes.next([target()], AGAIN_S + 1) == target()


def test_nothing_is_done_without_leave() -> None:
    probes = Probes(allowed=False)
    probes.ask([(7, 1000)])
    assert probes.next([target()], 0.0) is None
    assert probes.refused == 1


def test_another_life_of_the_same_process_number_is_not_meant() -> None:
    probes = Probes(allowed=True)
    probes.ask([(7, 999), (8, 1000), (7, 1000)])
    assert probes.next([target()], 0.0) == target()


def test_a_server_cannot_fill_the_memory() -> None:
    probes = Probes(allowed=True)
    probes.ask([(number, 1) for number in range(10 * MOST)])
    seen = 0
    while probes.next([target(pid, 1) for pid in range(10 * MOST)], 0.0):
        seen += 1
    assert seen == MOST


def test_an_answer_names_lives() -> None:
    assert lives_of({"stored": True, "probe": [{"pid": 7, "started": 1000}]}) == ((7, 1000),)
    assert lives_of({"stored": True}) == ()


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["probe", "pid", "started", "x"]), inner, max_size=4)
    ),
)


@given(anything)
def test_whatever_a_server_answers_only_lives_come_out(answer: Any) -> None:
    for pid, started in lives_of(json.loads(json.dumps(answer))):
        assert type(pid) is int
        assert type(started) is int
