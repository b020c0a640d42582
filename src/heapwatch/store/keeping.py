"""Upkeep of a store: hourly rollups, retention, backup, and how it stands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from heapwatch.store import backup, retention
from heapwatch.store.engine import Engine
from heapwatch.store.health import Health
from heapwatch.store.hours import Hours
from heapwatch.store.reads.parts import Parts
from heapwatch.store.settings import Settings


class Keeper:
    """Tasks that the server runs by the clock; one at a time."""

    def __init__(
        self,
        engine: Engine,
        hours: Hours,
        health: Health,
        settings: Settings,
        clock: Callable[[], int],
        state: Path,
    ) -> None:
        self._engine = engine
        self._hours = hours
        self._health = health
        self._settings = settings
        self._clock = clock
        self._state = state
        self._lock = threading.Lock()

    def rollup(self) -> int:
        return self._hours.rollup(self._engine)

    def retain(self) -> list[str]:
        with self._lock:
            return retention.retain(self._engine, self._settings.retention, self._clock())

    def backup(self, path: str | Path) -> dict[str, Any]:
        with self._lock:
            return backup.backup(self._engine, self._state, path)

    def status(self, parts: Parts) -> dict[str, Any]:
        return {**self._health.status(parts), "retention": asdict(self._settings.retention)}
