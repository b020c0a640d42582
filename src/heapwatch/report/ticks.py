"""Where the ticks of an axis stand."""

from __future__ import annotations

import math

from heapwatch.report.moments import DAY, HOUR, MINUTE, SECOND

_STEPS = [
    *(count * SECOND for count in (1, 2, 5, 10, 15, 30)),
    *(count * MINUTE for count in (1, 2, 5, 10, 15, 30)),
    *(count * HOUR for count in (1, 2, 3, 6, 12)),
    *(count * DAY for count in (1, 2, 7, 14, 28, 91, 182, 364)),
]


def of_times(low: float, high: float, most: int = 7) -> list[float]:
    """Round moments between two, milliseconds."""
    span = max(high - low, 1.0)
    step = next(
        (step for step in _STEPS if span / step <= most), _STEPS[-1] * math.ceil(span / _STEPS[-1] / most)
    )
    return _between(low, high, step)


def of_values(high: float, *, binary: bool, most: int = 6) -> list[float]:
    """Round values from nothing to the first that is not below `high`; of bytes, round in binary."""
    wanted = max(high, 1.0) / most
    if binary:
        step = 2.0 ** math.ceil(math.log2(wanted))
    else:
        power = 10.0 ** math.floor(math.log10(wanted))
        step = max(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= wanted), 1.0)
    return [step * number for number in range(max(math.ceil(high / step), 1) + 1)]


def _between(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step)
    found = [float(step * number) for number in range(first, math.floor(high / step) + 1)]
    return found or [low, high]
