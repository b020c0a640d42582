"""Since when, and until when: the onset of a leak, and the end of what it fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect.history import Floats, History
from heapwatch.detect.levels import cleanest
from heapwatch.detect.statistics import Z80, first_of_each, hinge, middle, or_zero, slope_of
from heapwatch.model import ALL

FULL = 0.97
"""Of the limit: beyond it the collector does nothing else; it gives up between here and the limit."""
RECENT = 0.7
LEAST = 8
"""Levels that a line is drawn through, at least."""
GARBAGE, MOST_GARBAGE = 0.06, 0.12
"""Of a heap's growth without a full collection: what died old, in the middle case and in the late one."""


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
    garbage = (0.0, 0.0) if _without_garbage(recent) else (GARBAGE, MOST_GARBAGE)
    return exhausted("heap", times, levels, history.heap_max, history.times[-1], garbage, history.span)


def ends(history: History, blocks: int) -> list[Exhaustion]:
    """When each of what has a limit is full, if it grows: the heap, metaspace, threads, the container."""
    heap = heap_end(history, blocks)
    found = [] if heap is None else [heap]
    if len(history) < LEAST or not history.limits:
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
    """What the heap holds without eden's garbage in each block: when, and bytes."""
    total = history.heap_bytes
    if history.mode == ALL and np.isnan(history.eden).all():
        places = cleanest(history, blocks)
        return history.times[places], total[places]
    eden, alive, held = _eden_alive(history)
    levels = total - np.maximum(eden - alive, 0.0)
    if history.mode != ALL or np.median(levels) <= 0:  # more in eden than there is: it was not counted
        places = _least(total, history.times, blocks)
        return history.times[places], total[places]
    places = _least(np.where(held, levels - total.max(), eden), history.times, blocks)
    return history.times[places], levels[places]


def exhausted(
    resource: str,
    times: Floats,
    levels: Floats,
    limit: float,
    now: float,
    garbage: tuple[float, float] = (0.0, 0.0),
    grows_for: float = 0.0,
) -> Exhaustion | None:
    """The end of one resource by the line through its levels.

    Of the growth of `grows_for` seconds so much may be `garbage`, in the middle and in the late end of the
    interval: it makes room again, and the rest grows slower. In the early end all of it stays.
    """
    third = len(times) // 3
    if len(times) < LEAST or middle(levels[-third:]) <= middle(levels[:third]):
        return None
    slope, low, high = slope_of(times, levels, Z80, counts=False)
    if low <= 0:
        return None
    level = float(np.median(levels + slope * (now - times)))
    grown = min(slope * grows_for, level)
    near, mid, far = (
        max(share * limit - (level - dead * grown), 0.0) / (rate * (1 - dead))
        for share, rate, dead in ((FULL, high, 0.0), (FULL, slope, garbage[0]), (1.0, low, garbage[1]))
    )
    return Exhaustion(resource, level, limit, slope, mid, near, far)


def _without_garbage(history: History) -> bool:
    """Whether its last levels hold nothing that died old.

    A full collection took it away; concurrent cycles do so only where they are all there is (ZGC,
    Shenandoah), whose histograms count what is reachable: G1 leaves regions alone that are mostly alive.
    """
    if history.mode != ALL:
        return True
    cycles_alone = bool(np.isnan(history.counter("young")).all())
    if cycles_alone and not np.isnan(history.counter("concurrent")).all():
        return True
    return bool((np.diff(history.counter("full")) > 0).any())


def _eden_alive(history: History) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Eden in use, how much of that is alive, and where a full collection was the last of any kind.

    When the old generation is full, young collections cease and full ones leave in eden what lives.
    """
    eden = or_zero(history.eden)
    full, young = (_last_rise(history.counter(name)) for name in ("full", "young"))
    held = (full >= 0) & (full >= young)
    return eden, np.where(held, eden[np.maximum(full, 0)], 0.0), held


def _last_rise(counter: Floats) -> NDArray[np.intp]:
    """For each place the last one up to it at which the counter had risen; -1 before the first."""
    rose = np.diff(counter, prepend=counter[:1]) > 0
    return np.maximum.accumulate(np.where(rose, np.arange(len(counter)), -1))


def _least(values: Floats, times: Floats, blocks: int) -> NDArray[np.intp]:
    """Places of the least value in each block."""
    share = (times - times[0]) / max(float(times[-1] - times[0]), 1e-9)
    block = np.minimum((share * blocks).astype(int), blocks - 1)
    order = np.lexsort((values, block))
    return np.sort(order[first_of_each(block[order])])
