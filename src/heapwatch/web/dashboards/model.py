"""What a dashboard's text may say. These models are its reference: `extra="forbid"` finds the mistyped word.

title: Memory leak
range: -1h
variables:
  - {name: host, kind: label, label: host, default: memleak3}
panels:
  - title: Total memory
    query: $host.size.** | sum
    unit: bytes
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

MOST_PANELS = 60
MOST_VARIABLES = 20
SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", re.IGNORECASE)
_SPAN = re.compile(r"-?\d+(\.\d+)?\s*(s|m|h|d)")
_STEP = re.compile(r"\d+(ms|s|m|h|d)|\$\{?[a-z][a-z0-9_]*\}?")

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=2000)]
Question = Annotated[str, Field(min_length=1, max_length=20_000)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variable(Part):
    """A value that whoever looks chooses; `$name` stands for it in every query."""

    name: Name = Field(description="used as $name")
    title: Text = Field("", description="what it is called on the screen; the name if absent")
    kind: Literal["label", "text", "choice", "interval"] = Field(
        "text", description="values of a label, free text, one of `choices`, or a distance of points"
    )
    label: Text = Field("", description="of kind label: whose values are offered")
    query: Annotated[str, Field(max_length=20_000)] = Field(
        "", description="of kind label: offer only values that the series of this query have"
    )
    choices: list[Text] = Field([], max_length=200, description="of kind choice")
    many: bool = Field(False, description="several may be chosen: label=$name then means any of them")
    default: Text | list[Text] = Field("", description="until something is chosen; * for all")

    @model_validator(mode="after")
    def _complete(self) -> Variable:
        if self.kind == "label" and not self.label:
            raise ValueError("a variable of kind label needs `label`, for example label: host")
        if self.kind == "choice" and not self.choices:
            raise ValueError("a variable of kind choice needs `choices`, a list")
        if isinstance(self.default, list) and not self.many:
            raise ValueError("default is a list, but only one value may be chosen; say many: true")
        return self


class Overlay(Part):
    """What is drawn behind a chart: how many log messages came when."""

    logs: Question = Field(description="a search in logs")
    title: Text = Field("", description="what it is called in the legend")


class Panel(Part):
    """One question and how its answer is shown."""

    title: Title
    about: Text = Field("", description="a sentence under the title")
    query: Question | None = Field(None, description="a metric query; several rows may be joined")
    logs: Question | None = Field(None, description="a log query, instead of `query`")
    rows: list[Annotated[str, Field(pattern="^[A-Z]$")]] = Field(
        [], max_length=26, description="letters of the query's rows to show; all if absent"
    )
    chart: Literal["line", "stacked", "bar", "table", "stat", "treemap"] = "line"
    unit: Literal["bytes", "count", "ratio", "ms", "perMinute", "number"] = "number"
    interval: str | None = Field(
        None, description="distance of the points: 10s, 5m, $name; fitting if absent"
    )
    limit: float | str | None = Field(None, description="a line to stay under: 800 MiB, 5000")
    limit_query: Question | None = Field(None, description="the line's height from a metric query instead")
    limit_title: Text = "limit"
    overlay: Overlay | None = None
    events: bool = Field(True, description="mark the dashboard's events on this chart")
    width: Literal["third", "half", "full"] = "half"
    height: Literal["low", "normal", "high"] = "normal"

    @model_validator(mode="after")
    def _one_question(self) -> Panel:
        if (self.query is None) == (self.logs is None):
            raise ValueError("a panel has either `query` or `logs`")
        if self.limit is not None and self.limit_query is not None:
            raise ValueError("`limit` and `limit_query` exclude each other")
        return self

    @field_validator("limit")
    @classmethod
    def _size(cls, value: float | str | None) -> float | str | None:
        return value if value is None else size(value)

    @field_validator("interval")
    @classmethod
    def _step(cls, value: str | None) -> str | None:
        if value is not None and not _STEP.fullmatch(value):
            raise ValueError(f"{value!r} is not a distance of points; write 10s, 5m, 1h or a variable")
        return value


class Marked(Part):
    """Whose starts, deploys and crashes the charts mark; `*` stands for any."""

    host: Text = "*"
    jvm: Text = "*"


class Dashboard(Part):
    """One screen of panels."""

    title: Title
    about: Text = ""
    range: str = Field("-1h", description="what is shown at first: -15m, -1h, -7d")
    events: Marked | None = Field(None, description="mark what happened; none if absent")
    variables: list[Variable] = Field([], max_length=MOST_VARIABLES)
    panels: list[Panel] = Field([], max_length=MOST_PANELS)

    @field_validator("range")
    @classmethod
    def _span(cls, value: str) -> str:
        if not _SPAN.fullmatch(value):
            raise ValueError(f"{value!r} is not a range; write -15m, -1h or -7d")
        return value


def size(value: float | str) -> float:
    """`800 MiB`, `1.5g`, `4096` as a number."""
    if not isinstance(value, str):
        return float(value)
    found = _SIZE.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} is not a size; write 800 MiB or 5000")
    return float(found[1]) * SIZES[found[2].lower()]
