"""Graphite lines that are halves of class samples, put together to snapshots.

    memleak1.count.java.lang.String 41200 1795341600
    memleak1.size.java.lang.String 988800 1795341600

Nothing in the protocol says that a histogram is complete, and counts may all come before sizes, even by
two connections. So the lines of one host and time are collected until none has come for `settle` seconds.
"""

from __future__ import annotations

import hashlib
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from heapwatch.ingest.blocks import Block
from heapwatch.ingest.guard import TOO_MANY, Guard
from heapwatch.model import ALL, Batch, Histogram, JvmId, Snapshot
from heapwatch.store.texts import Texts
from heapwatch.wire.graphite import Lines
from heapwatch.wire.paths import ClassPath, Template

UNNAMED = "unnamed"
"""The application's name where the path has no place for it."""

_LARGEST = float(2**53)
_MEMO = 200_000


@dataclass
class _Open:
    touched: float
    count: dict[str, int] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)


class ClassLines:
    """Open snapshots by (host, jvm, time); bounded by `rows_at_most` class samples in all."""

    def __init__(
        self,
        template: Template,
        *,
        guard: Guard | None = None,
        settle: float = 2.0,
        rows_at_most: int = 1_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._template = template
        self._guard = guard
        self._settle = settle
        self._rows_at_most = rows_at_most
        self._clock = clock
        self._open: dict[tuple[str, str, int], _Open] = {}
        self._known: dict[str, ClassPath | None] = {}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    @property
    def full(self) -> bool:
        """More is open than there is room for: ask `ready` at once."""
        return self._rows > self._rows_at_most

    def sift(
        self, lines: Lines | Block, maker: str = ""
    ) -> tuple[Sequence[str], Sequence[int], Sequence[float]]:
        """Keep the class samples; return the columns of what is an ordinary metric.

        Those of JVMs and classes that their maker may not make are among the lines' rejects.
        """
        if not _mentioned(lines.paths):  # of metrics only, as most blocks are
            return lines.paths, lines.times, lines.values
        now = self._clock()
        series: list[str] = []
        times: list[int] = []
        values: list[float] = []
        refused: list[str] = []
        known = self._known
        for path, moment, value in zip(lines.paths, lines.times, lines.values, strict=True):
            if path in known:
                found = known[path]
            else:
                found = self._read(path)
                if found is not None and 0 <= value < _LARGEST and not self._admitted(path, found, maker):
                    refused.append(path)
                    continue
            if found is None or not 0 <= value < _LARGEST:
                series.append(path)
                times.append(moment)
                values.append(value)
            else:
                self._keep(found, moment, round(value), now)
        if refused and self._guard is not None:
            self._guard.refused(maker, refused, len(refused))
            for path in refused:
                lines.rejects.add(TOO_MANY, path.encode("utf-8", "surrogateescape"))
        return series, times, values

    def _read(self, path: str) -> ClassPath | None:
        """What a path says; senders repeat their paths, so it is remembered once its names are admitted."""
        found = None if ";" in path else self._template.read(path)
        if found is None:
            self._remember(path, None)
        return found

    def _admitted(self, path: str, found: ClassPath, maker: str) -> bool:
        """Whether this maker may name this JVM and this class."""
        who = JvmId(found.host, found.jvm or UNNAMED, 0, 0)
        if self._guard is not None and not self._guard.claim(maker, (who, found.class_name)):
            return False
        self._remember(path, found)
        return True

    def _remember(self, path: str, found: ClassPath | None) -> None:
        if len(self._known) >= _MEMO:
            self._known.clear()
        self._known[path] = found

    def _keep(self, found: ClassPath, moment: int, value: int, now: float) -> None:
        key = (found.host, found.jvm or UNNAMED, moment)
        snapshot = self._open.get(key)
        if snapshot is None:
            snapshot = self._open[key] = _Open(now)
        snapshot.touched = now
        column = snapshot.count if found.measure == "count" else snapshot.size
        self._rows += found.class_name not in column
        column[found.class_name] = value

    def ready(self, everything: bool = False) -> Iterator[Batch]:
        """The snapshots for which no line came lately; oldest first when there are too many."""
        before = self._clock() - self._settle
        by_age = sorted(self._open.items(), key=lambda item: item[1].touched)
        for key, snapshot in by_age:
            if everything or snapshot.touched <= before or self.full:
                del self._open[key]
                self._rows -= len(snapshot.count) + len(snapshot.size)
                yield _batch(key, snapshot)


def _mentioned(paths: Sequence[str]) -> bool:
    """Whether there may be a class sample among them."""
    if isinstance(paths, Texts):
        return paths.mention(b"count.", b"size.")
    together = "\n".join(paths)
    return "count." in together or "size." in together


def _batch(key: tuple[str, str, int], parts: _Open) -> Batch:
    host, jvm, moment = key
    classes = sorted(parts.count.keys() | parts.size.keys())
    histogram = Histogram(
        classes,
        array("q", [parts.count.get(name, 0) for name in classes]),
        array("q", [parts.size.get(name, 0) for name in classes]),
        array("q", [1] * len(classes)),
    )
    told = repr((key, classes, list(histogram.instances), list(histogram.bytes)))
    digest = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return Batch(
        "graphite",
        int.from_bytes(digest, "big") >> 1,
        [Snapshot(JvmId(host, jvm, 0, 0), moment, ALL, histogram)],
    )
