"""`accum f [by k] [as name]`: the sum of a column so far, in `_accum`; by `_timeslice` if there is one."""

from __future__ import annotations

import math

from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import NUMBER
from heapwatch.query.logs.table import Table, TableColumn


def compute(node: tree.Accum, table: Table) -> Table:
    numbers = table.numbers(node.name)
    made: list[float | None] = [None] * len(table)
    for places in table.groups(node.by):
        sum_ = 0.0
        for at in places:
            sum_ += 0.0 if math.isnan(numbers[at]) else numbers[at]
            made[at] = sum_
    return table.with_columns(TableColumn(node.alias.text if node.alias else "_accum", NUMBER, made))
