"""What every question works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from heapwatch.store.damage import Damage
from heapwatch.store.dimensions import Incarnation, Names
from heapwatch.store.engine import Engine, Limits, Parameters
from heapwatch.store.errors import StoreBroken
from heapwatch.store.live import Live
from heapwatch.store.native import Columns
from heapwatch.store.reads.intervals import Buckets


@dataclass(frozen=True)
class Parts:
    """The store as a question sees it; `query_id` is the asker's name for what it runs, to cancel it by."""

    engine: Engine
    names: Names
    live: Live
    clock: Callable[[], int]
    raw_from: Callable[[Sequence[int]], int]
    damage: Damage
    query_id: str | None = None

    def asked_by(self, query_id: str | None) -> Parts:
        return replace(self, query_id=query_id)

    def query(self, sql: str, parameters: Parameters, limits: Limits | None = None) -> Columns:
        """Ask the engine; when it finds damage that is set aside, and the rest answers."""
        searches = self.damage.searches
        try:
            return self.engine.query(sql, parameters, self.query_id, limits)
        except StoreBroken:
            self.damage.search(after=searches)
            return self.engine.query(sql, parameters, self.query_id, limits)


def who(incarnation: Incarnation) -> dict[str, Any]:
    """The labels that tell whose a series is."""
    host, jvm, pid, started = incarnation.who
    return {"host": host, "jvm": jvm, "pid": pid, "started": started}


def ids(incarnations: Sequence[Incarnation]) -> list[int]:
    return [each.id for each in incarnations]


def framed(
    buckets: Buckets, series: list[dict[str, Any]], warnings: list[str], rollup: str
) -> dict[str, Any]:
    """Series under their common times."""
    return {
        "from": buckets.start,
        "to": buckets.end,
        "interval_s": buckets.interval_s,
        "rollup": rollup,
        "times": buckets.times,
        "series": series,
        "warnings": warnings,
    }


def places(found: Any, wanted: Sequence[int]) -> Any:
    """For each id found its place in `wanted`."""
    order = np.argsort(np.asarray(wanted))
    return order[np.searchsorted(np.asarray(wanted), found, sorter=order)]
