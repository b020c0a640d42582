"""The battery of tests that a growing class must pass, over all classes of a JVM at once.

Cheap tests go first and the dear ones see what is left of the classes, so ten thousand classes cost little
more than the few that grow. Each test keeps one kind of innocent out; docs/reference/detection.md names them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect import kinds, load
from heapwatch.detect.history import Floats, History
from heapwatch.detect.levels import Levels
from heapwatch.detect.settings import Settings
from heapwatch.detect.statistics import (
    Bools,
    benjamini_hochberg,
    mann_kendall,
    medians_of_three,
    middle,
    of_three,
    or_zero,
    rise_of,
    theil_sen,
    upper_tail,
)
from heapwatch.model import ALL

WINDOWS = 3
LEAST_BLOCKS = 12
POISSON = 0.25
LOADING = 0.9
PER_CLASS = 32.0
"""Objects of the JDK's that come with one loaded class, at most."""
QUIET = 0.25
"""Of a window without a class being loaded: enough to see whether growth goes on meanwhile."""
GOES_ON = 0.5
"""Of the mean rate that growth must have while no class is loaded, to be none of loading's."""
LEAST_ROWS = 3
RISING = 1.5
"""Mann-Kendall's z of what falls in between and may still be a cycle that rises."""


@dataclass(frozen=True)
class Tested:
    """What the battery found of one window: places of classes."""

    levels: Levels
    candidates: NDArray[np.intp]
    falling: NDArray[np.intp]  # rose by and large, but fell in between: a cycle may be seen in them


@dataclass(frozen=True)
class Past:
    """What a window's classes did in the life before it, for windows that are part of one."""

    highest: Floats  # C, the highest level before the window; -inf where there was none
    growth: Floats  # C, over the whole life
    span: float  # s, of the whole life


def enough(found: Levels, settings: Settings, *, part: bool) -> str:
    """Why a window says nothing yet; empty when it does."""
    window = found.window
    least = settings.samples_part if part else settings.samples
    if len(window) < least:
        return f"{len(window)} histograms, {least} are needed"
    if len(found.times) < LEAST_BLOCKS:
        return f"histograms in {len(found.times)} of {settings.blocks} blocks of the window"
    if window.mode == ALL and window.survivors is None:
        collections = rise_of(
            window.counter("young")
        )  # nan: judged by its smallest heaps, only ever a suspect
        if collections < settings.young_collections:
            return f"{collections:.0f} young collections, {settings.young_collections} are needed"
    return ""


@dataclass(frozen=True)
class _Left:
    """The classes that no test has refused so far."""

    places: NDArray[np.intp]
    levels: Floats  # K x their number
    growth: Floats

    def only(self, which: Bools) -> _Left:
        return _Left(self.places[which], self.levels[:, which], self.growth[which])


def put_to_test(
    found: Levels, settings: Settings, past: Past | None = None, known: Collection[int] = ()
) -> Tested:
    """Put every class that grew through the battery, but for those that are `known` to leak.

    A class that a cheap test refuses counts as no discovery among all that were tested: the rate of false
    ones can only become smaller by it.
    """
    first, last = _ends(found.values)
    grown = last - first
    grown[list(known)] = 0.0
    places = np.flatnonzero(grown >= settings.growth)
    left = _Left(places, found.values[:, places], grown[places])
    if past is not None:
        left = left.only(_outgrows(left, past, found.span, settings))
    left = left.only(_episodes(left.levels) > settings.episodes)
    steady = _draw_down(left.levels, left.growth) < settings.draw_down
    left, falling = left.only(steady), left.only(~steady)
    left = left.only(_saturation(left.levels) > settings.saturation)
    left = left.only(_recency(left.levels, left.growth) > settings.recency)
    left = left.only(_drift(left.levels) > settings.drift)
    left = _trending(left, found, settings)
    if len(left.places):
        left = left.only(~_loading(found, left.places, left.growth))
        left = left.only(~_aliased(found, left.places))
        left = left.only(~load.explains(found, left.places, settings.elasticity))
    rose = mann_kendall(falling.levels)[0] > RISING if past is None else np.zeros(len(falling.places), bool)
    return Tested(found, left.places, falling.places[rose])


def _outgrows(left: _Left, past: Past, span: float, settings: Settings) -> Bools:
    """Whether a part of a life rises above all that was before, and no slower than the whole."""
    higher = left.levels[-3:].max(axis=0) - past.highest[left.places]
    slope = left.growth / max(span, 1e-9)
    no_slower = slope * past.span >= settings.no_slower * past.growth[left.places]
    return np.asarray(no_slower & (higher >= settings.new_high * left.growth))


def _trending(left: _Left, found: Levels, settings: Settings) -> _Left:
    """Those with a trend among all classes of the JVM, and a slope that is surely above zero."""
    z, variance = mann_kendall(left.levels)
    trend = benjamini_hochberg(upper_tail(z), found.window.population, settings.false_discoveries / WINDOWS)
    left, variance = left.only(trend), variance[trend]
    if not len(left.places):
        return left
    _, low, _ = theil_sen(found.times, left.levels, variance)
    return left.only(low > 0)


