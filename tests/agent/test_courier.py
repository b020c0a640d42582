"""Batches on their way out: to sinks that work, and to sinks that do not."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.ship.batches import batch
from tests.ship.doors import CarbonDoor, HttpDoor

from heapwatch.agent import courier as couriers
from heapwatch.agent.courier import Courier
from heapwatch.agent.journal import Journal
from heapwatch.agent.spool import Spool
from heapwatch.model import Batch
from heapwatch.ship import Sink
from heapwatch.ship.graphite import GraphiteSink
from heapwatch.ship.http import HttpSink
from heapwatch.wire.batch import encode


class Desk:
    """A spool, and couriers that carry from it."""

    def __init__(self, directory: Path, *sinks: Sink) -> None:
        self.told = io.StringIO()
        self.crashed = threading.Event()
        self.spool = Spool(directory, [sink.name for sink in sinks])
        journal = Journal(self.told)
        self.couriers = [Courier(sink, self.spool, journal, lambda: 0.5, self.crashed.set) for sink in sinks]
        for one in self.couriers:
            one.start()

    def put(self, *sequences: int) -> None:
        for sequence in sequences:
            self.spool.put(sequence, encode(batch(sequence)))
        for one in self.couriers:
            one.wake()

    def close(self) -> None:
        for one in self.couriers:
            one.finish(time.monotonic() + 10)
        for one in self.couriers:
            one.join(20)
            assert not one.is_alive()
        self.spool.close()


@pytest.fixture
def door() -> Iterator[HttpDoor]:
    with HttpDoor() as door:
        yield door


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(*sinks: Sink) -> Desk:
        made.append(Desk(tmp_path, *sinks))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off in these tests is counted in milliseconds."""
    monkeypatch.setattr(couriers, "FIRST_RETRY_S", 0.005)
    monkeypatch.setattr(couriers, "LAST_RETRY_S", 0.02)


def sequences(batches: list[Batch]) -> list[int]:
    return [one.sequence for one in batches]


def test_batches_arrive_in_order_and_leave_the_spool(door: HttpDoor, desk: Callable[..., Desk]) -> None:
    office = desk(HttpSink(door.url))
    office.put(1, 2, 3)
    assert sequences(door.batches(3)) == [1, 2, 3]
    office.close()
    assert office.spool.depth("heapwatch").entries == 0
    assert office.couriers[0].sent == 3


def test_what_was_seen_while_the_server_was_away_arrives_when_it_is_back(
    door: HttpDoor, desk: Callable[..., Desk]
) -> None:
    office = desk(HttpSink(door.url))
    with door.down():
        office.put(1, 2, 3)
        while office.couriers[0].errors < 3:
            threading.Event().wait(0.001)
        assert "Connection refused" in office.couriers[0].error
    assert sequences(door.batches(3)) == [1, 2, 3]
    office.close()
    assert office.couriers[0].error == ""
    assert "batches are delivered again" in office.told.getvalue()


def test_a_dead_sink_delays_no_other(door: HttpDoor, desk: Callable[..., Desk]) -> None:
    carbon = CarbonDoor()
    office = desk(HttpSink(door.url), GraphiteSink("127.0.0.1", carbon.port))
    with door.down():
        office.put(1, 2)
        assert carbon.take(8)[4] == "web1.count.byte[] 5 2"
        assert office.spool.depth("heapwatch").entries == 2
    assert sequences(door.batches(2)) == [1, 2]
    office.close()
    carbon.close()


def test_a_batch_that_is_refused_is_given_up_and_the_next_one_goes(
    door: HttpDoor, desk: Callable[..., Desk]
) -> None:
    door.answer(422, b'{"error":{"code":"cut","message":"histogram was cut"}}')
    office = desk(HttpSink(door.url))
    office.put(1, 2)
    assert sequences(door.batches(1)) == [2]
    office.close()
    assert office.couriers[0].refused == 1
    assert office.spool.dropped("heapwatch") == 1
    assert "batch 1 is given up: " in office.told.getvalue()


def test_a_wrong_token_loses_nothing(door: HttpDoor, desk: Callable[..., Desk]) -> None:
    for _ in range(3):
        door.answer(401, b'{"error":{"code":"token","message":"no such token"}}')
    office = desk(HttpSink(door.url))
    office.put(1, 2)
    assert sequences(door.batches(2)) == [1, 2]
    assert office.spool.dropped("heapwatch") == 0


def test_a_server_that_asks_for_patience_is_given_it(door: HttpDoor, desk: Callable[..., Desk]) -> None:
    door.answer(503, Retry_After="0.01")
    office = desk(HttpSink(door.url))
    office.put(1)
    assert sequences(door.batches(1)) == [1]
    assert office.couriers[0].errors == 1


def test_a_failure_that_nobody_foresaw_is_not_swallowed(desk: Callable[..., Desk]) -> None:
    class Broken:
        name = "broken"

        def send(self, batch: Batch) -> None:
            raise ZeroDivisionError

        def close(self) -> None:
            pass

    office = desk(Broken())
    office.put(1)
    assert office.crashed.wait(60)
    assert isinstance(office.couriers[0].crash, ZeroDivisionError)


def test_the_same_trouble_is_not_told_with_every_try(door: HttpDoor, desk: Callable[..., Desk]) -> None:
    office = desk(HttpSink(door.url))
    with door.down():
        office.put(1)
        while office.couriers[0].errors < 5:
            threading.Event().wait(0.001)
    door.batches(1)
    office.close()
    assert office.told.getvalue().count("Connection refused") == 1
