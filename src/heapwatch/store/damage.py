"""Damaged parts are set aside and named; the rest serves.

The engine finds a flipped byte when it reads it, and fails every query that touches that part. Then all parts
are checked once, and those that fail are detached: their files stay in `detached/`, their rows are missing
from answers, and the status says so until somebody looks. Parts that are broken already when the engine
starts it detaches itself; they are named in the same list.
"""

from __future__ import annotations

import threading
from typing import Any

import structlog

from heapwatch.errors import HeapwatchError
from heapwatch.store.engine import Engine

log = structlog.get_logger("heapwatch.store")

TABLES = "SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name"
DETACHED = """
SELECT table, name, coalesce(reason, 'damaged') AS reason FROM system.detached_parts
WHERE database = currentDatabase() AND coalesce(reason, '') NOT IN ('ignored', 'clone')
ORDER BY table, name LIMIT 200
"""


class Damage:
    """Finds damaged parts and sets them aside, one search at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._searching = threading.Lock()
        self._searches = 0

    def search(self, after: int | None = None) -> int:
        """Check everything, unless a search has ended since `after` was asked; the number of searches."""
        with self._searching:
            if after is None or after == self._searches:
                self._searches += 1
                for table in self._engine.query(TABLES)["name"]:
                    self._check(table)
        return self._searches

    @property
    def searches(self) -> int:
        return self._searches

    def set_aside(self) -> list[dict[str, Any]]:
        """The parts that are not served."""
        found = self._engine.query(DETACHED)
        rows = zip(found["table"], found["name"], found["reason"], strict=True)
        return [{"table": table, "part": part, "reason": reason} for table, part, reason in rows]

    def _check(self, table: str) -> None:
        try:
            found = self._engine.ask(f"CHECK TABLE {table} SETTINGS check_query_single_value_result = 0")
        except HeapwatchError as error:
            log.error("cannot check a table", table=table, error=str(error))
            return
        for part, passed, message in zip(
            found["part_path"], found["is_passed"].tolist(), found["message"], strict=True
        ):
            if not passed:
                log.error("damaged part set aside; its rows are missing", table=table, part=part, why=message)
                self._engine.command(f"ALTER TABLE {table} DETACH PART '{part}'")
