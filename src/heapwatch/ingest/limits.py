"""What one sender, and all of them together, may cost: rates, sizes, memory.

Each limit is refused with the answer that makes a well-behaved sender do the right thing: smaller pieces
(413), later (429 and 503, with the seconds to wait).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from heapwatch.errors import HeapwatchError, Unavailable


class TooLarge(HeapwatchError):
    """More bytes than one request may have, as sent or once decompressed."""


class TooSlow(HeapwatchError):
    """A body that makes no progress; the connection is worth more than what may still come."""


class TooMany(HeapwatchError):
    """A sender came more often than its rate allows; `retry_after` seconds from now it may come again."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rates:
    """A token bucket for each source, for the `sources` that were seen last.

    A bucket is the moment at which it is full again: an evicted source starts with a full one, which
    is also what it had unless it came within the last `burst / rate` seconds. Safe to use from any thread.
    """

    def __init__(
        self, rate: float, burst: float, sources: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate = rate
        self.burst = burst
        self._sources = sources
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, source: str) -> None:
        """Count one request of `source`, or raise `TooMany`."""
        if self.rate <= 0:
            return
        with self._lock:
            now = self._clock()
            full_at = max(now, self._full_at.get(source, now)) + 1 / self.rate
            wait = full_at - now - self.burst / self.rate
            if wait > 1e-9:
                raise TooMany(f"more than {self.rate:g} requests a second from {source}", wait)
            self._full_at[source] = full_at
            self._full_at.move_to_end(source)
            if len(self._full_at) > self._sources:
                self._full_at.popitem(last=False)


class InFlight:
    """The bytes of bodies that are being received or decoded right now."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    @contextmanager
    def room(self) -> Iterator[Callable[[int], None]]:
        """Hand out `grow(n)`: accounts for n more bytes until the block ends, or raises `Unavailable`."""
        mine = 0

        def grow(size: int) -> None:
            nonlocal mine
            # The first body is always let in: it is below the size limit of one body anyway.
            if self.held and self.held + size > self.limit:
                raise Unavailable("too many uploads at once", retry_after=1.0)
            self.held += size
            mine += size

        try:
            yield grow
        finally:
            self.held -= mine
