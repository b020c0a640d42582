"""A sender bound to hosts speaks for no other, however the host is told."""

from __future__ import annotations

from array import array

import pytest

from heapwatch.ingest.batcher import Samples
from heapwatch.ingest.senders import NotYours, Sender
from heapwatch.model import Batch, Event, Histogram, JvmId, LogBlock, MetricBlock, Snapshot

WEB = Sender("web", ["web-*", "Edge1"])


def histogram_of(of: str, **labels: str) -> Snapshot:
    empty = Histogram([], array("q"), array("q"), array("q"))
    return Snapshot(JvmId(of, "shop", 1, 2), 3, "all", empty, labels=labels)


def metrics(name: str = "up", **labels: str) -> MetricBlock:
    return MetricBlock(labels, array("q", [1]), {name: array("d", [1.0])})


def samples(*series: str) -> Samples:
    return Samples(series, [1] * len(series), [1.0] * len(series), "prometheus")


@pytest.mark.parametrize(
    "sent",
    [
        Batch("a", 1, snapshots=[histogram_of("web-1"), histogram_of("EDGE1")]),
        Batch("a", 1, metrics=[metrics(host="web-2")]),
        Batch("a", 1, metrics=[metrics()]),
        Batch("a", 1, events=[Event(1, "oom", {"host": "web-2"})]),
        Batch("a", 1, logs=[LogBlock({"host": "web-2"}, array("q", [1]), ["x"])]),
        samples("up", "up;host=web-1", "up;myhost=db"),
        None,
    ],
)
def test_what_is_for_its_hosts_or_for_none_passes(sent: Batch | Samples | None) -> None:
    WEB.check(sent)


@pytest.mark.parametrize(
    "sent",
    [
        Batch("a", 1, snapshots=[histogram_of("web-1"), histogram_of("db1")]),
        Batch("a", 1, snapshots=[histogram_of("web-1", host="db1")]),
        Batch("a", 1, metrics=[metrics(host="web-1"), metrics(host="db1")]),
        Batch("a", 1, metrics=[metrics("up;host=db1", host="web-1")]),
        Batch("a", 1, events=[Event(1, "oom", {"host": "db1"})]),
        Batch("a", 1, logs=[LogBlock({"host": "web-1", "_sourceHost": "db1"}, array("q", [1]), ["x"])]),
        samples("up;host=web-1", "up;code=200;host=db1"),
    ],
)
def test_what_is_for_another_host_is_refused_by_name(sent: Batch | Samples) -> None:
    with pytest.raises(NotYours, match=r"web may send for web-\*, edge1, and this is for 'db1'"):
        WEB.check(sent)


def test_a_sender_without_hosts_sends_for_all() -> None:
    Sender("anybody").check(samples("up;host=db1"))


def test_a_sender_is_its_name() -> None:
    assert {Sender("web", ["a"]): 1}["web"] == 1
    assert f"{Sender('web')}" == "web"
