"""How a store is opened and kept. The server's configuration fills this in."""

from __future__ import annotations

from dataclasses import dataclass, field

MIB = 1 << 20
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Retention:
    """How long data stays, in days since it was measured or arrived, whichever is later; 0 = for ever.

    `raw_days` is for class samples and metric samples, `hour_days` for their hourly rollups and for the
    totals of each histogram, `event_days` for events, `log_days` for log messages. `max_bytes` bounds what
    all of it takes on disk: the oldest days of samples and messages go first. 0 = no bound.
    """

    raw_days: int = 14
    hour_days: int = 90
    event_days: int = 365
    log_days: int = 14
    max_bytes: int = 0


@dataclass(frozen=True)
class Settings:
    """The engine's limits. The defaults suit a side-car beside the JVMs it watches."""

    readers: int = 3
    threads_per_query: int = 2
    memory_bytes: int = 1000 * MIB
    cache_bytes: int = 64 * MIB
    query_seconds: float = 30.0
    query_memory_bytes: int = 600 * MIB
    fsync: bool = True
    min_free_disk_bytes: int = 256 * MIB
    live_bytes: int = 64 * MIB
    max_series: int = 1_000_000
    series_each: int = 200_000  # that one sender may have
    max_log_sources: int = 100_000
    histograms_as_logs: bool = False
    future_ms: int = DAY_MS
    retention: Retention = field(default_factory=Retention)
    cluster: str = ""
