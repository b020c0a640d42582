"""Streams live longer than what let them begin: whoever may no longer read is told nothing more.

A stream that is silent tells nothing, so it is enough to look when there is something to tell.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from heapwatch.errors import HeapwatchError
from heapwatch.web.auth import Caller

EVERY_S = 2.0

_Event = TypeVar("_Event")


def remember(request: Request, again: Callable[[], Caller]) -> None:
    """How to find out anew who asked."""
    request.state.again = again


async def while_allowed(request: Request, events: AsyncIterator[_Event]) -> AsyncIterator[_Event]:
    """The same events, until the token or session that asked for them has ended."""
    looked = time.monotonic()
    async for event in events:
        if time.monotonic() - looked >= EVERY_S:
            try:
                await run_in_threadpool(request.state.again)
            except HeapwatchError:
                return
            looked = time.monotonic()
        yield event
