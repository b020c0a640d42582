"""What people write in files of monitors: spans of time, amounts, and bounds with a band.

90    1.5GiB    80%    1e6            an amount
30s   5m   1h30m   2d                 a span
{above: 90, until: 85}                wrong above 90, right again only at 85 or less
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from heapwatch.errors import UsageError
from heapwatch.monitor.states import CRITICAL, OK, WARNING, Seen
from heapwatch.query.times import parse_interval

UNITS = {
    "": 1, "%": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "k": 10**3, "M": 10**6, "G": 10**9,
}  # fmt: skip
_AMOUNT = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%]*)", re.ASCII)


_NONE = re.compile(r"0\s*(?:ms|[smhdw])?", re.ASCII)


class Written(BaseModel):
    """A part of a file: what it does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _milliseconds(value: Any) -> int:
    if value == 0 or (isinstance(value, str) and _NONE.fullmatch(value)):
        return 0
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{value!r} is not a span such as 30s, 5m or 1h30m")
    if not isinstance(value, str):
        raise ValueError(f"{value} of what? Write a span with its unit, such as {value}s")
    try:
        return round(parse_interval(value) * 1000)
    except UsageError as error:
        raise ValueError(f"{value[:40]!r} is not a span such as 30s, 5m or 1h30m") from error


def amount(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    found = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or found[2] not in UNITS:
        raise ValueError(f"{value!r} is not an amount such as 90, 1.5GiB or 80%")
    return float(found[1]) * UNITS[found[2]]


Span = Annotated[int, BeforeValidator(_milliseconds)]
"""Milliseconds."""

Amount = Annotated[float, BeforeValidator(amount), Field(allow_inf_nan=False)]


class Bound(Written):
    """Beyond it something is wrong; `until` is where it is right again, if not at the bound itself."""

    above: Amount | None = None
    below: Amount | None = None
    until: Amount | None = None

    @model_validator(mode="after")
    def _one_direction(self) -> Bound:
        if (self.above is None) == (self.below is None):
            raise ValueError("give above or below")
        if self.until is not None and (self.until > self.at if self.rising else self.until < self.at):
            side = "at most" if self.rising else "at least"
            raise ValueError(f"until is where it is right again: {side} {self.at:g}, not {self.until:g}")
        return self

    @property
    def rising(self) -> bool:
        """Whether more is worse."""
        return self.above is not None

    @property
    def at(self) -> float:
        value = self.above if self.above is not None else self.below
        assert value is not None
        return value

    def broken(self, value: float) -> bool:
        return value > self.at if self.rising else value < self.at

    def over(self, value: float) -> bool:
        """Whether it is right again."""
        end = self.at if self.until is None else self.until
        return value <= end if self.rising else value >= end


class Bounds(Written):
    """A level for what is wrong, and one for what is worse; at least one of them."""

    warning: Bound | None = None
    critical: Bound | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Bounds:
        if self.warning is None and self.critical is None:
            raise ValueError("give warning or critical, such as critical: {above: 90}")
        if self.warning is not None and self.critical is not None:
            if self.warning.rising != self.critical.rising:
                raise ValueError("warning and critical are both above something, or both below")
            further = self.critical.at - self.warning.at
            if (further if self.warning.rising else -further) < 0:
                raise ValueError("critical is further out than warning")
        return self

    @property
    def lowest(self) -> Bound:
        found = self.warning or self.critical
        assert found is not None
        return found

    @property
    def rising(self) -> bool:
        return self.lowest.rising

    def broken(self, value: float) -> tuple[str, Bound | None]:
        """The level of a value, and the bound that it is beyond."""
        for level, bound in ((CRITICAL, self.critical), (WARNING, self.warning)):
            if bound is not None and bound.broken(value):
                return level, bound
        return OK, None

    def seen(self, value: float, text: str) -> Seen:
        """A value as a look at a group; `text` says what it is."""
        level, _ = self.broken(value)
        eased = self.critical is None or self.critical.over(value)
        return Seen(level, value, text, clear=self.lowest.over(value), eased=eased)


class Late(Written):
    """Below such a span something is wrong: `{below: 6h, until: 8h}`."""

    below: Span
    until: Span | None = None

    @property
    def bound(self) -> Bound:
        return Bound(below=self.below / 1000, until=None if self.until is None else self.until / 1000)

    @model_validator(mode="after")
    def _in_order(self) -> Late:
        if self.until is not None and self.until < self.below:
            raise ValueError("until is where it is right again: not nearer than below")
        return self


def number(value: float) -> str:
    """As people read it: 91.5, 1,234,567."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
