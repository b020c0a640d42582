"""The agent's ways out, a file each: http (our server), graphite, sumo, prometheus, file, stdout.

What returning from `send` guarantees is the first thing each sink's docstring says.
"""

from __future__ import annotations

from typing import Callable, Protocol, runtime_checkable

from heapwatch.errors import Refused
from heapwatch.model import Batch


class Sink(Protocol):
    """One way out. `send` returns when the batch is delivered as well as this way can promise.

    It raises Unavailable when the same batch may go through later, Refused when it never will, and
    NotLetIn when not the batch is at fault but our token or the address.
    """

    name: str

    def send(self, batch: Batch) -> None: ...

    def close(self) -> None: ...


class EncodedSink(Sink, Protocol):
    """A sink whose own form is the wire's: it takes what `wire.batch.encode` made as it is."""

    def send_encoded(self, data: bytes) -> None: ...


@runtime_checkable
class HearingSink(Protocol):
    """A sink whose other side may ask for something in its answers, which `heard` is told."""

    heard: Callable[[object], None] | None

    def send(self, batch: Batch) -> None: ...


class NotLetIn(Refused):
    """The door is shut for everything we send (token, address); the batch is worth keeping until it opens."""
