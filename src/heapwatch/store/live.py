"""What is newest, in memory: the screens ask for it all the time, and the writer compares with it.

Per incarnation and mode the head of the newest snapshot, always; its classes too, as long as there is room
(`live_bytes`, those heard of last stay). Beside them a snapshot some minutes older, so that what grows
fastest is a subtraction. Per series the newest value.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heapwatch.store.latest import Latest

BASELINE_MS = 600_000
"""A baseline is replaced when it is two of these old, so growth is over 10 to 20 minutes."""


class Head(NamedTuple):
    """The totals of a snapshot and what is known beside them (nan = not known)."""

    time: int
    bytes: int
    instances: int
    classes: int
    pause_ms: float
    duration_ms: float
    heap: Mapping[str, float]


@dataclass(frozen=True)
class Table:
    """The classes of one snapshot, by rising class id."""

    time: int
    classes: NDArray[Any]
    instances: NDArray[np.int64]
    bytes: NDArray[np.int64]
    rows: NDArray[Any]

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def size(self) -> int:
        return int(sum(column.nbytes for column in (self.classes, self.instances, self.bytes, self.rows)))


EMPTY = Table(0, np.empty(0, np.uint32), *(np.empty(0, np.int64) for _ in range(3)))


@dataclass
class _Tables:
    newest: Table
    baseline: Table
    candidate: Table  # the next baseline


Key = tuple[int, int]
"""Incarnation, mode."""


class Live:
    def __init__(self, most_bytes: int, hashed: bool = False) -> None:
        self._most = most_bytes
        self._held = 0
        self._tables: OrderedDict[Key, _Tables] = OrderedDict()
        self.heads: dict[Key, Head] = {}
        self.values = Latest(hashed)

    def saw(self, key: Key, head: Head, table: Table) -> None:
        """A snapshot was stored."""
        known = self.heads.get(key)
        if known is not None and head.time <= known.time:
            return
        self.heads[key] = head
        held = self._tables.pop(key, None)
        if held is None:
            held = _Tables(table, table, table)
        else:
            self._held -= _size(held)
            held.newest = table
            if table.time - held.candidate.time >= BASELINE_MS:
                held.baseline, held.candidate = held.candidate, table
        self._tables[key] = held
        self._held += _size(held)
        while self._held > self._most and len(self._tables) > 1:
            _, dropped = self._tables.popitem(last=False)
            self._held -= _size(dropped)

    def warm(self, key: Key, baseline: Table, newest: Table) -> None:
        """After a start: what the store knows of a JVM, unless something newer has come already."""
        if key not in self._tables and newest.time == self.heads[key].time:
            self._tables[key] = _Tables(newest, baseline, newest)
            self._held += _size(self._tables[key])

    def table(self, key: Key) -> Table | None:
        """The newest snapshot's classes, when they are in memory."""
        held = self._tables.get(key)
        return held.newest if held else None

    def holds(self, incarnation: int) -> bool:
        return (incarnation, 0) in self._tables or (incarnation, 1) in self._tables

    def fastest(self, key: Key) -> tuple[int, float] | None:
        """The class that grew most between baseline and newest, and by how many bytes a minute."""
        held = self._tables.get(key)
        if held is None or held.newest.time <= held.baseline.time or not len(held.newest):
            return None
        growth = held.newest.bytes - at(held.baseline, held.newest.classes).astype(np.int64)
        place = int(np.argmax(growth))
        minutes = (held.newest.time - held.baseline.time) / 60_000
        return int(held.newest.classes[place]), float(growth[place]) / minutes


def at(table: Table, classes: NDArray[Any]) -> NDArray[np.int64]:
    """The bytes of these classes in a table, 0 where it lacks one."""
    if not len(table):
        return np.zeros(len(classes), np.int64)
    places = np.searchsorted(table.classes, classes).clip(max=len(table) - 1)
    return np.where(table.classes[places] == classes, table.bytes[places], 0)


def _size(tables: _Tables) -> int:
    parts = {id(part): part.size for part in (tables.newest, tables.baseline, tables.candidate)}
    return sum(parts.values())
