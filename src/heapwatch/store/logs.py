"""Log messages into rows, those of a batch once.

Two equal messages of one millisecond are two, so a message cannot be recognised by itself as a histogram can.
What is recognised is the batch it came with: its hash stands in every row. A batch that an earlier life of
this server may have stored is looked for before its messages are; one that was torn by a crash is found by
its number of rows (intent.py).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from heapwatch.jvm.histogram import render
from heapwatch.model import Batch, LogBlock, Snapshot
from heapwatch.store.dimensions import NOBODY, Names
from heapwatch.store.engine import Engine
from heapwatch.store.identity import identity
from heapwatch.store.intent import LogNote
from heapwatch.store.log_sources import SourceKey, source_key
from heapwatch.store.native import TIME, Column
from heapwatch.wire.levels import level_of

KEYED = "logs-keyed"
"""Agent of uploads that name themselves: their numbers have no order, and each is looked for."""

UNKEYED = "logs"
"""Agent of uploads that do not: each is new."""

HISTOGRAM_CATEGORY = "heapwatch/histogram"

WITHOUT_ORDER = (KEYED, UNKEYED)
KEYED_MS = 86_400_000
"""How far apart the messages of an upload and of its replay may be, which have the time of their arrival."""

_SEQ_BITS = 20  # messages a millisecond for which an order of arrival is kept apart from the clock's

STORED = """
SELECT DISTINCT batch FROM log WHERE batch IN {batches:Array(UInt64)} AND source IN {sources:Array(UInt64)}
AND time BETWEEN fromUnixTimestamp64Milli({low:Int64}) AND fromUnixTimestamp64Milli({high:Int64})
"""


@dataclass(frozen=True)
class LogRows:
    """The messages of one batch with their numbers for names, ready to be written."""

    batch: Batch
    hash: int
    keys: Sequence[SourceKey]  # of its blocks
    low: int
    high: int
    rows: int

    @property
    def note(self) -> LogNote:
        return self.hash, self.rows, self.low, self.high


class LogWriter:
    def __init__(self, names: Names, clock: Callable[[], int], most_sources: int) -> None:
        self._most = most_sources
        self._names = names
        self._clock = clock
        self._seq = 0
        self._sure: dict[str, int] = {}  # by agent: what it sends after this number is new

    def fresh(self, batches: Sequence[Batch], engine: Engine) -> list[LogRows]:
        """The batches whose messages are not stored; their sources are made known."""
        found = [rows for rows in map(_rows, batches) if rows.rows]
        self._names.logs.known((key for rows in found for key in rows.keys), engine, self._most)
        doubtful = [rows for rows in found if not self._is_new(rows.batch)]
        there = self._stored(doubtful, engine)
        kept = [rows for rows in found if rows.hash not in there]
        for rows in kept:
            self._sure[rows.batch.agent] = max(self._sure.get(rows.batch.agent, 0), rows.batch.sequence)
        return kept

    def write(self, kept: Sequence[LogRows], engine: Engine) -> None:
        """Store messages that `fresh` let through."""
        if not kept:
            return
        blocks = [(block, key, rows.hash) for rows in kept for block, key in zip(rows.batch.logs, rows.keys)]
        lengths = [len(block.texts) for block, _, _ in blocks]
        ids, source_of = self._names.ids, self._names.logs.of

        def column(name: str, values: list[int]) -> Column:
            return Column(name, ids.type, np.repeat(ids.array(values), lengths))

        hashes = np.array([hash_ for _, _, hash_ in blocks], np.uint64)
        engine.insert(
            "log",
            [
                Column("time", TIME, np.concatenate([_times(block) for block, _, _ in blocks])),
                column("incarnation", [self._incarnation(block) for block, _, _ in blocks]),
                column("source", [source_of(key) for _, key, _ in blocks]),
                Column("level", "String", [level for block, _, _ in blocks for level in levels(block)]),
                Column("text", "String", [text for block, _, _ in blocks for text in block.texts]),
                Column("seq", "UInt64", self._next(sum(lengths))),
                Column("batch", "UInt64", np.repeat(hashes, lengths)),
            ],
        )

    def _is_new(self, batch: Batch) -> bool:
        """An agent counts up and sends in order: when one of its batches was new, so is every later one."""
        if batch.agent in WITHOUT_ORDER:
            return batch.agent == UNKEYED
        return batch.sequence > self._sure.get(batch.agent, batch.sequence)

    def _stored(self, doubtful: Sequence[LogRows], engine: Engine) -> set[int]:
        if not doubtful:
            return set()
        around = KEYED_MS if any(rows.batch.agent == KEYED for rows in doubtful) else 0
        found = engine.query(
            STORED,
            {
                "batches": [rows.hash for rows in doubtful],
                "sources": sorted({self._names.logs.of(key) for rows in doubtful for key in rows.keys}),
                "low": min(rows.low for rows in doubtful) - around,
                "high": max(rows.high for rows in doubtful) + around,
            },
        )
        return set(found["batch"].tolist())

    def _incarnation(self, block: LogBlock) -> int:
        who = identity(block.labels)
        known = self._names.jvms.by_who.get(who) if who is not None else None
        return known.id if known else NOBODY

    def _next(self, count: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        """Numbers that rise from insert to insert, also from one start of the server to the next."""
        first = max(self._seq + 1, self._clock() << _SEQ_BITS)
        self._seq = first + count - 1
        return np.arange(first, first + count, dtype=np.uint64)


def histogram_logs(snapshots: Iterable[tuple[int, Snapshot]]) -> list[Batch]:
    """Histograms, each as the message that jmap would print; known by whose, when and which mode they are."""
    found = []
    for incarnation, snapshot in snapshots:
        host, jvm, pid, started = snapshot.jvm
        labels = {
            "host": host,
            "jvm": jvm,
            "pid": str(pid),
            "started": str(started),
            "_sourceCategory": HISTOGRAM_CATEGORY,
            "_sourceName": f"histogram/{snapshot.mode}",
        }
        block = LogBlock(labels, array("q", [snapshot.time]), [render(snapshot.histogram).rstrip("\n")])
        found.append(Batch(f"histogram:{incarnation}:{snapshot.mode}", snapshot.time, logs=[block]))
    return found


def levels(block: LogBlock) -> list[str]:
    """The level of each message: what came with it, else what its text says."""
    if not block.levels:
        return [level_of(text) for text in block.texts]
    return [level or level_of(text) for level, text in zip(block.levels, block.texts, strict=True)]


def hash_of(agent: str, sequence: int) -> int:
    """What stands in the rows of a batch's messages."""
    name = f"{sequence} {agent}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "little")


def _rows(batch: Batch) -> LogRows:
    blocks = [block for block in batch.logs if block.texts]
    low = min((min(block.times) for block in blocks), default=0)
    high = max((max(block.times) for block in blocks), default=0)
    keys = [source_key(block.labels) for block in batch.logs]
    count = sum(len(block.texts) for block in blocks)
    return LogRows(batch, hash_of(batch.agent, batch.sequence), keys, low, high, count)


def _times(block: LogBlock) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.frombuffer(block.times, np.int64) if block.texts else np.empty(0, np.int64)
