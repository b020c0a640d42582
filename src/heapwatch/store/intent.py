"""What is being written just now, so that a crash leaves nothing half: DIRECTORY/store.intent.

    {"keys": [[incarnation, time, mode], ...], "logs": [[batch, rows, first time, last time], ...]}

Class samples go in before the snapshot row that makes them count. The file names the histograms of the
insert under way; after a crash (or a failed insert) those of them that have no snapshot row lose their class
samples, so that the replay stores them once. It names the batches of log messages too, with how many rows
they are: those that have fewer lose them. Written by rename: it is whole or the one before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from heapwatch.store.engine import Engine
from heapwatch.store.errors import DiskFull

NAME = "store.intent"
AT_ONCE = 500

Key = tuple[int, int, int]
"""Incarnation, time, mode (0 = all, 1 = live)."""

LogNote = tuple[int, int, int, int]
"""The hash of a batch with log messages, how many they are, the first time and the last."""


class Intent:
    def __init__(self, directory: Path, fsync: bool) -> None:
        self._path = directory / NAME
        self._fsync = fsync
        self.pending, self.logs = self._read()

    def declare(self, keys: Iterable[Key], logs: Iterable[LogNote] = ()) -> None:
        """These histograms and batches of log messages are about to be written."""
        self.pending, self.logs = list(keys), list(logs)
        if not self.pending and not self.logs:
            return
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("w") as file:
                json.dump({"keys": self.pending, "logs": self.logs}, file)
                if self._fsync:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(fresh, self._path)
        except OSError as error:
            raise DiskFull(f"cannot write {self._path}: {error.strerror}", retry_after=30) from error

    def fulfilled(self) -> None:
        """They are written. The file stays: after a crash it is found to be true and costs a query or two."""
        self.pending, self.logs = [], []

    def recover(self, engine: Engine) -> int:
        """Remove what was not written to its end; how many histograms and batches of messages."""
        removed = 0
        for start in range(0, len(self.pending), AT_ONCE):
            removed += _remove_torn(engine, self.pending[start : start + AT_ONCE])
        for start in range(0, len(self.logs), AT_ONCE):
            removed += _remove_torn_logs(engine, self.logs[start : start + AT_ONCE])
        self.fulfilled()
        return removed

    def _read(self) -> tuple[list[Key], list[LogNote]]:
        try:
            found = json.loads(self._path.read_text())
            keys = [(int(a), int(b), int(c)) for a, b, c in found["keys"]]
            return keys, [(int(a), int(b), int(c), int(d)) for a, b, c, d in found.get("logs", [])]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return [], []


def stored(engine: Engine, table: str, keys: Sequence[Key]) -> set[Key]:
    """Which of the histograms have rows in `table`."""
    if not keys:
        return set()
    wanted = set(keys)
    times = [key[1] for key in keys]
    found = engine.query(
        f"SELECT DISTINCT incarnation, toUnixTimestamp64Milli(time) AS at, mode FROM {table} "
        "WHERE incarnation IN {incarnations:Array(UInt64)} AND at IN {times:Array(Int64)} "
        "AND time BETWEEN fromUnixTimestamp64Milli({low:Int64}) AND fromUnixTimestamp64Milli({high:Int64})",
        {
            "incarnations": sorted({key[0] for key in keys}),
            "times": sorted(set(times)),
            "low": min(times),
            "high": max(times),
        },
    )
    rows = zip(found["incarnation"].tolist(), found["at"].tolist(), found["mode"].tolist(), strict=True)
    return {key for key in rows if key in wanted}


def _remove_torn(engine: Engine, keys: Sequence[Key]) -> int:
    whole = stored(engine, "snapshot", keys)
    torn = stored(engine, "class_sample", [key for key in keys if key not in whole])
    if torn:
        triples = ", ".join(f"({incarnation}, {time}, {mode})" for incarnation, time, mode in sorted(torn))
        times = [key[1] for key in torn]
        engine.command(
            f"DELETE FROM class_sample WHERE time >= fromUnixTimestamp64Milli({min(times)}) "
            f"AND time <= fromUnixTimestamp64Milli({max(times)}) "
            f"AND (incarnation, toUnixTimestamp64Milli(time), toInt8(mode)) IN ({triples})"
        )
    return len(torn)


def _remove_torn_logs(engine: Engine, notes: Sequence[LogNote]) -> int:
    """A batch may have messages of several days, and each day's are written on their own."""
    bound = {
        "batches": [note[0] for note in notes],
        "low": min(note[2] for note in notes),
        "high": max(note[3] for note in notes),
    }
    found = engine.query(
        "SELECT batch, count() AS rows FROM log WHERE batch IN {batches:Array(UInt64)} "
        "AND time BETWEEN fromUnixTimestamp64Milli({low:Int64}) AND fromUnixTimestamp64Milli({high:Int64}) "
        "GROUP BY batch",
        bound,
    )
    there = dict(zip(found["batch"].tolist(), found["rows"].tolist(), strict=True))
    torn = [batch for batch, rows, _, _ in notes if 0 < there.get(batch, 0) < rows]
    if torn:
        engine.command(
            "DELETE FROM log WHERE batch IN {batches:Array(UInt64)} "
            "AND time >= fromUnixTimestamp64Milli({low:Int64}) "
            "AND time <= fromUnixTimestamp64Milli({high:Int64})",
            {**bound, "batches": torn},
        )
    return len(torn)
