"""How a server ends: what may not be done twice is let finish, for a while, and nothing begins any more.

Whatever is held here goes on, as after a crash, with the next start.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger("heapwatch.workflow")


class Closing:
    """Counts attempts that a stop should not cut off. Safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    @contextmanager
    def attempt(self, *, repeatable: bool) -> Iterator[None]:
        """While an attempt is made. Once closed none begins: this then waits for the end of the process."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._busy += not repeatable
        try:
            yield
        finally:
            with self._changed:
                self._busy -= not repeatable
                self._changed.notify_all()

    def close(self, patience_s: float) -> bool:
        """Let nothing begin; whether all that may not be done twice was done within so many seconds."""
        with self._changed:
            self._closed = True
            if self._busy:
                log.info("waits for steps that may not be done twice", steps=self._busy, seconds=patience_s)
            done = self._changed.wait_for(lambda: self._busy == 0, patience_s)
            if not done:
                log.warning("ends in the middle of steps: their outcome is unknown", steps=self._busy)
            return done
