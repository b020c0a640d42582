"""`diff between TIME and TIME`: a row a series: its value at the two instants, and the change.

Lowering reads the newest value of each series at each instant, so that the frame has two columns. A series
that has none at one of them (its JVM did not run) has no change. Rows that changed most come first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from heapwatch.query import tree
from heapwatch.query.frame import Frame, series_order
from heapwatch.query.notes import Notes


def table(_node: tree.Diff, frame: Frame, _notes: Notes) -> dict[str, list[Any]]:
    change = frame.values[:, 1] - frame.values[:, 0]
    by_labels = series_order(frame)
    order = sorted(by_labels, key=lambda row: -abs(change[row]) if change[row] == change[row] else np.inf)
    names = list(dict.fromkeys(name for labels in frame.labels for name in labels))
    columns: dict[str, list[Any]] = {
        name: [frame.labels[row].get(name, "") for row in order] for name in names
    }
    for name, values in (("before", frame.values[:, 0]), ("after", frame.values[:, 1]), ("change", change)):
        columns[name] = [None if value != value else value for value in values[order].tolist()]
    return columns
