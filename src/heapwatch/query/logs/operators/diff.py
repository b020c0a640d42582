"""`diff f [by k] [as name]`: how much more than in the row before, in `_diff`; the first row has none."""

from __future__ import annotations

from itertools import pairwise

from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import NUMBER
from heapwatch.query.logs.table import Table, TableColumn, cell


def compute(node: tree.Diff, table: Table) -> Table:
    numbers = table.numbers(node.name)
    made: list[float | None] = [None] * len(table)
    for places in table.groups(node.by):
        for before, at in pairwise(places):
            made[at] = cell(numbers[at] - numbers[before])
    return table.with_columns(TableColumn(node.alias.text if node.alias else "_diff", NUMBER, made))
