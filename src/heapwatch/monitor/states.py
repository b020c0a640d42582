"""The states of one group of a monitor, and how one look leads to the next. Pure: the time is an argument.

    ok -> pending -> warning / critical -> recovering -> ok          no_data, error

    state       it is so when                                    what is behind it goes on
    ok          nothing is wrong
    pending     it is wrong, not yet for `for_ms`                ok
    warning     it was wrong for `for_ms`                        warning
    critical    it was critically wrong for `for_ms`             critical
    recovering  it is right again, not yet for `recovery_ms`     warning or critical
    no_data     nothing was seen for `no_data_ms`                what was so before, until there is some
    error       the look itself failed                           what was so before: it goes on after it

Between what is wrong and what is right again may be a band (hysteresis): in it everything stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

OK, PENDING, WARNING, CRITICAL = "ok", "pending", "warning", "critical"
RECOVERING, NO_DATA, ERROR = "recovering", "no_data", "error"
STATES = (OK, PENDING, WARNING, CRITICAL, RECOVERING, NO_DATA, ERROR)
LEVELS = (OK, WARNING, CRITICAL)
FIRING = (WARNING, CRITICAL)


@dataclass(frozen=True)
class Transition:
    """A group of a monitor has become something else; `labels` are what tells it from the others."""

    time: int  # epoch ms
    monitor: str
    kind: str
    labels: Mapping[str, str]
    before: str
    after: str
    value: float | None
    text: str
    query: str
    level: str = OK  # what fires behind it: ok, warning or critical
    was_level: str = OK
    silenced: str = ""  # the silence or mute time because of which nobody is told


@dataclass(frozen=True)
class Rules:
    """How long something is so before it counts, ms."""

    for_ms: int = 0
    recovery_ms: int = 0
    no_data_ms: int = 0
    on_no_data: str = NO_DATA  # no_data, ok: as if all were right, keep: as if nothing had been looked at
    forget_ms: int = 86_400_000


@dataclass(frozen=True)
class Seen:
    """What one look at a group has shown; `clear` and `eased`: right again, and no more critical."""

    level: str
    value: float | None = None
    text: str = ""
    clear: bool = True
    eased: bool = True
    absent: bool = False  # it is told of, though nothing is heard of it

    @classmethod
    def wrong(cls, level: str, value: float | None = None, text: str = "") -> Seen:
        """A level without a band: below critical is no more critical."""
        return cls(level, value, text, clear=level == OK, eased=level != CRITICAL)


@dataclass(frozen=True)
class State:
    """What is remembered of a group between two looks; moments are epoch ms, None: it is not so."""

    state: str = OK
    since: int = 0
    level: str = OK  # what fires behind the state
    wrong: int | None = None
    critical: int | None = None
    clear: int | None = None
    eased: int | None = None
    seen: int = 0  # when there was something to look at
    value: float | None = None
    text: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def step(before: State, seen: Seen | None, rules: Rules, now: int) -> State:
    """What a look (None: there was nothing to see) makes of a group."""
    if seen is None:
        return _unseen(before, rules, now)
    if seen.level == ERROR:
        return _becomes(replace(before, value=seen.value, text=seen.text), ERROR, now)
    bad, worst = seen.level in FIRING, seen.level == CRITICAL
    after = replace(
        before,
        wrong=_since(before.wrong, bad, now),
        critical=_since(before.critical, worst, now),
        clear=_since(before.clear, seen.clear and not bad, now),
        eased=_since(before.eased, seen.eased and not worst, now),
        seen=before.seen if seen.absent else now,
        value=seen.value,
        text=seen.text,
    )
    level = _level(after, rules, now)
    after = replace(after, level=level)
    if level == OK:
        return _becomes(after, PENDING if bad else OK, now)
    return _becomes(after, RECOVERING if after.clear is not None else level, now)


def failed(before: State, text: str, now: int) -> State:
    """The look itself failed."""
    return step(before, Seen(ERROR, None, text), Rules(), now)


def forgotten(state: State, rules: Rules, now: int) -> bool:
    """Whether a group of which nothing was seen for long is one no more."""
    return state.state != ERROR and now - state.seen >= rules.forget_ms


def key_of(labels: Mapping[str, str]) -> str:
    """What a group is kept under."""
    return json.dumps(sorted(labels.items()), ensure_ascii=False, separators=(",", ":"))


def _level(group: State, rules: Rules, now: int) -> str:
    """What fires."""

    def lasted(since: int | None, least: int) -> bool:
        return since is not None and now - since >= least

    if lasted(group.critical, rules.for_ms):
        return CRITICAL
    if group.level == OK:
        return WARNING if lasted(group.wrong, rules.for_ms) else OK
    if lasted(group.clear, rules.recovery_ms):
        return OK
    if group.level == CRITICAL and group.clear is None and lasted(group.eased, rules.recovery_ms):
        return WARNING
    return group.level


def _unseen(before: State, rules: Rules, now: int) -> State:
    if rules.on_no_data == "keep" or now - before.seen < rules.no_data_ms:
        # an error is over when a look succeeds, even if it shows nothing
        return _becomes(before, before.level, now) if before.state == ERROR else before
    if rules.on_no_data == OK:
        return step(before, Seen(OK, None, "no data", absent=True), rules, now)
    quiet = replace(before, wrong=None, critical=None, clear=None, eased=None, value=None, text="no data")
    return _becomes(quiet, NO_DATA, now)


def _since(before: int | None, holds: bool, now: int) -> int | None:
    if not holds:
        return None
    return now if before is None else before


def _becomes(group: State, state: str, now: int) -> State:
    return group if state == group.state else replace(group, state=state, since=now)
