"""Query scripts (`.hwq`): data, queries and the answers they must give. docs/reference/hwq.md has it all.

    load every 10s from 2026-01-01T00:00:00Z
      {metric=heap.bytes host=web1 jvm=shop class=byte[]}  100+10x5
    query from 2026-01-01T00:00:00Z to +60s interval 10s
      metric=heap.bytes | sum by host
    expect
      {host=web1}  100 110 120 130 140 150

A command begins at the start of a line; the lines that belong to it are indented. This module reads them,
script.py runs them.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from heapwatch.errors import UsageError
from heapwatch.query.times import parse_interval, parse_time

NONE = math.nan
"""`_`: no point."""

MOST_VALUES = 1_000_000


class Unreadable(UsageError):
    """Something in a script that is no script; the message begins with file and line."""


@dataclass(frozen=True)
class Line:
    number: int
    text: str


@dataclass(frozen=True)
class Clear:
    """Begin again with an empty store."""


@dataclass(frozen=True)
class Rollup:
    """Sum up the hours that are over, as a server does from time to time."""


@dataclass(frozen=True)
class Now:
    """What the store's clock shows from here on."""

    time: int


@dataclass(frozen=True)
class Samples:
    """One line of a load: labels or a Graphite path, and a value for each step (nan: none)."""

    labels: Mapping[str, str]
    path: str
    values: Sequence[float]


@dataclass(frozen=True)
class Load:
    start: int
    step: int
    lines: Sequence[Samples]


@dataclass(frozen=True)
class Message:
    time: int
    labels: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class LoadLogs:
    messages: Sequence[Message]


@dataclass(frozen=True)
class Expectation:
    """`kind` is what follows `expect`: "", ordered, table, messages, nothing, error, warning, ..."""

    number: int
    kind: str
    arguments: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Query:
    """A query with what its answer must be."""

    number: int
    language: str  # metrics, logs
    text: str
    from_: int
    to: int
    options: Mapping[str, str]
    expectations: list[Expectation] = field(default_factory=list)


Command = Clear | Rollup | Now | Load | LoadLogs | Query
Given = Clear | Rollup | Now | Load | LoadLogs
One = TypeVar("One")

KINDS = (
    "", "ordered", "table", "ordered table", "messages", "nothing", "error", "warning", "no warnings",
    "interval", "rollup", "starts",
)  # fmt: skip

_TIME = r"\S+"
_LOAD = re.compile(rf"every (\S+) from ({_TIME})")
_QUERY = re.compile(rf"from ({_TIME}) to ({_TIME})((?: (?:interval|limit|order|mode) \S+)*)")
_LABEL = re.compile(r'\s*([^\s={}",]+)=("(?:[^"\\]|\\.)*"|[^\s{}",]*)\s*,?')
_LABELLED = re.compile(r'\{((?:"(?:[^"\\]|\\.)*"|[^{}"])*)\}\s*(.*)', re.DOTALL)
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_RUN = re.compile(rf"({_NUMBER})(?:([+-](?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?))?x(\d+)|_x(\d+)")
BEGINS_WITH_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def read(text: str, name: str) -> list[tuple[int, Command]]:
    """The commands of a script with their line numbers; `expect` is part of the query before it."""
    return commands(text, name, COMMANDS, _expect)


def commands(
    text: str,
    name: str,
    known: Mapping[str, Callable[[Line, str, list[Line]], One]],
    expect: Callable[[list[tuple[int, One]], Line, str, list[Line]], None],
) -> list[tuple[int, One]]:
    """The commands of a script of which these words are known; `expect` is given to the one before it."""
    found: list[tuple[int, One]] = []
    for head, body in _blocks(text, name):
        word, _, rest = head.text.partition(" ")
        try:
            if word == "expect":
                expect(found, head, rest.strip(), body)
            elif word in known:
                found.append((head.number, known[word](head, rest.strip(), body)))
            else:
                raise UsageError(f"expected one of {', '.join(known)} or expect, not {word[:40]!r}")
        except Unreadable:
            raise
        except UsageError as error:
            raise Unreadable(f"{name}:{head.number}: {error}") from error
    return found


def values(text: str) -> list[float]:
    """`1 2 _ 4`, `100+10x5` (100 110 ... 150), `7x3` (7 7 7 7), `_x3` (three times none)."""
    found: list[float] = []
    for word in text.split():
        run = _RUN.fullmatch(word)
        if run:
            times = int(run[3] or run[4])
            if times + len(found) > MOST_VALUES:
                raise UsageError(f"{word!r}: a line has at most {MOST_VALUES} values")
            if run[4]:
                found += [NONE] * times
            else:
                begin, step = float(run[1]), float(run[2] or 0)
                found += [begin + step * place for place in range(times + 1)]
        elif word == "_":
            found.append(NONE)
        elif re.fullmatch(_NUMBER, word):
            found.append(float(word))
        else:
            raise UsageError(f"{word[:40]!r} is not a value such as 1, _, 100+10x5 or 7x3")
    return found


def labelled(text: str) -> tuple[dict[str, str], str]:
    """`{a=b c="d e"} rest` -> the labels and the rest."""
    found = _LABELLED.fullmatch(text)
    if found is None:
        raise UsageError(f"expected {{label=value ...}}, not {text[:40]!r}")
    labels: dict[str, str] = {}
    at = 0
    inside = found[1].rstrip()
    while at < len(inside):
        label = _LABEL.match(inside, at)
        if label is None:
            raise UsageError(f"expected label=value, not {inside[at:].strip()[:40]!r}")
        labels[label[1]] = unquoted(label[2])
        at = label.end()
    return labels, found[2]


