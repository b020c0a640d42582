"""What can go wrong at the store, as one line each."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from heapwatch.errors import HeapwatchError, Refused, Unavailable, UsageError


class StoreLocked(UsageError):
    """Another process has this directory open."""


class StoreTooNew(UsageError):
    """The directory was written by a newer engine or a newer heapwatch."""


class StoreError(HeapwatchError):
    """The engine refused something that heapwatch thought it could do; its words are in the message."""


class StoreBroken(HeapwatchError):
    """The engine found damaged data; what it names is unreadable, the rest serves."""


class DiskFull(Unavailable):
    """No room to write; reads go on, and inserts too once there is room."""


class TooBig(Refused):
    """The question needs more time or memory than one question may have."""


class Cancelled(HeapwatchError):
    """The query was stopped because nobody waits for its answer any more."""


class NotFound(HeapwatchError):
    """A name that is not in the store; `near` holds the names most like it."""

    def __init__(self, message: str, near: list[str]) -> None:
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(message + hint)
        self.near = near


class UnknownJvm(NotFound):
    """No JVM of that host and name has been seen."""


class UnknownClass(NotFound):
    """No histogram had such a class."""


class NoSnapshot(NotFound):
    """The JVM is known and has no histogram there."""


def near(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names that a mistyped one may have meant."""
    names = list(dict.fromkeys(known))
    folded = {candidate.casefold(): candidate for candidate in names}
    found = [folded[match] for match in get_close_matches(name.casefold(), folded, count, 0.6)]
    if not found:
        found = [candidate for candidate in names if name.casefold() in candidate.casefold()][:count]
    return found
