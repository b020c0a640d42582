"""`where CONDITION`: of reducers (`max < 1000`) it keeps whole series, with `_value` it keeps points.

With an occurrence (`_value > 5 all last 10m`, `_value > 5 atleast 3 any 5m`) it keeps whole series again:
those for which the condition holds at all points, or at so many, of the first or last such window of the
range, or of any window of that length. A window without a point does not count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heapwatch.query import tree
from heapwatch.query.expressions import Bools, holds, speaks_of_points
from heapwatch.query.frame import Frame
from heapwatch.query.notes import Notes


def apply(node: tree.Where, frame: Frame, _notes: Notes) -> Frame:
    found = holds(node.condition, frame)
    if node.occurrence is not None:
        good = np.broadcast_to(found, frame.values.shape)
        return frame.rows(np.flatnonzero(_occurs(node.occurrence, good, frame)))
    if not speaks_of_points(node.condition):
        return frame.rows(np.flatnonzero(np.broadcast_to(found, (len(frame), 1))[:, 0]))
    return frame.with_values(np.where(found, frame.values, np.nan))


def _occurs(wanted: tree.Occurrence, good: Bools, frame: Frame) -> Bools:
    known = ~np.isnan(frame.values)
    points = _sums(known)
    hits = _sums(good & known)
    result = np.zeros(len(frame), np.bool_)
    for low, high in _windows(wanted, frame):
        there, fitting = points[:, high] - points[:, low], hits[:, high] - hits[:, low]
        if wanted.atleast is None:
            result |= (there > 0) & (fitting == there)
        else:
            result |= (there > 0) & (fitting >= wanted.atleast)
    return result


def _sums(flags: Bools) -> NDArray[np.int64]:
    return np.pad(np.cumsum(flags, axis=1), ((0, 0), (1, 0)))


def _windows(wanted: tree.Occurrence, frame: Frame) -> list[tuple[int, int]]:
    """Buckets low to high (excluded) of each window; at least a bucket, at most all of them."""
    count = len(frame.times)
    width = min(count, max(1, -(-wanted.window_ms // frame.interval)))
    if wanted.place == "first":
        return [(0, width)]
    if wanted.place == "last":
        return [(count - width, count)]
    return [(low, low + width) for low in range(count - width + 1)]
