"""Since when, and until when: the onset of a leak, and the end of what it fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect.history import Floats, History
from heapwatch.detect.levels import cleanest
from heapwatch.detect.statistics import Z80, hinge, slope_of
from heapwatch.model import ALL

FULL = 0.97
"""Of the limit: beyond it the collector does nothing else; it gives up between here and the limit."""
RECENT = 0.7
LEAST = 8
"""Levels that a line is drawn through, at least."""
LATE = 0.25
CROWDED = 1.5
"""Collections per block from which on live data stays in eden, and eden may not be taken off."""


@dataclass(frozen=True)
class Span:
    """A moment and the interval it lies in, seconds on the history's clock."""

    at: float
    low: float
    high: float


@dataclass(frozen=True)
class Exhaustion:
    """When a resource ends at the slope of now; seconds from the end of the history, 80 % interval."""

    resource: str  # heap, metaspace, threads, container
    level: float
    limit: float
    slope: float  # per second
    seconds: float
    low: float
    high: float  # inf: it may never end


def onset(times: Floats, levels: Floats) -> Span:
    """When a class began to grow."""
    at, low, high = hinge(times, levels)
    return Span(at, low, high)


def heap_end(history: History, blocks: int) -> Exhaustion | None:
    """When the heap is full; None when it does not grow or has no known limit."""
    if not np.isfinite(history.heap_max) or len(history) < LEAST:
        return None
    recent = history.between(history.times[-1] - RECENT * history.span, history.times[-1])
    times, levels = heap_levels(recent, blocks)
    return exhausted("heap", times, levels, history.heap_max, history.times[-1])


def ends(history: History, blocks: int) -> list[Exhaustion]:
    """When each of what has a limit is full, if it grows: the heap, metaspace, threads, the container."""
    heap = heap_end(history, blocks)
    found = [] if heap is None else [heap]
    if len(history) < LEAST:
        return found
    recent = history.between(history.times[-1] - RECENT * history.span, history.times[-1])
    for resource, limit in history.limits.items():
        levels = recent.counter(resource)
        known = np.flatnonzero(~np.isnan(levels))
        if len(known) < LEAST:
            continue
        own = known[np.unique(np.linspace(0, len(known) - 1, min(blocks, len(known))).astype(int))]
        end = exhausted(resource, recent.times[own], levels[own], limit, history.times[-1])
        if end is not None:
            found.append(end)
    return found


def heap_levels(history: History, blocks: int) -> tuple[Floats, Floats]:
    """What the heap holds without garbage in each block: when, and bytes."""
    total = history.heap_bytes
    if history.mode == ALL and not _crowded(history, blocks):
        places = cleanest(history, blocks)
        return history.times[places], (total - np.nan_to_num(history.eden))[places]
    places = _least(total, history.times, blocks)
    return history.times[places], total[places]


def exhausted(resource: str, times: Floats, levels: Floats, limit: float, now: float) -> Exhaustion | None:
    """The end of one resource by the line through its levels."""
    if len(times) < LEAST:
        return None
    slope, low, high = slope_of(times, levels, Z80, counts=False)
    if low <= 0:
        return None
    level = float(np.median(levels + slope * (now - times)))
    near, mid, far = (
        max(share * limit - level, 0.0) / rate for share, rate in ((FULL, high), (FULL, slope), (1.0, low))
    )
    return Exhaustion(resource, level, limit, slope, mid, near, far)


def _crowded(history: History, blocks: int) -> bool:
    """Whether collections of any kind follow each other so fast that eden holds live data at the end."""
    late = history.between(history.times[-1] - LATE * history.span, history.times[-1])
    counts = [np.nan_to_num(np.ptp(late.counter(name))) for name in ("young", "full", "concurrent")]
    return float(sum(counts)) >= CROWDED * blocks * LATE


def _least(total: Floats, times: Floats, blocks: int) -> NDArray[np.intp]:
    """Places of the smallest heap in each block."""
    share = (times - times[0]) / max(float(times[-1] - times[0]), 1e-9)
    block = np.minimum((share * blocks).astype(int), blocks - 1)
    order = np.lexsort((total, block))
    _, first = np.unique(block[order], return_index=True)
    return np.asarray(np.sort(order[first]))
