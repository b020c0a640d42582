"""Leaks under a load that comes and goes: the means of whole periods are compared.

The period is where the detrended series resembles itself most; it needs three of them. Counted from the end,
every period must hold more than the one before, about equally more, and nearly every moment more than the one
a period earlier.
"""

from __future__ import annotations

import numpy as np

from heapwatch.detect.history import Floats
from heapwatch.detect.settings import Settings

LEAST_PERIODS = 3
GRID = 240


def rises(times: Floats, values: Floats, settings: Settings) -> bool:
    """Whether a cyclic series rises from period to period."""
    if len(times) < settings.samples:
        return False
    grid = np.linspace(times[0], times[-1], min(GRID, len(times)))
    even = np.interp(grid, times, values)
    lag = period(even - np.polyval(np.polyfit(grid, even, 1), grid), settings.cycle_correlation)
    if lag == 0 or len(even) < LEAST_PERIODS * lag:
        return False
    whole = len(even) // lag
    means = even[len(even) - whole * lag :].reshape(whole, lag).mean(axis=1)
    more = np.diff(means)
    later = even[lag:] > even[:-lag]
    return bool(
        (more > 0).all()
        and more.min() > settings.cycle_evenness * more.max()
        and later.mean() > settings.cycle_share
        and means[-1] - means[0] >= settings.growth
    )


def period(rest: Floats, least: float) -> int:
    """The lag of the first clear peak of the autocorrelation; 0 when there is none."""
    centred = rest - rest.mean()
    power = float(centred @ centred)
    if power <= 0:
        return 0
    lags = range(2, len(centred) // LEAST_PERIODS + 1)
    found = np.array(
        [centred[lag:] @ centred[:-lag] / power * len(centred) / (len(centred) - lag) for lag in lags]
    )
    peaks = [
        place
        for place in range(1, len(found) - 1)
        if found[place] > least and found[place] >= found[place - 1] and found[place] >= found[place + 1]
    ]
    return peaks[int(np.argmax(found[peaks]))] + 2 if peaks else 0
