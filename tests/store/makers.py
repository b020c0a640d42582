"""Snapshots, metrics and batches for the store's tests."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from heapwatch.model import ALL, Batch, Event, Histogram, JvmId, LogBlock, MetricBlock, Snapshot

NOW = 1_790_000_000_000 // 3_600_000 * 3_600_000 + 40 * 60_000
"""The tests' clock stands here: twenty to a full hour in September 2026."""

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LAST_HOUR: dict[str, Any] = {"from_": NOW - HOUR, "to": NOW + 1000}

_sequences = itertools.count(1)


class Clock:
    """The store's clock, which only tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


def jvm(host: str, name: str = "shop", pid: int = 4711, started: int = NOW - DAY) -> JvmId:
    return JvmId(host, name, pid, started)


def histogram(classes: Mapping[str, tuple[int, int]]) -> Histogram:
    """`{"com.shop.Order": (instances, bytes)}`."""
    return Histogram(
        list(classes),
        array("q", [instances for instances, _ in classes.values()]),
        array("q", [size for _, size in classes.values()]),
        array("q", [1] * len(classes)),
    )


def snapshot(
    who: JvmId,
    time: int,
    classes: Mapping[str, tuple[int, int]],
    mode: str = ALL,
    labels: Mapping[str, str] | None = None,
    heap: Mapping[str, float] | None = None,
) -> Snapshot:
    return Snapshot(who, time, mode, histogram(classes), 2.5, 20.0, heap or {}, labels or {})


def metrics(who: JvmId, times: Sequence[int], **values: Sequence[float]) -> MetricBlock:
    """Names are given with `__` for dots: `jvm__heap__used=[...]`."""
    labels = {"host": who.host, "jvm": who.jvm, "pid": str(who.pid), "started": str(who.started)}
    columns = {name.replace("__", "."): array("d", column) for name, column in values.items()}
    return MetricBlock(labels, array("q", times), columns)


def messages(time: int, *texts: str, **labels: str) -> LogBlock:
    """Messages a second apart; `category` is short for `_sourceCategory`."""
    category = {"_sourceCategory": labels.pop("category")} if "category" in labels else {}
    times = array("q", [time + 1000 * place for place in range(len(texts))])
    return LogBlock({**labels, **category}, times, list(texts))


def batch(
    *snapshots: Snapshot,
    metrics: Sequence[MetricBlock] = (),
    events: Sequence[Event] = (),
    logs: Sequence[LogBlock] = (),
    agent: str = "agent-1",
    sequence: int | None = None,
) -> Batch:
    """A batch with a number of its own, unless one is given."""
    number = next(_sequences) if sequence is None else sequence
    return Batch(agent, number, list(snapshots), list(metrics), list(events), list(logs))
