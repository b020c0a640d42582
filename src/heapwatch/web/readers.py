"""Questions to the store: a few at once in threads, a few more waiting, the rest told to come back.

A question whose asker hangs up is stopped in the engine too: people close tabs and change ranges faster
than a scan over a month ends, and what nobody waits for must not keep others waiting.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import Request

from heapwatch.errors import HeapwatchError, Unavailable

_Result = TypeVar("_Result")


class HungUp(HeapwatchError):
    """The client went away before its answer was ready."""


class Readers:
    """A bounded pool; `cancel(query_id)` stops a query in the engine."""

    def __init__(self, size: int, queue: int, cancel: Callable[[str], object]) -> None:
        self._most = size + queue
        self._cancel = cancel
        self._pool = ThreadPoolExecutor(size, "heapwatch-reader")
        self._running: set[str] = set()
        self.cancelled = 0

    @property
    def busy(self) -> int:
        """Questions that run or wait."""
        return len(self._running)

    async def run(self, request: Request, work: Callable[[str], _Result]) -> _Result:
        """The result of `work(query_id)`, unless the client hangs up first."""
        if len(self._running) >= self._most:
            raise Unavailable(f"{len(self._running)} queries run or wait already", retry_after=2)
        query_id = f"http-{uuid.uuid4().hex}"
        self._running.add(query_id)
        waiting = self._pool.submit(work, query_id)
        working = asyncio.wrap_future(waiting)
        gone = asyncio.create_task(_disconnected(request))
        try:
            await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            self.cancelled += 1
            if not waiting.cancel():  # it has begun, so the engine has to be told
                await asyncio.to_thread(self._cancel, query_id)
            raise HungUp("the client hung up")
        finally:
            self._running.discard(query_id)
            gone.cancel()
            # Also when it is done: it may have ended while the engine was told to stop it.
            working.add_done_callback(lambda done: done.cancelled() or done.exception())

    def close(self) -> None:
        """Stop what runs; nothing more is taken."""
        for query_id in list(self._running):
            self._cancel(query_id)
        self._pool.shutdown(wait=False, cancel_futures=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
