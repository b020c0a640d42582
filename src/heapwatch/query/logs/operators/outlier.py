"""`outlier f [window=10] [threshold=3] [consecutive=1] [direction=+-] [by k]`

What is usual is the mean of the `window` rows before, give or take `threshold` of their standard deviations:
`f_lower` to `f_upper`. `f_violation` is 1 for a row outside (above with `+`, below with `-`), if at least
`consecutive` rows in a row are. Before there are two rows nothing is usual.
"""

from __future__ import annotations

import math
import statistics

from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import NUMBER
from heapwatch.query.logs.table import Table, TableColumn


def compute(node: tree.Outlier, table: Table) -> Table:
    numbers = table.numbers(node.name)
    lower: list[float | None] = [None] * len(table)
    upper: list[float | None] = [None] * len(table)
    violation: list[float | None] = [0.0] * len(table)
    for places in table.groups(node.by):
        run: list[int] = []
        for place, at in enumerate(places):
            window = [numbers[earlier] for earlier in places[max(0, place - node.window) : place]]
            known = [number for number in window if not math.isnan(number)]
            if len(known) < 2:
                continue
            mean, spread = statistics.fmean(known), node.threshold * statistics.stdev(known)
            low, high = mean - spread, mean + spread
            lower[at], upper[at] = low, high
            out = ("+" in node.direction and numbers[at] > high) or (
                "-" in node.direction and numbers[at] < low
            )
            run = [*run, at] if out else []
            if len(run) >= node.consecutive:
                for violated in run[-node.consecutive :]:
                    violation[violated] = 1.0
    name = table.column(node.name).name
    return table.with_columns(
        TableColumn(f"{name}_lower", NUMBER, lower),
        TableColumn(f"{name}_upper", NUMBER, upper),
        TableColumn(f"{name}_violation", NUMBER, violation),
    )
