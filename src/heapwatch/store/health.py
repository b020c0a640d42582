"""How the store stands: rows, bytes, agents, and everything that is wrong with it, said loudly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from heapwatch.store.acks import Acks
from heapwatch.store.damage import Damage
from heapwatch.store.hours import Hours
from heapwatch.store.reads.parts import Parts

TABLES = """
SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts
WHERE database = currentDatabase() AND active GROUP BY table ORDER BY table
"""


@dataclass
class Health:
    """What is known beyond what the engine says."""

    engine_version: str
    location: str
    acks: Acks
    clock: Callable[[], int]
    damage: Damage
    hours: Hours

    def status(self, parts: Parts) -> dict[str, Any]:
        tables = parts.query(TABLES, {})
        names = list(tables["table"])
        return {
            "engine": self.engine_version,
            "location": self.location,
            "rows": dict(zip(names, tables["rows"].tolist(), strict=True)),
            "bytes": dict(zip(names, tables["bytes"].tolist(), strict=True)),
            "parts": dict(zip(names, tables["parts"].tolist(), strict=True)),
            "disk_bytes": int(sum(tables["bytes"].tolist())),
            "broken": self.damage.set_aside(),
            "open_hours": self.hours.waiting(),
            "agents": self.agents(),
            "jvms": len(parts.names.jvms.by_id),
            "classes": len(parts.names.classes.names),
            "series": len(parts.names.series.by_id),
            "log_sources": len(parts.names.logs.by_id),
        }

    def agents(self) -> list[dict[str, Any]]:
        """Everybody who sent batches."""
        return [
            {"id": agent, "host": "", "version": "", "last_seen": 0, "sequence": sequence, "lag": None}
            for agent, sequence in sorted(self.acks.newest().items())
        ]
