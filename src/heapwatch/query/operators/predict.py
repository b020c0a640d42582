"""`predict [model=linear|theil-sen] [forecast=DUR] [until=LIMIT]`: a straight line through each series.

The series goes on along its line for `forecast` after the range; a quarter of the range unless said. With
`until` a table tells when the line of each series reaches the limit, and between which times it does so with
80 %: for `linear` from the confidence band of the regression, for `theil-sen` from the ranks of the slopes
between all pairs of points. A side of that interval is empty where the slope may as well be 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.query import tree
from heapwatch.query.frame import Frame, Values
from heapwatch.query.notes import Notes

LEAST = 3
MOST_POINTS = 1_000
"""Theil-Sen looks at all pairs: of a longer series so many points, evenly spread."""
CONFIDENCE = 0.8
NORMAL = 1.2815515655446004  # the normal distribution's 90 % quantile
NO_LINE = f"series with fewer than {LEAST} points have no prediction"
NEVER = "series whose line does not reach the limit"


@dataclass(frozen=True)
class Line:
    """value(t) = height + slope * (t - centre), in seconds; and what is not sure about it."""

    centre: float
    height: float
    slope: float
    points: int
    noise: float = 0.0  # residual variance
    spread: float = 1.0  # sum of (t - centre) ** 2
    slopes: tuple[float, float] | None = None  # 80 % interval, where it does not come from noise

    def at(self, seconds: Any) -> Any:
        return self.height + self.slope * (seconds - self.centre)

    def reaches(self, limit: float) -> tuple[float | None, float | None, float | None]:
        """When it reaches the limit, at the earliest and at the latest."""
        if self.slope == 0:
            return None, None, None
        away = limit - self.height
        moment = self.centre + away / self.slope
        early, late = self._between(away) if self.slopes is None else _by_slopes(away, self.slopes)
        moments = [None if each is None else self.centre + each for each in (early, late)]
        return moment, moments[0], moments[1]

    def _between(self, away: float) -> tuple[float | None, float | None]:
        """Fieller's interval: where the band around the line holds the limit."""
        room = _student(self.points - 2) ** 2 * self.noise
        a = self.slope**2 - room / self.spread
        c = away**2 - room / self.points
        root = (self.slope * away) ** 2 - a * c
        if root < 0:
            return None, None
        if a <= 0:
            nearest = 2 * self.slope * away
            return (c / nearest if a == 0 and nearest else _late_root(a, self.slope * away, root)), None
        ends = sorted((self.slope * away + sign * math.sqrt(root)) / a for sign in (-1, 1))
        return ends[0], ends[1]


def apply(node: tree.Predict, frame: Frame, notes: Notes) -> Frame:
    """With `until` alone nothing is drawn beyond the range."""
    if (node.forecast_ms is None and node.until is not None) or not len(frame.times):
        return frame
    ahead = node.forecast_ms or max(frame.interval, (frame.end - frame.start) // 4)
    count = -(-ahead // frame.interval)
    future = frame.end + frame.interval * np.arange(count, dtype=np.int64)
    values = np.full((len(frame), count), np.nan)
    for series in range(len(frame)):
        line = _line(node.model, frame, series)
        if line is not None:
            values[series] = line.at(future / 1000.0)
    if node.until is None:
        notes.add(NO_LINE, int(np.isnan(values).all(axis=1).sum()))
    return replace(
        frame,
        times=np.concatenate([frame.times, future]),
        values=np.concatenate([frame.values, values], axis=1),
    )


def table(node: tree.Predict, frame: Frame, notes: Notes) -> dict[str, list[Any]]:
    """A row a series: its slope a second, when it reaches the limit, and the 80 % interval of that (ms)."""
    assert node.until is not None
    found: list[int] = []
    rows: list[tuple[float | int | None, ...]] = []
    for series in range(len(frame)):
        line = _line(node.model, frame, series)
        if line is None:
            notes.add(NO_LINE, 1)
            continue
        moment, early, late = line.reaches(node.until)
        ahead = (node.until - line.at(frame.end / 1000.0)) * line.slope >= 0
        if moment is None or not ahead:
            notes.add(NEVER, 1)
            moment = early = late = None
        found.append(series)
        rows.append((line.slope, _ms(moment), _ms(early), _ms(late)))
    names = list(dict.fromkeys(name for labels in frame.labels for name in labels))
    columns: dict[str, list[Any]] = {
        name: [frame.labels[series].get(name, "") for series in found] for name in names
    }
    for place, name in enumerate(("slope", "reaches", "earliest", "latest")):
        columns[name] = [row[place] for row in rows]
    return columns


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None or abs(seconds) > 1e11 else round(seconds * 1000)


def _line(model: str, frame: Frame, series: int) -> Line | None:
    known = ~np.isnan(frame.values[series])
    if known.sum() < LEAST:
        return None
    seconds, values = frame.times[known] / 1000.0, frame.values[series][known]
    return _theil_sen(seconds, values) if model == "theil-sen" else _least_squares(seconds, values)


def _least_squares(seconds: NDArray[np.float64], values: Values) -> Line:
    centre, height = float(seconds.mean()), float(values.mean())
    away = seconds - centre
    spread = float((away**2).sum())
    slope = float((away * (values - height)).sum()) / spread
    residuals = values - height - slope * away
    noise = float((residuals**2).sum()) / (len(values) - 2)
    return Line(centre, height, slope, len(values), noise, spread)


def _theil_sen(seconds: NDArray[np.float64], values: Values) -> Line:
    if len(values) > MOST_POINTS:
        chosen = np.unique(np.linspace(0, len(values) - 1, MOST_POINTS).round().astype(np.int64))
        seconds, values = seconds[chosen], values[chosen]
    one, two = np.triu_indices(len(values), 1)
    slopes = np.sort((values[two] - values[one]) / (seconds[two] - seconds[one]))
    slope = float(np.median(slopes))
    centre = float(np.median(seconds))
    height = float(np.median(values - slope * (seconds - centre)))
    n = len(values)
    half = NORMAL * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, math.floor((len(slopes) - half) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + half) / 2))
    return Line(centre, height, slope, n, slopes=(float(slopes[low]), float(slopes[high])))


def _by_slopes(away: float, slopes: tuple[float, float]) -> tuple[float | None, float | None]:
    low, high = slopes
    if low * high > 0:
        ends = sorted(away / slope for slope in slopes)
        return ends[0], ends[1]
    steepest = high if away > 0 else low
    return (away / steepest if steepest else None), None


def _late_root(a: float, b: float, root: float) -> float:
    return max((b + sign * math.sqrt(root)) / a for sign in (-1, 1))


@lru_cache(maxsize=1024)
def _student(freedom: int) -> float:
    """The 90 % quantile of Student's t, by integration of its density."""
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log(freedom * math.pi)
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        steps = np.linspace(0.0, middle, 2001)
        density = np.exp(scale - (freedom + 1) / 2 * np.log1p(steps**2 / freedom))
        weights = np.where(np.arange(2001) % 2, 4.0, 2.0)
        weights[[0, -1]] = 1.0
        below = 0.5 + float((weights * density).sum()) * middle / 6000
        low, high = (middle, high) if below < (1 + CONFIDENCE) / 2 else (low, middle)
    return (low + high) / 2
