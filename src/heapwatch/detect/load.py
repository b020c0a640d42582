"""Births, deaths and balance (Little's law), and growth that load explains.

A bounded population holds births times life: more requests, more objects, and no leak. Births are seen
without an agent between two histograms of one collection cycle, when nothing dies that eden holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect.history import Floats, History
from heapwatch.detect.levels import Levels
from heapwatch.detect.statistics import Bools, mann_kendall, or_zero

RISING = 3.0
ABOUT = 4  # histograms before and after
ENOUGH_SEEN = 0.5
PARTS = 12
LEAST_PAIRS = 3
"""Of neighbours without a collection between them, to see births."""
SEEN = 1.5
"""Births must be this many times the net growth to be births, and not just what stays."""


@dataclass(frozen=True)
class Balance:
    """Objects a second of one class over a window; nan where births were not visible."""

    births: float
    deaths: float
    growth: float

    @property
    def share(self) -> float:
        """Deaths by births: 0 = all that is allocated stays, 1 = in balance."""
        return self.deaths / self.births if self.births > 0 else float("nan")


def allocation(window: History) -> Floats:
    """Bytes a second that the process allocated between neighbouring histograms (n - 1); nan = not known.

    What a collection emptied counts as the largest eden that was seen about then: G1 resizes it all the time,
    and the largest of a whole window would make allocation rise wherever eden shrinks.
    """
    eden, young = window.eden, window.counter("young")
    if len(window) < 2 or np.isnan(eden).all() or np.isnan(young).all():
        return np.full(max(len(window) - 1, 0), np.nan)
    near = np.lib.stride_tricks.sliding_window_view(
        np.pad(or_zero(eden), ABOUT, mode="edge"), 2 * ABOUT + 1
    ).max(axis=1)
    filled = np.diff(eden) + np.diff(young) * near[1:]
    return np.asarray(np.maximum(filled, 0) / np.diff(window.times))


def births(window: History, places: NDArray[np.intp], garbage: Floats, parts: int) -> Floats:
    """Objects a second of these classes in `parts` equal spans (parts x classes); nan = not visible.

    Between collections, where there are enough pairs of histograms without one; else by the garbage of a byte
    of eden and what the process allocated.
    """
    ends = np.linspace(0, len(window) - 1, parts + 1).astype(int)
    steps = np.diff(window.instances[:, places], axis=0)
    seconds = np.diff(window.times)
    quiet = _no_collection(window)
    calm = np.where(quiet, seconds, 0.0)
    came, took = _summed(steps * quiet[:, None], ends), _summed(calm, ends)
    seen = _summed(quiet.astype(float), ends) >= LEAST_PAIRS
    rate = allocation(window)
    known = ~np.isnan(rate)
    filled, lasted = _summed(np.where(known, rate, 0.0) * seconds, ends), _summed(seconds, ends)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_rate = np.where(_summed(known.astype(float), ends) > 0, filled / lasted, np.nan)
        seldom = seen.mean() < ENOUGH_SEEN  # then all by the garbage: the two are not of one scale
        if seldom:
            return np.asarray(garbage[places] * by_rate[:, None])
        return np.where(seen[:, None], came / took[:, None], np.nan)


def _summed(values: Floats, ends: NDArray[np.intp]) -> Floats:
    """Sums of the rows between these places; 0 where there is none."""
    before = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    return np.asarray(np.diff(before[ends], axis=0))


def balance(window: History, place: int, garbage: Floats) -> Balance:
    """Births, deaths and net growth of one class."""
    grown = float(window.instances[-3:, place].mean() - window.instances[:3, place].mean())
    growth = grown / max(window.span, 1e-9)
    born = float(births(window, np.array([place]), garbage, 1)[0, 0])
    born = max(born, growth) if np.isfinite(born) else born
    return Balance(born, born - growth, growth)


def explains(found: Levels, places: NDArray[np.intp], elasticity: float) -> Bools:
    """Whether births rose and the level rose no faster than they did."""
    parts = len(found.times)
    born = births(found.window, places, found.garbage, min(parts, PARTS))
    born = born[~np.isnan(born).all(axis=1)]
    levels = found.values[:, places]
    third, of_born = parts // 3, max(len(born) // 3, 1)
    rate = (levels[-1] - levels[0]) / max(found.span, 1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        known, born = ~np.isnan(born).any(axis=0) & (len(born) > of_born), or_zero(born)
        first = np.median(born[:of_born], axis=0) if len(born) else np.zeros(len(places))
        last = np.median(born[-of_born:], axis=0) if len(born) else np.zeros(len(places))
        visible = known & (np.minimum(first, last) > SEEN * np.maximum(rate, 0))
        z = mann_kendall(born)[0]
        more = np.log(levels[-third:].mean(axis=0) / levels[:third].mean(axis=0))
        of_births = np.log(last / first)
        by_births = visible & (z > RISING) & (of_births > 0) & (more < elasticity * of_births)
    return np.asarray(by_births)


def _no_collection(window: History) -> Bools:
    """Between which neighbours no collection ran."""
    counts = [window.counter(name) for name in ("young", "full", "concurrent")]
    same = [np.diff(column) == 0 for column in counts if not np.isnan(column).all()]
    return np.logical_and.reduce(same) if same else np.zeros(max(len(window) - 1, 0), bool)
