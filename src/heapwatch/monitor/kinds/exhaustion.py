"""`exhaustion`: something of a JVM is full soon, by the near end of the forecast's interval.

- {name: heap-ends, kind: exhaustion, resources: [heap], critical: {below: 6h, until: 8h}}
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from heapwatch.monitor.kinds.base import (
    QUIET_IS_RIGHT,
    Eyes,
    Grouped,
    Looked,
    Moment,
    Monitor,
    NoData,
    matching,
)
from heapwatch.monitor.values import Bounds, Late

Resource = Literal["heap", "metaspace", "threads", "container"]


class Exhaustion(Monitor):
    kind: Literal["exhaustion"]
    match: dict[str, str] = Field(default_factory=dict)
    by: tuple[str, ...] = ("service", "host", "jvm", "pid", "resource")
    resources: tuple[Resource, ...] = ("heap", "metaspace", "threads", "container")
    warning: Late | None = None
    critical: Late | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Exhaustion:
        assert self.bounds
        return self

    @property
    def bounds(self) -> Bounds:
        """In seconds."""
        return Bounds(
            warning=None if self.warning is None else self.warning.bound,
            critical=None if self.critical is None else self.critical.bound,
        )

    @property
    def absent(self) -> NoData:
        return QUIET_IS_RIGHT

    @property
    def asked(self) -> str:
        chosen = (f"{name}={value}" for name, value in self.match.items())
        return " ".join(["ends of", ", ".join(self.resources), *chosen])

    def look(self, eyes: Eyes, moment: Moment) -> Looked:
        fits, groups, bounds = matching(self.match), Grouped(self.by), self.bounds
        for each in eyes.ends(moment.at):
            if each.labels.get("resource", "heap") in self.resources and fits(each.labels):
                left = max(0.0, each.near_s)
                groups.add(each.labels, bounds.seen(left, each.text))
        return groups.looked
