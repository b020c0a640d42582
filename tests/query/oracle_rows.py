"""What the oracle has in its hands: raw histograms and lines, series of points, and points as buckets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

Points = dict[int, float]


@dataclass(frozen=True)
class Histo:
    """A raw histogram: instances and bytes by class."""

    host: str
    jvm: str
    pid: int
    started: int
    time: int
    mode: str
    classes: Mapping[str, tuple[int, int]]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A raw series of a plain metric; of a JVM when host and jvm are in its tags."""

    metric: str
    tags: Mapping[str, str]
    points: Mapping[int, float]


@dataclass(frozen=True)
class Series:
    shown: Mapping[str, str]
    hidden: Mapping[str, str]
    points: Mapping[int, float]

    def label(self, name: str) -> str | None:
        return self.shown.get(name, self.hidden.get(name))

    def values(self) -> list[float]:
        return [self.points[time] for time in sorted(self.points)]


@dataclass(frozen=True)
class Window:
    start: int
    width: int
    count: int
    rollup: str

    @property
    def times(self) -> list[int]:
        return [self.start + self.width * place for place in range(self.count)]

    @property
    def end(self) -> int:
        return self.start + self.width * self.count


@dataclass(frozen=True)
class Answer:
    window: Window
    series: Sequence[Series]


def rolled(points: Mapping[int, float], window: Window) -> Points:
    buckets: dict[int, list[tuple[int, float]]] = {}
    for time, value in points.items():
        start = window.start + (time - window.start) // window.width * window.width
        buckets.setdefault(start, []).append((time, value))
    return {
        start: reduce_([value for _, value in sorted(each)], window.rollup) for start, each in buckets.items()
    }


def without_last(answer: Answer) -> Answer:
    window = replace(answer.window, count=answer.window.count - 1)
    kept = [
        replace(each, points={t: v for t, v in each.points.items() if t < window.end})
        for each in answer.series
    ]
    return Answer(window, [each for each in kept if each.points])


def reduce_(values: Sequence[float], function: str, rank: float = 0.0) -> float:
    """A list of points, in the order of time, as one number."""
    if function == "avg":
        return math.fsum(values) / len(values)
    if function == "sum":
        return math.fsum(values)
    if function == "count":
        return float(len(values))
    if function == "latest":
        return values[-1]
    if function == "stddev":
        if len(values) == 1:
            return 0.0
        mean = math.fsum(values) / len(values)
        return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    if function == "pct":
        ordered = sorted(values)
        place = (len(ordered) - 1) * rank / 100
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return {"min": min, "max": max}[function](values)
