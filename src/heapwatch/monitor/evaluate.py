"""One look of a monitor at all its groups: states before, states after, and what has changed. Pure.

The live monitors, `heapwatch monitor backtest` and scripts of rules all come through here, with other eyes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from heapwatch import human
from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.monitor.kinds.base import Eyes, Labels, Looked, Moment, Monitor
from heapwatch.monitor.states import NO_DATA, OK, State, Transition, failed, forgotten, key_of, step

States = Mapping[str, State]
"""Of one monitor, by the key of their labels."""

NOBODY = key_of({})
LONGEST = 500


@dataclass(frozen=True)
class Evaluation:
    """What one look came to."""

    states: States
    transitions: list[Transition] = field(default_factory=list)
    error: str = ""


def tick_of(monitor: Monitor, now: int) -> int:
    """The newest moment at which a monitor is looked at: whole multiples of its distance."""
    return now - now % monitor.every


def evaluate(monitor: Monitor, tick: int, eyes: Eyes, states: States, resumed: int = 0) -> Evaluation:
    """Look at what was there `delay` before the tick."""
    moment = Moment(tick - monitor.delay, [each.labels for each in states.values()], resumed)
    try:
        looked = _few(monitor, monitor.look(eyes, moment))
    except HeapwatchError as error:
        text = str(error)[:LONGEST]
        groups = states or {NOBODY: State(since=tick, seen=tick)}
        after = {key: failed(each, text, tick) for key, each in groups.items()}
        return Evaluation(after, _changes(monitor, tick, states, after), text)
    found = {key_of(labels): (dict(labels), seen) for labels, seen in looked}
    groups = _groups(monitor, tick, states, {key: labels for key, (labels, _) in found.items()})
    after = {
        key: step(each, found[key][1] if key in found else None, monitor.rules, tick)
        for key, each in groups.items()
    }
    gone = {key for key, each in after.items() if forgotten(each, monitor.rules, tick)}
    if NOBODY not in found and len(after) > 1:
        gone.add(NOBODY)  # it stood for those that were not there yet
    transitions = _changes(monitor, tick, states, {key: after[key] for key in after if key not in gone})
    for key in sorted(gone):
        if states.get(key, State()).state != OK:
            ended = replace(after[key], state=OK, level=OK, value=None, text=_gone(monitor, key))
            transitions += _changes(monitor, tick, {key: states[key]}, {key: ended})
    return Evaluation({key: each for key, each in after.items() if key not in gone}, transitions)


def _groups(monitor: Monitor, tick: int, states: States, found: Mapping[str, Labels]) -> dict[str, State]:
    """Those that are known and those that are new; one for nobody where somebody is missing."""
    groups = dict(states)
    for key, labels in found.items():
        groups.setdefault(key, State(since=tick, seen=tick, labels=labels))
    if not groups and monitor.expects_groups:
        groups[NOBODY] = State(since=tick, seen=tick)
    return groups


def _few(monitor: Monitor, looked: Looked) -> Looked:
    if len(looked) > monitor.groups:
        raise UsageError(
            f"{len(looked)} groups are more than {monitor.groups}: group by fewer labels, or raise `groups`"
        )
    return looked


def _changes(monitor: Monitor, tick: int, before: States, after: States) -> list[Transition]:
    found = []
    for key in sorted(after):
        now, was = after[key], before.get(key, State())
        if now.state != was.state or now.level != was.level:
            found.append(
                Transition(
                    tick,
                    monitor.name,
                    monitor.kind,
                    {**monitor.labels, **now.labels},
                    was.state,
                    now.state,
                    None if now.state == NO_DATA else now.value,
                    now.text,
                    monitor.asked,
                    now.level,
                    was.level,
                )
            )
    return found


def _gone(monitor: Monitor, key: str) -> str:
    if key == NOBODY:
        return "there is something to look at now"
    return f"nothing was seen of it for {human.duration(monitor.rules.forget_ms / 1000)}"
