"""What every door counts about itself, for the screens, /metrics and `heapwatch status`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


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

    def status(self, rejects: int = 0) -> dict[str, Any]:
        counters = {
            "requests": self.requests,
            "bytes": self.bytes,
            "samples": self.samples,
            "open": self.open,
            "rejects": rejects,
        }
        return {
            "name": self.name,
            "address": self.address,
            "last": self.last,
            **counters,
            "counters": counters,
        }
