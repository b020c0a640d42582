"""What one query may take: the limit is named, and what is proposed instead does fit."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator
from dataclasses import replace

import pytest

from heapwatch.model import Batch, Histogram, JvmId, Snapshot
from heapwatch.query.limits import LimitExceeded, Limits
from heapwatch.query.run import run
from heapwatch.store import Settings, Store, open_store

BEGIN = 1_767_225_600_000
END = BEGIN + 120_000
CLASSES = [f"com.shop.part{number % 7}.Class{number}" for number in range(300)]

pytestmark = pytest.mark.store


def snapshot(host: str, jvm: str, time: int, classes: int) -> Snapshot:
    names = CLASSES[:classes]
    column = array("q", range(1, len(names) + 1))
    return Snapshot(JvmId(host, jvm, 0, 0), time, "all", Histogram(names, column, column, column))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three hosts with 12 histograms each, of 300, 200 and 100 classes; 10 plain series of 12 points."""
    settings = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("store"), settings, clock=lambda: END + 3_600_000) as opened:
        sizes = {"large": 300, "middle": 200, "small": 100}
        times = range(BEGIN, END, 10_000)
        snapshots = [snapshot(host, "shop", time, size) for host, size in sizes.items() for time in times]
        opened.insert([Batch("test", 1, snapshots)])
        for number in range(10):
            opened.insert_samples([f"servers.s{number}.load"] * 12, list(times), [1.0] * 12)
        yield opened


def refused(store: Store, query: str, limits: Limits) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as caught:
        run(store, query, BEGIN, END, interval=10, limits=limits)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "query",
    [
        "metric=*",
        "*",
        "metric=heap.* | rate",
        "metric=heap.bytes OR metric=load",
        "NOT host=nobody",
        "metric=heap.bytes | eval _value * 2 | where max > 0",
        "#A metric=heap.bytes\n#B: #A * 2",
        "metric=heap.bytes | predict until=1000000",
        "metric=heap.bytes | diff between 2026-01-01T00:00:00Z and 2026-01-01T00:01:00Z",
    ],
)
def test_too_many_series_are_refused_and_the_proposed_query_fits(store: Store, query: str) -> None:
    limits = Limits(series=50)
    error = refused(store, query, limits)
    assert error.limit == "series"
    assert "more than 50" in error.reason
    answer = run(store, error.suggestion, BEGIN, END, interval=10, limits=limits)
    assert all(len(row["series"]) <= 50 for row in answer["rows"])
    assert any(row["series"] or row["table"] for row in answer["rows"])


@pytest.mark.parametrize(
    ("query", "points", "narrowed_to"),
    [
        ("metric=heap.bytes", 4_000, 'host="large"'),
        ("metric=heap.bytes | topk(3, max)", 3_000, 'host="middle"'),
        ("metric=heap.bytes | sum by class", 1_500, 'host="small"'),
        ("metric=heap.bytes | max by host", 1_500, 'host="small"'),
        ("metric=heap.bytes | max by host", 20, 'class="com.shop.part0.Class0"'),
        ("metric=load | count", 100, '_rawName="servers.s0.load"'),
        ("metric=load | count", 5, ""),
    ],
)
def test_too_many_points_are_refused_and_the_proposed_query_fits(
    store: Store, query: str, points: int, narrowed_to: str
) -> None:
    limits = Limits(points=points)
    error = refused(store, query, limits)
    assert error.limit == "points"
    assert f"more than {points}" in error.reason
    if not narrowed_to:
        assert "a range of 4s would fit" in error.reason  # 5 of 120 points, and some room
        run(store, query, BEGIN, BEGIN + 4_000, interval=1, limits=replace(limits, points=10))
        return
    assert narrowed_to in error.suggestion
    answer = run(store, error.suggestion, BEGIN, END, interval=10, limits=limits)
    assert answer["rows"][0]["series"]
    assert answer["read"]["points"] <= points


@pytest.mark.parametrize("query", ["metric=heap.bytes | pct(50) by host", "metric=heap.bytes | rate counter"])
def test_what_cannot_be_worked_on_at_once_is_refused_too(store: Store, query: str) -> None:
    limits = Limits(cells=3_000)
    error = refused(store, query, limits)
    assert error.limit == "cells"
    assert "more than 3000" in error.reason
    answer = run(store, error.suggestion, BEGIN, END, interval=10, limits=limits)
    assert answer["rows"][0]["series"]


