"""`topk(n, score) [by label]` and `bottomk`: the n series (n of each group) whose score is greatest or least.

The score is one number a series over the whole range: `max`, `avg + 3 * stddev`, `pct(95)`. NaN ranks last
both ways, equals rank by their labels. The answer keeps the order of rank.
"""

from __future__ import annotations

import numpy as np

from heapwatch.query import tree
from heapwatch.query.expressions import scores
from heapwatch.query.frame import Frame, series_order
from heapwatch.query.notes import Notes
from heapwatch.query.operators.aggregate import warn_missing


def apply(node: tree.TopK, frame: Frame, notes: Notes) -> Frame:
    score = scores(node.score, frame)
    if not node.bottom:
        score = -score
    place = np.empty(len(frame), np.int64)
    place[series_order(frame)] = np.arange(len(frame))
    ranked = np.lexsort((place, score))  # NaN sorts last
    names = [name.text for name in node.by]
    taken: dict[tuple[str, ...], int] = {}
    kept = []
    for series in ranked.tolist():
        values = [frame.label(series, name) for name in names]
        warn_missing(names, values, 1, notes)
        group = tuple(value or "" for value in values)
        taken[group] = taken.get(group, 0) + 1
        if taken[group] <= node.n:
            kept.append(series)
    return frame.rows(kept)
