"""Batches to an HTTP source of Sumo Logic: metrics in two forms, log messages, and what the answers mean."""

from __future__ import annotations

import gzip
from array import array
from collections.abc import Iterator
from typing import Any

import pytest
from tests.ship.batches import batch
from tests.ship.doors import HttpDoor

from heapwatch.errors import Refused, Unavailable, UsageError
from heapwatch.model import Batch, LogBlock
from heapwatch.ship import NotLetIn
from heapwatch.ship.sumo import SumoSink
from heapwatch.wire import carbon2

SECRET = "ZaVnC4dhaV0iTdw"


@pytest.fixture
def door() -> Iterator[HttpDoor]:
    with HttpDoor() as door:
        yield door


def sink(door: HttpDoor, **options: Any) -> SumoSink:
    return SumoSink(f"{door.url}/receiver/v1/http/{SECRET}==", **options)


def sent(door: HttpDoor, what: Batch, requests: int = 1, **options: Any) -> list[tuple[dict[str, str], str]]:
    """Headers and text of what a batch becomes."""
    for _ in range(requests):
        door.answer(200, b"")
    one = sink(door, **options)
    one.send(what)
    one.close()
    assert len(door.requests) == requests
    assert {request.path for request in door.requests} == {f"/receiver/v1/http/{SECRET}=="}
    assert all(request.headers["content-encoding"] == "gzip" for request in door.requests)
    return [(each.headers, gzip.decompress(each.body).decode()) for each in door.requests]


def test_metrics_go_as_graphite_lines(door: HttpDoor) -> None:
    ((headers, text),) = sent(
        door, batch(7), category="jvm/heap", dimensions={"cluster": "east", "tier": "1"}
    )
    assert headers["content-type"] == "application/vnd.sumologic.graphite"
    assert headers["x-sumo-category"] == "jvm/heap"
    assert headers["x-sumo-dimensions"] == "cluster=east,tier=1"
    assert "x-sumo-name" not in headers
    assert text.splitlines() == [
        "web1.count.byte[] 5 7",
        "web1.size.byte[] 96 7",
        "web1.count.shop.Cart$Item 7 7",
        "web1.size.shop.Cart$Item 168 7",
    ]


def test_a_histogram_is_cut_to_its_largest_classes(door: HttpDoor) -> None:
    ((_, text),) = sent(door, batch(7), top=1)
    assert text.splitlines() == ["web1.count.shop.Cart$Item 7 7", "web1.size.shop.Cart$Item 168 7"]


def test_metrics_go_as_carbon_2(door: HttpDoor) -> None:
    ((headers, text),) = sent(door, batch(7), form="carbon2", metadata={"team": "pay"})
    assert headers["content-type"] == "application/vnd.sumologic.carbon2"
    assert headers["x-sumo-metadata"] == "team=pay"
    lines = text.splitlines()
    whose = "env=prod host=web1 jvm=shop pid=4711 mode=all"
    assert f"metric=heapwatch.class.bytes {whose} class=shop.Cart$Item  started=500 168 7" in lines
    read = carbon2.parse(text.encode(), 0)
    assert not read.rejects.counts
    assert len(read) == len(lines)


def logs(*labels: dict[str, str]) -> Batch:
    blocks = [LogBlock(each, array("q", [1000, 2000]), ["one", "two\n\tat A.b"]) for each in labels]
    return Batch("agent-1", 1, logs=blocks)


def test_log_messages_go_by_source(door: HttpDoor) -> None:
    one = {
        "host": "web1",
        "_sourceCategory": "app",
        "_sourceName": "/var/log/süd.log",
        "jvm": "shop",
        "env": "a,b",
    }
    (first, text), (second, _) = sent(door, logs(one, {"host": "web2"}), requests=2, fields={"team": "pay"})
    assert text == "one\ntwo\n\tat A.b\n"
    assert first["content-type"].startswith("text/plain")
    assert (first["x-sumo-host"], first["x-sumo-category"]) == ("web1", "app")
    assert first["x-sumo-name"] == "/var/log/s_d.log"
    assert first["x-sumo-fields"] == "jvm=shop,env=a_b,team=pay"
    assert (second["x-sumo-host"], "x-sumo-category" in second) == ("web2", False)


def test_log_messages_stay_here_when_the_settings_say_so(door: HttpDoor) -> None:
    one = sink(door, logs=False, category="all/mine", source="agent", host="fleet")
    one.send(logs({"host": "web1"}))
    assert door.requests == []


def test_what_the_settings_say_of_the_source_wins(door: HttpDoor) -> None:
    ((headers, _),) = sent(door, logs({"host": "web1", "_sourceCategory": "app"}), category="x", host="fleet")
    assert (headers["x-sumo-host"], headers["x-sumo-category"]) == ("fleet", "x")


@pytest.mark.parametrize(
    ("status", "error"), [(401, NotLetIn), (400, Refused), (429, Unavailable), (503, Unavailable)]
)
def test_answers_mean_what_they_mean_elsewhere_and_the_address_is_not_told(
    door: HttpDoor, status: int, error: type[Exception]
) -> None:
    one = sink(door)
    door.answer(status, b"", Retry_After="3")
    with pytest.raises(error, match=rf"sumo http://127\.0\.0\.1:\d+ answered {status}") as raised:
        one.send(batch(1))
    assert SECRET not in str(raised.value)
    door.hang_up()
    with pytest.raises(Unavailable) as hung:
        one.send(batch(1))
    assert SECRET not in str(hung.value)
    one.close()


def test_a_wrong_address_is_refused_without_telling_it() -> None:
    with pytest.raises(UsageError) as raised:
        SumoSink(f"ftp://collectors/{SECRET}")
    assert SECRET not in str(raised.value)
    with pytest.raises(UsageError, match="no form 'xml'"):
        SumoSink("http://x/", form="xml")
