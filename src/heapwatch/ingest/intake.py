"""What every HTTP door does with a request: limits, the body, decoding in a thread, an answer when stored.

The order of the checks is the order of what they cost: rate, declared size, memory in flight, size as it
comes, decompression in steps, then the format. Whatever fails is counted by reason, with its first bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from heapwatch.errors import HeapwatchError, Refused, Truncated, Unavailable, Unreadable, UsageError
from heapwatch.ingest import bodies
from heapwatch.ingest.doors import Door
from heapwatch.ingest.guard import TOO_MANY, TooManyNames
from heapwatch.ingest.limits import InFlight, Rates, TooLarge, TooMany, TooSlow
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.senders import NotYours, Sender

_Decoded = TypeVar("_Decoded")
_Stored = TypeVar("_Stored")


class Unsupported(HeapwatchError):
    """A body in a form that this door does not read, as its headers say."""


# The first class that fits counts. A reason is a label of our metrics: never text from the outside.
REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (UsageError, "bad-parameter"),
    (NotYours, "other-host"),
    (Unsupported, "unsupported"),
    (TooMany, "too-many"),
    (TooLarge, "too-large"),
    (TooSlow, "too-slow"),
    (Truncated, "truncated"),
    (Unreadable, "unreadable"),
    (TooManyNames, TOO_MANY),
    (Refused, "refused"),
    (Unavailable, "unavailable"),
    (ClientDisconnect, "hung-up"),
)


@dataclass(frozen=True)
class Limits:
    """What one request may cost."""

    body: int
    text: int
    idle: float


class Intake:
    """Shared by all HTTP doors. Lives on the event loop; decoding runs in two threads beside it."""

    def __init__(self, rejects: Rejects, limits: Limits, rates: Rates, in_flight: InFlight) -> None:
        self.rejects = rejects
        self.limits = limits
        self.rates = rates
        self._in_flight = in_flight
        self._decoders = ThreadPoolExecutor(2, "heapwatch-decode")

    def close(self) -> None:
        self._decoders.shutdown(wait=False, cancel_futures=True)

    async def take(
        self,
        request: Request,
        source: str,
        door: Door,
        decode: Callable[[bytes], _Decoded],
        store: Callable[[_Decoded], Awaitable[_Stored]],
    ) -> tuple[_Decoded, _Stored]:
        """Read, decode and store a body, counted by this door; the sender's `source` has a rate.

        A `Sender` that is bound to hosts is refused what is for others.
        """
        body = b""

        def checked(body: bytes) -> _Decoded:
            decoded = decode(body)
            if isinstance(source, Sender):
                source.check(decoded)  # type: ignore[arg-type]  # what doors decode is what senders check
            return decoded

        try:
            self.rates.take(source)
            with self._in_flight.room() as grow:
                body = await self._body(request, grow)
                door.came(len(body), requests=1)
                loop = asyncio.get_running_loop()
                decoded = await loop.run_in_executor(self._decoders, checked, body)
                return decoded, await store(decoded)
        except (HeapwatchError, ClientDisconnect) as error:
            reason = next((slug for kind, slug in REASONS if isinstance(error, kind)), "failed")
            self.rejects.add(door.name, reason, body, source, str(error))
            raise

    def plain(self, body: bytes, encoding: str) -> bytes:
        """A body without its Content-Encoding, within the limit on texts."""
        return bodies.decompress(body, encoding, self.limits.text)

    async def _body(self, request: Request, grow: Callable[[int], None]) -> bytes:
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self.limits.body:
            raise TooLarge(f"the body is larger than {self.limits.body} bytes (setting max_body)")
        return await bodies.read(request.stream(), self.limits.body, self.limits.idle, grow)
