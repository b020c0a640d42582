"""Runs rule scripts (hwt.py) against a real store of their own, in a temporary directory."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from heapwatch import human
from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.monitor import hwt, marked
from heapwatch.monitor.backtest import ticks
from heapwatch.monitor.evaluate import States, evaluate
from heapwatch.monitor.hwt import Events, Expectation, Rules, Run, Verdicts
from heapwatch.monitor.kinds.base import Ending, Leaking
from heapwatch.monitor.load import Rulebook, combined, load
from heapwatch.monitor.sight import Sight
from heapwatch.monitor.states import OK, State, Transition
from heapwatch.monitor.stretch import Stretch
from heapwatch.monitor.values import amount
from heapwatch.query import hwq
from heapwatch.query.hwq import Clear
from heapwatch.query.script import Scene
from heapwatch.query.times import parse_interval
from heapwatch.query.verdict import quoted, same_number


@dataclass(frozen=True)
class Outcome:
    """What came of one run: no problems, or each as some lines of text."""

    where: str
    problems: Sequence[str]


@dataclass
class Told:
    """What the detector says, as a script has it."""

    leaking: list[tuple[int, list[Leaking]]] = field(default_factory=list)
    ending: list[tuple[int, list[tuple[Ending, int]]]] = field(default_factory=list)

    def add(self, said: Verdicts) -> None:
        if said.kind == "leaks":
            self.leaking.append((said.time, [_leaking(each) for each in said.lines]))
        else:
            self.ending.append((said.time, [(_ending(each), said.time) for each in said.lines]))

    def leaks(self, at: int) -> Sequence[Leaking]:
        return next((lines for time, lines in reversed(self.leaking) if time <= at), [])

    def ends(self, at: int) -> Sequence[Ending]:
        """What is left gets less as time goes by."""
        found = next((lines for time, lines in reversed(self.ending) if time <= at), [])
        return [
            Ending(
                each.labels, each.near_s - (at - since) / 1000, each.likely_s - (at - since) / 1000, each.text
            )
            for each, since in found
        ]


@dataclass
class Past:
    """What monitors were, tick by tick."""

    looks: dict[str, list[tuple[int, States]]] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)

    def at(self, name: str, time: int) -> States:
        looks = self.looks.get(name, [])
        place = bisect.bisect_right([tick for tick, _ in looks], time)
        return looks[place - 1][1] if place else {}


def read(path: Path) -> list[tuple[int, hwt.Command]]:
    """A script from its file; Unreadable names the line that is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise hwq.Unreadable(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from error
    return hwt.read(text, str(path))


def check(path: Path) -> Iterator[Outcome]:
    """Run a whole script, run by run."""
    stage = Stage(path)
    try:
        for number, command in read(path):
            try:
                outcome = stage.do(command)
            except HeapwatchError as error:
                raise hwq.Unreadable(f"{path}:{number}: {error}") from error
            if outcome is not None:
                yield outcome
    finally:
        stage.scene.close()


class Stage:
    """A script's store, its monitors, and what they are."""

    def __init__(self, path: Path) -> None:
        self.scene = Scene()
        self._path = path
        self._book: Rulebook | HeapwatchError = Rulebook()
        self._told = Told()
        self._states: dict[str, States] = {}

    def do(self, command: hwt.Command) -> Outcome | None:
        if isinstance(command, Run):
            return Outcome(f"{self._path}:{command.number}", self._run(command))
        if isinstance(command, Rules):
            self._book = self._read(command)
        elif isinstance(command, Events):
            self.scene.note(command.events)
        elif isinstance(command, Verdicts):
            self._told.add(command)
        else:
            self.scene.do(command)
            if isinstance(command, Clear):
                self._states, self._told = {}, Told()
        return None

    def _read(self, rules: Rules) -> Rulebook | HeapwatchError:
        try:
            if rules.path:
                return load(self._path.parent / rules.path)
            return combined([marked.parse("\n" * (rules.line - 1) + rules.text, str(self._path))])
        except HeapwatchError as error:
            return error

    def _run(self, run: Run) -> list[str]:
        if isinstance(self._book, HeapwatchError):
            wanted = next((each for each in run.expectations if each.kind == "error"), None)
            if wanted is None:
                return [f"the monitors cannot be read: {self._book}"]
            if wanted.text not in str(self._book):
                return [f"line {wanted.number}: an error with {wanted.text!r} was expected: {self._book}"]
            return []
        if not self._book.monitors:
            raise UsageError("there are no monitors to run; write them below `monitors`")
        if not run.expectations:
            return ["nothing is expected of this run; write `expect` under it"]
        past = self._past(self._book, run)
        return [problem for each in run.expectations for problem in _problems(each, past)]

    def _past(self, book: Rulebook, run: Run) -> Past:
        past = Past()
        eyes = Stretch(Sight(self.scene.store, self._told), run.to)
        for tick, monitor in sorted(
            ((tick, each) for each in book.monitors for tick in ticks(each.every, run.from_, run.to)),
            key=lambda each: each[0],
        ):
            found = evaluate(monitor, tick, eyes, self._states.get(monitor.name, {}), run.from_)
            self._states[monitor.name] = found.states
            past.looks.setdefault(monitor.name, []).append((tick, found.states))
            past.transitions += found.transitions
        return past


def _problems(wanted: Expectation, past: Past) -> list[str]:
    if wanted.kind == "error":
        return [f"line {wanted.number}: the monitors were expected not to be read, and are"]
    problems = _of_states(wanted, past) if wanted.kind == "at" else _of_transitions(wanted, past)
    return [f"line {wanted.number}: {each}" for each in problems]


def _of_states(wanted: Expectation, past: Past) -> list[str]:
    problems = []
    listed = set()
    for each in wanted.states:
        found = past.at(each.monitor, wanted.time)
        if each.monitor not in past.looks:
            problems.append(f"there is no monitor {each.monitor!r}")
            continue
        state = next((one for one in found.values() if dict(one.labels) == each.labels), None)
        listed.add((each.monitor, tuple(sorted(each.labels.items()))))
        if (OK if state is None else state.state) != each.states[0] or not _same(each.value, state):
            problems.append(f"{each.line.text}\n  is not so: {_shown(each.monitor, state, each.labels)}")
    for name in past.looks:
        problems += [
            f"is not expected: {_shown(name, one, one.labels)}"
            for one in past.at(name, wanted.time).values()
            if one.state != OK and (name, tuple(sorted(one.labels.items()))) not in listed
        ]
    return problems


def _of_transitions(wanted: Expectation, past: Past) -> list[str]:
    def told(each: Transition, value: bool) -> str:
        shown = f" {each.value:g}" if value and each.value is not None else ""
        return (
            f"{human.iso(each.time)} {each.monitor} {_labels(each.labels)} {each.before} {each.after}{shown}"
        )

    expected = sorted(
        f"{human.iso(each.time)} {each.monitor} {_labels(each.labels)} {' '.join(each.states)}"
        + (f" {each.value:g}" if each.value is not None else "")
        for each in wanted.states
    )
    valued = any(each.value is not None for each in wanted.states)
    found = sorted(told(each, valued) for each in past.transitions)
    if expected == found:
        return []
    missing = [f"  - {each}" for each in expected if each not in found]
    more = [f"  + {each}" for each in found if each not in expected]
    return ["\n".join(["these transitions differ (- expected, + found):", *missing, *more])]


def _same(value: float | None, state: State | None) -> bool:
    if value is None:
        return True
    return state is not None and state.value is not None and same_number(value, state.value)


def _shown(name: str, state: State | None, labels: Mapping[str, str]) -> str:
    if state is None:
        return f"{name} has no group {_labels(labels)}"
    value = "" if state.value is None else f" {state.value:g}"
    return f"{name} {_labels(labels)} {state.state}{value}" + (f" ({state.text})" if state.text else "")


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + " ".join(f"{name}={quoted(labels[name])}" for name in sorted(labels)) + "}"


def _leaking(said: hwt.Verdict) -> Leaking:
    labels = {"state": said.word, **said.labels}
    text = (
        f"{labels.get('class', '')} leaks"
        if said.word == "confirmed"
        else f"{labels.get('class', '')} may leak"
    )
    return Leaking(
        labels, said.word, said.labels.get("acknowledged") == "yes", amount(said.amount or "0"), text
    )


def _ending(said: hwt.Verdict) -> Ending:
    left = parse_interval(said.word)
    likely = parse_interval(said.amount) if said.amount else left
    return Ending(said.labels, left, likely, f"{said.labels.get('resource', 'heap')} is full in {said.word}")
