"""Time buckets: aligned to the clock, about 300 in a chart.

A bucket holds the last sample in it. A bucket without one is null, but where the samples are merely further
apart than the buckets, those between two of them lie on a straight line, so that series can be added up: only
a gap wider than 2.5 times the usual distance of a series is a gap, and nothing goes past its last sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.errors import UsageError

STEPS_S = (1, 2, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 604800)
AIM = 360
MOST = 11_000
GAP = 2.5


@dataclass(frozen=True)
class Buckets:
    """`times[i]` = start + i * width, in ms; the first and last cover the ends of the range."""

    start: int
    width: int
    count: int

    @property
    def interval_s(self) -> int:
        return self.width // 1000

    @property
    def end(self) -> int:
        return self.start + self.width * self.count

    @property
    def times(self) -> list[int]:
        return list(range(self.start, self.end, self.width))

    @property
    def parameters(self) -> dict[str, int]:
        """What a query binds: the range it reads (end excluded), and how a time becomes a bucket."""
        return {"start": self.start, "end": self.end, "width": self.width}

    def matrix(self, rows: int) -> NDArray[np.float64]:
        """A row a series, a column a bucket, all nan."""
        return np.full((rows, self.count), np.nan)


def buckets(from_: int, to: int, interval: float | None = None, most: int = AIM) -> Buckets:
    """Buckets for a range; `interval` in seconds, chosen when absent."""
    if to <= from_:
        raise UsageError(f"the range ends ({to}) before it begins ({from_})")
    if interval is None:
        span = (to - from_) / 1000
        width = next((step for step in STEPS_S if span / step <= most), None)
        if width is None:
            width = STEPS_S[-1] * -(-int(span) // (STEPS_S[-1] * most))
        width *= 1000
    else:
        if not 1 <= interval <= 366 * 86400:
            raise UsageError("an interval is between 1 second and a year")
        width = int(interval * 1000)
    start = from_ - from_ % width
    count = -(-(to - start) // width)
    if count > MOST:
        smallest = -(-(to - from_) // MOST) / 1000
        raise UsageError(
            f"{count} points in a series are too many; take an interval of {smallest:.0f} s or more"
        )
    return Buckets(start, width, count)


def joined(values: NDArray[Any]) -> NDArray[Any]:
    """Fill what lies between two neighbouring samples of a row, in place (see above)."""
    table = values.reshape(-1, values.shape[-1])
    known = ~np.isnan(table)
    places = np.arange(table.shape[1])
    before = np.maximum.accumulate(np.where(known, places, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, places, len(places))[:, ::-1], axis=1)[:, ::-1]
    rows, holes = np.nonzero(~known & (before >= 0) & (after < len(places)))
    if not len(rows):
        return values
    lefts, rights = before[rows, holes], after[rows, holes]
    some, of_them = np.unique(rows, return_inverse=True)
    earlier = np.pad(before[some, :-1], ((0, 0), (1, 0)), constant_values=-1)
    steps = np.where(known[some] & (earlier >= 0), places - earlier, np.nan)
    usual = np.nanmedian(steps, axis=1)[of_them]
    close = rights - lefts <= np.maximum(1.0, GAP * usual)
    rows, holes, lefts, rights = rows[close], holes[close], lefts[close], rights[close]
    start = table[rows, lefts]
    table[rows, holes] = start + (table[rows, rights] - start) * ((holes - lefts) / (rights - lefts))
    return values


def floats(row: NDArray[Any]) -> list[float | None]:
    """A row for JSON: nan becomes null."""
    return [None if isnan(value) else value for value in row.tolist()]


def whole(row: NDArray[Any]) -> list[int | None]:
    """A row of counts or sizes for JSON."""
    return [None if isnan(value) else int(value) for value in row.tolist()]


def number(value: float | None) -> float | None:
    """One value for JSON."""
    return None if value is None or isnan(value) else value
