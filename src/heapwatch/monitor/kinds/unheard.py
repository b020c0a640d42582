"""What the kinds share that measure for how long nothing came: their bounds are spans."""

from __future__ import annotations

from pydantic import Field, model_validator

from heapwatch.monitor.kinds.base import DAY_MS, QUIET_IS_RIGHT, Monitor, NoData
from heapwatch.monitor.values import Bound, Bounds, Span


class Unheard(Monitor):
    match: dict[str, str] = Field(default_factory=dict)
    warning: Span | None = Field(None, ge=1000, le=DAY_MS)
    critical: Span | None = Field(None, ge=1000, le=DAY_MS)

    @model_validator(mode="after")
    def _in_order(self) -> Unheard:
        assert self.bounds
        return self

    @property
    def bounds(self) -> Bounds:
        """Of seconds; it is wrong as soon as the span has passed."""
        return Bounds(warning=_bound(self.warning), critical=_bound(self.critical))

    @property
    def absent(self) -> NoData:
        return QUIET_IS_RIGHT


def _bound(span: int | None) -> Bound | None:
    return None if span is None else Bound(above=span / 1000 - 1e-3)
