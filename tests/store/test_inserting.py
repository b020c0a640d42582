"""What may be stored, what is stored once, and what is said about the rest."""

from __future__ import annotations

import random
import threading
from array import array
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest
from makers import DAY, HOUR, MINUTE, NOW, batch, histogram, jvm, metrics, snapshot

from heapwatch.errors import Refused
from heapwatch.model import LIVE, Batch, Event, Histogram, MetricBlock, Snapshot
from heapwatch.store import Store
from heapwatch.store.live import Live
from heapwatch.store.points import Replays

pytestmark = pytest.mark.store

ORDERS = {"com.shop.Order": (10, 240), "long[]": (1, 17_179_869_200)}


def count(store: Store, table: str, host: str) -> int:
    """Rows of a table that belong to a host."""
    ids = [each.id for each in store.parts.names.jvms.by_id.values() if each.who.host == host]
    if table == "sample":
        found = store.parts.engine.query(
            "SELECT count() AS rows FROM sample WHERE series IN "
            "(SELECT id FROM series WHERE incarnation IN {ids:Array(UInt64)})",
            {"ids": ids},
        )
    else:
        found = store.parts.engine.query(
            f"SELECT count() AS rows FROM {table} WHERE incarnation IN {{ids:Array(UInt64)}}", {"ids": ids}
        )
    return int(found["rows"][0])


def test_a_batch_that_comes_again_is_told_from_a_new_one(store: Store, host: str) -> None:
    first = batch(snapshot(jvm(host), NOW, ORDERS))
    assert store.insert([first]) == [True]
    assert store.insert([first]) == [False]
    assert store.insert([first, batch(snapshot(jvm(host), NOW + 1, ORDERS)), first]) == [False, True, False]
    assert count(store, "class_sample", host) == 4


def test_the_same_histogram_under_another_number_is_stored_once(store: Store, host: str) -> None:
    who = jvm(host)
    block = metrics(who, [NOW - 2000, NOW - 1000, NOW], jvm__heap__used=[1.0, 2.0, 3.0])
    event = Event(
        NOW, "deploy", {"host": host, "jvm": "shop", "pid": "4711", "started": str(NOW - DAY)}, "v2"
    )
    for agent in ("agent-1", "agent-2", "import:abc"):
        store.insert([batch(snapshot(who, NOW, ORDERS), metrics=[block], events=[event], agent=agent)])
    assert count(store, "class_sample", host) == 2
    assert count(store, "snapshot", host) == 1
    assert count(store, "sample", host) == 3
    assert len(store.events(host=host, from_=NOW - 1, to=NOW + 1)["events"]) == 1


def test_batches_that_overtake_each_other_are_all_stored(store: Store, host: str) -> None:
    who = jvm(host)
    made = [
        batch(
            snapshot(who, NOW - minute * MINUTE, ORDERS),
            metrics=[metrics(who, [NOW - minute * MINUTE, NOW - minute * MINUTE + 1000], jvm__x=[1.0, 2.0])],
        )
        for minute in range(8)
    ]
    for some in (made[3:5], made[0:1], made[6:8], made[1:6]):
        store.insert(some)
    assert count(store, "snapshot", host) == 8
    assert count(store, "class_sample", host) == 16
    assert count(store, "sample", host) == 16


def test_all_and_live_histograms_of_one_moment_do_not_mix(store: Store, host: str) -> None:
    who = jvm(host)
    store.insert(
        [batch(snapshot(who, NOW, ORDERS), snapshot(who, NOW, {"com.shop.Order": (1, 24)}, mode=LIVE))]
    )
    assert store.snapshot(host=host)["instances"] == 11
    assert store.snapshot(host=host, mode="live")["instances"] == 1
    hour = {"from_": NOW - HOUR, "to": NOW + 1000, "host": host}
    (live,) = store.totals(mode="live", **hour)["series"]
    assert [value for value in live["instances"] if value is not None] == [1]
    (history,) = store.class_history(classes=["com.shop.Order"], **hour)["series"]
    assert max(value or 0 for value in history["instances"]) == 10


