"""`quantize [to] DUR [using ROLLUP] [drop last]`.

Straight after the selector it says what is read from the store; that is done by lowering, and only
`drop last` is left to do here. Later it puts the points there are into wider buckets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from heapwatch.query import tree
from heapwatch.query.expressions import reduced
from heapwatch.query.frame import Frame, Values
from heapwatch.query.notes import Notes
from heapwatch.query.plan import said


def apply(node: tree.Quantize, frame: Frame, notes: Notes) -> Frame:
    rollup = node.rollup or "avg"
    width = node.interval_ms or frame.interval
    if width < frame.interval:
        notes.add(
            f"points are {said(frame.interval)} apart already, quantize to {said(width)} leaves them so"
        )
        width = frame.interval
    return dropped(_bucketed(frame, width, rollup), node.drop_last)


def dropped(frame: Frame, drop_last: bool) -> Frame:
    """Without the last bucket, which may be incomplete."""
    if not drop_last or not len(frame.times):
        return frame
    return frame.with_values(frame.values[:, :-1], frame.times[:-1])


def _bucketed(frame: Frame, width: int, rollup: str) -> Frame:
    if not len(frame.times):
        return replace(frame, interval=width)
    starts = frame.times - frame.times % width
    times, firsts = np.unique(starts, return_index=True)
    ends = [*firsts[1:].tolist(), len(starts)]
    reduce_: Callable[[Values], Values] = lambda part: reduced(rollup, frame.with_values(part))  # noqa: E731
    columns = [reduce_(frame.values[:, low:high]) for low, high in zip(firsts.tolist(), ends, strict=True)]
    return replace(frame, times=times, interval=width, values=np.stack(columns, axis=1), rollup=rollup)
