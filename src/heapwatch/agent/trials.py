"""The trials that a class must stand to be suspect, over a few dozen levels of it. Pure: lists to verdicts.

The same rules and numbers as the server's detector (detect/battery.py), fewer of them, and one class at a
time: the cheap ones first, so that of a few hundred classes nearly all cost a few microseconds.

    trend        Mann-Kendall, a false discovery rate over all classes of the JVM
    drift        the mean step against the long-run variance of steps: keeps random walks out
    growth       six objects at least
    draw-down    no fall below an earlier height: keeps queues and cycles out
    saturation   the second half grew, too: keeps caches and warm-up out
    recency      and so did the last quarter
    episodes     in many steps: keeps batches out
    aliasing     not only because histograms fell in step with eden
    load         not only because there is more to do
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from math import erfc, inf, log, sqrt
from typing import List, NamedTuple, Sequence, Tuple

GROWTH = 6.0
DRIFT = 3.0
DRAW_DOWN = 0.25
SATURATION = 0.40
RECENCY = 0.35
EPISODES = 5.0
NEW_HIGH = 0.6
NO_SLOWER = 0.6
ELASTICITY = 1.5
FALSE_DISCOVERIES = 0.01 / 3
_POISSON = 0.25
_RISING = 3.0

Levels = Sequence[float]


class Past(NamedTuple):
    """What a class did before the window, when that is the last part of a life."""

    highest: float
    growth: float  # over the whole life
    span: float


class Moments:
    """What is the same for all classes of a window, and what follows from it for all of them."""

    def __init__(self, times: List[float], eden: List[float], allocated: List[float]) -> None:
        self.times = times  # s
        self.eden = eden  # bytes in use
        self.allocated = allocated  # bytes by the process, so far
        self.span = times[-1] - times[0]
        most = max(eden)
        self.eden_drifts = most - min(eden) > 0.15 * most > 0 and abs(mann_kendall(eden)) > 2.5
        self.speed = [(d - c) / (b - a) for a, b, c, d in zip(times, times[1:], allocated, allocated[1:])]
        third = len(self.speed) // 3
        before, now = _median(self.speed[:third]), _median(self.speed[-third:])
        rises = now > before > 0 and mann_kendall(self.speed) > _RISING
        self.more_load = now / before if rises else 1.0
        self.load = now


def stands(levels: Levels) -> float | None:
    """The trend's p of a class that stands the trials of its own levels; None of one that does not."""
    first, last = _median(levels[:3]), _median(levels[-3:])
    grown = last - first
    if grown < GROWTH or _saturation(levels, first, last) <= SATURATION:
        return None
    if _recency(levels, last, grown) <= RECENCY or _draw_down(levels) >= DRAW_DOWN * grown:
        return None
    if _episodes(levels) <= EPISODES or _drift(levels) <= DRIFT:
        return None
    return 0.5 * erfc(mann_kendall(levels) / sqrt(2))


def outgrows(levels: Levels, moments: Moments, past: Past) -> bool:
    """Whether it rises above all that was before the window, and no slower: not a tail of something."""
    grown = growth(levels)
    return (
        max(levels[-3:]) - past.highest >= NEW_HIGH * grown
        and grown * past.span >= NO_SLOWER * past.growth * moments.span
    )


def excused(levels: Levels, moments: Moments, garbage: float, falls: float) -> bool:
    """Whether growth is explained by when histograms were taken, or by load."""
    if moments.eden_drifts and falls > 0.1 and likeness(levels, moments.eden) ** 2 > 0.8:
        return True  # they fell in step with collections and saw eden fill slowly
    return moments.more_load > 1 and _follows_load(levels, moments, garbage)


def growth(levels: Levels) -> float:
    return _median(levels[-3:]) - _median(levels[:3])


def discoveries(chances: Sequence[float], tests: int) -> float:
    """The largest p that is a discovery, by Benjamini and Hochberg; below 0 when none is."""
    most = -1.0
    for rank, chance in enumerate(sorted(chances), 1):
        if chance <= FALSE_DISCOVERIES * rank / max(tests, 1):
            most = chance
    return most


def mann_kendall(levels: Levels) -> float:
    """The z of Kendall's S, with correction for ties."""
    seen: List[float] = []
    score = 0
    for level in levels:
        score += bisect_left(seen, level) - (len(seen) - bisect_right(seen, level))
        insort(seen, level)
    count, ties, at = len(seen), 0, 0
    while at < count:
        alike = bisect_right(seen, seen[at]) - at
        ties += alike * (alike - 1) * (2 * alike + 5)
        at += alike
    variance = (count * (count - 1) * (2 * count + 5) - ties) / 18
    sign = (score > 0) - (score < 0)
    return (score - sign) / sqrt(variance) if variance > 0 else 0.0


def slope(times: Sequence[float], levels: Levels) -> float:
    """Theil and Sen's, in objects a second."""
    return _median(
        [
            (levels[b] - levels[a]) / (times[b] - times[a])
            for a in range(len(times))
            for b in range(a + 1, len(times))
        ]
    )


