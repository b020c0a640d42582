"""Who sends batches: when they came last, and how old their newest data was when it came.

An agent that fills its spool still sends, only later and later: its lag, and what it says of its spool, show
that before its data ends.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from heapwatch.model import Batch

MOST = 20_000
LARGEST = 1 << 53
NO_AGENT = ("upload", "graphite", "import:", "logs", "syslog")
"""Beginnings of names under which others than agents store."""


@dataclass(frozen=True)
class Seen:
    """One agent, as of its newest batch. Times are epoch ms, the lag is in seconds."""

    id: str
    host: str
    version: str
    last_seen: int
    sequence: int
    lag: float | None
    lag_ms: int | None
    spool_bytes: int | None
    spool_batches: int | None


class Agents:
    """The agents that sent something since the start, the most recent last."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def saw(self, batch: Batch, user_agent: str) -> None:
        """Note one batch that is stored."""
        if batch.agent.startswith(NO_AGENT):
            return
        now = int(self._clock() * 1000)
        newest = _newest(batch)
        lag = max(0, now - newest) if newest else None
        known = self._seen.pop(batch.agent, None)
        self._seen[batch.agent] = Seen(
            id=batch.agent,
            host=_host(batch) or (known.host if known else ""),
            version=_version(user_agent),
            last_seen=now,
            sequence=max(batch.sequence, known.sequence if known else 0),
            lag=None if lag is None else lag / 1000,
            lag_ms=lag,
            spool_bytes=_told(batch, "heapwatch.spool_bytes", known.spool_bytes if known else None),
            spool_batches=_told(batch, "heapwatch.spool_batches", known.spool_batches if known else None),
        )
        if len(self._seen) > MOST:
            self._seen.popitem(last=False)

    def rows(self, stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """All agents: those of the store, with what is known of them since the start."""
        unknown = {"lag_ms": None, "spool_bytes": None, "spool_batches": None}
        by_id = {row["id"]: {**row, **unknown} for row in stored if not row["id"].startswith(NO_AGENT)}
        for seen in self._seen.values():
            by_id[seen.id] = asdict(seen)
        return [by_id[name] for name in sorted(by_id)]


def _newest(batch: Batch) -> int:
    times = [snapshot.time for snapshot in batch.snapshots]
    times += [block.times[-1] for block in batch.metrics if block.times]
    return max(times, default=0)


def _told(batch: Batch, metric: str, known: int | None) -> int | None:
    """The newest whole number that the agent says of itself by this metric."""
    for block in batch.metrics:
        for value in reversed(block.values.get(metric, ())):
            if 0 <= value < LARGEST:
                return int(value)
    return known


def _host(batch: Batch) -> str:
    for snapshot in batch.snapshots:
        return snapshot.jvm.host
    labels = [block.labels for block in batch.metrics] or [block.labels for block in batch.logs]
    return labels[0].get("host", "") if labels else ""


def _version(user_agent: str) -> str:
    name, _, rest = user_agent.partition("/")
    return rest.partition(" ")[0][:40] if name.startswith("heapwatch") else ""
