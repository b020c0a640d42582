"""What is being written just now, so that a crash leaves nothing half: DIRECTORY/store.intent.

    {"keys": [[incarnation, time, mode], ...]}

Class samples go in before the snapshot row that makes them count. The file names the histograms of the
insert under way; after a crash (or a failed insert) those of them that have no snapshot row lose their class
samples, so that the replay stores them once. Written by rename: it is whole or the one before.
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


class Intent:
    def __init__(self, directory: Path, fsync: bool) -> None:
        self._path = directory / NAME
        self._fsync = fsync
        self.pending = self._read()

    def declare(self, keys: Iterable[Key]) -> None:
        """These histograms are about to be written."""
        self.pending = list(keys)
        if not self.pending:
            return
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("w") as file:
                json.dump({"keys": self.pending}, file)
                if self._fsync:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(fresh, self._path)
        except OSError as error:
            raise DiskFull(f"cannot write {self._path}: {error.strerror}", retry_after=30) from error

    def fulfilled(self) -> None:
        """They are written. The file stays: after a crash it is found to be true and costs one query."""
        self.pending = []

    def recover(self, engine: Engine) -> int:
        """Remove the class samples of histograms that were not written to their end; how many histograms."""
        removed = 0
        for start in range(0, len(self.pending), AT_ONCE):
            removed += _remove_torn(engine, self.pending[start : start + AT_ONCE])
        self.fulfilled()
        return removed

    def _read(self) -> list[Key]:
        try:
            return [(int(a), int(b), int(c)) for a, b, c in json.loads(self._path.read_text())["keys"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []


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
