"""Questions to the store: bounded, and stopped when nobody waits for the answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.requests import Request
from starlette.types import Message

from heapwatch.errors import Unavailable
from heapwatch.web.readers import HungUp, Readers

pytestmark = pytest.mark.anyio


class Asker:
    """A request whose client can hang up."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.request = Request({"type": "http", "method": "GET", "path": "/", "headers": []}, self.receive)
        self._body = False

    async def receive(self) -> Message:
        if not self._body:
            self._body = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}


class Engine:
    """Runs each query until it is told to go on, or cancelled."""

    def __init__(self) -> None:
        self.events: dict[str, threading.Event] = {}
        self.cancelled: list[str] = []
        self.begun = threading.Semaphore(0)

    def query(self, query_id: str) -> str:
        self.events[query_id] = threading.Event()
        self.begun.release()
        self.events[query_id].wait(20)
        return "answer"

    def cancel(self, query_id: str) -> None:
        self.cancelled.append(query_id)
        if query_id in self.events:
            self.events[query_id].set()

    def go_on(self) -> None:
        for event in self.events.values():
            event.set()


@contextmanager
def readers(engine: Engine, size: int, queue: int) -> Iterator[Readers]:
    it = Readers(size, queue, engine.cancel)
    yield it
    engine.go_on()
    it.close()


async def test_an_answer_comes_back() -> None:
    engine = Engine()
    with readers(engine, 1, 0) as it:
        asked = asyncio.create_task(it.run(Asker().request, engine.query))
        await asyncio.to_thread(engine.begun.acquire)
        engine.go_on()
        assert await asked == "answer"
        assert it.busy == 0


async def test_a_client_that_hangs_up_stops_its_query_in_the_engine() -> None:
    engine = Engine()
    with readers(engine, 1, 0) as it:
        asker = Asker()
        asked = asyncio.create_task(it.run(asker.request, engine.query))
        await asyncio.to_thread(engine.begun.acquire)
        asker.gone.set()
        with pytest.raises(HungUp):
            await asked
        assert engine.cancelled == list(engine.events)
        assert it.busy == 0


async def test_more_questions_than_may_wait_are_told_to_come_back() -> None:
    engine = Engine()
    with readers(engine, 1, 1) as it:
        running = asyncio.create_task(it.run(Asker().request, engine.query))
        await asyncio.to_thread(engine.begun.acquire)
        waiting = asyncio.create_task(it.run(Asker().request, lambda _id: "second"))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await it.run(Asker().request, engine.query)
        engine.go_on()
        assert await running == "answer"
        assert await waiting == "second"


async def test_an_error_of_the_question_reaches_who_asked() -> None:
    engine = Engine()

    def wrong(_query_id: str) -> str:
        raise ZeroDivisionError

    with readers(engine, 1, 0) as it, pytest.raises(ZeroDivisionError):
        await it.run(Asker().request, wrong)
