"""The shapes of answers about monitors. Times are epoch ms."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from heapwatch.web.answers import Model


class MonitorRow(Model):
    name: str
    kind: str
    description: str
    enabled: bool
    query: str
    state: str = Field(description="the gravest of its groups")
    since: int | None
    counts: dict[str, int] = Field(description="groups by state")
    looked: int | None
    every_s: float
    error: str


class Monitors(Model):
    monitors: list[MonitorRow]
    files: list[str]


class Group(Model):
    labels: dict[str, str]
    state: str
    level: str = Field(description="what fires behind it: ok, warning or critical")
    since: int
    seen: int
    value: float | None
    text: str
    silenced: str


class OneMonitor(MonitorRow):
    groups: list[Group]
    settings: dict[str, Any]


class Transition(Model):
    time: int
    monitor: str
    kind: str
    labels: dict[str, str]
    before: str
    after: str
    value: float | None
    text: str
    query: str
    level: str
    was_level: str
    silenced: str


class History(Model):
    transitions: list[Transition]


class Backtest(Model):
    monitor: str
    kind: str
    query: str
    from_: int = Field(alias="from")
    to: int
    looks: int
    errors: int
    fired: int
    first: int | None
    transitions: list[Transition]


class Silence(Model):
    id: str
    monitor: str
    match: dict[str, str]
    starts: int
    ends: int
    by: str
    note: str


class Silences(Model):
    silences: list[Silence]
