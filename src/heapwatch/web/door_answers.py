"""The shapes of answers about the ways in. Times are epoch ms."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from heapwatch.web.answers import Model


class TargetRow(Model):
    """A target that is scraped, and how its last scrape went."""

    job: str
    instance: str
    url: str
    labels: dict[str, str]
    interval_s: float
    health: Literal["unknown", "up", "down"]
    last: int | None = Field(description="when it was scraped; null when it was not yet")
    seconds: float = Field(description="how long that took")
    samples: int
    error: str


class Targets(Model):
    targets: list[TargetRow]
