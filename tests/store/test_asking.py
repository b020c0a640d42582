"""Selections, metrics, the fleet, words and the status."""

from __future__ import annotations

from typing import Any

import pytest
from makers import DAY, HOUR, LAST_HOUR, MINUTE, NOW, Clock, batch, jvm, metrics, snapshot

from heapwatch.errors import UsageError
from heapwatch.model import Event
from heapwatch.store import Store
from heapwatch.store.errors import (
    NoSnapshot,
    NotFound,
    TooBig,
    UnknownClass,
    UnknownJvm,
)

pytestmark = pytest.mark.store


def known(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def test_hosts_and_names_select_by_glob_and_case_does_not_matter(store: Store, host: str) -> None:
    for name in ("Cart", "order", "order-batch"):
        store.insert([batch(snapshot(jvm(host, name), NOW, {"a.B": (1, 16)}, labels={"env": name[:1]}))])

    def found(**chosen: Any) -> list[str]:
        return [each["jvm"] for each in store.jvms(**{"host": host, **chosen})["jvms"]]

    assert found() == ["Cart", "order", "order-batch"]
    assert found(jvm=["ORDER*"]) == ["order", "order-batch"]
    assert found(jvm=["cart", "order"]) == ["Cart", "order"]
    assert found(labels={"env": "C"}) == ["Cart"]
    assert found(pid=1) == []
    assert found(host=["no such*"]) == []


def test_a_mistyped_host_name_or_class_is_an_error_that_names_the_nearest(store: Store, host: str) -> None:
    store.insert([batch(snapshot(jvm(host, "checkout"), NOW, {"com.shop.Checkout": (1, 16)}))])
    with pytest.raises(UnknownJvm, match=f"did you mean .*{host}"):
        store.totals(host=f"{host}x", **LAST_HOUR)
    with pytest.raises(UnknownJvm, match="did you mean checkout"):
        store.classes(host=host, jvm="chekout")
    with pytest.raises(UnknownClass, match=r"did you mean com\.shop\.Checkout"):
        store.class_history(classes=["com.shop.Chekout"], **LAST_HOUR)
    store.insert([batch(metrics=[metrics(jvm(host), [NOW], jvm__heap__used=[1.0])])])
    with pytest.raises(NotFound, match=r"did you mean jvm\.heap\.used"):
        store.metric(metrics=["jvm.heap.usde"], **LAST_HOUR)


def test_one_table_of_several_jvms_is_refused(store: Store, host: str) -> None:
    store.insert([batch(snapshot(jvm(host, "a"), NOW, {"a.B": (1, 16)}), snapshot(jvm(host, "b"), NOW, {}))])
    with pytest.raises(UnknownJvm, match="2 JVMs fit where one is needed"):
        store.classes(host=host)


def test_a_table_is_of_the_life_that_lived_then(store: Store, host: str) -> None:
    first, second = jvm(host, pid=1, started=NOW - 3 * HOUR), jvm(host, pid=2, started=NOW - HOUR)
    store.insert([batch(snapshot(first, NOW - 2 * HOUR, {"a.B": (1, 16)}))])
    store.insert([batch(snapshot(second, NOW - MINUTE, {"a.B": (2, 32)}))])
    assert store.snapshot(host=host)["pid"] == 2
    assert store.snapshot(host=host, at=NOW - 2 * HOUR - MINUTE)["pid"] == 1
    assert store.snapshot(host=host, pid=1)["instances"] == 1
    assert store.classes(host=host, at=NOW - 100 * MINUTE)["after"]["instances"] == 1


def test_a_jvm_without_histograms_says_so(store: Store, host: str) -> None:
    store.insert([batch(metrics=[metrics(jvm(host), [NOW], jvm__heap__used=[1.0])])])
    with pytest.raises(NoSnapshot, match="no histogram"):
        store.snapshot(host=host)
    assert store.totals(host=host, **LAST_HOUR)["series"] == []
    assert store.top(host=host, **LAST_HOUR)["series"] == []


# ---- metrics


@pytest.mark.parametrize("rollup", ["avg", "max", "min", "last"])
def test_metrics_roll_up_by_what_was_asked(store: Store, host: str, rollup: str) -> None:
    who, begin = jvm(host), NOW - 30 * MINUTE
    times = list(range(begin, begin + 10 * MINUTE, 1000))
    values = [float((place * 7919) % 1000) for place in range(len(times))]
    store.insert([batch(metrics=[metrics(who, times, jvm__odd=values)])])
    answer = store.metric(metrics=["jvm.odd"], host=host, rollup=rollup, interval=60, **LAST_HOUR)
    assert (answer["rollup"], answer["interval_s"]) == (rollup, 60)
    (series,) = answer["series"]
    own = {"avg": lambda v: sum(v) / len(v), "max": max, "min": min, "last": lambda v: v[-1]}[rollup]
    for place, start in enumerate(answer["times"]):
        inside = [value for time, value in zip(times, values, strict=True) if start <= time < start + MINUTE]
        assert series["values"][place] == (pytest.approx(own(inside)) if inside else None)
    store.rollup()
    wide = {"from_": NOW - 3 * HOUR, "to": NOW, "interval": 3600}
    (hours,) = store.metric(metrics=["jvm.odd"], host=host, rollup=rollup, **wide)["series"]
    assert known(hours["values"]) == [pytest.approx(own(values))]


def test_intervals_are_chosen_for_about_three_hundred_points(store: Store, host: str) -> None:
    store.insert([batch(metrics=[metrics(jvm(host), [NOW], jvm__x=[1.0])])])
    spans = {15 * MINUTE: 5, HOUR: 15, 6 * HOUR: 60, DAY: 300, 7 * DAY: 1800, 30 * DAY: 7200}
    for span, interval in spans.items():
        answer = store.metric(metrics=["jvm.x"], host=host, from_=NOW - span, to=NOW)
        assert answer["interval_s"] == interval
        assert all(time % (interval * 1000) == 0 for time in answer["times"])
    with pytest.raises(UsageError, match="points"):
        store.metric(metrics=["jvm.x"], host=host, from_=NOW - 30 * DAY, to=NOW, interval=1)
    with pytest.raises(UsageError, match="before it begins"):
        store.totals(from_=NOW, to=NOW - 1)


def test_samples_a_minute_apart_make_a_line_and_a_silence_makes_a_gap(store: Store, host: str) -> None:
    times = [NOW - minute * MINUTE for minute in range(50, 0, -1) if not 20 < minute < 30]
    store.insert([batch(metrics=[metrics(jvm(host), times, jvm__x=[1.0] * len(times))])])
    answer = store.metric(metrics=["jvm.x"], host=host, interval=15, **LAST_HOUR)
    values = dict(zip(answer["times"], answer["series"][0]["values"], strict=True))
    lived = [value for time, value in values.items() if NOW - 49 * MINUTE < time < NOW - 31 * MINUTE]
    silent = [value for time, value in values.items() if NOW - 29 * MINUTE < time < NOW - 21 * MINUTE]
    assert (set(lived), set(silent)) == ({1.0}, {None})
    assert values[answer["times"][-1]] is None


# ---- the fleet


def row(store: Store, host: str, **wish: Any) -> dict[str, Any]:
    (found,) = store.fleet(host=host, **{**LAST_HOUR, **wish})["rows"]
    return found


def test_a_row_of_the_fleet_says_how_a_jvm_stands(store: Store, host: str) -> None:
    who = jvm(host)
    for minute in range(40, -1, -1):
        time = NOW - minute * MINUTE
        classes = {"com.shop.Leak": (1000 - 20 * minute, 24_000 - 480 * minute), "byte[]": (50, 5000)}
        values = {
            "jvm__heap__used": [9e6],
            "jvm__heap__after_gc": [6e6 - minute * 1e5],
            "jvm__gc__load": [0.02],
        }
        labels = {"env": "prod", "java": "21.0.8", "collector": "G1", "user": "app"}
        store.insert(
            [batch(snapshot(who, time, classes, labels=labels), metrics=[metrics(who, [time], **values)])]
        )
    deploy = Event(NOW - MINUTE, "deploy", {"host": host, "jvm": "shop"}, "1.1")
    store.insert([batch(events=[deploy])])
    found = row(store, host)
    assert (found["state"], found["java"], found["collector"], found["user"]) == ("up", "21.0.8", "G1", "app")
    assert found["labels"] == {"env": "prod"}
    assert (found["heap_used"], found["heap_after_gc"], found["gc_load"]) == (9e6, 6e6, 0.02)
    assert (found["bytes"], found["instances"], found["classes"]) == (29_000, 1050, 2)
    assert found["growth_per_hour"] == pytest.approx(6e6, rel=0.02)
    assert found["top_class"] == {"class": "com.shop.Leak", "bytes_per_min": pytest.approx(480)}
    assert found["pause_ms"] == 2.5
    assert found["last_event"]["text"] == "1.1"
    assert len(found["spark"]["times"]) == len(found["spark"]["values"]) <= 49
    assert known(found["spark"]["values"])[-1] == 6e6


def test_without_metrics_the_spark_and_growth_are_of_the_histograms(store: Store, host: str) -> None:
    who = jvm(host)
    shots = [
        snapshot(who, NOW - minute * MINUTE, {"a.B": (1, 100_000 - minute * 1000)}) for minute in range(30)
    ]
    store.insert([batch(*shots)])
    found = row(store, host)
    assert found["growth_per_hour"] == pytest.approx(60_000, rel=0.02)
    assert (found["heap_after_gc"], found["gc_load"]) == (None, None)


def test_growth_needs_four_points(store: Store, host: str) -> None:
    store.insert([batch(*(snapshot(jvm(host), NOW - each * MINUTE, {"a.B": (1, 16)}) for each in range(3)))])
    assert row(store, host)["growth_per_hour"] is None


def test_the_state_of_a_jvm_is_up_silent_or_exited(store: Store, host: str, clock: Clock) -> None:
    who = jvm(host)
    store.insert([batch(snapshot(who, NOW, {"a.B": (1, 16)}))])
    assert row(store, host)["state"] == "up"
    clock.now = NOW + 10 * MINUTE
    try:
        assert row(store, host)["state"] == "silent"
        labels = {"host": host, "jvm": "shop", "pid": str(who.pid), "started": str(who.started)}
        store.insert([batch(events=[Event(NOW + 5 * MINUTE, "exit", labels, "exit code 1")])])
        assert row(store, host)["state"] == "exited"
        store.insert([batch(snapshot(who, NOW + 10 * MINUTE, {"a.B": (1, 16)}))])
        assert row(store, host)["state"] == "up"
    finally:
        clock.now = NOW


def test_a_jvm_is_known_from_its_start_and_its_end_is_not_undone_by_late_samples(
    store: Store, host: str
) -> None:
    who = jvm(host)
    labels = {"host": host, "jvm": "shop", "pid": str(who.pid), "started": str(who.started), "java": "25"}
    store.insert([batch(events=[Event(NOW - 5 * MINUTE, "start", labels, "started")])])
    assert (row(store, host)["state"], row(store, host)["java"]) == ("silent", "25")
    store.insert([batch(events=[Event(NOW - MINUTE, "oom", labels, "OutOfMemoryError")])])
    store.insert([batch(snapshot(who, NOW - 2 * MINUTE, {"a.B": (1, 16)}))])
    assert row(store, host)["state"] == "exited"


def test_what_we_say_of_a_jvm_is_not_heard_from_it(store: Store, host: str, clock: Clock) -> None:
    who = jvm(host)
    labels = {"host": host, "jvm": who.jvm, "pid": str(who.pid), "started": str(who.started)}
    store.insert([batch(snapshot(who, NOW - 9 * MINUTE, {"a.B": (1, 16)}, labels={"env": "prod"}))])
    store.note([Event(NOW, "leak", {**labels, "class": "a.B", "state": "confirmed"}, "a.B leaks")])
    found = row(store, host)
    assert (found["state"], found["labels"]) == ("silent", {"env": "prod"})
    store.insert([batch(events=[Event(NOW - 8 * MINUTE, "exit", labels, "exit code 0")])])
    assert row(store, host)["state"] == "exited"


def test_a_restart_is_one_row_of_the_new_life(store: Store, host: str) -> None:
    for pid, begin in ((1, NOW - 50 * MINUTE), (2, NOW - 30 * MINUTE), (3, NOW - 10 * MINUTE)):
        who = jvm(host, pid=pid, started=begin)
        store.insert(
            [batch(*(snapshot(who, begin + each * MINUTE, {"a.B": (1, 16)}) for each in range(1, 11)))]
        )
    found = row(store, host)
    assert (found["pid"], found["restarts"]) == (3, 2)
    series = store.totals(host=host, **LAST_HOUR)["series"]
    assert [each["labels"]["pid"] for each in series] == [1, 2, 3]


def test_the_fleet_sorts_filters_pages_and_groups(store: Store, host: str) -> None:
    for number in range(6):
        labels = {"env": "prod" if number % 2 else "test"}
        shot = snapshot(jvm(f"{host}-{number}"), NOW, {"a.B": (number + 1, 16 * (number + 1))}, labels=labels)
        store.insert([batch(shot)])
    wish = {"host": f"{host}-*", **LAST_HOUR}

    def hosts(**more: Any) -> list[int]:
        return [int(each["host"].rpartition("-")[2]) for each in store.fleet(**wish, **more)["rows"]]

    assert hosts(sort="bytes", order="desc") == [5, 4, 3, 2, 1, 0]
    assert hosts(sort="bytes", order="asc", limit=2, offset=1) == [1, 2]
    assert hosts(sort="host", order="desc") == [5, 4, 3, 2, 1, 0]
    assert hosts(sort="bytes", filter="env=prod") == [5, 3, 1]
    assert store.fleet(**wish, limit=1)["total"] == 6
    grouped = store.fleet(**wish, group="env", sort="bytes", order="asc")
    assert [(each["value"], each["jvms"]) for each in grouped["groups"]] == [("test", 3), ("prod", 3)]
    assert [each["labels"]["env"] for each in grouped["rows"]] == ["test"] * 3 + ["prod"] * 3
    with pytest.raises(UsageError, match="no sort order"):
        store.fleet(**wish, sort="colour")


# ---- words


def test_words_for_completion(store: Store, host: str) -> None:
    labels = {f"label-{host}": "blue"}
    store.insert(
        [
            batch(
                snapshot(jvm(host), NOW, {"com.words.Alpha": (1, 16), "com.words.Al": (1, 16)}, labels=labels)
            )
        ]
    )
    assert store.class_names(match="WORDS.al")["classes"] == ["com.words.Al", "com.words.Alpha"]
    assert store.class_names(match="com.words.*", limit=1) == {"classes": ["com.words.Al"], "total": 2}
    assert f"label-{host}" in store.labels()["labels"]
    assert store.label_values(name=f"label-{host}") == {"values": ["blue"]}
    assert host in store.label_values(name="host")["values"]
    assert "com.words" in store.label_values(name="package")["values"]
    with pytest.raises(NotFound, match="no label"):
        store.label_values(name="label-nobody")


# ---- limits


def test_too_many_series_are_refused_with_a_way_out(store: Store, host: str) -> None:
    classes = {f"com.many.Class{each}": (1, 16) for each in range(2100)}
    store.insert([batch(snapshot(jvm(host), NOW, classes))])
    with pytest.raises(TooBig, match="narrow the classes or add by=host"):
        store.class_history(classes=["com.many.*"], host=host, **LAST_HOUR)
    (series,) = store.class_history(classes=["com.many.*"], host=host, by="host", **LAST_HOUR)["series"]
    assert known(series["instances"]) == [2100]


def test_the_status_counts_rows_bytes_and_agents(store: Store, host: str) -> None:
    store.insert([batch(snapshot(jvm(host), NOW, {"a.B": (1, 16)}), agent=f"agent-{host}", sequence=41)])
    status = store.status()
    assert status["rows"]["class_sample"] > 0
    assert status["disk_bytes"] > 0
    assert status["broken"] == []
    assert status["retention"]["raw_days"] == 14
    assert {"id": f"agent-{host}", "sequence": 41}.items() <= next(
        each for each in status["agents"] if each["id"] == f"agent-{host}"
    ).items()
