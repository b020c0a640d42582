"""Leaks under a load that comes and goes: the means of whole periods are compared.

The period is where the detrended series resembles itself most; it needs three of them. Counted from the end,
every period must hold more than the one before, about equally more, nearly every moment more than the one a
period earlier, and that growth must stand out of its own scatter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect.history import Floats
from heapwatch.detect.settings import Settings
from heapwatch.detect.statistics import Bools

LEAST_PERIODS = 3
GRID = 240
PHASES = 4


def rising(times: Floats, values: Floats, settings: Settings) -> Bools:
    """Which of the columns of `values` are cyclic and rise from period to period."""
    found = np.zeros(values.shape[1], bool)
    if len(times) < settings.samples or not len(found):
        return found
    grid = np.linspace(times[0], times[-1], min(GRID, len(times)))
    even = _interpolated(grid, times, values)
    for place, lag in enumerate(periods(_without_trend(even), settings.cycle_correlation).tolist()):
        found[place] = lag > 0 and _rises(even[:, place], lag, settings)
    return found


def _rises(even: Floats, lag: int, settings: Settings) -> bool:
    whole = len(even) // lag
    if whole < LEAST_PERIODS:
        return False
    means = even[len(even) - whole * lag :].reshape(whole, lag).mean(axis=1)
    more = np.diff(means)
    later = even[lag:] - even[:-lag]
    return bool(
        (more > 0).all()
        and more.min() > settings.cycle_evenness * more.max()
        and (later > 0).mean() > settings.cycle_share
        and _certainty(later, max(lag // PHASES, 1)) > settings.drift
        and means[-1] - means[0] >= settings.growth
    )


def _certainty(later: Floats, together: int) -> float:
    """t of the mean growth of a period, by the means of quarters, which do not hang together much."""
    parts = len(later) // together
    quarters = later[len(later) - parts * together :].reshape(parts, together).mean(axis=1)
    spread = float(quarters.std(ddof=1)) if parts > 1 else np.inf
    return float(quarters.mean() * np.sqrt(parts) / spread) if spread > 0 else np.inf


def periods(rest: Floats, least: float) -> NDArray[np.intp]:
    """For each column the lag of its highest clear peak of the autocorrelation; 0 where there is none.

    Wiener-Khinchin: the correlations are the inverse transform of the power, padded so that nothing wraps.
    """
    count = len(rest)
    centred = rest - rest.mean(axis=0)
    most = count // LEAST_PERIODS
    spectrum = np.fft.rfft(centred, 2 * count, axis=0)
    raw = np.fft.irfft(np.abs(spectrum) ** 2, 2 * count, axis=0)[: most + 1]
    lags = np.arange(most + 1)
    power = np.where(raw[0] > 0, raw[0], np.inf)
    found = (raw / power * (count / (count - lags))[:, None])[2:]
    if len(found) < 3:
        return np.zeros(rest.shape[1], np.intp)
    inner = found[1:-1]
    peak = (inner > least) & (inner >= found[:-2]) & (inner >= found[2:])
    highest = np.where(peak, inner, -np.inf).argmax(axis=0)
    return np.asarray(np.where(peak.any(axis=0), highest + 3, 0))


def _interpolated(grid: Floats, times: Floats, values: Floats) -> Floats:
    right = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    share = ((grid - times[right - 1]) / (times[right] - times[right - 1]))[:, None]
    return np.asarray(values[right - 1] * (1 - share) + values[right] * share)


def _without_trend(even: Floats) -> Floats:
    """What is left of evenly spaced series beside their straight lines."""
    x = np.arange(len(even)) - (len(even) - 1) / 2
    slope = (x @ even) / (x @ x)
    return np.asarray(even - even.mean(axis=0) - x[:, None] * slope)