def unquoted(word: str) -> str:
    """A word, or what stands in its quotes."""
    if not word.startswith('"'):
        return word
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), word[1:-1])


def _blocks(text: str, name: str) -> list[tuple[Line, list[Line]]]:
    found: list[tuple[Line, list[Line]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if line[:1].isspace() or not line:
            if found:
                found[-1][1].append(Line(number, line))
            elif line.strip():
                raise Unreadable(f"{name}:{number}: an indented line belongs to no command")
        elif not line.startswith("#"):
            head = line if line.startswith("expect") else line.partition(" #")[0]
            found.append((Line(number, re.sub(r"\s+", " ", head).strip()), []))
    return [(head, _trimmed(body)) for head, body in found]


def _trimmed(body: list[Line]) -> list[Line]:
    while body and not body[-1].text.strip():
        body.pop()
    return body


def _clear(_head: Line, rest: str, body: list[Line]) -> Given:
    _nothing_more("clear", rest, body)
    return Clear()


def _rollup(_head: Line, rest: str, body: list[Line]) -> Given:
    _nothing_more("rollup", rest, body)
    return Rollup()


def _now(_head: Line, rest: str, body: list[Line]) -> Given:
    _nothing_more("now", "", body)
    return Now(moment(rest))


def _load(head: Line, rest: str, body: list[Line]) -> Given:
    if rest == "logs":
        return LoadLogs(_messages(body))
    found = _LOAD.fullmatch(rest)
    if found is None:
        raise UsageError(f"expected `load every 10s from TIME` or `load logs`, not {head.text[:60]!r}")
    lines = []
    for line in said(body):
        if line.text.startswith("{"):
            labels, rest = labelled(line.text)
            lines.append(Samples(labels, "", values(rest)))
        else:
            path, _, rest = line.text.partition(" ")
            lines.append(Samples({}, path, values(rest)))
    return Load(moment(found[2]), round(parse_interval(found[1]) * 1000), lines)


def _messages(body: Sequence[Line]) -> list[Message]:
    """An entry begins with its time; a line without one goes on with the message before."""
    lines = textwrap.dedent("\n".join(line.text for line in body)).split("\n")
    found: list[Message] = []
    for line in lines:
        if BEGINS_WITH_TIME.match(line):
            time, _, rest = line.partition(" ")
            labels, text = labelled(rest)
            found.append(Message(moment(time), labels, text))
        elif line.strip() and not found:
            raise UsageError(f"a log message begins with its time, not {line[:40]!r}")
        elif line.strip():
            last = found.pop()
            found.append(Message(last.time, last.labels, f"{last.text}\n{line}"))
    return found


def _asked(language: str) -> Callable[[Line, str, list[Line]], Command]:
    def query(head: Line, rest: str, body: list[Line]) -> Command:
        found = _QUERY.fullmatch(rest)
        if found is None:
            raise UsageError(
                "expected `from TIME to TIME`, then interval, limit, order or mode with their values"
            )
        words = found[3].split()
        start = moment(found[1])
        end = moment(found[2], start)
        text = textwrap.dedent("\n".join(line.text for line in body))
        return Query(head.number, language, text, start, end, dict(zip(words[::2], words[1::2], strict=True)))

    return query


def _expect(found: list[tuple[int, Command]], head: Line, rest: str, body: list[Line]) -> None:
    if not found or not isinstance(found[-1][1], Query):
        raise UsageError("expect stands after a query")
    kind = next(
        (each for each in sorted(KINDS, key=len, reverse=True) if f"{rest} ".startswith(f"{each} ")), "?"
    )
    if kind == "?" and rest and not rest.startswith("#"):
        raise UsageError(f"expect what? {', '.join(filter(None, KINDS))}, or nothing more; not {rest[:40]!r}")
    kind = "" if kind == "?" else kind
    arguments = "" if rest.startswith("#") else rest[len(kind) :].strip()
    found[-1][1].expectations.append(Expectation(head.number, kind, arguments, said(body)))


def said(body: Sequence[Line]) -> list[Line]:
    """The lines that are neither empty nor comments."""
    stripped = [Line(line.number, line.text.strip()) for line in body]
    return [line for line in stripped if line.text and not re.match(r"#(?![A-Z]\s+\{)", line.text)]


def moment(text: str, start: int | None = None) -> int:
    if not text.startswith("+") and (start is not None or BEGINS_WITH_TIME.match(text)):
        return parse_time(text, 0)
    if start is None:
        raise UsageError(f"{text[:40]!r} is not a time such as 2026-01-01T00:00:00Z")
    return parse_time(text, start)


def _nothing_more(word: str, rest: str, body: Sequence[Line]) -> None:
    if rest or said(body):
        raise UsageError(f"nothing follows {word}")


GIVEN: Mapping[str, Callable[[Line, str, list[Line]], Given]] = {
    "clear": _clear,
    "rollup": _rollup,
    "now": _now,
    "load": _load,
}
"""The commands by which data comes in."""

COMMANDS: Mapping[str, Callable[[Line, str, list[Line]], Command]] = {
    **GIVEN,
    "query": _asked("metrics"),
    "logs": _asked("logs"),
}