def onset(times: Sequence[float], levels: Levels) -> float:
    """When it began to rise: the knee of two lines, the first of them flat."""
    return min(times[:-3], key=lambda knee: _hinged(times, levels, knee))


def likeness(one: Levels, other: Levels) -> float:
    """Their correlation; 0 when one of them does not move."""
    x, y = _centred(one), _centred(other)
    scale = sqrt(_dot(x, x) * _dot(y, y))
    return _dot(x, y) / scale if scale > 0 else 0.0


def ratio(levels: Levels, root: Levels) -> float:
    """Objects for each of the root, when both share the fingerprint of its arrivals; else 0.

    Two leaks of constant rates are both straight lines; what random arrivals leave on them is not the same.
    """
    x, y = _centred(root), _centred(levels)
    square = _dot(x, x)
    share = _dot(x, y) / square if square > 0 else 0.0
    if share <= 0:
        return 0.0
    residue = sqrt(sum((b - share * a) ** 2 for a, b in zip(x, y)) / len(x))
    grown, own = max(root[-1] - root[0], 1.0), max(levels[-1] - levels[0], 1.0)
    return share if residue <= max(0.5 * share * sqrt(grown / 6) + 1, 0.002 * own) else 0.0


# -- the trials ----------------------------------------------------------------------------------------------


def _saturation(levels: Levels, first: float, last: float) -> float:
    """Growth of the second half by that of the first."""
    middle = len(levels) // 2
    half = _median(levels[middle - 1 : middle + 2])
    return (last - half) / (half - first) if half > first else inf


def _recency(levels: Levels, last: float, growth: float) -> float:
    """The rate of the last quarter by the mean rate."""
    count = len(levels)
    start = count - count // 4 - 2
    then = _median(levels[start : start + 3])
    return (last - then) / ((count - 3 - start) / max(count - 3, 1)) / growth


def _draw_down(levels: Levels) -> float:
    """The deepest fall of the running median of three below an earlier height."""
    highest = levels[0]
    deepest = 0.0
    before, here = levels[0], levels[1]
    for after in levels[2:]:
        smooth = (
            here if before <= here <= after or after <= here <= before else _median((before, here, after))
        )
        if smooth > highest:
            highest = smooth
        elif highest - smooth > deepest:
            deepest = highest - smooth
        before, here = here, after
    return max(deepest, highest - levels[-1])


def _episodes(levels: Levels) -> float:
    """The effective number of steps upwards."""
    ups = [b - a for a, b in zip(levels, levels[1:]) if b > a]
    return sum(ups) ** 2 / sum(step * step for step in ups) if ups else 0.0


def _drift(levels: Levels) -> float:
    """t of the mean step of coarse levels by their long-run variance, large in autocorrelated series."""
    coarse = [_median(part) for part in _split(levels, max(len(levels) // 3, 2))]
    steps = [b - a for a, b in zip(coarse, coarse[1:])]
    count = len(steps)
    mean = sum(steps) / count
    rest = [step - mean for step in steps]
    own = _dot(rest, rest) / count
    long_run = max(own + 2 * _dot(rest[1:], rest) / count, 0.25 * own, _POISSON * max(mean, 0.0))
    return mean * sqrt(count / long_run) if long_run > 0 else 0.0


def _follows_load(levels: Levels, moments: Moments, garbage: float) -> bool:
    """Whether a class has no more than what the process allocates explains."""
    speed = moments.speed
    third = len(speed) // 3
    if garbage * moments.load > 1.5 * max(levels[-1] - levels[0], 0.0) / moments.span:
        first, last = sum(levels[:third]), sum(levels[-third:])
        return first > 0 and log(max(last, 1e-9) / first) < ELASTICITY * log(moments.more_load)
    more = log(max(sum(levels[-8:]) / 8, 1.0) / max(sum(levels[:8]) / 8, 1.0))
    of_rate = log((sum(speed[-8:]) / 8) / max(sum(speed[:8]) / 8, 1e-9))
    if more >= ELASTICITY * of_rate:
        return False
    return _residue(levels[1:], speed) < 2.5 * _residue(levels, moments.allocated)


# -- arithmetic ----------------------------------------------------------------------------------------------


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _split(values: Levels, parts: int) -> List[Levels]:
    """Nearly equal parts, the longer ones first."""
    least, longer = divmod(len(values), parts)
    ends = [number * least + min(number, longer) for number in range(parts + 1)]
    return [values[a:b] for a, b in zip(ends, ends[1:])]


def _centred(values: Levels) -> List[float]:
    mean = sum(values) / len(values)
    return [value - mean for value in values]


def _dot(one: Levels, other: Levels) -> float:
    return sum(a * b for a, b in zip(one, other))


def _fit(x: Levels, y: Levels) -> Tuple[float, float]:
    """Sums of squares of y about its mean, and what a line on x explains of them."""
    square, along = _dot(x, x), _dot(x, y)
    return _dot(y, y), along * along / square if square > 0 else 0.0


def _residue(levels: Levels, by: Levels) -> float:
    whole, explained = _fit(_centred(by), _centred(levels))
    return whole - explained


def _hinged(times: Sequence[float], levels: Levels, knee: float) -> float:
    return _residue(levels, [max(time - knee, 0.0) for time in times])
