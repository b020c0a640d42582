"""Tests for trends, over the columns of a matrix (K moments x C series) at once.

Mann (1945) and Kendall (1975) with correction for ties; Sen (1968) with the interval of Hollander & Wolfe;
Benjamini & Hochberg (1995).
"""

from __future__ import annotations

from functools import lru_cache
from math import erfc, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

Z95 = 1.959963984540054
Z80 = 1.2815515655446004

_AT_ONCE = 500  # columns, whose pairs are in memory together


def mann_kendall(levels: Floats) -> tuple[Floats, Floats]:
    """The trend's z and the variance of Kendall's S, per column; z is 0 where all values are the same."""
    parts = [
        _kendall(levels[:, start : start + _AT_ONCE]) for start in range(0, levels.shape[1], _AT_ONCE)
    ] or [(np.zeros(0), np.zeros(0))]
    return np.concatenate([z for z, _ in parts]), np.concatenate([variance for _, variance in parts])


def _kendall(levels: Floats) -> tuple[Floats, Floats]:
    count = len(levels)
    first, second = _pairs(count)
    steps = np.sign(levels[second] - levels[first])
    score = steps.sum(axis=0)
    alike = np.ones(levels.shape)  # how many have this value
    tied = np.flatnonzero((steps == 0).any(axis=0))
    if len(tied):
        own = levels[:, tied]
        alike[:, tied] = (own[:, None] == own[None]).sum(axis=0)
    ties = ((alike - 1) * (2 * alike + 5)).sum(axis=0)
    variance = np.maximum((count * (count - 1) * (2 * count + 5) - ties) / 18, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, (score - np.sign(score)) / np.sqrt(variance), 0.0)
    return z, variance


@lru_cache(maxsize=64)
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.triu_indices(count, 1)


def upper_tail(z: Floats) -> Floats:
    """P(Z > z) of a standard normal variable."""
    return np.array([0.5 * erfc(value / sqrt(2)) for value in z.tolist()])


def benjamini_hochberg(p: Floats, tests: int, rate: float) -> Bools:
    """Which are discoveries at this false discovery rate, when `tests` tests were made in all.

    Tests that are not in `p` count as failed, which can only make the answer smaller.
    """
    order = np.argsort(p, kind="stable")
    passed = p[order] <= rate * np.arange(1, len(p) + 1) / max(tests, 1)
    chosen = np.zeros(len(p), bool)
    if passed.any():
        chosen[order[: int(np.flatnonzero(passed)[-1]) + 1]] = True
    return chosen


def theil_sen(
    times: Floats, levels: Floats, variance: Floats, z: float = Z95
) -> tuple[Floats, Floats, Floats]:
    """Slope per second with the lower and the upper end of its interval, per column."""
    first, second = _pairs(len(times))
    slopes = (levels[second] - levels[first]) / (times[second] - times[first])[:, None]
    slopes.sort(axis=0)
    pairs = len(slopes)
    spread = z * np.sqrt(variance)
    low = np.clip(np.floor((pairs - spread) / 2).astype(int) - 1, 0, pairs - 1)
    high = np.clip(np.ceil((pairs + spread) / 2).astype(int), 0, pairs - 1)
    columns = np.arange(levels.shape[1])
    centre = (slopes[(pairs - 1) // 2] + slopes[pairs // 2]) / 2
    return centre, slopes[low, columns], slopes[high, columns]


def slope_of(
    times: Floats, levels: Floats, z: float = Z95, *, counts: bool = True
) -> tuple[float, float, float]:
    """Slope per second of one series and its interval, for arrivals that add up as well as for noise.

    Sen's interval is of independent noise about a line. What leaks is a sum of arrivals, whose errors stay:
    there the slope is as uncertain as the sum of the steps, by their long-run variance; of `counts` at least
    by that of arrivals by chance, which is their number. The wider one holds.
    """
    column = levels[:, None]
    variance = mann_kendall(column)[1]
    slope, low, high = (float(each[0]) for each in theil_sen(times, column, variance, z))
    rest = np.diff(levels) - slope * np.diff(times)
    long_run = (rest @ rest) + 2 * (rest[1:] @ rest[:-1])
    least = abs(float(levels[-1] - levels[0])) if counts else 0.0
    spread = z * sqrt(max(float(long_run), least)) / float(times[-1] - times[0])
    return slope, min(low, slope - spread), max(high, slope + spread)


def medians_of_three(levels: Floats) -> Floats:
    """The running median of three, its ends as they are."""
    if len(levels) < 3:
        return levels
    inner = of_three(levels[:-2], levels[1:-1], levels[2:])
    return np.concatenate([levels[:1], inner, levels[-1:]])


def middle(levels: Floats) -> Floats:
    """The median of a few rows, per column; numpy's own takes ten times as long for so few."""
    count = len(levels)
    if count == 3:
        return of_three(*levels)
    ordered = np.sort(levels, axis=0)
    return np.asarray((ordered[(count - 1) // 2] + ordered[count // 2]) / 2)


def first_of_each(sorted_: NDArray[Any]) -> NDArray[np.intp]:
    """Where each value stands first in a sorted column."""
    return np.flatnonzero(np.diff(sorted_, prepend=sorted_[:1] - 1))


def rise_of(counter: Floats) -> float:
    """How far a counter rose, whatever of it is not known; nan when nothing is."""
    return float(np.fmax.reduce(counter) - np.fmin.reduce(counter)) if len(counter) else float("nan")


def or_zero(values: Floats) -> Floats:
    """Zero where it is not known; numpy's own looks for infinities, too, and takes three times as long."""
    return np.where(np.isnan(values), 0.0, values)


def of_three(one: Floats, two: Floats, three: Floats) -> Floats:
    """The median of three, place by place."""
    return np.asarray(np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three)))


def hinge(times: Floats, levels: Floats) -> tuple[float, float, float]:
    """When a series began to rise: the knee of two lines, the first flat, with the span that fits as well.

    Two-phase regression (Hinkley 1969) by search over the moments; the span is of those whose residual sum
    of squares is within four times the residual variance of the best.
    """
    places = range(len(times) - 3)
    residues = np.array([_hinged(times, levels, float(times[place])) for place in places])
    best = int(np.argmin(residues))
    spread = residues[best] / max(len(times) - 3, 1)
    within = np.flatnonzero(residues <= residues[best] + 4 * spread)
    first, last = max(int(within[0]) - 1, 0), int(within[-1]) + 1  # it lies between two moments, not on one
    return float(times[best]), float(times[first]), float(times[last])


def _hinged(times: Floats, levels: Floats, knee: float) -> float:
    """The residual sum of squares of a line that is flat until the knee."""
    rise = np.maximum(times - knee, 0.0)
    x, y = rise - rise.mean(), levels - levels.mean()
    squares = float(x @ x)
    return float(y @ y) - (float(x @ y) ** 2 / squares if squares else 0.0)
