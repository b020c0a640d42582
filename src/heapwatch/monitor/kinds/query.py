"""`query`: the points of a metric query beyond a bound, at any or at all times of a window.

- {name: heap-after-gc, kind: query, window: 10m, when: all, points: 5, critical: {above: 90, until: 85},
   query: "#A metric=jvm.heap.after_gc | max by host, jvm"}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from heapwatch import human
from heapwatch.errors import UsageError
from heapwatch.monitor.kinds.base import DAY_MS, Eyes, Grouped, Looked, Moment, Monitor
from heapwatch.monitor.values import Bounds, Span, number
from heapwatch.query.check import check
from heapwatch.query.parse import parse

MOST_POINTS = 1000
STEPS_MS = (1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000)


def _sensible(text: str) -> str:
    try:
        check(parse(text), text)
    except UsageError as error:
        raise ValueError(str(error)) from error
    return text


MetricQuery = Annotated[str, AfterValidator(_sensible)]


def _average(points: Sequence[float]) -> float:
    return sum(points) / len(points)


# What of a window is compared with a bound above which something is wrong; `any` and `all` turn around below.
REDUCED: Mapping[str, Callable[[Sequence[float]], float]] = {
    "any": max, "all": min, "average": _average, "last": lambda points: points[-1],
}  # fmt: skip
TURNED = {"any": "all", "all": "any"}
WORDS = {"any": "at some time", "all": "at all times", "average": "on average", "last": "at the end"}


class Windowed(Monitor):
    """A metric query, and the window in which its points count."""

    query: MetricQuery
    row: str = Field("", pattern="^[A-Z]?$")
    mode: Literal["all", "live"] = "all"
    window: Span = Field(300_000, ge=1000, le=31 * DAY_MS)
    step: Span = Field(0, ge=0, le=DAY_MS)
    points: int = Field(1, ge=1, le=MOST_POINTS)
    by: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Windowed:
        if self.window % self.width:
            raise ValueError(
                f"window ({_told(self.window)}) is not a whole number of steps ({_told(self.width)})"
            )
        count = self.window // self.width
        if count > MOST_POINTS:
            raise ValueError(f"{count} points in a window are too many; give a step of more")
        if self.points > count:
            raise ValueError(f"points: a window has {count}, never {self.points}; give a smaller step")
        if self.row and self.row not in {each.letter for each in parse(self.query).rows}:
            raise ValueError(f"row: the query has no row #{self.row}")
        return self

    @property
    def width(self) -> int:
        """Distance of the points: as often as is looked, if that fits into the window."""
        fitting = [each for each in STEPS_MS if self.window % each == 0 and each <= max(self.every, 1000)]
        return self.step or (fitting[-1] if fitting else self.window)

    @property
    def asked(self) -> str:
        return self.query

    def series(
        self, eyes: Eyes, moment: Moment, earlier: int = 0
    ) -> list[tuple[dict[str, str], list[float | None]]]:
        """The points of the window that ends at the last whole step; `earlier` ms more before it."""
        to = moment.at - moment.at % self.width
        return eyes.points(self.query, to - self.window - earlier, to, self.width, self.row, self.mode)


class Query(Windowed, Bounds):
    kind: Literal["query"]
    when: Literal["any", "all", "average", "last"] = "any"

    def look(self, eyes: Eyes, moment: Moment) -> Looked:
        reduced = REDUCED[self.when if self.rising else TURNED.get(self.when, self.when)]
        groups = Grouped(self.by)
        for labels, values in self.series(eyes, moment):
            points = [each for each in values if each is not None]
            if len(points) >= self.points:
                value = reduced(points)
                groups.add(labels, self.seen(value, self._text(value)))
        return groups.looked

    def _text(self, value: float) -> str:
        _, bound = self.broken(value)
        if bound is None:
            return f"{number(value)} {WORDS[self.when]} in {_told(self.window)}"
        side = f"{'above' if bound.rising else 'below'} {number(bound.at)}"
        return f"{number(value)} is {side} {WORDS[self.when]} in {_told(self.window)}"


def _told(span: int) -> str:
    return human.duration(span / 1000)
