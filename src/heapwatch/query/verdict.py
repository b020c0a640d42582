"""Whether an answer is the expected one; if not, what was expected and what was found, line by line."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.query import hwq
from heapwatch.query.errors import QueryError
from heapwatch.query.hwq import Expectation, Query
from heapwatch.query.times import parse_interval, parse_time

Answer = Mapping[str, Any]
Lines = list[str]

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')
_PLAIN = re.compile(r'[^\s{}",=]+')
_PLACE = re.compile(r'(?:(\d+):(\d+)\s*)?("(?:[^"\\]|\\.)*")?')
_TIMES = ("_time", "_timeslice", "time")


def problems(query: Query, answer: Answer | None, error: HeapwatchError | None) -> list[str]:
    """One text for each expectation that was not met, empty when all is well."""
    found = []
    wants_error = any(each.kind == "error" for each in query.expectations)
    if error is not None and not wants_error:
        found.append(f"the query failed: {_told(error)}")
    for each in query.expectations:
        try:
            problem = _error(each, error) if each.kind == "error" else _judge(each, answer, error)
        except UsageError as wrong:
            problem = f"this expectation cannot be read: {wrong}"
        if problem:
            found.append(f"line {each.number}: {problem}")
    if not query.expectations:
        found.append("nothing is expected of this query; write `expect` under it")
    return found


def _judge(each: Expectation, answer: Answer | None, error: HeapwatchError | None) -> str:
    if answer is None:
        return "" if error is not None else "no answer"
    return _JUDGES[each.kind](each, answer)


def _error(each: Expectation, error: HeapwatchError | None) -> str:
    wanted = _PLACE.fullmatch(each.arguments)
    if wanted is None:
        raise UsageError('write expect error 1:18 "part of the message"')
    if error is None:
        return "an error was expected, there was an answer"
    place = (error.line, error.column) if isinstance(error, QueryError) else None
    if wanted[1] and place != (int(wanted[1]), int(wanted[2])):
        return f"an error at {wanted[1]}:{wanted[2]} was expected, found {_told(error)}"
    if wanted[3] and hwq.unquoted(wanted[3]) not in str(error):
        return f"an error with {wanted[3]} was expected, found {_told(error)}"
    return ""


def _told(error: HeapwatchError) -> str:
    return f"{error}\n{error.shown()}" if isinstance(error, QueryError) else str(error)


# ---- series


def _series(each: Expectation, answer: Answer) -> str:
    if "columns" in answer or any(row.get("table") for row in answer["rows"]):
        return "series were expected, found a table (write `expect table`)"
    wanted = [_wanted_series(line.text) for line in each.lines]
    found = [
        (row["letter"], dict(one["labels"]), [hwq.NONE if v is None else float(v) for v in one["values"]])
        for row in answer["rows"]
        for one in row["series"]
    ]
    single = len(answer["rows"]) == 1
    wanted_letters = [
        (letter or answer["rows"][0]["letter"], labels, values) for letter, labels, values in wanted
    ]
    matched = _matched(wanted_letters, found, _same_series, each.kind == "ordered")
    if matched:
        return ""
    return _difference(
        [_shown_series(*one, single=single) for one in wanted_letters],
        [_shown_series(*one, single=single) for one in found],
        each.kind == "ordered",
    )


def _wanted_series(text: str) -> tuple[str, dict[str, str], list[float] | None]:
    letter = ""
    if text.startswith("#"):
        letter, text = text[1], text[2:].strip()
    labels, rest = hwq.labelled(text)
    return letter, labels, None if rest.strip() == "*" else hwq.values(rest)


def _same_series(wanted: Any, found: Any) -> bool:
    if wanted[0] != found[0] or wanted[1] != {name: str(value) for name, value in found[1].items()}:
        return False
    if wanted[2] is None:
        return True
    return len(wanted[2]) == len(found[2]) and all(map(same_number, wanted[2], found[2]))


def _shown_series(
    letter: str, labels: Mapping[str, Any], values: Sequence[float] | None, *, single: bool
) -> str:
    inside = " ".join(f"{name}={quoted(str(value))}" for name, value in sorted(labels.items()))
    numbers = "*" if values is None else " ".join(map(shown_number, values))
    return f"{'' if single else f'#{letter} '}{{{inside}}} {numbers}"


# ---- tables and messages


def _table(each: Expectation, answer: Answer) -> str:
    table = answer if "columns" in answer else _first_table(answer)
    if table is None:
        return "a table was expected, found series (write `expect`)"
    if not each.lines:
        raise UsageError("a table begins with the names of its columns")
    columns = table["columns"]
    names = [hwq.unquoted(word) for word in _WORD.findall(each.lines[0].text)]
    missing = [name for name in names if name not in columns]
    if missing:
        return f"no column {', '.join(missing)}; there are {', '.join(columns)}"
    wanted = [_WORD.findall(line.text) for line in each.lines[1:]]
    for line, cells in zip(each.lines[1:], wanted, strict=True):
        if len(cells) != len(names):
            raise UsageError(f"line {line.number} has {len(cells)} cells for {len(names)} columns")
    found = list(zip(*(columns[name] for name in names), strict=True))
    ordered = each.kind.startswith("ordered")

    def same(cells: Sequence[str], row: Sequence[Any]) -> bool:
        return all(_same_cell(name, cell, value) for name, cell, value in zip(names, cells, row, strict=True))

    if _matched(wanted, found, same, ordered):
        return ""
    head = " ".join(map(quoted, names))
    shown = [" ".join(_shown_cell(value) for value in row) for row in found]
    return _difference([head, *(" ".join(cells) for cells in wanted)], [head, *shown], ordered)


def _first_table(answer: Answer) -> Mapping[str, Any] | None:
    return next((row["table"] for row in answer["rows"] if row.get("table")), None)


def _messages(each: Expectation, answer: Answer) -> str:
    if answer.get("kind") != "messages":
        return f"messages were expected, found {answer.get('kind')}"
    wanted = [hwq.unquoted(line.text) for line in each.lines]
    found = list(answer["columns"]["_text"])
    return "" if wanted == found else _difference(wanted, [text.replace("\n", "\\n") for text in found], True)


def _same_cell(name: str, cell: str, value: Any) -> bool:
    if cell == "_":
        return value is None or value != value
    if value is None:
        return False
    text = hwq.unquoted(cell)
    if isinstance(value, (bool, str)):
        return text == str(value)
    if name in _TIMES and re.match(r"\d{4}-", text):
        return parse_time(text, 0) == int(value)
    try:
        return same_number(float(text), float(value))
    except ValueError:
        return False


def _shown_cell(value: Any) -> str:
    if value is None or value != value:
        return "_"
    return quoted(value) if isinstance(value, str) else shown_number(float(value))


# ---- the rest


def _nothing(_each: Expectation, answer: Answer) -> str:
    if "columns" in answer:
        counts = [len(column) for column in answer["columns"].values()]
        return f"nothing was expected, found {max(counts)} rows" if any(counts) else ""
    count = sum(len(row["series"]) for row in answer["rows"])
    table = _first_table(answer)
    count += len(next(iter(table["columns"].values()), [])) if table else 0
    return f"nothing was expected, found {count} series" if count else ""


def _warning(each: Expectation, answer: Answer) -> str:
    part = hwq.unquoted(each.arguments)
    told = [warning["message"] for warning in answer["warnings"]]
    if any(part in message for message in told):
        return ""
    return f"a warning with {each.arguments} was expected, found {'; '.join(told) or 'none'}"


def _no_warnings(_each: Expectation, answer: Answer) -> str:
    told = [warning["message"] for warning in answer["warnings"]]
    return f"no warnings were expected, found {'; '.join(told)}" if told else ""


def _interval(each: Expectation, answer: Answer) -> str:
    wanted = parse_interval(each.arguments)
    return _of_all_rows("interval", wanted, [row["interval_s"] for row in answer["rows"]])


def _rollup(each: Expectation, answer: Answer) -> str:
    return _of_all_rows("rollup", each.arguments, [row["rollup"] for row in answer["rows"]])


def _starts(each: Expectation, answer: Answer) -> str:
    wanted = parse_time(each.arguments, 0)
    return _of_all_rows("first time", wanted, [next(iter(row["times"]), None) for row in answer["rows"]])


def _of_all_rows(name: str, wanted: Any, found: Sequence[Any]) -> str:
    wrong = [each for each in found if each != wanted]
    return f"{name} {wanted} was expected, found {wrong[0]}" if wrong else ""


_JUDGES: dict[str, Callable[[Expectation, Answer], str]] = {
    "": _series,
    "ordered": _series,
    "table": _table,
    "ordered table": _table,
    "messages": _messages,
    "nothing": _nothing,
    "warning": _warning,
    "no warnings": _no_warnings,
    "interval": _interval,
    "rollup": _rollup,
    "starts": _starts,
}


def _matched(
    wanted: Sequence[Any], found: Sequence[Any], same: Callable[[Any, Any], bool], ordered: bool
) -> bool:
    """Each wanted one is found once and nothing else is."""
    if len(wanted) != len(found):
        return False
    if ordered:
        return all(map(same, wanted, found))
    left = list(found)
    for each in wanted:
        place = next((at for at, other in enumerate(left) if same(each, other)), None)
        if place is None:
            return False
        del left[place]
    return True


def same_number(wanted: float, found: float) -> bool:
    """Equal to nine digits; no point is equal to no point only."""
    if math.isnan(wanted) or math.isnan(found):
        return math.isnan(wanted) and math.isnan(found)
    return math.isclose(wanted, found, rel_tol=1e-9, abs_tol=1e-9)


def shown_number(value: float) -> str:
    """A number as it stands in a script."""
    if math.isnan(value):
        return "_"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def quoted(text: str) -> str:
    """A word, in quotes when it would not be one without."""
    if _PLAIN.fullmatch(text) and text != "_":
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _difference(wanted: Lines, found: Lines, ordered: bool) -> str:
    if not ordered:
        wanted, found = sorted(wanted), sorted(found)
    lines = [line for line in difflib.ndiff(wanted, found) if not line.startswith("?")]
    return "- expected, + found\n" + "\n".join(f"    {line}" for line in lines)
