"""Functions of ranges: each series' samples within so long before each moment, all windows at once.

A window has its samples from `first` up to `last`, both ends of the range included, as in Prometheus 2.
Rates are extrapolated to the window's ends as Prometheus does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.query.promql.vector import Floats, Labels, Mask, Moments, Places, Ranges
from heapwatch.store.errors import TooBig

MOST_LOOKED_AT = 400_000_000
AT_ONCE = 2_000_000
"""Samples of windows that are laid out beside one another."""


@dataclass(frozen=True)
class Windows:
    labels: list[Labels]
    times: Moments
    values: Floats
    first: Places
    last: Places
    begins: Moments
    ends: Moments
    moments: Moments  # of the evaluation

    @property
    def count(self) -> Places:
        return self.last - self.first

    @property
    def seconds(self) -> float:
        return float(self.ends[0] - self.begins[0]) / 1000 if len(self.ends) else 0.0


Result = tuple[Floats, Mask]


def windows(ranges: Ranges, ends: Moments, range_ms: int, moments: Moments) -> Windows:
    """The samples of [end - range, end] for each series (a row) and each end (a column)."""
    begins = ends - range_ms
    lengths = np.diff(ranges.starts)
    low = int(min(begins.min(initial=0), ranges.times.min(initial=0)))
    span = int(max(ends.max(initial=0), ranges.times.max(initial=0))) - low
    rows = np.arange(len(lengths), dtype=np.int64)[:, None] * (span + 2)
    keys = np.repeat(rows[:, 0], lengths) + (ranges.times - low)
    first = np.searchsorted(keys, rows + (begins - low), "left")
    last = np.searchsorted(keys, rows + (ends - low), "right")
    if int((last - first).sum()) > MOST_LOOKED_AT:
        raise TooBig(
            f"these windows have more than {MOST_LOOKED_AT} samples together; make them or the time shorter"
        )
    return Windows(list(ranges.labels), ranges.times, ranges.values, first, last, begins, ends, moments)


def reduced(function: np.ufunc, column: NDArray[Any], first: Places, last: Places) -> NDArray[Any]:
    """The function over column[first:last] of each window; of an empty one the answer means nothing."""
    padded = np.append(column, column[:1] if len(column) else np.zeros(1, column.dtype))
    ends = np.stack([first, np.maximum(first, last)], axis=-1).ravel()
    if not len(ends):
        return np.empty(first.shape, column.dtype)
    found: NDArray[Any] = function.reduceat(padded, ends)[::2].reshape(first.shape)
    return found


def laid_out(some: Windows) -> Iterator[tuple[Places, Places, Places]]:
    """Windows that have samples, a few at a time: their places, whose each sample is, where it is."""
    counts = some.count.ravel()
    full = np.flatnonzero(counts)
    total = np.cumsum(counts[full])
    begin = 0
    while begin < len(full):
        done = int(total[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, done + AT_ONCE, "right")))
        chosen = full[begin:end]
        sizes = counts[chosen]
        owners = np.repeat(np.arange(len(chosen)), sizes)
        before = np.cumsum(sizes) - sizes
        places = np.arange(int(sizes.sum())) + np.repeat(some.first.ravel()[chosen] - before, sizes)
        yield chosen, owners, places
        begin = end


# ---- rates


def _extrapolated(some: Windows, *, counter: bool, rate: bool) -> Result:
    several = some.count >= 2
    first = np.where(several, some.first, 0)
    last = np.where(several, some.last - 1, 0)
    if not len(some.values):
        return np.zeros(several.shape), several
    begin, end = some.values[first], some.values[last]
    result = end - begin
    if counter:
        result = result + np.where(several, _lost(some, several), 0.0)
    sampled = (some.times[last] - some.times[first]) / 1000
    between = sampled / np.maximum(some.count - 1, 1)
    to_start = (some.times[first] - some.begins) / 1000
    to_end = (some.ends - some.times[last]) / 1000
    if counter:
        to_zero = np.where((result > 0) & (begin >= 0), sampled * (begin / result), np.inf)
        to_start = np.minimum(to_start, to_zero)
    threshold = between * 1.1
    covered = sampled + np.where(to_start < threshold, to_start, between / 2)
    covered = covered + np.where(to_end < threshold, to_end, between / 2)
    factor = covered / sampled
    if rate:
        factor = factor / some.seconds
    return result * factor, several


def _lost(some: Windows, several: Mask) -> Floats:
    """What counters had before each of their resets within a window."""
    before, after = some.values[:-1], some.values[1:]
    lost = np.append(0.0, np.where(after < before, before, 0.0))
    return reduced(np.add, lost, np.where(several, some.first + 1, 0), np.where(several, some.last, 0))


def _instant(some: Windows, *, counter: bool, rate: bool) -> Result:
    several = some.count >= 2
    if not len(some.values):
        return np.zeros(several.shape), several
    last = np.where(several, some.last - 1, 0)
    before, now = some.values[last - 1], some.values[last]
    change = np.where(now < before, now, now - before) if counter else now - before
    if rate:
        change = change / ((some.times[last] - some.times[last - 1]) / 1000)
    return change, several


# ---- over time


def _sum(some: Windows) -> Result:
    return reduced(np.add, some.values, some.first, some.last), some.count > 0


def _avg(some: Windows) -> Result:
    total, there = _sum(some)
    return total / np.maximum(some.count, 1), there


def _extreme(some: Windows, function: np.ufunc) -> Result:
    return reduced(function, some.values, some.first, some.last), some.count > 0


def _count(some: Windows) -> Result:
    return some.count.astype(np.float64), some.count > 0


def _last(some: Windows) -> Result:
    there = some.count > 0
    if not len(some.values):
        return np.zeros(there.shape), there
    return some.values[np.where(there, some.last - 1, 0)], there


def _present(some: Windows) -> Result:
    return np.ones(some.first.shape), some.count > 0


def _steps(some: Windows, differs: Callable[[Floats, Floats], Mask]) -> Result:
    """How many samples differ so from the one before, within each window."""
    there = some.count > 0
    flags = np.append(0.0, differs(some.values[:-1], some.values[1:]).astype(np.float64))
    first = np.where(there, some.first + 1, 0)
    found = reduced(np.add, flags, first, np.where(there, some.last, 0))
    return np.where(some.count > 1, found, 0.0), there


def _changed(before: Floats, after: Floats) -> Mask:
    changed: Mask = (before != after) & ~(np.isnan(before) & np.isnan(after))
    return changed


def _stdvar(some: Windows) -> Result:
    found = np.zeros(some.first.size)
    mean = _avg(some)[0].ravel()
    for chosen, owners, places in laid_out(some):
        apart = (some.values[places] - mean[chosen][owners]) ** 2
        found[chosen] = np.bincount(owners, apart, len(chosen)) / some.count.ravel()[chosen]
    return found.reshape(some.first.shape), some.count > 0


def _stddev(some: Windows) -> Result:
    found, there = _stdvar(some)
    return np.sqrt(found), there


def _line(some: Windows, origin: Moments) -> tuple[Floats, Floats, Mask]:
    """The slope a second of the line through each window, and its value at `origin`."""
    slope, level = np.zeros(some.first.size), np.zeros(some.first.size)
    zero = np.broadcast_to(origin, some.first.shape).ravel()
    for chosen, owners, places in laid_out(some):
        count = some.count.ravel()[chosen]
        x = (some.times[places] - zero[chosen][owners]) / 1000
        y = some.values[places]
        mid_x = np.bincount(owners, x, len(chosen)) / count
        mid_y = np.bincount(owners, y, len(chosen)) / count
        along = x - mid_x[owners]
        both = np.bincount(owners, along * (y - mid_y[owners]), len(chosen))
        slope[chosen] = both / np.bincount(owners, along * along, len(chosen))
        level[chosen] = mid_y - slope[chosen] * mid_x
    shape = some.first.shape
    return slope.reshape(shape), level.reshape(shape), some.count >= 2


def _deriv(some: Windows) -> Result:
    slope, _, there = _line(some, some.ends)
    return slope, there


def predicted(some: Windows, after: Floats) -> Result:
    """predict_linear: where the line of each window is so many seconds after the moment."""
    slope, level, there = _line(some, some.moments)
    return level + slope * after, there


def quantile(some: Windows, wanted: Floats) -> Result:
    """quantile_over_time, between samples interpolated."""
    found = np.zeros(some.first.size)
    share = np.broadcast_to(wanted, some.first.shape).ravel()
    for chosen, owners, places in laid_out(some):
        values = some.values[places]
        values = values[np.lexsort((values, owners))]
        count = some.count.ravel()[chosen]
        begin = np.cumsum(count) - count
        found[chosen] = at_rank(values, begin, count, share[chosen])
    return found.reshape(some.first.shape), some.count > 0


def at_rank(values: Floats, begin: Places, count: Places, share: Floats) -> Floats:
    """The quantile of `count` sorted values that begin at `begin`."""
    inside = (share >= 0) & (share <= 1)
    rank = np.where(inside, share, 0.0) * (count - 1)
    low = np.floor(rank)
    high = np.minimum(count - 1, low + 1)
    weight = rank - low
    below, above = values[begin + low.astype(np.int64)], values[begin + high.astype(np.int64)]
    found = np.where(weight == 0, below, below * (1 - weight) + above * weight)
    found = np.where(share < 0, -np.inf, np.where(share > 1, np.inf, found))
    return np.where(np.isnan(share), np.nan, found)


FUNCTIONS: Mapping[str, Callable[[Windows], Result]] = {
    "rate": lambda some: _extrapolated(some, counter=True, rate=True),
    "increase": lambda some: _extrapolated(some, counter=True, rate=False),
    "delta": lambda some: _extrapolated(some, counter=False, rate=False),
    "irate": lambda some: _instant(some, counter=True, rate=True),
    "idelta": lambda some: _instant(some, counter=False, rate=False),
    "deriv": _deriv,
    "changes": lambda some: _steps(some, _changed),
    "resets": lambda some: _steps(some, lambda before, after: after < before),
    "sum_over_time": _sum,
    "avg_over_time": _avg,
    "min_over_time": lambda some: _extreme(some, np.fmin),
    "max_over_time": lambda some: _extreme(some, np.fmax),
    "count_over_time": _count,
    "last_over_time": _last,
    "present_over_time": _present,
    "stddev_over_time": _stddev,
    "stdvar_over_time": _stdvar,
}
