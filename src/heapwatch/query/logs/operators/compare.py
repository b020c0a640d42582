"""`compare timeshift 1d [3 [avg]]`: the same query over the range a day earlier, beside this one.

Columns get the shift after their name: `_count_1d`, `_count_2d`, ...; with a function the three become one,
`_count_3x1d_avg`. Rows belong together when all else but the numbers is equal, times shifted; a row that only
one side has is there with nothing on the other.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.format import duration
from heapwatch.query.logs.plan import NUMBER, TIME
from heapwatch.query.logs.table import Table, TableColumn, as_number, cell, natural

_FUNCTIONS: dict[str, Callable[[list[float]], float]] = {"avg": statistics.fmean, "min": min, "max": max}


def compute(node: tree.Compare, table: Table, earlier: list[Table]) -> Table:
    """`earlier` are the tables of the shifted ranges, the nearest first."""
    measured = [each.name for each in table.columns if each.kind == NUMBER]
    keys = [each.name for each in table.columns if each.kind != NUMBER]
    if not measured:
        raise Fault("there are no numbers to compare", node.span, "aggregate something first")
    sides = [_indexed(table, keys, 0)]
    sides += [_indexed(each, keys, node.shift_ms * place) for place, each in enumerate(earlier, 1)]
    order = list(sides[0])
    new = {key for side in sides[1:] for key in side} - set(order)
    order += sorted(new, key=lambda key: [natural(part) for part in key])
    kinds = {each.name: each.kind for each in table.columns}
    columns = [TableColumn(name, kinds[name], [key[at] for key in order]) for at, name in enumerate(keys)]
    for name in measured:
        found = [[side.get(key, {}).get(name) for key in order] for side in sides]
        columns.append(TableColumn(name, NUMBER, found[0]))
        columns += _beside(node, name, found[1:])
    return Table(tuple(columns), table.warnings)


def _beside(node: tree.Compare, name: str, found: list[list[Any]]) -> list[TableColumn]:
    if node.function is None:
        return [
            TableColumn(f"{name}_{duration(node.shift_ms * place)}", NUMBER, values)
            for place, values in enumerate(found, 1)
        ]
    combined = []
    for row in zip(*found, strict=True):
        known = [as_number(value) for value in row if value is not None]
        combined.append(cell(_FUNCTIONS[node.function](known)) if known else None)
    title = f"{name}_{node.count}x{duration(node.shift_ms)}_{node.function}"
    return [TableColumn(title, NUMBER, combined)]


def _indexed(table: Table, keys: list[str], shift: int) -> dict[tuple[Any, ...], dict[str, Any]]:
    columns = {each.name: each for each in table.columns}
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for place in range(len(table)):
        key = tuple(
            columns[name].values[place] + shift
            if columns[name].kind == TIME and columns[name].values[place] is not None
            else columns[name].values[place]
            for name in keys
        )
        found[key] = {each.name: each.values[place] for each in table.columns}
    return found
