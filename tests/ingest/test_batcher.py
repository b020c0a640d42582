"""Deliveries are acknowledged when they are durable, not before, and none is lost or stored for another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from heapwatch.errors import HeapwatchError, Refused, Unavailable
from heapwatch.ingest.batcher import Batcher, InsertFailed, Samples
from heapwatch.model import Batch, Event

pytestmark = pytest.mark.anyio


class Shelf:
    """A store in memory that can be held, told to fail, and asked what it was given."""

    def __init__(self) -> None:
        self.inserts: list[list[Batch]] = []
        self.samples: list[Samples] = []
        self.known: set[tuple[str, int]] = set()
        self.failures: list[Exception] = []
        self.bad_agent = ""
        self.full_for = 0
        self.entered = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def insert(self, batches: Sequence[Batch]) -> list[bool]:
        self.entered.set()
        self.open.wait(30)
        if self.failures:
            raise self.failures.pop(0)
        if any(batch.agent == self.bad_agent for batch in batches):
            raise Refused("a batch from the year 1970")
        self.inserts.append(list(batches))
        fresh = [(batch.agent, batch.sequence) not in self.known for batch in batches]
        self.known.update((batch.agent, batch.sequence) for batch in batches)
        return fresh

    def insert_samples(self, parts: Sequence[Samples]) -> list[dict[str, int]]:
        self.entered.set()
        self.open.wait(30)
        if self.full_for:
            self.full_for -= 1
            raise Unavailable("disk full")
        self.samples += parts
        return [{} for _ in parts]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@asynccontextmanager
async def running(shelf: Shelf, **given: object) -> AsyncIterator[Batcher]:
    batcher = Batcher(shelf.insert, shelf.insert_samples, **{"interval": 0.01, **given})  # type: ignore[arg-type]
    batcher.start()
    yield batcher
    shelf.open.set()
    await batcher.stop()


def batch(sequence: int, agent: str = "a", events: int = 1) -> Batch:
    return Batch(agent, sequence, events=[Event(1, "start", {})] * events)


async def test_a_delivery_returns_after_its_insert(shelf: Shelf) -> None:
    async with running(shelf) as batcher:
        assert await batcher.add(batch(1))
        assert shelf.inserts == [[batch(1)]]


async def test_a_replay_is_told_that_it_was_stored_before(shelf: Shelf) -> None:
    async with running(shelf) as batcher:
        assert await batcher.add(batch(1))
        assert not await batcher.add(batch(1))


async def test_what_arrives_during_an_insert_goes_together_into_the_next(shelf: Shelf) -> None:
    shelf.open.clear()
    async with running(shelf) as batcher:
        first = asyncio.create_task(batcher.add(batch(0)))
        await asyncio.to_thread(shelf.entered.wait)
        rest = [asyncio.create_task(batcher.add(batch(number))) for number in range(1, 6)]
        await asyncio.sleep(0)
        shelf.open.set()
        assert await asyncio.gather(first, *rest) == [True] * 6
    assert [len(insert) for insert in shelf.inserts] == [1, 5]


async def test_a_retry_that_overtakes_the_answer_waits_for_the_same_insert(shelf: Shelf) -> None:
    shelf.open.clear()
    async with running(shelf) as batcher:
        first = asyncio.create_task(batcher.add(batch(1)))
        await asyncio.to_thread(shelf.entered.wait)
        retry = asyncio.create_task(batcher.add(batch(1)))
        await asyncio.sleep(0)
        assert not retry.done()
        shelf.open.set()
        assert (await first, await retry) == (True, False)
    assert shelf.inserts == [[batch(1)]]


async def test_a_bad_batch_is_refused_and_its_neighbours_are_stored(shelf: Shelf) -> None:
    shelf.bad_agent = "bad"
    shelf.open.clear()
    async with running(shelf) as batcher:
        held = asyncio.create_task(batcher.add(batch(0)))
        await asyncio.to_thread(shelf.entered.wait)
        answers = [asyncio.create_task(batcher.add(each)) for each in (batch(1), batch(2, "bad"), batch(3))]
        await asyncio.sleep(0)
        shelf.open.set()
        told = await asyncio.gather(held, *answers, return_exceptions=True)
    assert told[1] is True
    assert isinstance(told[2], Refused)
    assert told[3] is True


async def test_a_full_disk_reaches_every_sender_as_try_again(shelf: Shelf) -> None:
    shelf.failures = [Unavailable("the disk is full", 30)]
    async with running(shelf) as batcher:
        with pytest.raises(Unavailable, match="disk is full"):
            await batcher.add(batch(1))
        assert batcher.trouble == "the disk is full"
        assert await batcher.add(batch(1))
        assert batcher.trouble == ""


async def test_a_failure_nobody_foresaw_ends_in_an_error_and_not_in_silence(shelf: Shelf) -> None:
    shelf.failures = [ZeroDivisionError("engine")]
    async with running(shelf) as batcher:
        with pytest.raises(InsertFailed, match="ZeroDivisionError"):
            await batcher.add(batch(1))
        assert await batcher.add(batch(2))


async def test_a_sender_that_hangs_up_does_not_take_the_insert_with_it(shelf: Shelf) -> None:
    shelf.open.clear()
    async with running(shelf) as batcher:
        sender = asyncio.create_task(batcher.add(batch(1)))
        await asyncio.to_thread(shelf.entered.wait)
        sender.cancel()
        shelf.open.set()
        assert not await batcher.add(batch(1))
    assert shelf.known == {("a", 1)}


async def test_a_full_queue_says_come_back_later(shelf: Shelf) -> None:
    shelf.open.clear()
    async with running(shelf, rows_at_most=10) as batcher:
        first = asyncio.create_task(batcher.add(batch(1)))
        await asyncio.to_thread(shelf.entered.wait)
        waiting = asyncio.create_task(batcher.add(batch(2, events=9)))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="rows wait") as refused:
            await batcher.add(batch(3, events=2))
        assert refused.value.retry_after
        shelf.open.set()
        assert await first
        assert await waiting


async def test_stopping_stores_what_has_arrived_and_takes_nothing_more(shelf: Shelf) -> None:
    shelf.open.clear()
    async with running(shelf, interval=60) as batcher:
        arrived = [asyncio.create_task(batcher.add(batch(number))) for number in range(3)]
        await asyncio.to_thread(shelf.entered.wait)
        await batcher.add_samples(Samples(["a.b"], [1], [2.0], "graphite-tcp"))
        stopping = asyncio.create_task(batcher.stop())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="stopping"):
            await batcher.add(batch(9))
        shelf.open.set()
        await stopping
        assert await asyncio.gather(*arrived) == [True] * 3
    assert [each.series for each in shelf.samples] == [["a.b"]]


async def test_points_wait_for_a_store_that_cannot_take_them_now(shelf: Shelf) -> None:
    shelf.full_for = 2
    async with running(shelf) as batcher:
        await batcher.add_samples(Samples(["a.b"], [1], [2.0], "graphite-tcp"))
        await batcher.add_samples(Samples(["a.c"], [1], [3.0], "graphite-tcp"))
        while not shelf.samples:
            assert await batcher.add(batch(batcher.figures.inserts))
    assert sorted(name for each in shelf.samples for name in each.series) == ["a.b", "a.c"]


async def test_a_sender_who_waits_hears_when_its_points_are_durable(shelf: Shelf) -> None:
    shelf.open.clear()
    async with running(shelf) as batcher:
        stored = asyncio.create_task(batcher.store_samples(Samples(["a.b"], [1], [2.0], "remote-write")))
        await asyncio.to_thread(shelf.entered.wait)
        assert not stored.done()
        shelf.open.set()
        await stored
        assert [each.series for each in shelf.samples] == [["a.b"]]


async def test_a_sender_who_waits_hears_what_failed_and_nothing_of_it_is_kept(shelf: Shelf) -> None:
    shelf.full_for = 1
    async with running(shelf) as batcher:
        with pytest.raises(Unavailable, match="disk full"):
            await batcher.store_samples(Samples(["a.b"], [1], [2.0], "remote-write"))
        await batcher.store_samples(Samples(["a.c"], [1], [2.0], "remote-write"))
        assert batcher.depth == 0
    assert [each.series for each in shelf.samples] == [["a.c"]]


async def test_a_reader_of_lines_is_held_back_while_the_queue_is_full(shelf: Shelf) -> None:
    shelf.open.clear()
    points = Samples(["a"] * 8, [1] * 8, [1.0] * 8, "graphite-tcp")
    async with running(shelf, rows_at_most=10) as batcher:
        first = asyncio.create_task(batcher.add(batch(1)))
        await asyncio.to_thread(shelf.entered.wait)
        await batcher.add_samples(points)
        held = asyncio.create_task(batcher.add_samples(points))
        await asyncio.sleep(0)
        assert not held.done()
        assert not batcher.offer_samples(points)
        shelf.open.set()
        await held
        await first


async def test_large_deliveries_are_inserted_in_pieces_of_a_bounded_size(shelf: Shelf) -> None:
    shelf.open.clear()
    async with running(shelf, rows_at_once=10) as batcher:
        first = asyncio.create_task(batcher.add(batch(0)))
        await asyncio.to_thread(shelf.entered.wait)
        rest = [asyncio.create_task(batcher.add(batch(number, events=4))) for number in range(1, 8)]
        await asyncio.sleep(0)
        shelf.open.set()
        await asyncio.gather(first, *rest)
    assert [len(insert) for insert in shelf.inserts] == [1, 2, 2, 2, 1]


async def test_an_insert_that_hangs_is_visible(shelf: Shelf) -> None:
    shelf.open.clear()
    async with running(shelf) as batcher:
        assert batcher.stuck_for() == 0
        sender = asyncio.create_task(batcher.add(batch(1)))
        await asyncio.to_thread(shelf.entered.wait)
        assert batcher.stuck_for() > 0
        shelf.open.set()
        await sender
        assert batcher.stuck_for() == 0


async def test_those_who_listen_hear_of_what_is_new_and_only_of_that(shelf: Shelf) -> None:
    heard: list[list[Batch]] = []
    async with running(shelf, on_stored=heard.append) as batcher:
        await batcher.add(batch(1))
        await batcher.add(batch(1))
        shelf.failures = [HeapwatchError("no")]
        with pytest.raises(HeapwatchError):
            await batcher.add(batch(2))
    assert heard == [[batch(1)]]