def test_one_class_can_hold_more_than_four_gigabytes(store: Store, host: str) -> None:
    store.insert([batch(snapshot(jvm(host), NOW, ORDERS))])
    columns = store.classes(host=host, filter="long[[]]")["columns"]
    assert columns["bytes"] == [17_179_869_200]


def test_samples_that_are_nan_are_no_samples(store: Store, host: str) -> None:
    store.insert(
        [batch(metrics=[metrics(jvm(host), [NOW - 2000, NOW - 1000], jvm__x=[nan, 4.0], jvm__y=[nan, nan])])]
    )
    assert count(store, "sample", host) == 1
    (series,) = store.metric(metrics=["jvm.*"], host=host, from_=NOW - MINUTE, to=NOW)["series"]
    assert [value for value in series["values"] if value is not None] == [4.0]


def one(host: str, **changes: object) -> Snapshot:
    return replace(snapshot(jvm(host), NOW, ORDERS), **changes)


def columns(
    instances: int = 1, size: int = 24, rows: int = 1, names: tuple[str, ...] = ("a.B",)
) -> Histogram:
    wide = len(names)
    return Histogram(list(names), *(array("q", [value] * wide) for value in (instances, size, rows)))


WRONG: dict[str, tuple[Callable[[str], Batch], str]] = {
    "no agent": (lambda host: replace(batch(one(host)), agent=""), "no agent"),
    "negative sequence": (lambda host: replace(batch(one(host)), sequence=-1), "negative sequence"),
    "future": (lambda host: batch(one(host, time=NOW + DAY + 1000)), "ahead of the server's clock"),
    "before 2000": (lambda host: batch(one(host, time=1000)), "before the year 2000"),
    "far future": (lambda host: batch(one(host, time=1 << 60)), "ahead of the server's clock"),
    "unknown mode": (lambda host: batch(one(host, mode="half")), "mode is all or live"),
    "no host": (lambda host: batch(one("")), "no host"),
    "negative pid": (lambda host: batch(one(host, jvm=jvm(host, pid=-1))), "negative"),
    "negative count": (lambda host: batch(one(host, histogram=columns(instances=-1))), "negative number"),
    "negative size": (lambda host: batch(one(host, histogram=columns(size=-24))), "negative number"),
    "class twice": (lambda host: batch(one(host, histogram=columns(names=("a.B", "a.B")))), "twice"),
    "class without a name": (
        lambda host: batch(one(host, histogram=columns(names=("",)))),
        "empty or endless",
    ),
    "endless class": (
        lambda host: batch(one(host, histogram=columns(names=("x" * 5000,)))),
        "empty or endless",
    ),
    "torn columns": (
        lambda host: batch(one(host, histogram=replace(columns(), bytes=array("q")))),
        "different lengths",
    ),
    "infinite metric": (lambda host: batch(metrics=[metrics(jvm(host), [NOW], x=[-inf])]), "infinite"),
    "metric in the future": (
        lambda host: batch(metrics=[metrics(jvm(host), [NOW + 2 * DAY], x=[1])]),
        "ahead",
    ),
    "metric of odd length": (
        lambda host: batch(metrics=[metrics(jvm(host), [NOW], x=[1, 2])]),
        "2 values for 1",
    ),
    "pid that is no number": (
        lambda host: batch(metrics=[MetricBlock({"host": host, "jvm": "x", "pid": "1;2"}, array("q"), {})]),
        "pid is not a number",
    ),
    "event without a kind": (lambda host: batch(events=[Event(NOW, "", {"host": host})]), "no kind"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_data_is_refused_with_a_reason_and_nothing_is_written(
    store: Store, host: str, wrong: str
) -> None:
    make, reason = WRONG[wrong]
    good = batch(snapshot(jvm(host, name="good"), NOW, ORDERS))
    with pytest.raises(Refused, match=reason):
        store.insert([good, make(host)])
    with pytest.raises(Refused, match=reason):
        store.check(make(host))
    assert not any(each["host"] == host for each in store.jvms()["jvms"])
    assert store.insert([good]) == [True]


def test_a_clock_a_little_ahead_is_believed(store: Store, host: str) -> None:
    assert store.insert([batch(snapshot(jvm(host), NOW + HOUR, ORDERS))]) == [True]
    assert store.snapshot(host=host)["time"] == NOW + HOUR


def test_an_empty_histogram_is_stored_as_one(store: Store, host: str) -> None:
    store.insert([batch(Snapshot(jvm(host), NOW, "all", histogram({})))])
    assert store.snapshot(host=host)["columns"]["class"] == []
    assert store.snapshots(host=host, from_=NOW, to=NOW)["columns"]["classes"] == [0]


def test_text_in_every_script_comes_back_as_it_went_in(store: Store, host: str) -> None:
    names = [
        "com.shop.Größe",
        "東京.クラス",
        "a'; DROP TABLE class_sample; --",
        "x\ty\\z",
        "{p:String}",
        "emoji.😀",
    ]
    labels = {"team": "Zürich 'n' {co}", "quote": '"\\'}
    store.insert([batch(snapshot(jvm(host), NOW, dict.fromkeys(names, (1, 16)), labels=labels))])
    assert sorted(store.snapshot(host=host)["columns"]["class"]) == sorted(names)
    (row,) = store.jvms(host=host)["jvms"]
    assert row["labels"] == labels
    assert store.jvms(labels={"team": "Zürich*"})["jvms"] == [row]
    for name in names:
        (series,) = store.class_history(classes=[name], host=host, from_=NOW - MINUTE, to=NOW + 1000)[
            "series"
        ]
        assert series["labels"]["class"] == name


def test_a_label_that_changes_is_the_one_that_holds(store: Store, host: str) -> None:
    who = jvm(host)
    for minute, version in enumerate(["1.0", "1.1"]):
        labels = {"version": version, "java": "17.0.9", "env": "prod"}
        store.insert([batch(snapshot(who, NOW + minute, ORDERS, labels=labels))])
    (row,) = store.jvms(host=host)["jvms"]
    assert (row["labels"], row["java"]) == ({"version": "1.1", "env": "prod"}, "17.0.9")


def test_no_two_jvms_get_one_number_whatever_comes_together(store: Store, host: str) -> None:
    """Labels of a known JVM and the first word of a new one may be in one insert, and then comes another."""
    chance = random.Random(host)
    lives = [jvm(f"{host}-{number}") for number in range(40)]
    known = 0
    while known < len(lives):
        fresh = lives[known : known + chance.randint(1, 3)]
        again = chance.sample(lives[:known], min(known, chance.randint(0, 3)))
        told = {who: {"version": str(chance.random())} for who in [*again, *fresh]}
        chance.shuffle(fresh)
        store.insert(
            [
                batch(snapshot(who, NOW - known, {"a.B": (1, 16)}, labels=told[who]))
                for who in [*again, *fresh]
            ]
        )
        known += len(fresh)
    ids = [store.parts.names.jvms.by_who[who].id for who in lives]
    assert len(set(ids)) == len(lives)
    assert {each.who for each in store.parts.names.jvms.by_id.values()} >= set(lives)


def test_lines_of_an_agent_and_its_batches_are_one_series(store: Store, host: str) -> None:
    who = jvm(host)
    store.insert([batch(metrics=[metrics(who, [NOW - 2000], jvm__heap__used=[1.0])])])
    tags = f"host={host};jvm=shop;pid=4711;started={NOW - DAY}"
    rejected = store.insert_samples(
        [
            f"jvm.heap.used;{tags}",
            f"jvm.heap.used;{tags}",
            f"jvm.pool.used;{tags};pool=eden",
            "load.average",
            "odd;",
        ],
        [NOW - 1000, NOW + 10 * DAY, NOW, NOW, 5],
        [2.0, 3.0, 4.0, inf, 1.0],
        "graphite",
    )
    assert rejected == {"not-finite": 1, "time-too-old": 1, "time-in-future": 1}
    answer = store.metric(metrics=["jvm.*"], host=host, from_=NOW - MINUTE, to=NOW + 1000, rollup="max")
    values = {
        series["labels"]["metric"]: max(value or 0 for value in series["values"])
        for series in answer["series"]
    }
    assert values == {"jvm.heap.used": 2.0, "jvm.pool.used": 4.0}
    assert answer["series"][1]["labels"]["pool"] == "eden"
    assert {each["labels"]["pid"] for each in store.metric_names(host=host)["metrics"]} == {4711}


def test_points_of_nobody_are_found_by_their_name(store: Store, host: str) -> None:
    name = f"{host}.load.average"
    assert store.insert_samples([name] * 3, [NOW - 2000, NOW - 1000, NOW], [1.0, 2.0, 3.0], "graphite") == {}
    (series,) = store.metric(metrics=[f"{host}.*"], from_=NOW - MINUTE, to=NOW + 1000, rollup="last")[
        "series"
    ]
    assert series["labels"] == {"metric": name}
    assert [value for value in series["values"] if value is not None][-1] == 3.0


def samples_of(store: Store, host: str) -> list[tuple[int, float]]:
    """Time and value of every sample of a host's JVMs, as they lie in the store."""
    ids = [each.id for each in store.parts.names.jvms.by_id.values() if each.who.host == host]
    found = store.parts.engine.query(
        "SELECT toUnixTimestamp64Milli(time) AS at, value FROM sample WHERE series IN "
        "(SELECT id FROM series WHERE incarnation IN {ids:Array(UInt64)}) ORDER BY series, at",
        {"ids": ids},
    )
    return list(zip(found["at"].tolist(), found["value"].tolist(), strict=True))


def test_points_of_a_sender_who_comes_again_are_stored_once(store: Store, host: str) -> None:
    name = f"requests;host={host};jvm=shop"

    def send(*points: tuple[int, float]) -> dict[str, int]:
        times, values = zip(*points, strict=True)
        return store.insert_samples([name] * len(points), times, values, "remote-write", once=True)

    assert send((NOW - 2000, 1.0), (NOW - 1000, 2.0)) == {}
    assert send((NOW - 2000, 1.0), (NOW - 1000, 2.0)) == {}
    assert send((NOW - 1500, 1.5), (NOW - 1000, 9.0), (NOW, 3.0), (NOW, 4.0)) == {}
    assert samples_of(store, host) == [(NOW - 2000, 1.0), (NOW - 1500, 1.5), (NOW - 1000, 2.0), (NOW, 4.0)]


def test_points_whose_insert_may_have_failed_are_looked_for(store: Store, host: str) -> None:
    store.insert_samples([f"requests;host={host};jvm=shop"], [NOW], [1.0], once=True)
    (who,) = [each.id for each in store.parts.names.jvms.by_id.values() if each.who.host == host]
    (id_,) = [series.id for series in store.parts.names.series.of_incarnation[who]]
    nothing_newer, engine = Replays(Live(0)), store.parts.engine
    point = store.parts.names.ids.array([id_]), np.array([NOW], np.int64)
    assert nothing_newer.fresh(*point, engine).tolist() == [True]
    assert nothing_newer.fresh(*point, engine).tolist() == [False]
    nothing_newer.done(point[0])
    assert nothing_newer.fresh(*point, engine).tolist() == [True]


def test_readers_see_whole_histograms_while_others_are_written(store: Store, host: str) -> None:
    who = jvm(host)
    names = {f"com.shop.Class{each}": (1, 24) for each in range(500)}
    store.insert([batch(snapshot(who, NOW - 40 * MINUTE, names))])
    failures: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            answer = store.class_history(
                classes=["com.shop.*"], host=host, by="none", from_=NOW - HOUR, to=NOW
            )
            failures.extend(value for value in answer["series"][0]["instances"] if value not in (None, 500))
            if len(store.snapshot(host=host)["columns"]["class"]) != 500:
                failures.append("a torn snapshot")

    reader = threading.Thread(target=read)
    reader.start()
    for minute in range(39, 0, -1):
        store.insert([batch(snapshot(who, NOW - minute * MINUTE, names))])
    done.set()
    reader.join()
    assert failures == []