def test_a_query_for_everything_names_the_limit_and_a_query_that_fits(store: Store) -> None:
    error = refused(store, "*", Limits(series=2_000, points=10_000))
    assert error.limit == "points"
    answer = run(store, error.suggestion, BEGIN, END, interval=10, limits=Limits(points=10_000))
    assert 0 < len(answer["rows"][0]["series"]) <= 2_000


def test_totals_of_everything_are_cheap_and_need_no_class_samples(store: Store) -> None:
    limits = Limits(points=36)  # three hosts with 12 histograms each, of 7,200 class samples
    answer = run(store, "metric=heap.bytes | sum by host", BEGIN, END, interval=10, limits=limits)
    assert answer["read"]["points"] == 36
    totals = {each["labels"]["host"]: each["values"][0] for each in answer["rows"][0]["series"]}
    assert totals == {"large": 45150, "middle": 20100, "small": 5050}


def test_a_query_out_of_time_says_so_and_what_would_take_less(store: Store) -> None:
    error = refused(store, "metric=heap.bytes | max by class", Limits(seconds=0.0001))
    assert error.limit == "seconds"
    assert "takes more than 0.0001 s" in error.reason
    assert error.suggestion.startswith('metric=heap.bytes host="small" class=')
    run(store, error.suggestion, BEGIN, END, interval=10)


def test_longer_series_than_allowed_get_wider_buckets_and_a_notice(store: Store) -> None:
    answer = run(store, "metric=load | sum", BEGIN, END, interval=1, limits=Limits(length=60))
    assert answer["rows"][0]["interval_s"] == 5
    assert "more than 60 points a series" in answer["warnings"][0]["message"]


def test_inserts_go_on_while_heavy_queries_run(store: Store) -> None:
    """Readers have clients of their own, and a writer waits for none of them."""
    stop = threading.Event()
    asked = []

    def ask() -> None:
        while not stop.is_set():
            asked.append(run(store, "metric=heap.* | stddev by class", BEGIN, END, interval=1))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(10):
            before = len(asked)
            fresh = replace(snapshot("busy", "shop", BEGIN + number * 1000, 300), mode="live")
            assert store.insert([Batch("busy", number + 1, [fresh])]) == [True]
            assert len(asked) - before < 50  # an insert was not put off until the queries had ended
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    found = run(store, "metric=heap.bytes host=busy mode=live | count", BEGIN, END, interval=1)
    assert [value for value in found["rows"][0]["series"][0]["values"] if value] == [300.0] * 10


@pytest.mark.parametrize(
    "query",
    [
        "metric=heap.bytes | sum by class | topk(5, max)",
        "metric=heap.bytes | sum by class | topk(1, max) | eval _value * 2",
        "metric=heap.bytes | sum by host, class | topk(7, max)",
        "*.size.** | parse *.size.** as host, class | sum by class | where max < 200 | topk(10, max)",
        "metric=heap.bytes | sum by class | where 100 <= max AND max < 110",
        "metric=heap.bytes | sum by class | where max > 290 | where max <= 298.5 | sum",
        "metric=heap.bytes | sum by class | where max > 290 | where min > 3 | topk(2, avg)",
        "metric=heap.bytes | sum by package | topk(3, max)",
        "metric=heap.bytes | sum by class | topk(3, min)",
        "metric=heap.* | sum by class | topk(3, max)",
        "metric=(heap.bytes, load) | sum by class | topk(3, max)",
        "metric=heap.bytes | quantize to 30s using latest | sum by class | topk(4, max) by nothing",
        "*.size.** | parse *.size.*.*.part1.* as host, a, b, c | sum by c | topk(4, max)",
    ],
)
def test_what_stays_in_the_engine_would_have_been_dropped(store: Store, query: str) -> None:
    """Groups that topk and where drop are not even fetched when there are many; the answer is the same."""
    all_fetched = run(store, query, BEGIN, END, interval=10, limits=Limits(fetched=1 << 40))
    thinned_out = run(store, query, BEGIN, END, interval=10, limits=Limits(fetched=0))
    assert thinned_out["rows"] == all_fetched["rows"]
    assert thinned_out["warnings"] == all_fetched["warnings"]
    assert all_fetched["rows"][0]["series"]
