"""What only has to survive a restart, as JSON by room and id; and the transitions of monitors."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from heapwatch.store.engine import Engine
from heapwatch.store.native import TIME, Column

READ = "SELECT id, version, body FROM kept FINAL WHERE room = {room:String} ORDER BY id"

TRANSITIONS = """
SELECT body FROM transition FINAL
WHERE time >= fromUnixTimestamp64Milli({from:Int64}) AND time <= fromUnixTimestamp64Milli({to:Int64})
  AND ({monitor:String} = '' OR monitor = {monitor:String})
ORDER BY time DESC, body LIMIT {limit:UInt64}
"""


class Kept:
    """Writers take turns; durable when a method returns."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._version = 0

    def all(self, room: str) -> dict[str, str]:
        """Every body of a room by its id."""
        with self._lock:
            found = self._engine.query(READ, {"room": room})
            if len(found):
                self._version = max(self._version, int(found["version"].max()))
            return {id_: body for id_, body in zip(found["id"], found["body"], strict=True) if body}

    def put(self, room: str, bodies: Mapping[str, str]) -> None:
        """Keep these; an empty body is forgotten."""
        if not bodies:
            return
        with self._lock:
            self._version += 1
            count = len(bodies)
            self._engine.insert(
                "kept",
                [
                    Column("room", "String", [room] * count),
                    Column("id", "String", list(bodies)),
                    Column("version", "UInt64", np.full(count, self._version, np.uint64)),
                    Column("body", "String", list(bodies.values())),
                ],
            )

    def add(self, transitions: Sequence[tuple[int, str, str]]) -> None:
        """Transitions: time, monitor and body."""
        if transitions:
            times, monitors, bodies = zip(*transitions, strict=True)
            self._engine.insert(
                "transition",
                [
                    Column("time", TIME, np.array(times, np.int64)),
                    Column("monitor", "String", list(monitors)),
                    Column("body", "String", list(bodies)),
                ],
            )

    def transitions(self, monitor: str, from_: int, to: int, limit: int) -> list[str]:
        """The newest of the range, newest first; of all monitors when none is named."""
        bound = {"monitor": monitor, "from": from_, "to": to, "limit": limit}
        return list(self._engine.query(TRANSITIONS, bound)["body"])