def past_of(whole: Levels, window: Levels) -> Past:
    """What is known of the life before a window."""
    before = whole.values[whole.times < window.times[0]]
    highest = before.max(axis=0) if len(before) else np.full(whole.values.shape[1], -np.inf)
    first, last = _ends(whole.values)
    return Past(highest, last - first, whole.span)


def _ends(levels: Floats) -> tuple[Floats, Floats]:
    return middle(levels[:3]), middle(levels[-3:])


def _drift(levels: Floats) -> Floats:
    """t of the mean step of coarse levels by their long-run variance, large in autocorrelated series."""
    if len(levels) % 3:
        coarse = np.stack([middle(part) for part in np.array_split(levels, max(len(levels) // 3, 2))])
    else:
        coarse = of_three(levels[::3], levels[1::3], levels[2::3])
    steps = np.diff(coarse, axis=0)
    mean = steps.mean(axis=0)
    rest = steps - mean
    own = (rest**2).mean(axis=0)
    next_ = (rest[1:] * rest[:-1]).sum(axis=0) / len(rest)
    long_run = np.maximum.reduce([own + 2 * next_, 0.25 * own, POISSON * np.maximum(mean, 0)])
    with np.errstate(divide="ignore", invalid="ignore"):
        return or_zero(mean * np.sqrt(len(steps) / long_run))


def _saturation(levels: Floats) -> Floats:
    """Growth of the second half by that of the first."""
    centre = len(levels) // 2
    half = middle(levels[centre - 1 : centre + 2])
    first, last = _ends(levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(half > first, (last - half) / (half - first), np.inf)


def _recency(levels: Floats, growth: Floats) -> Floats:
    """The rate of the last quarter by the mean rate."""
    start = len(levels) - len(levels) // 4 - 2
    then, now = middle(levels[start : start + 3]), middle(levels[-3:])
    share = (len(levels) - 2 - (start + 1)) / max(len(levels) - 3, 1)
    return np.asarray((now - then) / share / growth)


def _episodes(levels: Floats) -> Floats:
    """The effective number of steps upwards."""
    steps = np.maximum(np.diff(levels, axis=0), 0)
    squares = (steps**2).sum(axis=0)
    return np.where(squares > 0, steps.sum(axis=0) ** 2 / np.where(squares > 0, squares, 1), 0.0)


def _draw_down(levels: Floats, growth: Floats) -> Floats:
    """The deepest fall below an earlier height, by the growth."""
    smooth = medians_of_three(levels)
    return np.asarray((np.maximum.accumulate(smooth, axis=0) - smooth).max(axis=0) / growth)


def _loading(found: Levels, places: NDArray[np.intp], growth: Floats) -> Bools:
    """Growth that comes with classes being loaded: `Class`, locks, tables, strings, one or a few for each.

    It stops when no class is loaded, which a leak does not; where some are loaded all the time it must follow
    their number. Where classes of the application come again and again under one name (rows), its loaders
    leak, and nothing is refused.
    """
    window = found.window
    loaded = window.counter("loaded")[found.places]
    more = float(loaded[-3:].mean() - loaded[:3].mean())
    own = [kinds.of_loading(window.classes[place]) for place in places.tolist()]
    if not any(own) or np.isnan(loaded).any() or more <= 0 or _loaded_again(window):
        return np.zeros(len(places), bool)
    levels = found.values[:, places]
    quiet = np.diff(loaded) == 0
    calm = float(np.diff(found.times)[quiet].sum()) / max(found.span, 1e-9)
    if calm >= QUIET:
        meanwhile = np.diff(levels, axis=0)[quiet].sum(axis=0)
        follows = meanwhile < GOES_ON * calm * growth
    else:
        x, centred = loaded - loaded.mean(), levels - levels.mean(axis=0)
        scale = np.sqrt((centred**2).sum(axis=0) * (x @ x))
        follows = x @ centred > LOADING * scale
    return np.asarray(np.array(own, bool) & follows & (growth < PER_CLASS * more))


def _loaded_again(window: History) -> bool:
    """Whether classes of the application come again and again under one name, by another loader each time."""
    again = np.flatnonzero(window.rows[-1] - window.rows[0] >= LEAST_ROWS)
    names = [window.classes[place] for place in again.tolist()]
    return any(kinds.rank(name, ()) < kinds.JDK and not kinds.is_generated(name) for name in names)


def _aliased(found: Levels, places: NDArray[np.intp]) -> Bools:
    """Growth that is only eden's: histograms that fall in step with collections see it fill slowly."""
    none = np.zeros(len(places), bool)
    eden = found.eden
    if eden.max() <= 0 or np.ptp(eden) <= 0.15 * eden.max() or abs(mann_kendall(eden[:, None])[0][0]) <= 2.5:
        return none
    levels = found.values[:, places]
    centred, fills = levels - levels.mean(axis=0), eden - eden.mean()
    scale = np.sqrt((centred**2).sum(axis=0) * (fills @ fills))
    r = np.where(scale > 0, (centred * fills[:, None]).sum(axis=0) / np.where(scale > 0, scale, 1), 0.0)
    falls = (np.diff(found.window.instances[:, places], axis=0) < 0).mean(axis=0)
    return np.asarray((r**2 > 0.8) & (falls > 0.1) & (found.garbage[places] > 0))
