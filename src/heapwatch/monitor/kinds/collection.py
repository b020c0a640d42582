"""`collection`: a JVM lives, but cannot be measured: no histogram comes, or the JVM refuses.

- {name: unmeasured, kind: collection, warning: 15m}
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from heapwatch import human
from heapwatch.monitor.kinds.base import (
    DAY_MS,
    QUIET_IS_RIGHT,
    Eyes,
    Grouped,
    Life,
    Looked,
    Moment,
    Monitor,
    NoData,
    matching,
)
from heapwatch.monitor.states import Seen
from heapwatch.monitor.values import Bound, Bounds, Span


class Collection(Monitor):
    kind: Literal["collection"]
    match: dict[str, str] = Field(default_factory=dict)
    by: tuple[str, ...] = ("service", "host", "jvm", "pid")
    warning: Span | None = Field(None, ge=0, le=DAY_MS)
    critical: Span | None = Field(None, ge=0, le=DAY_MS)

    @model_validator(mode="after")
    def _whole(self) -> Collection:
        assert self.bounds
        return self

    @property
    def bounds(self) -> Bounds:
        """Of seconds without a histogram."""
        return Bounds(
            warning=None if self.warning is None else Bound(above=self.warning / 1000 - 1e-3),
            critical=None if self.critical is None else Bound(above=self.critical / 1000 - 1e-3),
        )

    @property
    def absent(self) -> NoData:
        return QUIET_IS_RIGHT

    @property
    def asked(self) -> str:
        return " ".join(["collection", *(f"{name}={value}" for name, value in self.match.items())])

    def look(self, eyes: Eyes, moment: Moment) -> Looked:
        fits, groups = matching(self.match), Grouped(self.by)
        for each in eyes.lives(moment.at, moment.at - self.forget):
            if fits(each.labels) and not _ended(each):
                groups.add(each.labels, self._seen(each, moment))
        return groups.looked

    def _seen(self, life: Life, moment: Moment) -> Seen:
        refused = life.failed > life.histogram
        since = life.histogram or life.failed or life.metric
        silence = (moment.at - max(since, moment.resumed)) / 1000 if refused or _alive(life) else 0.0
        level, bound = self.bounds.broken(max(0.0, silence))
        if bound is None:
            return Seen.wrong(level, 0.0, "histograms are taken")
        why = f": {life.failure}" if refused and life.failure else ""
        return Seen.wrong(level, silence, f"no histogram for {human.duration(silence)}{why}")


def _alive(life: Life) -> bool:
    """Whether there is something newer than its last histogram: it is heard of, but not measured."""
    return life.metric > life.histogram


def _ended(life: Life) -> bool:
    return bool(life.ended) and life.ended >= max(life.histogram, life.metric)
