"""`predict f [forecast=5] [by k]`: the straight line through a column by time, in `_predicted`, and on.

Least squares over `_timeslice`. The rows of the forecast have nothing but their time, group and prediction;
they are as far apart as the slices usually are.
"""

from __future__ import annotations

import math
import statistics
from itertools import pairwise
from typing import Any

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import NUMBER
from heapwatch.query.logs.table import Table, TableColumn, as_number


def compute(node: tree.Predict, table: Table) -> Table:
    times = table.slices()
    if times is None:
        raise Fault(
            "predict needs a _timeslice", node.span, "put timeslice before the aggregation, and by _timeslice"
        )
    name, keys = table.column(node.name).name, {table.column(each).name for each in node.by}
    numbers = table.numbers(node.name)
    predicted: list[float | None] = [None] * len(table)
    rows: dict[str, list[Any]] = {each.name: list(each.values) for each in table.columns}
    short = 0
    for places in list(table.groups(node.by)):
        points = [(as_number(times.values[at]), numbers[at]) for at in places if not math.isnan(numbers[at])]
        if len({x for x, _ in points}) < 2:
            short += 1
            continue
        line = fitted(points)
        for at in places:
            predicted[at] = line(as_number(times.values[at]))
        last = max(x for x, _ in points)
        step = statistics.median(b - a for a, b in pairwise(sorted({x for x, _ in points})))
        for ahead in range(1, node.forecast + 1):
            for each in table.columns:
                kept = each.values[places[0]] if each.name in keys else None
                rows[each.name].append(last + ahead * step if each is times else kept)
            predicted.append(line(last + ahead * step))
    columns = tuple(TableColumn(each.name, each.kind, rows[each.name]) for each in table.columns)
    groups = "1 group has" if short == 1 else f"{short} groups have"
    note = f"{groups} fewer than two points of {name}, too few for a line" if short else ""
    made = Table(columns, table.warnings).with_columns(TableColumn("_predicted", NUMBER, predicted))
    moments = [as_number(moment) for moment in rows[times.name]]
    return made.rows(sorted(range(len(made)), key=moments.__getitem__)).warned(note)


class fitted:  # noqa: N801 - a line, called like a function
    """The straight line that is nearest to the points, by least squares."""

    def __init__(self, points: list[tuple[float, float]]) -> None:
        self._middle = statistics.fmean(x for x, _ in points)
        self._mean = statistics.fmean(y for _, y in points)
        spread = math.fsum((x - self._middle) ** 2 for x, _ in points)
        self._slope = math.fsum((x - self._middle) * (y - self._mean) for x, y in points) / spread

    def __call__(self, x: float) -> float:
        return self._mean + self._slope * (x - self._middle)
