"""Levels: the cleanest histogram of each block of time, less the garbage that is in it.

A histogram that forces no collection counts dead objects too, most of them in eden. In each block of a window
the one with the least eden in use is taken, for all classes the same one, so that ratios between classes stay
exact; and what a class still has of garbage there is taken off, by how much of it comes with a byte of eden.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect.history import Floats, History
from heapwatch.detect.statistics import first_of_each, or_zero, rise_of

LEAST_EMPTIED = 2
STANDARD_ERRORS = 4.0
"""A class has garbage when its coefficient is so many of them above zero."""


@dataclass(frozen=True)
class Levels:
    """K <= blocks moments of one window."""

    times: Floats  # K
    eden: Floats  # K, in use at these moments
    values: Floats  # K x C instances, garbage taken off
    places: NDArray[np.intp]  # K, of the histograms in the window
    garbage: Floats  # C, instances per byte of eden
    window: History

    @property
    def span(self) -> float:
        return float(self.times[-1] - self.times[0])


def levels(window: History, blocks: int, garbage: Floats | None = None) -> Levels:
    """The levels of a window; `garbage` as `garbage_of` a longer one found it."""
    places = cleanest(window, blocks)
    eden = or_zero(window.eden)
    shares = garbage_of(window) if garbage is None else garbage
    values = window.instances[places] - eden[places][:, None] * shares
    return Levels(window.times[places], eden[places], values, places, shares, window)


def sketch(history: History, blocks: int = 48) -> History:
    """A life's counts alone at a few moments: what is kept of it to compare others with."""
    few = history.cut(cleanest(history, blocks))
    counts: Any = few.instances.astype(np.float32)  # half the memory; nothing is added up in it
    return replace(few, instances=counts, bytes=counts, rows=counts, heap=few.heap_bytes)


def cleanest(window: History, blocks: int) -> NDArray[np.intp]:
    """In each block of equal time the histogram with least eden in use; blocks without one are left out."""
    if not len(window):
        return np.empty(0, np.intp)
    share = (window.times - window.times[0]) / max(window.span, 1e-9)
    block = np.minimum((share * blocks).astype(int), blocks - 1)
    eden = window.eden
    if np.isnan(eden).all():  # without counters: the smallest heap against the trend of all
        total = window.heap_bytes
        eden = (
            total - np.polyval(np.polyfit(window.times, total, 1), window.times) if len(window) > 2 else total
        )
    eden = np.where(np.isnan(eden), np.inf, eden)
    order = np.lexsort((window.times, eden, block))
    return np.asarray(order[first_of_each(block[order])])


def garbage_of(window: History) -> Floats:
    """Instances of each class per byte of eden in use, by the differences of neighbours; 0 where not seen.

    Least squares through the origin, once more without what lies beyond three sigma.
    """
    none = np.zeros(window.instances.shape[1])
    eden = window.eden
    if len(window) < 8 or np.isnan(eden).any() or not eden.any() or not _emptied(window):
        return none
    steps = np.diff(window.instances, axis=0)
    fills = np.diff(eden)
    if not fills.any():
        return none
    squares = float(fills @ fills)
    share = fills @ steps / squares
    residue = steps - fills[:, None] * share
    np.square(residue, out=residue)
    scatter = residue.sum(axis=0)
    error = np.sqrt(scatter / (len(steps) - 1) / squares)
    kept = residue <= 9 * scatter / len(steps)
    trimmed = np.flatnonzero(~kept.all(axis=0))
    share[trimmed], error[trimmed] = _through_origin(steps[:, trimmed], fills, kept[:, trimmed])
    return np.where(share > STANDARD_ERRORS * error, np.maximum(share, 0.0), 0.0)


def _emptied(window: History) -> bool:
    """Whether eden was emptied often enough to tell garbage from what only grows at the same time.

    Where it was not, a probe decides; without one nothing would be judged at all (battery.py).
    """
    return window.survivors is None or rise_of(window.counter("young")) >= LEAST_EMPTIED


def _through_origin(steps: Floats, fills: Floats, kept: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    weights = kept.astype(float)
    squares = fills**2 @ weights
    squares = np.where(squares > 0, squares, np.inf)
    own = steps * weights
    product = fills @ own
    share = product / squares
    scatter = np.maximum(np.einsum("ij,ij->j", own, own) - share * product, 0.0)
    degrees = np.maximum(weights.sum(axis=0) - 1, 1)
    return share, np.sqrt(scatter / degrees / squares)
