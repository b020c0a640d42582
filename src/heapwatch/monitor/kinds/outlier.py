"""`outlier`: a series that stands out, from the others of the same query or from its own past.

    - {name: one-grows, kind: outlier, query: "metric=heap.bytes | sum by host", warning: {above: 4}}

The bounds are distances from the middle (the median), in robust standard deviations (1.4826 times the median
distance from it); what all agree upon counts with at least a hundredth of the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from heapwatch.monitor.kinds.base import DAY_MS, Eyes, Grouped, Looked, Moment
from heapwatch.monitor.kinds.query import Windowed
from heapwatch.monitor.values import Amount, Bounds, Span, number

SPREAD = 1.4826
LEAST_SPREAD = 0.01


class Outlier(Windowed, Bounds):
    kind: Literal["outlier"]
    against: Literal["peers", "past"] = "peers"
    direction: Literal["above", "below", "both"] = "above"
    peers: int = Field(4, ge=3, le=1000)
    past: Span = Field(3_600_000, ge=1000, le=31 * DAY_MS)
    least: Amount = 0.0  # distance from the middle, in the query's own unit

    @model_validator(mode="after")
    def _far(self) -> Outlier:
        if not self.rising:
            raise ValueError("bounds are distances: warning: {above: 3}")
        if self.past % self.width:
            raise ValueError("past is not a whole number of steps")
        return self

    def look(self, eyes: Eyes, moment: Moment) -> Looked:
        earlier = self.past if self.against == "past" else 0
        rows = [
            (labels, [np.nan if each is None else float(each) for each in values])
            for labels, values in self.series(eyes, moment, earlier)
        ]
        count = self.window // self.width
        levels = [(labels, _level(values[-count:], self.points)) for labels, values in rows]
        known = [level for _, level in levels if level is not None]
        groups = Grouped(self.by)
        for (labels, level), (_, values) in zip(levels, rows, strict=True):
            others = known if self.against == "peers" else [each for each in values[:-count] if each == each]
            if level is not None and len(others) >= self.peers:
                score, middle = self._score(level, others)
                groups.add(labels, self.seen(score, self._text(level, middle, score)))
        return groups.looked

    def _score(self, level: float, others: Sequence[float]) -> tuple[float, float]:
        middle = float(np.median(others))
        distance = level - middle
        if self.direction == "both":
            distance = abs(distance)
        elif self.direction == "below":
            distance = -distance
        spread = max(
            SPREAD * float(np.median(np.abs(np.asarray(others) - middle))), LEAST_SPREAD * abs(middle)
        )
        if distance < max(self.least, 1e-12):
            return 0.0, middle
        return (distance / spread if spread else 1e6), middle

    def _text(self, level: float, middle: float, score: float) -> str:
        whose = "the others" if self.against == "peers" else "its past"
        return f"{number(level)} where {whose} have {number(middle)}, {score:.1f} deviations away"


def _level(values: Sequence[float], least: int) -> float | None:
    there = [each for each in values if each == each]
    return float(np.mean(there)) if len(there) >= least else None
