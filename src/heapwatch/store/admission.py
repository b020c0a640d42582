"""What may be stored. Wrong data is worse than none: a batch with any of it is refused whole, with a reason.

A histogram's numbers are counts and sizes: negative ones are refused. Metrics may be negative, never
infinite; nan means no sample. Times may be old (files are imported), but not before 2000 and not more than a
day ahead of the server's clock: such a clock is wrong, and what it dates would sort after everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

import numpy as np

from heapwatch.errors import Refused
from heapwatch.model import ALL, LIVE, Batch, Event, LogBlock, MetricBlock, Snapshot

OLDEST_MS = 946_684_800_000  # 2000-01-01
LONGEST_NAME = 4096
LONGEST_TEXT = 16 << 20  # characters of a log message: a raw histogram of the largest heap fits


def check(batch: Batch, now_ms: int, future_ms: int) -> None:
    """Raise Refused, naming batch and reason, unless all of it may be stored."""
    try:
        if not batch.agent or batch.sequence < 0:
            raise Refused("it has no agent or a negative sequence number")
        for snapshot in batch.snapshots:
            _snapshot(snapshot, now_ms + future_ms)
        for block in batch.metrics:
            _metrics(block, now_ms + future_ms)
        for event in batch.events:
            _event(event, now_ms + future_ms)
        for log in batch.logs:
            _logs(log, now_ms + future_ms)
    except Refused as reason:
        raise Refused(f"batch {batch.sequence} of {batch.agent or '?'}: {reason}") from None


def check_time(time: int, latest_ms: int) -> None:
    if time < OLDEST_MS:
        raise Refused(f"the time {time} ms is before the year 2000")
    if time > latest_ms:
        moment = datetime.fromtimestamp(min(time, 253_402_300_799_000) / 1000, timezone.utc)
        raise Refused(f"the time {moment:%Y-%m-%dT%H:%M:%SZ} is more than a day ahead of the server's clock")


def _snapshot(snapshot: Snapshot, latest_ms: int) -> None:
    check_time(snapshot.time, latest_ms)
    if snapshot.mode not in (ALL, LIVE):
        raise Refused(f"a histogram's mode is all or live, not {snapshot.mode!r}")
    if not snapshot.jvm.host or not snapshot.jvm.jvm:
        raise Refused("a histogram has no host or no JVM name")
    if min(snapshot.jvm.pid, snapshot.jvm.started) < 0:
        raise Refused("a pid or a start time is negative")
    histogram = snapshot.histogram
    columns = [histogram.instances, histogram.bytes, histogram.rows]
    if any(len(column) != len(histogram) for column in columns):
        raise Refused("a histogram's columns have different lengths")
    if len(set(histogram.classes)) != len(histogram):
        raise Refused("a histogram names a class twice")
    if len(histogram) and min(int(np.min(np.frombuffer(column, np.int64))) for column in columns) < 0:
        raise Refused("a histogram has a negative number")
    if len(histogram) and (max(map(len, histogram.classes)) > LONGEST_NAME or "" in histogram.classes):
        raise Refused("a histogram has an empty or endless class name")
    _labels(snapshot.labels)


def _metrics(block: MetricBlock, latest_ms: int) -> None:
    for time in {min(block.times), max(block.times)} if block.times else ():
        check_time(time, latest_ms)
    for name, column in block.values.items():
        if len(column) != len(block.times):
            raise Refused(f"metric {name} has {len(column)} values for {len(block.times)} times")
        if not name or len(name) > LONGEST_NAME:
            raise Refused("a metric has an empty or endless name")
        if np.isinf(np.frombuffer(column, np.float64)).any():
            raise Refused(f"metric {name} has an infinite value")
    _labels(block.labels)


def _event(event: Event, latest_ms: int) -> None:
    check_time(event.time, latest_ms)
    if not event.kind:
        raise Refused("an event has no kind")
    _labels(event.labels)


def _logs(block: LogBlock, latest_ms: int) -> None:
    for time in {min(block.times), max(block.times)} if block.times else ():
        check_time(time, latest_ms)
    if len(block.times) != len(block.texts) or (block.levels and len(block.levels) != len(block.texts)):
        raise Refused("log messages, times and levels are not equally many")
    if any(len(text) > LONGEST_TEXT for text in block.texts):
        raise Refused(f"a log message has more than {LONGEST_TEXT} characters")
    _labels(block.labels)


def _labels(labels: Mapping[str, str]) -> None:
    for name in ("pid", "started"):
        if labels.get(name, "") and not labels[name].isdecimal():
            raise Refused(f"the label {name} is not a number: {labels[name]!r}")
    if any(len(name) + len(value) > LONGEST_NAME for name, value in labels.items()):
        raise Refused("a label is endless")
