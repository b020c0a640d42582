"""The shapes of the API's answers, for /openapi.json and with it for the screens' types.

The store's answers are not run through these models (columns of 100,000 cells, checked one by one); a test
holds real answers against them. Times are epoch ms, sizes shallow bytes; a cell that is null has no sample.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """What is not described here may still be there: an answer may grow without a new version."""

    model_config = ConfigDict(extra="allow")


class Fault(Model):
    code: str
    message: str
    hint: str


class ErrorAnswer(Model):
    """What every status from 400 on has as its body."""

    error: Fault


class Jvm(Model):
    """One life of one JVM process."""

    host: str
    jvm: str
    pid: int
    started: int
    labels: dict[str, str]
    java: str
    collector: str
    user: str
    container: str
    command: str
    first_seen: int
    last_seen: int
    state: str = Field(description="up, exited or silent")


class Jvms(Model):
    jvms: list[Jvm]


class Spark(Model):
    times: list[int]
    values: list[float | None]


class TopClass(Model):
    class_: str = Field(alias="class")
    bytes_per_min: float | None


class FleetRow(Model):
    """The newest life of one JVM, as the first screen shows it."""

    host: str
    jvm: str
    pid: int
    started: int
    labels: dict[str, str]
    java: str
    collector: str
    user: str
    container: str
    state: str
    last_seen: int
    heap_used: float | None
    heap_after_gc: float | None
    heap_max: float | None
    growth_per_hour: float | None
    gc_load: float | None
    bytes: int | None
    instances: int | None
    classes: int | None
    spark: Spark
    top_class: TopClass | None
    pause_ms: float | None
    pause_share: float | None
    pause_budget: float | None
    interval_s: float | None
    restarts: int
    last_event: Any = None
    verdict: str = Field(description="leaking, suspect, clean, undecided; empty = not judged yet")
    verdict_reason: str
    leaks: list[Any] = Field(description="open ones on it: id, class, state")
    full_in_s: float | None = Field(description="until heap, metaspace, threads or container is full")
    full_between_s: list[float | None] | None
    full_of: str | None


class Fleet(Model):
    total: int
    rows: list[FleetRow]


class TotalsSeries(Model):
    labels: dict[str, str | int]
    bytes: list[int | None]
    instances: list[int | None]
    classes: list[int | None]


class Totals(Model):
    from_: int = Field(alias="from")
    to: int
    interval_s: float
    rollup: str
    times: list[int]
    series: list[TotalsSeries]
    warnings: list[str]


class ValueSeries(Model):
    labels: dict[str, str | int]
    values: list[float | None]


class Values(Model):
    """Series of one value a time: top classes, metrics."""

    from_: int = Field(alias="from")
    to: int
    interval_s: float
    rollup: str
    times: list[int]
    series: list[ValueSeries]
    warnings: list[str]


class ClassSeries(Model):
    labels: dict[str, str | int]
    bytes: list[int | None]
    instances: list[int | None]


class ClassHistory(Model):
    from_: int = Field(alias="from")
    to: int
    interval_s: float
    rollup: str
    times: list[int]
    series: list[ClassSeries]
    warnings: list[str]


class SnapshotHead(Model):
    """The figures of one stored histogram."""

    time: int
    bytes: int
    instances: int
    classes: int
    pause_ms: float | None
    mode: str


class ClassColumns(Model):
    class_: list[str] = Field(alias="class")
    package: list[str]
    kind: list[str]
    rows: list[int]
    instances: list[int]
    bytes: list[int]
    delta_instances: list[int]
    delta_bytes: list[int]
    bytes_per_min: list[float | None]


class Classes(Model):
    """The classes of one life, and what changed since `before`; a class that is gone has zeros."""

    before: SnapshotHead | None
    after: SnapshotHead | None
    total: int
    columns: ClassColumns


class PackageColumns(Model):
    package: list[str]
    classes: list[int]
    instances: list[int]
    bytes: list[int]
    delta_bytes: list[int]


class Packages(Model):
    """The same difference, summed by package."""

    before: SnapshotHead | None
    after: SnapshotHead | None
    total: int
    columns: PackageColumns


class ClassNames(Model):
    classes: list[str]
    total: int


class Labels(Model):
    labels: list[str]


class LabelValues(Model):
    values: list[str]


class MetricName(Model):
    metric: str
    labels: dict[str, str | int]
    last_seen: int


class MetricNames(Model):
    metrics: list[MetricName]


class SnapshotColumns(Model):
    time: list[int]
    host: list[str]
    jvm: list[str]
    pid: list[int]
    mode: list[str]
    instances: list[int]
    bytes: list[int]
    classes: list[int]
    pause_ms: list[float | None]
    duration_ms: list[float | None]


class Snapshots(Model):
    columns: SnapshotColumns


class HistogramColumns(Model):
    class_: list[str] = Field(alias="class")
    instances: list[int]
    bytes: list[int]


class StoredHistogram(Model):
    """One stored histogram; `format=text` gives it as jmap -histo prints it."""

    columns: HistogramColumns


class EventRow(Model):
    time: int
    kind: str
    labels: dict[str, str]
    text: str


class Events(Model):
    events: list[EventRow]


class PerMinute(Model):
    """How fast counters grew over about the last minute."""

    requests: float
    bytes: float
    samples: float
    rejects: float


class DoorStatus(Model):
    """One way in, and what came through it since the start."""

    name: str
    address: str
    requests: int
    bytes: int
    samples: int
    open: int
    rejects: int
    last: int | None
    counters: dict[str, int]
    reasons: dict[str, int] = Field(description="rejects by reason")
    per_minute: PerMinute | None = Field(description="null in the first seconds of the server")
    how: str = Field(description="method and path to send to; empty for ports")
    setting: str = Field(description="the setting that opens it; empty for what is always open")


class UnusedDoor(Model):
    """A way in that is off (`setting` turns it on), or that nothing came by yet (`how` to send there)."""

    name: str
    how: str
    setting: str


class AgentStatus(Model):
    """`lag` is how old the newest data was when it came, in seconds; null if nothing came since the start."""

    id: str
    host: str
    version: str
    last_seen: int
    sequence: int
    lag: float | None
    lag_ms: int | None
    spool_bytes: int | None = Field(
        description="what waited in its spool when the newest batch was made; null if unknown"
    )
    spool_batches: int | None


class Status(Model):
    version: str
    started: int
    uptime_s: float
    ready: bool
    problems: list[str]
    engine: str
    rows: dict[str, int]
    disk_bytes: int
    retention: dict[str, int]
    doors: list[DoorStatus]
    unused: list[UnusedDoor]
    agents: list[AgentStatus]


class RejectRow(Model):
    time: int
    door: str
    peer: str
    reason: str
    sample: str
    detail: str


class RejectList(Model):
    rejects: list[RejectRow]
    counts: dict[str, dict[str, int]]
    words: dict[str, str] = Field(description="for each reason: what it means, and what to do")


class Reloaded(Model):
    reloaded: bool
    changed: list[str]
    restart_needed: list[str]


class Health(Model):
    status: str
    problems: list[str] = []
