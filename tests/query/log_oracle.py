"""What a log query answers, worked out in plain Python over a list of messages (values: log_values.py)."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import log_tables
from log_values import (
    Messages,
    Result,
    Row,
    add_columns,
    holds,
    in_scope,
    is_number,
    look,
    natural,
    number,
    text,
    value,
    wild,
)

from heapwatch.query.logs import tree


def answer(query: tree.LogQuery, messages: Messages, from_: int, to: int) -> Result:
    rows = [row for row in messages.within(from_, to) if in_scope(query.scope, row)]
    result = Result(rows, ["_time", "_level", "_text"])
    for place, node in enumerate(query.operators):
        if isinstance(node, tree.Compare):
            log_tables.compare(result, node, [
                answer(
                    tree.LogQuery(query.scope, query.operators[:place]),
                    messages,
                    from_ - node.shift_ms * number,
                    to - node.shift_ms * number,
                )
                for number in range(1, node.count + 1)
            ])  # fmt: skip
        elif isinstance(node, tree.Timeslice):
            _timeslice(result, node)
        else:
            _OPERATORS[type(node)](result, node)
    if not result.messages and not result.sorted:
        result.rows.sort(key=lambda row: [natural(row[name]) for name in result.columns])
    return result


# ---- operators on rows


def _made(result: Result, row: Row, name: str, found: Any) -> Row:
    return {**row, name: found}


def _from_regex(result: Result, node: Any, regex: str, names: dict[str, int], multi: bool) -> None:
    rows = []
    for row in result.rows:
        source = text(look(result, row, node.field.text if node.field else "_text")) or ""
        finds = list(re.finditer(regex, source, re.ASCII))
        for place, each in enumerate(finds if multi else finds[:1]):
            rows.append(
                {**row, "#": (*row["#"], place), **{name: each[at] or "" for name, at in names.items()}}
            )
        if not finds and node.nodrop:
            rows.append({**row, **dict.fromkeys(names)})
    result.rows = rows
    add_columns(result, list(names))


def _parse(result: Result, node: tree.Parse) -> None:
    pieces = wild(node.pattern.text, "\0").split("\0")
    regex = pieces[0]
    for place, piece in enumerate(pieces[1:], 1):
        regex += (r"([^\n]*)" if place == len(pieces) - 1 and not piece else r"([^\n]*?)") + piece
    _from_regex(result, node, regex, {name.text: at for at, name in enumerate(node.names, 1)}, False)


def _parse_regex(result: Result, node: tree.ParseRegex) -> None:
    regex = node.regex.text.replace("(?<", "(?P<")
    _from_regex(result, node, regex, dict(re.compile(regex, re.ASCII).groupindex), node.multi)


def _json(result: Result, node: tree.Json) -> None:
    rows = []
    for row in result.rows:
        source = text(look(result, row, node.field.text if node.field else "_text")) or ""
        try:
            found = [_at(json.loads(source), path.steps) for path in node.paths]
        except ValueError:
            found = [(False, None)] * len(node.paths)
        if node.nodrop or any(there for there, _ in found):
            made = {name.text: each for name, (_, each) in zip(node.names, found, strict=True)}
            rows.append({**row, **made})
    result.rows = rows
    add_columns(result, [name.text for name in node.names])


def _at(found: Any, steps: Sequence[str | int]) -> tuple[bool, str | None]:
    for step in steps:
        if (isinstance(step, int) and isinstance(found, list) and step < len(found)) or (
            isinstance(step, str) and isinstance(found, dict) and step in found
        ):
            found = found[step]
        else:
            return False, None
    if found is None or isinstance(found, str):
        return True, found
    return True, json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _where(result: Result, node: tree.Where) -> None:
    result.rows = [row for row in result.rows if holds(result, row, node.condition)]


def _assign(result: Result, node: tree.Assign) -> None:
    made = [{**row, node.name.text: value(result, row, node.expression)} for row in result.rows]
    numeric = is_number(result, node.expression)
    result.rows = made
    add_columns(result, [node.name.text], numeric)


def _fields(result: Result, node: tree.Fields) -> None:
    names = [name.text for name in node.names]
    if node.remove:
        result.columns = [name for name in result.columns if name not in names]
        result.removed |= set(names)
        return
    for row in result.rows:
        row.update({name: look(result, row, name) for name in names})
    keep = ["_time"] if result.messages and "_time" in result.columns else []
    result.columns = [*keep, *(name for name in names if name not in keep)]
    result.labels = False


def _timeslice(result: Result, node: tree.Timeslice) -> None:
    assert node.width_ms
    name = node.alias.text if node.alias else "_timeslice"
    for row in result.rows:
        row[name] = float(row["_time"] // node.width_ms * node.width_ms)
    add_columns(result, [name], True)
    result.times.add(name)


def _aggregate(result: Result, node: tree.Aggregate) -> None:
    groups: dict[tuple[Any, ...], list[Row]] = {} if node.by else {(): []}
    for row in result.rows:
        groups.setdefault(tuple(look(result, row, name.text) for name in node.by), []).append(row)
    names = [name.text for name in node.by]
    slices = [name for name in names if name in result.times and name != "_time"]
    kinds, times = result.numbers & set(names), result.times & set(names)
    rows = []
    for key, members in groups.items():
        made = dict(zip(names, key, strict=True))
        for each in node.measures:
            made[_name(each)] = _measured(result, each, members)
        rows.append(made)
    texts = {"values", "first", "last"}
    kinds |= {_name(each) for each in node.measures if each.function not in texts}
    ordered = [*slices, *(name for name in names if name not in slices), *map(_name, node.measures)]
    result.__init__(rows, ordered, False, kinds, times, False)  # type: ignore[misc]


def _name(node: tree.Measure) -> str:
    rank = f"_{node.rank:g}" if node.rank is not None else ""
    return node.alias.text if node.alias else f"_{node.function}{rank}"


def _measured(result: Result, node: tree.Measure, members: list[Row]) -> Any:
    if node.argument is None:
        return float(len(members))
    rows = sorted(members, key=lambda row: row["#"]) if result.messages else members
    found = [value(result, row, node.argument) for row in rows]
    there = [text(each) for each in found if each is not None]
    numbers = [each for each in map(number, found) if each is not None]
    if node.function == "count":
        return float(len(there))
    if node.function == "count_distinct":
        return float(len(set(there)))
    if node.function == "values":
        every = sorted(set(there), key=lambda each: each.encode())
        return "\n".join(every[:100] + ([f"… and {len(every) - 100} more"] if len(every) > 100 else []))
    if node.function in ("first", "last"):
        return (there[0] if node.function == "first" else there[-1]) if there else None
    if not numbers:
        return None
    return {
        "sum": math.fsum,
        "avg": statistics.fmean,
        "min": min,
        "max": max,
        "median": statistics.median,
        "stddev": lambda some: statistics.stdev(some) if len(some) > 1 else 0.0,
        "pct": lambda some: _percentile(some, node.rank or 0.0),
    }[node.function](numbers)


def _percentile(numbers: list[float], rank: float) -> float:
    some, place = sorted(numbers), (len(numbers) - 1) * rank / 100
    low = math.floor(place)
    high = min(low + 1, len(some) - 1)
    return some[low] + (some[high] - some[low]) * (place - low)


def _sort(result: Result, node: tree.Sort) -> None:
    if result.messages:
        result.rows.sort(key=lambda row: (-row["#"][0], -row["#"][1], *row["#"][2:]))
    elif all("@" in row for row in result.rows):
        result.rows.sort(key=lambda row: row["@"])
    else:
        result.rows.sort(key=lambda row: [natural(row[name]) for name in result.columns])
    for key in reversed(node.keys):
        found = [look(result, row, key.name.text) for row in result.rows]
        pairs = list(zip(found, result.rows, strict=True))
        there = [pair for pair in pairs if pair[0] is not None]
        there.sort(key=lambda pair: natural(pair[0]), reverse=not key.ascending)
        if not key.ascending:  # reversed ties go back
            there = _stable_descending([pair for pair in pairs if pair[0] is not None])
        result.rows = [row for _, row in there] + [row for each, row in pairs if each is None]
    result.sorted = True


def _stable_descending(pairs: list[tuple[Any, Row]]) -> list[tuple[Any, Row]]:
    backwards = pairs[::-1]
    backwards.sort(key=lambda pair: natural(pair[0]))
    return backwards[::-1]


def _limit(result: Result, node: tree.Limit) -> None:
    if not result.messages and not result.sorted:
        result.rows.sort(key=lambda row: [natural(row[name]) for name in result.columns])
    result.rows = result.rows[: node.count]


def _top(result: Result, node: tree.Top) -> None:
    by = node.by
    if isinstance(by, tree.Measure):
        _aggregate(result, tree.Aggregate((by,), node.names))
        by = tree.Name(_name(by))
    keys = (tree.SortKey(by), *(tree.SortKey(name, True) for name in node.names))
    _sort(result, tree.Sort(keys))
    _limit(result, tree.Limit(node.count))


_OPERATORS: dict[type, Callable[[Result, Any], None]] = {
    tree.Parse: _parse,
    tree.ParseRegex: _parse_regex,
    tree.Json: _json,
    tree.Where: _where,
    tree.Assign: _assign,
    tree.Fields: _fields,
    tree.Aggregate: _aggregate,
    tree.Sort: _sort,
    tree.Limit: _limit,
    tree.Top: _top,
    tree.Transpose: log_tables.transpose,
    tree.Total: log_tables.total,
    tree.Accum: log_tables.accum,
    tree.Diff: log_tables.diff,
    tree.RollingStd: log_tables.rollingstd,
    tree.Outlier: log_tables.outlier,
    tree.Predict: log_tables.predict,
}
