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


class MetricShare(Model):
    name: str
    series: int


class LabelWidth(Model):
    name: str
    values: int


class MakerRow(Model):
    """A sender, and what it made that was heard of within a day."""

    maker: str = Field(description="the door, and a token's name or an address")
    series: int
    jvms: int = Field(description="lives of JVMs, by histograms and by series that name one")
    classes: int = Field(description="named first by this sender's histograms")
    used: int = Field(description="of its limit: series, JVMs and classes")
    refused: int = Field(description="points and lines of histograms beyond the limit, since the start")
    last_refused: int | None
    examples: list[str] = Field(description="names that were refused")
    metrics: list[MetricShare] = Field(description="of the first senders: the metrics with most series")
    labels: list[LabelWidth] = Field(
        description="of the first senders: the labels with most values, host, jvm and class among them"
    )


class Cardinality(Model):
    series: int = Field(description="known in all")
    jvms: int = Field(description="lives of JVMs that are known in all")
    classes: int = Field(description="known in all")
    used: int = Field(description="of max_series: series, JVMs and classes")
    max_series: int
    sender_series: int = Field(description="what one sender may have within a day")
    makers: list[MakerRow]


class AlertRow(Model):
    """As `POST /api/v2/alerts` of Alertmanager takes it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: str  # noqa: N815 - as it is spelled there
    endsAt: str  # noqa: N815
    generatorURL: str  # noqa: N815


class DeliveryRow(Model):
    url: str = Field(description="without the secret in it")
    kind: Literal["alertmanager", "webhook"]
    last: int | None = Field(description="when it was told something")
    told: int = Field(description="alerts, since the start")
    failures: int
    error: str = Field(description="why it could not be told last; empty when it could")


class Alerts(Model):
    alerts: list[AlertRow]
    deliveries: list[DeliveryRow]


class AlertsStored(Model):
    stored: bool
    alerts: int
