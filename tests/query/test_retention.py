"""Class samples go before totals and hours do: what is left answers, and what is gone is not taken for 0."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from typing import Any

import pytest

from heapwatch.model import Batch, Histogram, JvmId, Snapshot
from heapwatch.query.run import run
from heapwatch.store import Settings, Store, open_store
from heapwatch.store.settings import Retention

HOUR, DAY = 3_600_000, 86_400_000
NOW = (time.time_ns() // 1_000_000 // DAY + 20) * DAY + DAY // 2  # what is written now is old then
FIRST = NOW - DAY // 2 - 5 * DAY

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A histogram every six hours for five days; class samples of two days are kept."""
    kept = Settings(
        readers=1, fsync=False, min_free_disk_bytes=0, retention=Retention(raw_days=2, hour_days=90)
    )
    with open_store(tmp_path_factory.mktemp("store"), kept, clock=lambda: NOW) as opened:
        column = array("q", [1, 2])
        histogram = Histogram(["k.A", "k.B"], column, column, column)
        who = JvmId("a", "shop", 1, 0)
        times = range(FIRST, FIRST + 5 * DAY, 6 * HOUR)
        opened.insert([Batch("test", 1, [Snapshot(who, each, "all", histogram) for each in times])])
        opened.rollup()
        dropped = opened.retain()
        assert [each.split()[0] for each in dropped] == ["class_sample"] * 3
        yield opened


def asked(store: Store, query: str) -> tuple[list[Any], list[str]]:
    answer = run(store, query, FIRST, FIRST + 5 * DAY, interval=DAY // 1000)
    [series] = answer["rows"][0]["series"]
    return series["values"], [each["message"] for each in answer["warnings"]]


@pytest.mark.parametrize(
    "query",
    [
        "metric=heap.bytes class=k.B",
        "metric=heap.bytes class=k.B | sum",
        "metric=heap.bytes class=k.B | min by class",
        "metric=heap.bytes class=k.B | pct(50)",
    ],
)
def test_days_without_class_samples_have_no_points_and_a_warning(store: Store, query: str) -> None:
    values, warnings = asked(store, query)
    assert values == [None, None, None, 2, 2]
    assert any("class samples are not kept any more" in each for each in warnings)


def test_totals_and_hours_go_back_further(store: Store) -> None:
    assert asked(store, "metric=heap.bytes | sum by host") == ([3] * 5, [])
    assert asked(store, "metric=heap.instances class=k.B | sum") == ([2] * 5, [])
    assert asked(store, "metric=heap.bytes class=k.B | quantize to 1d using latest") == ([2] * 5, [])
