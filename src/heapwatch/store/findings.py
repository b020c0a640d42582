"""What a detector has found, kept as it was told: an id and a body each, the newest version holds."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from heapwatch.store.engine import Engine
from heapwatch.store.native import Column

READ = "SELECT id, version, body FROM finding FINAL ORDER BY id"


class Findings:
    """One row a finding; writers take turns."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._version = 0

    def all(self) -> dict[str, str]:
        """Every finding's body by its id."""
        with self._lock:
            found = self._engine.query(READ)
            if len(found):
                self._version = max(self._version, int(found["version"].max()))
            return dict(zip(found["id"], found["body"], strict=True))

    def put(self, bodies: Mapping[str, str]) -> None:
        """Keep these; durable when it returns."""
        if not bodies:
            return
        with self._lock:
            self._version += 1
            versions = np.full(len(bodies), self._version, np.uint64)
            self._engine.insert(
                "finding",
                [
                    Column("id", "String", list(bodies)),
                    Column("version", "UInt64", versions),
                    Column("body", "String", list(bodies.values())),
                ],
            )
