"""`total f [by k] [as name]`: the sum of a column beside every row, in `_total`."""

from __future__ import annotations

import math

from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import NUMBER
from heapwatch.query.logs.table import Table, TableColumn


def compute(node: tree.Total, table: Table) -> Table:
    numbers = table.numbers(node.name)
    made: list[float | None] = [None] * len(table)
    for places in table.groups(node.by):
        known = [numbers[at] for at in places if not math.isnan(numbers[at])]
        for at in places:
            made[at] = math.fsum(known) if known else None
    return table.with_columns(TableColumn(node.alias.text if node.alias else "_total", NUMBER, made))
