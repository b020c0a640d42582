"""`delta [increasing|decreasing|counter]`: the change from the point before.

The first point of a series has none. `increasing` and `decreasing` look only at pairs that do so; the other
points are gone. `counter` takes a fall for a reset: what the counter has reached since then is the change.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heapwatch.query import tree
from heapwatch.query.frame import Frame, Values
from heapwatch.query.notes import Notes


def apply(node: tree.Delta, frame: Frame, _notes: Notes) -> Frame:
    return frame.with_values(changes(frame.values, node.kind))


def changes(values: Values, kind: str) -> Values:
    """The change at each point that has one before it, NaN elsewhere."""
    before, _ = previous(values)
    change = values - before
    if kind == "counter":
        return np.where(change < 0, values, change)
    if kind == "increasing":
        return np.where(change > 0, change, np.nan)
    if kind == "decreasing":
        return np.where(change < 0, change, np.nan)
    return change


def previous(values: Values) -> tuple[Values, NDArray[np.int64]]:
    """The point before each place, and where it is (-1: none)."""
    count = values.shape[1]
    places = np.where(np.isnan(values), -1, np.arange(count))
    newest = np.maximum.accumulate(places, axis=1) if count else places
    before = np.pad(newest, ((0, 0), (1, 0)), constant_values=-1)[:, :count]
    rows = np.arange(len(values))[:, None]
    found = np.where(before < 0, np.nan, values[rows, np.maximum(before, 0)]) if count else values
    return found, before
