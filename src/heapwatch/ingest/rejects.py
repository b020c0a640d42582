"""What the doors turned away: counted by reason for ever, and the newest kept to look at.

A sender that is misconfigured is found by looking at what it sent, so the first bytes of a rejected line
or body are kept. The ring is bounded and the reasons are slugs from our own code, never from the outside,
so that no sender can make either grow.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, NamedTuple

SAMPLE_BYTES = 400


class Reject(NamedTuple):
    """One line, frame or body that was not stored."""

    time: int  # epoch ms
    door: str
    peer: str
    reason: str
    sample: str
    detail: str


class Rejects:
    """Counters by door and reason, and a ring of the newest rejects. Safe to use from any thread."""

    def __init__(self, size: int = 500, clock: Callable[[], float] = time.time) -> None:
        self._ring: deque[Reject] = deque(maxlen=size)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._clock = clock
        self._lock = threading.Lock()

    def add(
        self, door: str, reason: str, sample: bytes = b"", peer: str = "", detail: str = "", count: int = 1
    ) -> None:
        """Count `count` rejects of one kind and keep one of them."""
        text = sample[:SAMPLE_BYTES].decode("utf-8", "backslashreplace")
        reject = Reject(int(self._clock() * 1000), door, peer, reason, text, detail)
        with self._lock:
            self._ring.append(reject)
            self._counts[door, reason] += count

    def newest(self, limit: int = 100, door: str = "", reason: str = "") -> list[dict[str, Any]]:
        """The newest rejects that are kept, of all or of one door or reason, newest first."""
        with self._lock:
            kept = list(self._ring)
        fits = [r for r in kept if door in ("", r.door) and reason in ("", r.reason)]
        return [reject._asdict() for reject in reversed(fits[-limit:] if limit else [])]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many were rejected since the start, by door and reason."""
        with self._lock:
            pairs = sorted(self._counts.items())
        doors: dict[str, dict[str, int]] = {}
        for (door, reason), number in pairs:
            doors.setdefault(door, {})[reason] = number
        return doors
