"""The operators of log queries, a file each, and the one table of them.

ENGINE become SQL, whatever the rows are. TABLES work on the few rows of an aggregation, in memory. What needs
more than its node and the rows (a range, an earlier answer) is carried out by name in run.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heapwatch.query.logs import tree
from heapwatch.query.logs.operators import (
    accum,
    aggregate,
    assign,
    diff,
    fields,
    json,
    limit,
    outlier,
    parse,
    parse_regex,
    predict,
    rollingstd,
    sort,
    top,
    total,
    transpose,
    where,
)
from heapwatch.query.logs.plan import Plan
from heapwatch.query.logs.table import Table

ENGINE: dict[type, Callable[[Any, Plan], Plan]] = {
    tree.Parse: parse.lower,
    tree.ParseRegex: parse_regex.lower,
    tree.Json: json.lower,
    tree.Where: where.lower,
    tree.Assign: assign.lower,
    tree.Fields: fields.lower,
    tree.Aggregate: aggregate.lower,
    tree.Sort: sort.lower,
    tree.Limit: limit.lower,
    tree.Top: top.lower,
}

TABLES: dict[type, Callable[[Any, Table], Table]] = {
    tree.Transpose: transpose.compute,
    tree.Total: total.compute,
    tree.Accum: accum.compute,
    tree.Diff: diff.compute,
    tree.RollingStd: rollingstd.compute,
    tree.Outlier: outlier.compute,
    tree.Predict: predict.compute,
}
