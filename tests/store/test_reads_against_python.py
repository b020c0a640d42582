"""Every read, on random data, against the same worked out in plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from makers import HOUR, MINUTE, NOW, batch, jvm, snapshot

from heapwatch.jvm.names import package
from heapwatch.model import Snapshot
from heapwatch.store import Store

pytestmark = pytest.mark.store

HOSTS = ("oracle-a", "oracle-b", "oracle-c")
CLASSES = [f"com.shop.{part}.Class{number}" for part in ("cart", "order", "cart.deep") for number in range(8)]
FROM, TO = NOW - 2 * HOUR, NOW


@pytest.fixture(scope="module")
def history(store: Store) -> list[Snapshot]:
    return stored_history(store, HOSTS)


def stored_history(store: Store, hosts: Sequence[str]) -> list[Snapshot]:
    """Two hours of three JVMs, one of which was restarted and one of which pauses for half an hour."""
    _, restarted, pausing = hosts
    chance = random.Random(7)
    found = []
    for host in hosts:
        for life, (begin, end) in enumerate([(FROM, NOW - HOUR), (NOW - HOUR + MINUTE, TO)]):
            if life and host != restarted:
                continue
            who = jvm(host, pid=100 + life, started=begin - MINUTE)
            stop = TO if host != restarted else end
            time = begin + chance.randrange(MINUTE)
            while time < stop:
                if not (host == pausing and NOW - 90 * MINUTE < time < NOW - HOUR):
                    chosen = chance.sample(CLASSES, 15)
                    classes = {
                        name: (count := chance.randrange(1, 10_000), count * chance.randrange(16, 64))
                        for name in chosen
                    }
                    found.append(snapshot(who, time, classes))
                time += chance.randrange(45_000, 75_000)
    for start in range(0, len(found), 40):
        store.insert([batch(*found[start : start + 40])])
    return found


def last_of_buckets(history: Sequence[Snapshot], start: int, width: int) -> dict[Any, dict[int, Snapshot]]:
    """By JVM and bucket the last snapshot."""
    found: dict[Any, dict[int, Snapshot]] = defaultdict(dict)
    for each in sorted(history, key=lambda each: each.time):
        found[each.jvm][(each.time - start) // width] = each
    return found


def held(each: Snapshot, names: Sequence[str], measure: str = "bytes") -> int:
    column = getattr(each.histogram, measure)
    return sum(value for name, value in zip(each.histogram.classes, column, strict=True) if name in names)


def lines(answer: dict[str, Any], field: str, *by: str) -> Iterator[tuple[Any, dict[int, int]]]:
    for series in answer["series"]:
        points = {place: value for place, value in enumerate(series[field]) if value is not None}
        yield tuple(series["labels"][name] for name in by), points


def test_totals_are_those_of_the_last_histogram_of_each_interval(
    store: Store, history: list[Snapshot]
) -> None:
    answer = store.totals(host=["oracle-*"], from_=FROM, to=TO, interval=120)
    wanted = last_of_buckets(history, answer["times"][0], 120_000)
    got = dict(lines(answer, "bytes", "host", "jvm", "pid", "started"))
    assert got.keys() == wanted.keys()
    for who, points in wanted.items():
        for place, each in points.items():
            assert got[who][place] == each.histogram.total_bytes
    assert {tuple(series["labels"])[:4] for series in answer["series"]} == {("host", "jvm", "pid", "started")}


def test_a_pause_in_sampling_is_a_gap_and_not_a_line(store: Store, history: list[Snapshot]) -> None:
    answer = store.totals(host="oracle-c", from_=FROM, to=TO, interval=60)
    (points,) = (points for _, points in lines(answer, "bytes", "host"))
    times = answer["times"]
    silent = [place for place, time in enumerate(times) if NOW - 88 * MINUTE < time < NOW - 62 * MINUTE]
    assert not any(place in points for place in silent)
    assert len(points) > 80


@pytest.mark.parametrize("by", ["bytes", "instances"])
def test_top_classes_and_the_others_add_up_to_the_total(
    store: Store, history: list[Snapshot], by: str
) -> None:
    answer = store.top(host="oracle-a", from_=FROM, to=TO, interval=600, by=by, n=5)
    (wanted,) = (
        points
        for who, points in last_of_buckets(history, answer["times"][0], 600_000).items()
        if who.host == "oracle-a"
    )
    names = [series["labels"]["class"] for series in answer["series"]]
    assert names[-1] == "(other)"
    assert len(names) == 6
    values = {name: series["values"] for name, series in zip(names, answer["series"], strict=True)}
    for place, each in wanted.items():
        for name in names[:-1]:
            assert values[name][place] == held(each, [name], by)
        total = sum(getattr(each.histogram, by))
        assert sum(values[name][place] for name in names) == total


def test_the_top_class_is_the_one_that_was_largest(store: Store, history: list[Snapshot]) -> None:
    answer = store.top(host="oracle-a", from_=FROM, to=TO, interval=600, n=3)
    looks = last_of_buckets(history, answer["times"][0], (answer["to"] - answer["from"]) // 12)
    (own,) = (points for who, points in looks.items() if who.host == "oracle-a")
    largest = {name: max(held(each, [name]) for each in own.values()) for name in CLASSES}
    wanted = sorted(largest, key=lambda name: -largest[name])[:3]
    assert [series["labels"]["class"] for series in answer["series"]][:3] == wanted


def test_a_class_over_hosts_has_zero_where_a_histogram_lacks_it(
    store: Store, history: list[Snapshot]
) -> None:
    name = "com.shop.cart.Class3"
    answer = store.class_history(classes=[name], host=["oracle-*"], from_=FROM, to=TO, interval=120)
    wanted = last_of_buckets(history, answer["times"][0], 120_000)
    got = dict(lines(answer, "instances", "host", "jvm", "pid", "started"))
    for who, points in wanted.items():
        for place, each in points.items():
            assert got[who][place] == held(each, [name], "instances")


def test_a_glob_of_classes_sums_by_host(store: Store, history: list[Snapshot]) -> None:
    answer = store.class_history(
        classes=["com.shop.cart.*"], host=["oracle-*"], by="host", from_=FROM, to=TO, interval=120
    )
    wanted = last_of_buckets(history, answer["times"][0], 120_000)
    got = dict(lines(answer, "bytes", "host"))
    cart = [name for name in CLASSES if name.startswith("com.shop.cart.")]
    for host in ("oracle-a", "oracle-c"):
        (points,) = (points for who, points in wanted.items() if who.host == host)
        for place, each in points.items():
            assert got[(host,)][place] == held(each, cart)


def test_the_difference_of_two_histograms_has_gone_and_new_classes(
    store: Store, history: list[Snapshot]
) -> None:
    own = sorted((each for each in history if each.jvm.host == "oracle-a"), key=lambda each: each.time)
    before, after = own[10], own[-10]
    answer = store.classes(
        host="oracle-a", before=before.time + 1000, at=after.time - 1000, sort="delta_bytes", limit=100
    )
    assert answer["before"]["time"] == before.time
    assert answer["after"]["time"] == after.time
    assert answer["after"]["bytes"] == after.histogram.total_bytes
    columns = answer["columns"]
    names = set(before.histogram.classes) | set(after.histogram.classes)
    assert set(columns["class"]) == names
    assert answer["total"] == len(names)
    minutes = (after.time - before.time) / MINUTE
    for row, name in enumerate(columns["class"]):
        change = held(after, [name]) - held(before, [name])
        assert columns["bytes"][row] == held(after, [name])
        assert columns["delta_bytes"][row] == change
        assert columns["delta_instances"][row] == (
            held(after, [name], "instances") - held(before, [name], "instances")
        )
        assert columns["bytes_per_min"][row] == pytest.approx(change / minutes)
        assert columns["package"][row] == package(name)
    assert columns["delta_bytes"] == sorted(columns["delta_bytes"], reverse=True)


@pytest.mark.parametrize("sort", ["bytes", "instances", "delta_bytes", "delta_instances", "rate", "class"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_a_table_are_parts_of_one_order(
    store: Store, history: list[Snapshot], sort: str, order: str
) -> None:
    wish: dict[str, Any] = {"host": "oracle-a", "before": NOW - HOUR, "at": NOW, "sort": sort, "order": order}
    whole = store.classes(**wish, limit=1000)
    pages = [store.classes(**wish, limit=7, offset=offset)["columns"]["class"] for offset in range(0, 35, 7)]
    assert [name for page in pages for name in page] == whole["columns"]["class"][:35]
    column = whole["columns"]["delta_bytes" if sort == "rate" else sort]
    assert column == sorted(column, reverse=order == "desc")


def test_packages_sum_what_is_below_them(store: Store, history: list[Snapshot]) -> None:
    answer = store.packages(host="oracle-a", at=NOW)
    newest = max((each for each in history if each.jvm.host == "oracle-a"), key=lambda each: each.time)
    columns = answer["columns"]
    rows = {name: row for row, name in enumerate(columns["package"])}
    for name in ("com", "com.shop", "com.shop.cart", "com.shop.order", "com.shop.cart.deep"):
        if name in rows:
            below = [
                each for each in CLASSES if package(each) == name or package(each).startswith(name + ".")
            ]
            assert columns["bytes"][rows[name]] == held(newest, below)
    assert columns["bytes"][rows["com"]] == newest.histogram.total_bytes
    assert sum(columns["own_bytes"]) == newest.histogram.total_bytes
    assert columns["parent"][rows["com.shop.cart"]] == "com.shop"


def test_a_stored_histogram_comes_back_as_it_was(store: Store, history: list[Snapshot]) -> None:
    for each in history[::17]:
        back = store.stored_snapshot(host=each.jvm.host, pid=each.jvm.pid, at=each.time)
        assert (back.jvm, back.time, back.pause) == (each.jvm, each.time, each.pause)
        mine = zip(each.histogram.classes, each.histogram.instances, each.histogram.bytes, strict=True)
        theirs = zip(back.histogram.classes, back.histogram.instances, back.histogram.bytes, strict=True)
        assert sorted(theirs) == sorted(mine)


def test_export_gives_every_histogram_of_the_range_by_time(store: Store, history: list[Snapshot]) -> None:
    got = [(each.time, each.jvm) for each in store.export(host=["oracle-*"], from_=FROM, to=NOW - HOUR)]
    wanted = sorted((each.time, each.jvm) for each in history if each.time <= NOW - HOUR)
    assert sorted(got) == wanted
    assert [time for time, _ in got] == sorted(time for time, _ in got)


def test_the_list_of_histograms_is_newest_first(store: Store, history: list[Snapshot]) -> None:
    columns = store.snapshots(host=["oracle-*"], from_=FROM, to=TO, limit=10)["columns"]
    newest = sorted(history, key=lambda each: -each.time)[:10]
    assert columns["time"] == [each.time for each in newest]
    assert columns["bytes"] == [each.histogram.total_bytes for each in newest]
    assert columns["pause_ms"] == [2.5] * 10


def test_hours_that_are_summed_up_answer_as_the_samples_did(store: Store) -> None:
    stored_history(store, ("hours-a", "hours-b", "hours-c"))
    wish: dict[str, Any] = {"host": ["hours-*"], "from_": FROM - HOUR, "to": TO, "interval": 3600}
    questions = [
        lambda: store.class_history(classes=["com.shop.cart.*"], **wish),
        lambda: store.class_history(classes=CLASSES[:4], by="class", **wish),
        lambda: store.top(n=4, **wish),
    ]
    raw = [question() for question in questions]
    assert store.rollup() > 0
    assert [question() for question in questions] == raw
    assert store.rollup() == 0


def test_what_an_hour_comes_to_is_right_for_every_class(store: Store, history: list[Snapshot]) -> None:
    store.rollup()
    hour = (NOW - HOUR) // HOUR * HOUR
    own = sorted(
        (each for each in history if each.jvm.host == "oracle-a" and hour <= each.time < hour + HOUR),
        key=lambda each: each.time,
    )
    (incarnation,) = (each.id for each in store.parts.names.jvms.by_id.values() if each.who == own[0].jvm)
    found = store.parts.engine.query(
        "SELECT class, n, x, xx, present, min, max, last, sum, xy, bytes FROM class_hour FINAL "
        "WHERE incarnation = {incarnation:UInt64} AND hour = fromUnixTimestamp({hour:Int64})",
        {"incarnation": incarnation, "hour": hour // 1000},
    )
    names = [store.parts.names.classes.names[each] for each in found["class"].tolist()]
    assert sorted(names) == sorted({name for each in own for name in each.histogram.classes})
    seconds = [each.time // 1000 - hour // 1000 for each in own]
    for row, name in enumerate(names):
        values = [held(each, [name], "instances") for each in own]
        wanted = {
            "n": len(own),
            "x": sum(seconds),
            "xx": sum(second * second for second in seconds),
            "present": sum(name in each.histogram.classes for each in own),
            "min": min(values),
            "max": max(values),
            "last": values[-1],
            "sum": sum(values),
            "xy": sum(second * value for second, value in zip(seconds, values, strict=True)),
            "bytes": held(own[-1], [name]),
        }
        assert {field: int(found[field][row]) for field in wanted} == wanted


def test_samples_that_come_after_their_hour_was_summed_up_are_in_every_answer(store: Store) -> None:
    who = jvm("oracle-late")
    wish: dict[str, Any] = {"host": "oracle-late", "from_": NOW - 5 * HOUR, "to": NOW, "interval": 3600}

    def last_values() -> list[int]:
        answer = store.class_history(classes=["com.shop.Late"], **wish)
        return [value for value in answer["series"][0]["instances"] if value is not None]

    store.rollup()
    begin = (NOW - 4 * HOUR) // HOUR * HOUR
    store.insert([batch(snapshot(who, begin + MINUTE, {"com.shop.Late": (1, 16)}))])
    assert last_values() == [1]
    assert store.rollup() == 1
    assert last_values() == [1]
    store.insert([batch(snapshot(who, begin + 2 * MINUTE, {"com.shop.Late": (2, 32)}))])
    assert last_values() == [2]
    assert store.status()["open_hours"] == 1
    assert store.rollup() == 1
    assert last_values() == [2]
