"""`eval EXPRESSION`: each point becomes what the expression says of it.

`_value` is the point, `_granularity` the interval in ms, `avg`, `max` and the other reducers are of its whole
series. A point of which the expression says nothing (divided by zero, logarithm of a negative number) is
dropped and counted.
"""

from __future__ import annotations

import numpy as np

from heapwatch.query import tree
from heapwatch.query.expressions import evaluate
from heapwatch.query.frame import Frame
from heapwatch.query.notes import Notes

DROPPED = "points dropped because they cannot be calculated (such as a division by zero)"


def apply(node: tree.Eval, frame: Frame, notes: Notes) -> Frame:
    missing = np.isnan(frame.values)
    found = np.broadcast_to(evaluate(node.expression, frame), frame.values.shape)
    good = np.isfinite(found) & ~missing
    notes.add(DROPPED, int((~good & ~missing).sum()))
    return frame.with_values(np.where(good, found, np.nan))
