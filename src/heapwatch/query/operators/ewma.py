"""`ewma [alpha=A | span=N]`: the exponentially weighted mean of the points so far.

e(0) = v(0), e(i) = A v(i) + (1 - A) e(i - 1); A is 0.5, or 2 / (N + 1) with a span of N points.
"""

from __future__ import annotations

import numpy as np

from heapwatch.query import tree
from heapwatch.query.frame import Frame
from heapwatch.query.notes import Notes


def apply(node: tree.Ewma, frame: Frame, _notes: Notes) -> Frame:
    alpha = node.alpha if node.alpha is not None else 0.5
    if node.points is not None:
        alpha = 2.0 / (node.points + 1)
    result = np.full(frame.values.shape, np.nan)
    mean = np.full(len(frame), np.nan)
    for column in range(len(frame.times)):
        now = frame.values[:, column]
        mean = np.where(np.isnan(now), mean, np.where(np.isnan(mean), now, alpha * now + (1 - alpha) * mean))
        result[:, column] = np.where(np.isnan(now), np.nan, mean)
    return frame.with_values(result)
