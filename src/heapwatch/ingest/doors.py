"""What every door counts about itself, for the screens, /metrics and `heapwatch status`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MINUTE_S = 60.0


@dataclass
class Door:
    """One way in: where it listens, and what came through it since the start."""

    name: str
    address: str = ""
    requests: int = 0
    """Requests, connections and datagrams."""
    bytes: int = 0
    samples: int = 0
    """Class samples and metric points that were handed to the store."""
    open: int = 0
    """Connections at the moment, where the door keeps them."""
    last: int | None = None
    """When something came last, in epoch ms."""
    clock: Callable[[], float] = field(default=time.time, repr=False)

    def came(self, size: int, *, requests: int = 0) -> None:
        self.requests += requests
        self.bytes += size
        self.last = int(self.clock() * 1000)

    def counters(self, rejects: int = 0) -> dict[str, int]:
        """What only grows, and what was rejected of it."""
        return {"requests": self.requests, "bytes": self.bytes, "samples": self.samples, "rejects": rejects}

    def status(self, rejects: int = 0) -> dict[str, Any]:
        counters = {**self.counters(rejects), "open": self.open}
        return {
            "name": self.name,
            "address": self.address,
            "last": self.last,
            **counters,
            "counters": counters,
        }


class Pace:
    """How fast counters grow, by readings of about the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._readings: deque[tuple[float, Mapping[str, Mapping[str, int]]]] = deque()

    def note(self, reading: Mapping[str, Mapping[str, int]]) -> None:
        """Keep what the counters of every door are now; to be called every few seconds."""
        now = self._clock()
        self._readings.append((now, reading))
        while len(self._readings) > 1 and self._readings[1][0] <= now - MINUTE_S:
            self._readings.popleft()

    def per_minute(self, door: str, counters: Mapping[str, int]) -> dict[str, float] | None:
        """Growth a minute since the oldest reading; None as long as there is none that is a second old."""
        if not self._readings:
            return None
        then, reading = self._readings[0]
        past = self._clock() - then
        if past < 1:
            return None
        before = reading.get(door, {})
        return {name: (value - before.get(name, 0)) * 60 / past for name, value in counters.items()}
