"""The operators, a file each. `OPERATORS` is the one table: which node of the tree is done by which function.

Each takes its node, a frame and the notes, and gives a frame; nothing here knows the store. `diff` and the
`until` of predict answer a table instead, which run.py asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from heapwatch.query import tree
from heapwatch.query.frame import Frame
from heapwatch.query.notes import Notes
from heapwatch.query.operators import (
    accum,
    aggregate,
    delta,
    diff,
    ewma,
    fillmissing,
    outlier,
    parse,
    predict,
    quantize,
    rate,
    timeshift,
    topk,
    where,
)
from heapwatch.query.operators import (
    eval as evaluation,
)

Apply = Callable[[Any, Frame, Notes], Frame]

OPERATORS: Mapping[type[tree.Node], Apply] = {
    tree.Aggregate: aggregate.apply,
    tree.Parse: parse.apply,
    tree.TopK: topk.apply,
    tree.Where: where.apply,
    tree.Quantize: quantize.apply,
    tree.Rate: rate.apply,
    tree.Delta: delta.apply,
    tree.Accum: accum.apply,
    tree.Eval: evaluation.apply,
    tree.Ewma: ewma.apply,
    tree.TimeShift: timeshift.apply,
    tree.FillMissing: fillmissing.apply,
    tree.Outlier: outlier.apply,
    tree.Predict: predict.apply,
}

TABLES: Mapping[type[tree.Node], Callable[[Any, Frame, Notes], Mapping[str, list[Any]]]] = {
    tree.Diff: diff.table,
    tree.Predict: predict.table,
}
"""Those that answer rows beside (or instead of) points."""


def apply(operator: tree.Operator, frame: Frame, notes: Notes) -> Frame:
    """What an operator makes of a frame; series that have no point left are gone."""
    return OPERATORS[type(operator)](operator, frame, notes).known()
