"""Log messages as they arrive, for those who watch: what is new is asked for every second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool

from heapwatch.errors import Unavailable
from heapwatch.query.logs.follow import Position, follow_logs, newest
from heapwatch.query.logs.limits import Limits
from heapwatch.query.logs.run import run_logs
from heapwatch.store import Store

BEFORE_MS = 24 * 3_600_000
"""So far back the first messages of a stream may be."""
AHEAD_MS = 3_600_000
PAGE = 1000


class Tails:
    """Bounds how many watch at once."""

    def __init__(self, most: int, pause: float = 1.0) -> None:
        self._most = most
        self._pause = pause
        self.watching = 0

    async def begin(self, tail: Tail, last: int) -> list[dict[str, Any]]:
        """The first pages; an error of the query comes from here, before a stream begins."""
        if self.watching >= self._most:
            raise Unavailable(f"{self.watching} log streams are open already", retry_after=5)
        return await run_in_threadpool(tail.first, last)

    async def following(self, tail: Tail, first: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
        """Pages of messages, oldest first, until nobody listens."""
        self.watching += 1
        try:
            for page in first:
                yield page
            while True:
                page = await run_in_threadpool(tail.next)
                if page["columns"]["_seq"]:
                    yield page
                if len(page["columns"]["_seq"]) < PAGE:
                    await asyncio.sleep(self._pause)
        finally:
            self.watching -= 1


class Tail:
    """One query and how far its messages were read."""

    def __init__(self, store: Store, text: str, limits: Limits) -> None:
        self._store = store
        self._text = text
        self._limits = limits
        self._position = Position(0, 0)

    def first(self, last: int) -> list[dict[str, Any]]:
        """The newest `last` messages, oldest first; from here on only what is new."""
        self._position = newest(self._store)
        follow_logs(self._store, self._text, self._position, 1, limits=self._limits)
        if not last:
            return []
        now = int(time.time() * 1000)
        span = now - BEFORE_MS, now + AHEAD_MS
        page = run_logs(self._store, self._text, *span, limit=last, limits=self._limits)
        seen = [place for place, seq in enumerate(page["columns"]["_seq"]) if int(seq) <= self._position.seq]
        columns = {name: [cells[place] for place in seen[::-1]] for name, cells in page["columns"].items()}
        return [
            {"kind": "messages", "columns": columns, "order": page["order"], "warnings": page["warnings"]}
        ]

    def next(self) -> dict[str, Any]:
        """What arrived since the last question."""
        page = follow_logs(self._store, self._text, self._position, PAGE, limits=self._limits)
        self._position = Position(*page.pop("position"))
        return page
