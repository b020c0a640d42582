"""`leak`: what the detector says of a JVM, a class or a service.

- {name: leak, kind: leak, match: {service: shop*}, suspect: warning, by: [service, class]}
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
from heapwatch.monitor.states import OK, Seen
from heapwatch.monitor.values import Amount

LABELS = ("leak", "service", "class", "host", "jvm", "pid", "started", "version", "state")

Level = Literal["ok", "warning", "critical"]


class Leak(Monitor):
    kind: Literal["leak"]
    match: dict[str, str] = Field(default_factory=dict)
    by: tuple[str, ...] = ("service", "class")
    suspect: Level = "ok"
    confirmed: Level = "critical"
    acknowledged: Level | None = None  # what a leak counts as of which somebody knows; None: the same
    per_hour: Amount = 0.0  # bytes; a slower leak is none

    @model_validator(mode="after")
    def _says_something(self) -> Leak:
        if self.suspect == self.confirmed == OK:
            raise ValueError("suspect and confirmed are both ok, so that it never says anything")
        return self

    @property
    def absent(self) -> NoData:
        return QUIET_IS_RIGHT

    @property
    def asked(self) -> str:
        return " ".join(["leaks", *(f"{name}={value}" for name, value in self.match.items())])

    def look(self, eyes: Eyes, moment: Moment) -> Looked:
        fits, groups = matching(self.match), Grouped(self.by)
        for each in eyes.leaks(moment.at):
            if fits(each.labels) and each.bytes_per_hour >= self.per_hour:
                level = self.suspect if each.state == "suspect" else self.confirmed
                if each.acknowledged and self.acknowledged is not None:
                    level = self.acknowledged
                groups.add(each.labels, Seen.wrong(level, each.bytes_per_hour, each.text))
        return groups.looked
