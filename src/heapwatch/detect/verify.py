"""Whether a fix works: the leak's slope before and after, at equal exposure.

No traffic is no proof: without births of the class nothing can be said, however flat the curve.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from heapwatch.detect import load
from heapwatch.detect.history import History
from heapwatch.detect.levels import levels
from heapwatch.detect.settings import Settings
from heapwatch.detect.statistics import Z95, slope_of

FIXED, REDUCED, PARTLY = "fixed", "reduced", "partly fixed"
NOT_FIXED, NOT_ENOUGH = "not fixed", "not enough data"

CLEAR, SAME, LITTLE = 0.1, 0.75, 0.03
TRACE = 0.001
"""Of the leak before. Less is nothing: intervals at 95 % of a curve that is flat leave out 0 now and then."""


@dataclass(frozen=True)
class Side:
    """One version's growth of a class."""

    slope: float  # objects a second
    low: float
    high: float
    samples: int
    balance: load.Balance


@dataclass(frozen=True)
class Proof:
    """The verdict on a fix of one class."""

    root: str
    verdict: str
    before: Side
    after: Side | None
    exposure: float  # births after / births before; nan = not known
    residual: float  # what is left of the leak, 1 = all
    more_samples: int = 0  # how many histograms are missing, when there are not enough
    why: str = ""


def verify(before: History, after: History, root: str, settings: Settings | None = None) -> Proof:
    """Compare two versions of a service by the root of a leak that the first has."""
    settings = settings or Settings()
    before, after = before.distinct().settled(), after.distinct().settled()
    was, now = _side(before, root, settings), _side(after, root, settings)
    if was is None:
        raise ValueError(f"{root} is not in the histograms before")
    nan = float("nan")
    if len(after) < settings.verify_samples:
        missing = settings.verify_samples - len(after)
        return Proof(root, NOT_ENOUGH, was, now, nan, nan, missing, f"{len(after)} histograms after warm-up")
    if now is None:
        return Proof(root, NOT_ENOUGH, was, None, 0.0, nan, 0, "the class was not seen after the change")
    exposure = now.balance.births / was.balance.births if was.balance.births > 0 else nan
    if not np.isfinite(exposure):
        exposure = _by_allocation(before, after)
    if not exposure >= settings.exposure:
        return Proof(
            root, NOT_ENOUGH, was, now, exposure, nan, 0, "the code was hardly exercised after the change"
        )
    expected = was.slope * min(exposure, 1 / settings.exposure)
    alive = _alive(after, root, now, settings)
    if alive is not None:
        verdict = _verdict(alive, expected)
        if verdict not in (FIXED, REDUCED):
            why = "most of what grew after the change was garbage, as live objects show"
            return Proof(root, NOT_ENOUGH, was, alive, exposure, alive.slope / expected, 0, why)
        return Proof(root, verdict, was, alive, exposure, alive.slope / expected)
    verdict = _verdict(now, expected)
    more = _more(now, expected) if verdict == NOT_ENOUGH else 0
    return Proof(root, verdict, was, now, exposure, now.slope / expected, more)


def _verdict(now: Side, expected: float) -> str:
    if now.high < CLEAR * expected:
        return FIXED if now.low <= TRACE * expected else REDUCED
    if now.low > SAME * expected:
        return NOT_FIXED
    if now.low > LITTLE * expected and now.high < SAME * expected:
        return PARTLY
    return NOT_ENOUGH


def _more(now: Side, expected: float) -> int:
    """How many more histograms make the interval narrow enough; it shrinks with their number to the 1.5."""
    width, wanted = max(now.high - now.low, 1e-12), CLEAR * expected
    return max(int(np.ceil(now.samples * ((width / wanted) ** (2 / 3) - 1))), 1)


def _side(history: History, root: str, settings: Settings) -> Side | None:
    """The class in a settled history; None when it is not there."""
    alone = history.only(root)
    if not alone.classes or len(alone) < 4 or not alone.instances.any():
        return None
    own = levels(alone, settings.blocks)
    slope, low, high = slope_of(own.times, own.values[:, 0])
    return Side(slope, low, high, len(alone), load.balance(alone, 0, own.garbage))


def _alive(history: History, root: str, side: Side, settings: Settings) -> Side | None:
    """The growth of live objects alone, where a probe shows that most of the levels' growth was garbage."""
    if history.survivors is None:
        return None
    column = levels(history.only(root), settings.blocks).values[:, 0]
    first, last = float(np.median(column[:3])), float(np.median(column[-3:]))
    kept = history.survivors.get(root, 0.0) - first
    if last - first < settings.growth or kept >= settings.confirmed_share * (last - first):
        return None
    spread = Z95 * float(np.sqrt(max(first, kept, 1.0))) / history.span
    slope = kept / history.span
    return replace(side, slope=slope, low=slope - spread, high=slope + spread)


def _by_allocation(before: History, after: History) -> float:
    """Where births are not visible: what the processes allocated in all; 1 when that is not known either."""
    rates = [
        float(np.nanmean(rate)) if np.isfinite(rate := load.allocation(each)).any() else float("nan")
        for each in (before, after)
    ]
    return rates[1] / rates[0] if rates[0] > 0 and np.isfinite(rates[1]) else 1.0
