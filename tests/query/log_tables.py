"""Operators on the rows of an aggregation in plain Python, for log_oracle.py."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from log_values import Result, Row, add_columns, natural, number, text

from heapwatch.query.logs import tree


def _groups(result: Result, by: Sequence[tree.Name]) -> list[list[Row]]:
    if not result.sorted:
        result.rows.sort(key=lambda row: [natural(row[name]) for name in result.columns])
        result.sorted = True
    for place, row in enumerate(result.rows):
        row["@"] = place  # a table has an order of its own
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in result.rows:
        groups.setdefault(tuple(row[name.text] for name in by), []).append(row)
    slices = [name for name in result.columns if name in result.times]
    for rows in groups.values():
        if slices:
            rows.sort(key=lambda row: row[slices[0]])
    return list(groups.values())


def total(result: Result, node: tree.Total) -> None:
    name = node.alias.text if node.alias else "_total"
    for rows in _groups(result, node.by):
        numbers = [n for n in (number(row[node.name.text]) for row in rows) if n is not None]
        for row in rows:
            row[name] = math.fsum(numbers) if numbers else None
    add_columns(result, [name], True)


def accum(result: Result, node: tree.Accum) -> None:
    name = node.alias.text if node.alias else "_accum"
    for rows in _groups(result, node.by):
        so_far = 0.0
        for row in rows:
            so_far += number(row[node.name.text]) or 0.0
            row[name] = so_far
    add_columns(result, [name], True)


def diff(result: Result, node: tree.Diff) -> None:
    name = node.alias.text if node.alias else "_diff"
    for rows in _groups(result, node.by):
        before = None
        made = []
        for row in rows:
            now = number(row[node.name.text])
            made.append(None if before is None or now is None else now - before)
            before = now
        for row, each in zip(rows, made, strict=True):
            row[name] = each
    add_columns(result, [name], True)


def rollingstd(result: Result, node: tree.RollingStd) -> None:
    name = node.alias.text if node.alias else "_rollingstd"
    for rows in _groups(result, node.by):
        numbers = [number(row[node.name.text]) for row in rows]
        for place, row in enumerate(rows):
            window = [n for n in numbers[max(0, place + 1 - node.window) : place + 1] if n is not None]
            row[name] = statistics.stdev(window) if len(window) > 1 else None
    add_columns(result, [name], True)


def outlier(result: Result, node: tree.Outlier) -> None:
    name = node.name.text
    for rows in _groups(result, node.by):
        numbers = [number(row[name]) for row in rows]
        out = []
        for place, row in enumerate(rows):
            window = [n for n in numbers[max(0, place - node.window) : place] if n is not None]
            row[f"{name}_lower"] = row[f"{name}_upper"] = None
            out.append(False)
            if len(window) > 1:
                mean, wide = statistics.fmean(window), node.threshold * statistics.stdev(window)
                row[f"{name}_lower"], row[f"{name}_upper"] = mean - wide, mean + wide
                now = numbers[place]
                above = now is not None and now > mean + wide and "+" in node.direction
                below = now is not None and now < mean - wide and "-" in node.direction
                out[-1] = above or below
        for place, row in enumerate(rows):
            run = any(
                all(out[start : start + node.consecutive]) and start + node.consecutive <= len(out)
                for start in range(max(0, place - node.consecutive + 1), place + 1)
            )
            row[f"{name}_violation"] = 1.0 if out[place] and run else 0.0
    add_columns(result, [f"{name}_lower", f"{name}_upper", f"{name}_violation"], True)


def predict(result: Result, node: tree.Predict) -> None:
    name, new = node.name.text, []
    keys = {each.text for each in node.by}
    (slices,) = [each for each in result.columns if each in result.times]
    for rows in _groups(result, node.by):
        points = [(row[slices], number(row[name])) for row in rows if number(row[name]) is not None]
        for row in rows:
            row["_predicted"] = None
        if len({x for x, _ in points}) < 2:
            continue
        slope, begin = statistics.linear_regression(
            [x for x, _ in points], [float(y or 0) for _, y in points]
        )
        for row in rows:
            row["_predicted"] = begin + slope * row[slices]
        moments = sorted({x for x, _ in points})
        step = statistics.median([b - a for a, b in zip(moments, moments[1:], strict=False)])
        for ahead in range(1, node.forecast + 1):
            row = {each: rows[0][each] if each in keys else None for each in result.columns}
            row[slices] = moments[-1] + ahead * step
            new.append({**row, "_predicted": begin + slope * row[slices]})
    result.rows = sorted([*result.rows, *new], key=lambda row: row[slices])
    add_columns(result, ["_predicted"], True)


def transpose(result: Result, node: tree.Transpose) -> None:
    (across,) = [each.text for each in node.columns]
    rows = [each.text for each in node.rows]
    (cell,) = [each for each in result.columns if each not in {*rows, across}]
    values = sorted({row[across] for row in result.rows}, key=natural)
    keys = sorted(
        {tuple(row[name] for name in rows) for row in result.rows}, key=lambda key: [natural(k) for k in key]
    )
    titles = {each: text(each) or "(none)" for each in values}
    made = []
    for key in keys:
        row = dict(zip(rows, key, strict=True))
        for each in values:
            found = [r[cell] for r in result.rows if (r[across], *(r[n] for n in rows)) == (each, *key)]
            row[titles[each]] = found[0] if found else None
        made.append(row)
    numbers = {*(result.numbers & set(rows)), *titles.values()}
    times = result.times & set(rows)
    result.__init__(made, [*rows, *titles.values()], False, numbers, times, False)  # type: ignore[misc]
    result.sorted = True


def compare(result: Result, node: tree.Compare, earlier: list[Result]) -> None:
    measured = [name for name in result.columns if name in result.numbers - result.times]
    keys = [name for name in result.columns if name not in measured]

    def key(row: Row, shift: int) -> tuple[Any, ...]:
        return tuple(row[name] + shift if name in result.times else row[name] for name in keys)

    sides = [
        {key(row, node.shift_ms * at): row for row in each.rows} for at, each in enumerate([result, *earlier])
    ]
    made = []
    for each in {key: None for side in sides for key in side}:
        row = dict(zip(keys, each, strict=True))
        for name in measured:
            found = [side.get(each, {}).get(name) for side in sides]
            row[name] = found[0]
            unit = f"{node.shift_ms // 60_000}m"
            if node.function:
                there = [n for n in found[1:] if n is not None]
                function: Callable[[list[float]], float] = {"avg": statistics.fmean, "min": min, "max": max}[
                    node.function
                ]
                row[f"{name}_{node.count}x{unit}_{node.function}"] = function(there) if there else None
            else:
                for at, n in enumerate(found[1:], 1):
                    row[f"{name}_{node.shift_ms * at // 60_000}m"] = n
        made.append(row)
    names = list(made[0]) if made else keys
    result.__init__(made, names, False, set(names) - set(keys), result.times, False)  # type: ignore[misc]
