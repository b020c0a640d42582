"""Long ranges in Prometheus' language: from the hourly tables, to the same answers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from test_promql import BEGIN, CLASSES, MINUTE, SHOP, histogram

from heapwatch.model import Batch, Snapshot
from heapwatch.query.limits import Limits
from heapwatch.query.promql.run import LOOKBACK_MS, Steps, instant, over_time
from heapwatch.store import Settings, Store, open_store
from heapwatch.store.settings import Retention

pytestmark = pytest.mark.store

HOUR = 60 * MINUTE
DAY = 24 * HOUR


def test_long_ranges_are_read_by_the_hour_and_outlive_the_samples(tmp_path: Path) -> None:
    settings = Settings(
        readers=1, fsync=False, min_free_disk_bytes=0, retention=Retention(raw_days=2, hour_days=30)
    )
    now = [BEGIN + 3 * DAY + 10 * MINUTE]
    queries = [
        "heap_bytes",
        "heap_instances",
        "sum(heap_bytes)",
        'sum by (package) (heap_bytes{class=~"a.*"})',
        "max by (host) (heap_instances)",
        "count(heap_bytes)",
        "jvm_heap_used",
        "heap_bytes offset 3h",
        "heap_bytes / heap_instances",
    ]
    steps = Steps(BEGIN + HOUR, BEGIN + 3 * DAY, 3 * HOUR)

    def ask_all(store: Store) -> list[Any]:
        return [over_time(store, query, steps, LOOKBACK_MS, Limits()) for query in queries]

    with open_store(tmp_path / "store", settings, clock=lambda: now[0]) as store:
        series = f"jvm.heap.used;host=h1;jvm=shop;pid=10;started={BEGIN}"
        found = []
        for place, at in enumerate(range(BEGIN + 2 * MINUTE, BEGIN + 3 * DAY, 4 * MINUTE)):
            classes = dict(CLASSES, **{"a.b.Leak": (place + 1, 16 * place + 16)})
            if place // 40 % 2:
                del classes["a.Other"]
            found.append(Snapshot(SHOP, at, "all", histogram(classes)))
            store.insert_samples([series], [at], [float(place)], "test")
        store.insert([Batch("agent", 1, found)])
        by_sample = ask_all(store)
        assert all(answer["result"] for answer in by_sample)
        store.rollup()
        assert ask_all(store) == by_sample
        now[0] = int(time.time() * 1000) + 4 * DAY  # partitions know when they were written
        assert store.retain()
        at = BEGIN + 1 * DAY + 10 * MINUTE
        assert instant(store, "heap_bytes", at, LOOKBACK_MS, Limits())["result"] == []
        assert ask_all(store) == by_sample
