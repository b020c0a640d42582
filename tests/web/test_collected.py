"""Histograms that workflows collect: every one is stored, whatever was collected before."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from heapwatch.model import ALL, Batch, Histogram, JvmId, Snapshot
from heapwatch.store import Settings, Store, open_store
from heapwatch.web.acting_ports import Collected

pytestmark = pytest.mark.store

NOW = 1_790_000_000_000


def taken(at: int, size: int) -> Batch:
    """As a probe's answer: all of them have the same name."""
    classes = Histogram(["shop.Order"], array("q", [1]), array("q", [size]), array("q", [1]))
    snapshot = Snapshot(JvmId("web1", "shop", 4711, NOW - 60_000), at, ALL, classes, 2.5, 20.0, {}, {})
    return Batch("workflow", 0, [snapshot])


def opened(folder: Path) -> Store:
    settings = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
    return open_store(folder, settings, clock=lambda: NOW + 60_000)


def stored(store: Store) -> list[int]:
    return sorted(store.snapshots(host=["web1"], from_=NOW - 1, to=NOW + 60_000)["columns"]["bytes"])


def test_each_collection_is_stored_also_after_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        collected = Collected(store)
        collected.keep(taken(NOW, 100))
        collected.keep(taken(NOW + 1000, 200))
        assert stored(store) == [100, 200]
    with opened(tmp_path) as store:
        Collected(store).keep(taken(NOW + 2000, 300))
        assert stored(store) == [100, 200, 300]
