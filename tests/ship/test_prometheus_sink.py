"""Batches as remote write: which series they become, and what the answers mean."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ship.batches import batch
from tests.ship.doors import HttpDoor

from heapwatch.errors import Refused, Unavailable, UsageError
from heapwatch.ingest.remote_write import Reader
from heapwatch.model import Batch, Event, Histogram, JvmId, LogBlock, MetricBlock, Snapshot
from heapwatch.ship import NotLetIn
from heapwatch.ship.prometheus import PrometheusSink, merged

AT = 1_795_403_000_000
SHOP = JvmId("web1", "shop", 4711, AT - 60_000)
ABOUT = {"env": "prod", "java": "17.0.15", "collector": "G1", "user": "shop", "command": "com.shop.Main --x"}


def histogram(count: int) -> Histogram:
    classes = [f"com.shop.C{number}" for number in range(count)]
    numbers = array("q", range(count))
    return Histogram(classes, numbers, array("q", [10 * each for each in numbers]), array("q", [1] * count))


def heap(count: int, *times: int) -> Batch:
    block = MetricBlock(
        {"host": "web1", "jvm": "shop", "pid": "4711", "started": "1", **ABOUT},
        array("q", times),
        {
            "jvm.pool.used;pool=G1 Old Gen": array("d", [float(time) for time in times]),
            "jvm.heap.max": array("d", [math.nan] * len(times)),
        },
    )
    snapshots = [Snapshot(SHOP, time, "all", histogram(count), labels=ABOUT) for time in times]
    log = LogBlock({"host": "web1"}, array("q", [AT]), ["text"])
    return Batch("agent-1", 1, snapshots, [block], [Event(AT, "start", {})], [log])


@pytest.fixture
def door() -> Iterator[HttpDoor]:
    with HttpDoor() as door:
        yield door


@pytest.fixture
def sink(door: HttpDoor) -> Iterator[PrometheusSink]:
    sink = PrometheusSink(f"{door.url}/api/v1/write?extra_label=a=b", timeout=5)
    yield sink
    sink.close()


def test_a_batch_becomes_series_with_the_labels_of_their_jvm(door: HttpDoor, sink: PrometheusSink) -> None:
    door.answer(204, b"")
    sink.send(heap(3, AT))
    (request,) = door.requests
    assert request.path == "/api/v1/write?extra_label=a=b"
    assert request.headers["x-prometheus-remote-write-version"] == "0.1.0"
    found = Reader().read(request.body, 1, AT)
    whose, java = "env=prod;host=web1;jvm=shop", "host=web1;java=17.0.15;jvm=shop"
    assert dict(zip(found.paths, found.values, strict=True)) == {
        f"heapwatch_jvm_info;collector=G1;env=prod;{java};pid=4711;started={AT - 60_000};user=shop": 1.0,
        f"heapwatch_histogram_instances;{whose};mode=all;pid=4711": 3.0,
        f"heapwatch_histogram_bytes;{whose};mode=all;pid=4711": 30.0,
        f"heapwatch_histogram_classes;{whose};mode=all;pid=4711": 3.0,
        **{
            f"heapwatch_class_{what};class=com.shop.C{number};{whose};mode=all;pid=4711": number * factor
            for number in range(3)
            for what, factor in (("instances", 1.0), ("bytes", 10.0))
        },
        f"jvm_pool_used;{whose};pid=4711;pool=G1 Old Gen": float(AT),
    }


def test_a_histogram_is_cut_to_its_largest_classes() -> None:
    def classes(top: int) -> set[str]:
        return {labels["class"] for _, labels, _ in merged(heap(250, AT), top) if "class" in labels}

    assert classes(2) == {"com.shop.C248", "com.shop.C249"}
    assert len(classes(100)) == 100
    assert len(classes(0)) == 250
    totals = [
        samples for name, _, samples in merged(heap(250, AT), 2) if name == "heapwatch.histogram.classes"
    ]
    assert totals == [[(AT, 250.0)]]


def test_a_series_stands_once_in_a_request_with_its_times_in_order() -> None:
    found = merged(heap(2, AT, AT + 1000), 100)
    names = [(name, *sorted(labels.items())) for name, labels, _ in found]
    assert len(names) == len(set(names))
    assert all([at for at, _ in samples] == [AT, AT + 1000] for _, _, samples in found)


def test_a_batch_without_numbers_is_no_request(door: HttpDoor, sink: PrometheusSink) -> None:
    sink.send(Batch("agent-1", 1, events=[Event(AT, "start", {})]))
    assert door.requests == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_receiver_that_is_busy_gets_the_same_later(
    door: HttpDoor, sink: PrometheusSink, status: int
) -> None:
    door.answer(status, b"ingestion rate limit exceeded\n", Retry_After="7", Content_Type="text/plain")
    with pytest.raises(Unavailable, match=r"prometheus http://.*ingestion rate limit exceeded") as raised:
        sink.send(batch(1))
    assert raised.value.retry_after == 7
    door.answer(204, b"")
    sink.send(batch(1))
    assert door.requests[0].body == door.requests[1].body


def test_samples_that_a_receiver_will_never_take_are_given_up(door: HttpDoor, sink: PrometheusSink) -> None:
    door.answer(400, b"out of bounds\n", Content_Type="text/plain; charset=utf-8")
    with pytest.raises(Refused, match="out of bounds") as raised:
        sink.send(batch(1))
    assert not isinstance(raised.value, NotLetIn)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_shut_door_is_no_fault_of_the_batch(door: HttpDoor, sink: PrometheusSink, status: int) -> None:
    door.answer(status)
    with pytest.raises(NotLetIn):
        sink.send(batch(1))


def test_a_receiver_that_hangs_up_gets_the_same_later(door: HttpDoor, sink: PrometheusSink) -> None:
    door.hang_up()
    with pytest.raises(Unavailable):
        sink.send(batch(1))


def test_a_receiver_may_want_a_name_and_a_password_and_a_tenant(door: HttpDoor, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret\n")
    sink = PrometheusSink(
        door.url,
        username="12345",
        token_file=password,
        headers={"X-Scope-OrgID": "shop", "Content-Type": "no"},
    )
    door.answer(200)
    sink.send(batch(1))
    sink.close()
    headers = door.requests[0].headers
    assert headers["authorization"] == "Basic MTIzNDU6c2VjcmV0"
    assert headers["x-scope-orgid"] == "shop"
    assert headers["content-type"] == "application/x-protobuf"


def test_an_address_that_cannot_work_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="prometheus 'http://a b/'"):
        PrometheusSink("http://a b/")
