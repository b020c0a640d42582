"""`fillmissing using empty|interpolation|last|NUMBER`: something where a series has no point.

`interpolation` (a straight line) and `last` (the point before) fill gaps only: nothing is drawn before the
first point of a series or after its last, where its JVM may have ended. A number fills every bucket.
`empty` leaves the gaps as they are, which is what happens without it too.
"""

from __future__ import annotations

import numpy as np

from heapwatch.query import tree
from heapwatch.query.frame import Frame, Values
from heapwatch.query.notes import Notes
from heapwatch.query.operators.delta import previous


def apply(node: tree.FillMissing, frame: Frame, _notes: Notes) -> Frame:
    values = frame.values
    missing = np.isnan(values)
    if node.using == "value":
        return frame.with_values(np.where(missing, node.value or 0.0, values))
    if node.using == "last":
        before, _ = previous(values)
        _, after = previous(values[:, ::-1])
        gap = missing & (after[:, ::-1] >= 0)
        return frame.with_values(np.where(gap, before, values))
    if node.using == "interpolation":
        return frame.with_values(np.stack([_line(row) for row in values]) if len(values) else values)
    return frame


def _line(row: Values) -> Values:
    known = np.flatnonzero(~np.isnan(row))
    if not len(known):
        return row
    filled = row.copy()
    inside = np.arange(known[0], known[-1] + 1)
    filled[inside] = np.interp(inside, known, row[known])
    filled[known] = row[known]
    return filled
