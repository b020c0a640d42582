"""What is old goes, whole partitions at a time: that costs nothing and frees the disk at once.

A partition (a day of samples or log messages, a month of everything else) is dropped when its last moment is
older than the table's limit and nothing has been written into it for as long either: an old histogram that is
imported today stays as long as one taken today. Above `max_bytes` the oldest days of samples and messages go,
however new.
"""

from __future__ import annotations

from calendar import timegm
from dataclasses import dataclass

from heapwatch.store.engine import Engine
from heapwatch.store.settings import DAY_MS, Retention

RAW = ("class_sample", "sample")
LOGS = ("log",)
HOURLY = ("class_hour", "sample_hour", "snapshot")
EVENTS = ("event",)

PARTITIONS = """
SELECT table, partition_id, sum(bytes_on_disk) AS bytes,
       max(toInt64(toUnixTimestamp(modification_time))) AS written
FROM system.parts
WHERE database = currentDatabase() AND active AND table IN {tables:Array(String)}
GROUP BY table, partition_id ORDER BY partition_id, table
"""


@dataclass(frozen=True)
class Partition:
    table: str
    name: str  # 20261103 or 202611
    bytes: int
    written: int  # epoch ms

    @property
    def end(self) -> int:
        """Its last moment, epoch ms."""
        year, month = int(self.name[:4]), int(self.name[4:6])
        if len(self.name) == 8:
            return timegm((year, month, int(self.name[6:8]) + 1, 0, 0, 0)) * 1000
        return timegm((year + month // 12, month % 12 + 1, 1, 0, 0, 0)) * 1000


def retain(engine: Engine, limits: Retention, now: int) -> list[str]:
    """Drop what the limits say; answers what was dropped (`class_sample 20261103`)."""
    there = partitions(engine)
    expired = [each for each in there if _expired(each, _days(limits, each.table), now)]
    left = [each for each in there if each not in expired]
    for each in [*expired, *_oversized(left, limits.max_bytes, now)]:
        engine.command(f"ALTER TABLE {each.table} DROP PARTITION ID '{each.name}'")
    return [f"{each.table} {each.name}" for each in [*expired, *_oversized(left, limits.max_bytes, now)]]


def partitions(engine: Engine) -> list[Partition]:
    """Everything that retention knows, oldest first."""
    found = engine.query(PARTITIONS, {"tables": [*RAW, *LOGS, *HOURLY, *EVENTS]})
    columns = zip(
        found["table"], found["partition_id"], found["bytes"].tolist(), found["written"].tolist(), strict=True
    )
    return [Partition(table, name, bytes_, written * 1000) for table, name, bytes_, written in columns]


def _days(limits: Retention, table: str) -> int:
    if table in RAW:
        return limits.raw_days
    if table in LOGS:
        return limits.log_days
    return limits.hour_days if table in HOURLY else limits.event_days


def _expired(partition: Partition, days: int, now: int) -> bool:
    limit = now - days * DAY_MS
    return bool(days) and max(partition.end, partition.written) < limit


def _oversized(partitions: list[Partition], most: int, now: int) -> list[Partition]:
    """The oldest raw days, until the rest fits; the day that is being written is never dropped."""
    excess = sum(each.bytes for each in partitions) - most if most else 0
    dropped = []
    for each in sorted(partitions, key=lambda each: each.end):
        if excess > 0 and each.table in (*RAW, *LOGS) and each.end < now:
            dropped.append(each)
            excess -= each.bytes
    return dropped
