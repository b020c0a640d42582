"""`outlier [window=5m|N] [threshold=3] [direction=+-]`: only points that stand out from those before them.

A point stands out when it is more than `threshold` sample standard deviations above (`+`) or below (`-`) the
mean of the window before it, itself not counted. The window is a duration or a number of points; at least
two must be there. Without `window` it is 5 minutes, or five buckets where those are longer.
"""

from __future__ import annotations

import numpy as np

from heapwatch.query import tree
from heapwatch.query.frame import Frame, Values
from heapwatch.query.notes import Notes

WINDOW_MS = 300_000
LEAST = 2


def apply(node: tree.Outlier, frame: Frame, notes: Notes) -> Frame:
    window_ms = node.window_ms
    if node.window is None and window_ms is None:
        window_ms = max(WINDOW_MS, 5 * frame.interval)
    if window_ms is not None and window_ms < LEAST * frame.interval:
        notes.add(f"no window of {window_ms / 1000:g} s has {LEAST} points, so nothing stands out")
    result = np.full(frame.values.shape, np.nan)
    for series, row in enumerate(frame.values):
        places = np.flatnonzero(~np.isnan(row))
        times, values = frame.times[places], row[places]
        if window_ms is not None:
            first = np.searchsorted(times, times - window_ms)
        else:
            first = np.maximum(np.arange(len(places)) - (node.window or 0), 0)
        for at, low in enumerate(first.tolist()):
            if at - low >= LEAST and _stands_out(values[at], values[low:at], node):
                result[series, places[at]] = values[at]
    return frame.with_values(result)


def _stands_out(value: float, before: Values, node: tree.Outlier) -> bool:
    mean, margin = before.mean(), node.threshold * before.std(ddof=1)
    above = "+" in node.direction and value > mean + margin
    below = "-" in node.direction and value < mean - margin
    return bool(above or below)
