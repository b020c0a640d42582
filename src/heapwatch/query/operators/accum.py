"""`accum`: each point becomes the sum of all points of its series so far."""

from __future__ import annotations

import numpy as np

from heapwatch.query import tree
from heapwatch.query.frame import Frame
from heapwatch.query.notes import Notes


def apply(_node: tree.Accum, frame: Frame, _notes: Notes) -> Frame:
    """A bucket without a point stays without one."""
    return frame.with_values(np.where(np.isnan(frame.values), np.nan, np.nancumsum(frame.values, axis=1)))
