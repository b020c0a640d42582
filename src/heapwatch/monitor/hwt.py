"""Rule scripts (`.hwt`): monitors, data, and the states they must come to. docs/howto/monitors.md shows them.

    monitors heap.yml
    load every 1m from 2026-01-01T00:00:00Z
      {metric=jvm.heap.after_gc host=web1 jvm=shop}  50x9 95x9
    run from 2026-01-01T00:00:00Z to +20m
    expect at +15m
      heap {host=web1 jvm=shop} critical 95
    expect transitions
      +11m heap {host=web1 jvm=shop} ok critical

Written like query scripts (query/hwq.py). This module reads them, rules.py runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from heapwatch.errors import UsageError
from heapwatch.model import Event
from heapwatch.monitor.states import STATES
from heapwatch.query import hwq
from heapwatch.query.hwq import Given, Line, labelled, moment, said
from heapwatch.query.times import parse_interval


@dataclass(frozen=True)
class Rules:
    """Monitors, in the script or in a file beside it."""

    line: int
    path: str
    text: str


@dataclass(frozen=True)
class Events:
    events: Sequence[Event]


@dataclass(frozen=True)
class Verdict:
    """A line of what the detector says: a leak with its state, or when something is full."""

    labels: Mapping[str, str]
    word: str
    amount: str


@dataclass(frozen=True)
class Verdicts:
    """All that the detector says of a kind from a time on."""

    kind: str  # leaks, ends
    time: int
    lines: Sequence[Verdict]


@dataclass(frozen=True)
class State:
    """`heap {host=web1} critical 95`: a group, what it is, and the value behind it."""

    line: Line
    monitor: str
    labels: Mapping[str, str]
    states: Sequence[str]  # one, or before and after
    value: float | None
    time: int = 0


@dataclass(frozen=True)
class Expectation:
    """`at`: states at a time; `transitions`: all of a run; `error`: that the monitors cannot be read."""

    number: int
    kind: str
    time: int
    states: Sequence[State]
    text: str = ""


@dataclass(frozen=True)
class Run:
    """Every monitor is looked at at its times from one to the other, both included."""

    number: int
    from_: int
    to: int
    expectations: list[Expectation] = field(default_factory=list)


Command = Given | Rules | Events | Verdicts | Run

_RUN = re.compile(r"from (\S+) to (\S+)")
_STATE = re.compile(r"(\S+) (\{.*)", re.DOTALL)


def read(text: str, name: str) -> list[tuple[int, Command]]:
    """The commands of a script with their line numbers; `expect` is part of the run before it."""
    return hwq.commands(text, name, COMMANDS, _expect)


def _rules(head: Line, rest: str, body: list[Line]) -> Command:
    text = "\n".join(line.text for line in body)
    if bool(rest) == bool(text.strip()):
        raise UsageError("name a file after `monitors`, or write the monitors below it")
    return Rules(body[0].number if body else head.number, rest, text)


def _events(_head: Line, rest: str, body: list[Line]) -> Command:
    if rest:
        raise UsageError("events stand below `events`: TIME KIND {labels} text")
    found = []
    for line in said(body):
        time, _, more = line.text.partition(" ")
        kind, _, more = more.strip().partition(" ")
        labels, text = labelled(more)
        found.append(Event(moment(time), kind, labels, text))
    return Events(found)


def _verdicts(kind: str) -> Callable[[Line, str, list[Line]], Command]:
    def read_(_head: Line, rest: str, body: list[Line]) -> Command:
        if not rest.startswith("at "):
            raise UsageError(f"write `{kind} at TIME`, and below what the detector says from then on")
        lines = []
        for line in said(body):
            labels, more = labelled(line.text)
            word, _, amount = more.strip().partition(" ")
            if kind == "leaks" and word not in ("suspect", "confirmed"):
                raise UsageError(f"a leak is suspect or confirmed, not {word[:40]!r}")
            if kind == "ends":
                parse_interval(word)
            lines.append(Verdict(labels, word, amount.strip()))
        return Verdicts(kind, moment(rest[3:].strip()), lines)

    return read_


def _run(head: Line, rest: str, body: list[Line]) -> Command:
    found = _RUN.fullmatch(rest)
    if found is None or said(body):
        raise UsageError(f"expected `run from TIME to TIME` alone, not {head.text[:60]!r}")
    start = moment(found[1])
    end = moment(found[2], start)
    if end < start:
        raise UsageError("a run ends after it begins")
    return Run(head.number, start, end)


def _expect(found: list[tuple[int, Command]], head: Line, rest: str, body: list[Line]) -> None:
    run = found[-1][1] if found else None
    if not isinstance(run, Run):
        raise UsageError("expect stands after a run")
    lines = said(body)
    if rest.startswith("at "):
        time = moment(rest[3:].strip(), run.from_)
        states = [_state(line, 1) for line in lines]
        run.expectations.append(Expectation(head.number, "at", time, states))
    elif rest in ("transitions", "nothing"):
        if bool(lines) == (rest == "nothing"):
            raise UsageError("write transitions below `expect transitions`, and none below `expect nothing`")
        changes = [_change(line, run.from_) for line in lines]
        run.expectations.append(Expectation(head.number, "transitions", 0, changes))
    elif rest.startswith("error"):
        run.expectations.append(Expectation(head.number, "error", 0, [], hwq.unquoted(rest[5:].strip())))
    else:
        raise UsageError(f"expect what? at TIME, transitions, nothing or error; not {rest[:40]!r}")


def _change(line: Line, start: int) -> State:
    time, _, rest = line.text.partition(" ")
    found = _state(Line(line.number, rest.strip()), 2)
    return State(line, found.monitor, found.labels, found.states, found.value, moment(time, start))


def _state(line: Line, count: int) -> State:
    found = _STATE.fullmatch(line.text)
    if found is None:
        raise UsageError(
            f"write MONITOR {{labels}} {'STATE' if count == 1 else 'BEFORE AFTER'}: {line.text!r}"
        )
    labels, rest = labelled(found[2])
    words = rest.split()
    states, values = words[:count], words[count:]
    wrong = [word for word in states if word not in STATES]
    if len(states) < count or wrong or len(values) > 1:
        raise UsageError(f"states are {', '.join(STATES)}, then perhaps a value; not {rest.strip()[:60]!r}")
    value = hwq.values(values[0])[0] if values else None
    return State(line, found[1], labels, states, value)


COMMANDS: Mapping[str, Callable[[Line, str, list[Line]], Command]] = {
    **hwq.GIVEN,
    "monitors": _rules,
    "events": _events,
    "leaks": _verdicts("leaks"),
    "ends": _verdicts("ends"),
    "run": _run,
}
