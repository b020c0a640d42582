"""`rate [increasing|decreasing|counter] [over DUR]`: the change per second from the point before.

With `over`, the changes between the points of the window that ends at a point, over the time between the
first and the last of them. `increasing`, `decreasing` and `counter` are those of delta.
"""

from __future__ import annotations

import numpy as np

from heapwatch.query import tree
from heapwatch.query.frame import Frame, Values
from heapwatch.query.notes import Notes
from heapwatch.query.operators.delta import changes, previous


def apply(node: tree.Rate, frame: Frame, _notes: Notes) -> Frame:
    change = changes(frame.values, node.kind)
    if node.over_ms is not None:
        return frame.with_values(_over(frame, change, node.over_ms))
    _, before = previous(frame.values)
    elapsed = (frame.times[None, :] - frame.times[np.maximum(before, 0)]) / 1000.0
    with np.errstate(all="ignore"):
        return frame.with_values(np.where(before < 0, np.nan, change / elapsed))


def _over(frame: Frame, change: Values, window_ms: int) -> Values:
    """Sums of changes are differences of running sums; the first point's own change lies before it."""
    values, times = frame.values, frame.times
    running = np.nancumsum(change, axis=1)
    result = np.full(values.shape, np.nan)
    for series, known in enumerate(~np.isnan(values)):
        places = np.flatnonzero(known)
        if len(places) < 2:
            continue
        first = places[np.searchsorted(times[places], times[places] - window_ms)]
        elapsed = (times[places] - times[first]) / 1000.0
        some = elapsed > 0
        ours, theirs = places[some], first[some]
        result[series, ours] = (running[series, ours] - running[series, theirs]) / elapsed[some]
    return result
