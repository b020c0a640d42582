"""Class samples and metrics to a Graphite that comes and goes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.ship.batches import batch
from tests.ship.doors import CarbonDoor

from heapwatch.errors import Unavailable
from heapwatch.ship.graphite import GraphiteSink
from heapwatch.wire.paths import Template


@pytest.fixture
def carbon() -> Iterator[CarbonDoor]:
    door = CarbonDoor()
    yield door
    door.close()


@pytest.fixture
def sink(carbon: CarbonDoor) -> Iterator[GraphiteSink]:
    sink = GraphiteSink("127.0.0.1", carbon.port, timeout=5)
    yield sink
    sink.close()


def test_a_snapshot_arrives_as_the_story_s_lines(carbon: CarbonDoor, sink: GraphiteSink) -> None:
    sink.send(batch(3))
    assert carbon.take(4) == [
        "web1.count.byte[] 5 3",
        "web1.size.byte[] 96 3",
        "web1.count.shop.Cart$Item 3 3",
        "web1.size.shop.Cart$Item 72 3",
    ]


def test_the_paths_follow_the_template(carbon: CarbonDoor) -> None:
    sink = GraphiteSink("127.0.0.1", carbon.port, template=Template("hw.<host>.<jvm>.<count|size>.<class>"))
    sink.send(batch(1))
    sink.close()
    assert carbon.take(1) == ["hw.web1.shop.count.byte[] 5 1"]


def test_a_graphite_that_is_down_is_unavailable_and_then_is_not(
    carbon: CarbonDoor, sink: GraphiteSink
) -> None:
    sink.send(batch(1))
    carbon.take(4)
    with carbon.down(), pytest.raises(Unavailable, match="Connection refused"):
        sink.send(batch(2))
    sink.send(batch(3))
    assert carbon.take(1) == ["web1.count.byte[] 5 3"]


def test_a_hang_up_while_idle_loses_nothing(carbon: CarbonDoor, sink: GraphiteSink) -> None:
    for sequence in range(1, 4):
        sink.send(batch(sequence))
        assert carbon.take(4)[0] == f"web1.count.byte[] 5 {sequence}"
        carbon.drop_connections()
