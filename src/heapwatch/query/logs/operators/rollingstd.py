"""`rollingstd f, 10 [by k] [as name]`: the sample standard deviation of this row and those before, in
`_rollingstd`; of at most so many rows, and of at least two."""

from __future__ import annotations

import math
import statistics

from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import NUMBER
from heapwatch.query.logs.table import Table, TableColumn


def compute(node: tree.RollingStd, table: Table) -> Table:
    numbers = table.numbers(node.name)
    made: list[float | None] = [None] * len(table)
    for places in table.groups(node.by):
        for end, at in enumerate(places, 1):
            window = [numbers[place] for place in places[max(0, end - node.window) : end]]
            known = [number for number in window if not math.isnan(number)]
            made[at] = statistics.stdev(known) if len(known) > 1 else None
    return table.with_columns(TableColumn(node.alias.text if node.alias else "_rollingstd", NUMBER, made))
