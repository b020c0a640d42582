"""JVMs and classes that senders make by name: they count beside the series of the same sender.

A door that takes names from anybody claims them before it keeps anything, so that a sender with a name of its
own in every line is stopped there, and neither fills memory nor pushes out what others have just sent. What
was claimed counts from then on; who made it is written down once it is stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heapwatch.model import JvmId
from heapwatch.store.dimensions import Names
from heapwatch.store.engine import Engine
from heapwatch.store.native import TIME, Column

ACTIVE_MS = 86_400_000
JVM, CLASS = 0, 1

Claimed = JvmId | str
"""A life of a JVM, or the name of a class."""


class What(NamedTuple):
    """How many JVMs and classes, and of what their names are made: how many hosts, applications, pids."""

    counts: dict[str, int]
    values: dict[str, int]


class Claims:
    """Names by their makers. Safe to use from any thread."""

    def __init__(self, names: Names, most: int, clock: Callable[[], int]) -> None:
        self._names = names
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[str, dict[Claimed, int]] = {}  # by maker: when
        self._waiting: dict[Claimed, tuple[str, int]] = {}  # not stored yet: by whom, and when

    def load(self, engine: Engine) -> None:
        found = engine.query(
            "SELECT kind, id, toUnixTimestamp64Milli(made) AS at, source FROM maker FINAL "
            "WHERE kind = 0 OR made >= fromUnixTimestamp64Milli({since:Int64})",
            {"since": self._clock() - ACTIVE_MS},
        )
        columns = (found["kind"].tolist(), found["id"].tolist(), found["at"].tolist(), found["source"])
        for kind, id_, at, maker in zip(*columns, strict=True):
            life = self._names.jvms.by_id.get(id_) if kind == JVM else None
            name: Claimed | None = life.who if life else self._names.classes.names.get(id_)
            if name is not None and (kind == CLASS or life):
                self._made.setdefault(maker, {})[name] = at

    def left(self) -> int:
        """How many series, JVMs and classes there may still be in all."""
        return self._most - self._names.count - len(self._waiting)

    def held(self, maker: str) -> int:
        """How many JVMs and classes of this sender count."""
        return len(self._made.get(maker, ()))

    def knows(self, name: Claimed) -> bool:
        """Whether this is stored, or will be."""
        known = self._names.jvms.by_who if isinstance(name, JvmId) else self._names.classes.by_name
        return name in known or name in self._waiting

    def claim(self, maker: str, room: int, names: Iterable[Claimed]) -> bool:
        """Give this sender all of these names, of which some may be new; False when there is no room."""
        with self._lock:
            new = {name for name in names if not self.knows(name)}
            if not new:
                return True
            if len(new) > min(room, self.left()):
                return False
            now = self._clock()
            self._made.setdefault(maker, {}).update(dict.fromkeys(new, now))
            self._waiting.update(dict.fromkeys(new, (maker, now)))
        return True

    def settle(self, engine: Engine) -> None:
        """Write down who made what is stored by now."""
        if not self._waiting:
            return
        jvms, classes = self._names.jvms.by_who, self._names.classes.by_name
        with self._lock:
            waiting = list(self._waiting.items())
        rows: list[tuple[int, int, int, str]] = []
        done: list[Claimed] = []
        for name, (maker, at) in waiting:
            life = jvms.get(name) if isinstance(name, JvmId) else None
            id_ = life.id if life else classes.get(name) if isinstance(name, str) else None
            if id_ is not None:
                rows.append((JVM if life else CLASS, id_, at, maker))
            if id_ is not None or at < self._clock() - ACTIVE_MS:  # what was never stored is let go
                done.append(name)
        if rows:
            self._write(rows, engine)
        with self._lock:
            for name in done:
                del self._waiting[name]

    def count(self) -> None:
        """Let go of classes that were made, and JVMs that were heard of, more than a day ago."""
        since, jvms = self._clock() - ACTIVE_MS, self._names.jvms.by_who
        with self._lock:
            for names in self._made.values():
                for name, at in list(names.items()):
                    life = jvms.get(name) if isinstance(name, JvmId) else None
                    if max(at, life.last_seen if life else 0) < since:
                        del names[name]

    def makers(self) -> list[str]:
        with self._lock:
            return [maker for maker, names in self._made.items() if names]

    def what(self, maker: str) -> What:
        """What a sender made besides series."""
        with self._lock:
            names = list(self._made.get(maker, ()))
        lives = [name for name in names if isinstance(name, JvmId)]
        columns = {"host": 0, "jvm": 1, "pid": 2}
        values = {label: len({life[place] for life in lives}) for label, place in columns.items() if lives}
        classes = len(names) - len(lives)
        return What(
            {"jvms": len(lives), "classes": classes}, values | ({"class": classes} if classes else {})
        )

    def _write(self, rows: list[tuple[int, int, int, str]], engine: Engine) -> None:
        def numbers(place: int, dtype: Any) -> NDArray[Any]:
            return np.fromiter((row[place] for row in rows), dtype, len(rows))

        ids = self._names.ids
        engine.insert(
            "maker",
            [
                Column("kind", "UInt8", numbers(0, np.uint8)),
                Column("id", ids.type, numbers(1, ids.dtype)),
                Column("made", TIME, numbers(2, np.int64)),
                Column("source", "String", [row[3] for row in rows]),
            ],
        )
