"""`timeshift DUR`: what was so long ago, drawn as if it were now. Lowering reads the earlier range."""

from __future__ import annotations

from heapwatch.query import tree
from heapwatch.query.frame import Frame
from heapwatch.query.notes import Notes


def apply(node: tree.TimeShift, frame: Frame, _notes: Notes) -> Frame:
    return frame.with_values(frame.values, frame.times + node.by_ms)
