"""Hours that are over, summed up: `class_hour` and `sample_hour`, for ranges of days.

The unit is one hour of one incarnation (0 stands for series that belong to no JVM). It is open while samples
may come, and closed by a rollup; samples that come later open it again, and that is written down before they
are. A rollup of an hour replaces the one before (the newest version holds), so it may run twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.store.dimensions import Names
from heapwatch.store.engine import Engine
from heapwatch.store.native import HOUR, Column

HOUR_MS = 3_600_000
GRACE_MS = 300_000
"""How long after its end an hour waits for samples that are on their way."""
AT_ONCE = 20
"""Incarnations in one statement: bounds its memory, some 8,000 groups each."""

Unit = tuple[int, int]
"""Incarnation, hours since the epoch."""

CLASSES = """
INSERT INTO class_hour
    (hour, incarnation, class, mode, n, x, xx, present, min, max, last, sum, xy, unit, rest, version)
WITH 3600 * {hour:UInt64} AS begin,
     intDiv(toUnixTimestamp64Milli(time), 1000) - begin AS second
SELECT fromUnixTimestamp(begin), incarnation, class, mode, any(whole.n), any(whole.x), any(whole.xx),
       count() AS present, if(present < any(whole.n), 0, min(instances)), max(instances),
       if(max(time) = any(whole.last), argMax(instances, time), 0), sum(instances), sum(instances * second),
       if(max(time) = any(whole.last), argMax(unit, time), 0),
       if(max(time) = any(whole.last), argMax(rest, time), 0), {version:UInt64}
FROM class_sample
INNER JOIN
(
    SELECT incarnation, mode, count() AS n, sum(second) AS x, sum(second * second) AS xx, max(time) AS last
    FROM snapshot
    WHERE incarnation IN {incarnations:Array(UInt64)} AND time >= fromUnixTimestamp64Milli({low:Int64})
      AND time < fromUnixTimestamp64Milli({high:Int64})
    GROUP BY incarnation, mode
) AS whole USING (incarnation, mode)
WHERE incarnation IN {incarnations:Array(UInt64)} AND time >= fromUnixTimestamp64Milli({low:Int64})
  AND time < fromUnixTimestamp64Milli({high:Int64})
GROUP BY incarnation, class, mode
"""

SAMPLES = """
INSERT INTO sample_hour (hour, series, n, min, max, last, sum, version)
SELECT fromUnixTimestamp(3600 * {hour:UInt64}), series, count(), min(value), max(value), argMax(value, time),
       sum(value), {version:UInt64}
FROM sample
WHERE series IN {series:Array(UInt64)} AND time >= fromUnixTimestamp64Milli({low:Int64})
  AND time < fromUnixTimestamp64Milli({high:Int64})
GROUP BY series
"""

LAST_CLOSED = "SELECT intDiv(toUnixTimestamp(max(hour)), 3600) AS hour FROM hour_state FINAL WHERE open = 0"
OPEN = "SELECT incarnation, intDiv(toUnixTimestamp(hour), 3600) AS hour FROM hour_state FINAL WHERE open = 1"
WITH_SNAPSHOTS = """
SELECT DISTINCT incarnation, intDiv(toUnixTimestamp64Milli(time), 3600000) AS hour
FROM snapshot WHERE time >= fromUnixTimestamp64Milli({since:Int64})
"""
WITH_SAMPLES = """
SELECT DISTINCT series, intDiv(toUnixTimestamp64Milli(time), 3600000) AS hour
FROM sample WHERE time >= fromUnixTimestamp64Milli({since:Int64})
"""


def by_hour(times: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64] | slice]]:
    """Each hour since the epoch in which there are points, and their places."""
    hours = times // HOUR_MS
    if len(hours) and hours[0] == hours[-1] and bool(np.all(hours == hours[0])):
        yield int(hours[0]), slice(None)
        return
    order = np.argsort(hours, kind="stable")
    ends = np.flatnonzero(np.diff(hours[order])) + 1
    for places in np.split(order, ends) if len(order) else ():
        yield int(hours[places[0]]), places


class Hours:
    def __init__(self, names: Names, clock: Callable[[], int]) -> None:
        self._names = names
        self._clock = clock
        self._lock = threading.Lock()
        self._rolling = threading.Lock()
        self._open: dict[Unit, int] = {}  # how often it was touched

    def load(self, engine: Engine) -> None:
        """Find what is open: what is written down, and all since the last hour that was closed."""
        closed = engine.query(LAST_CLOSED)
        since = int(closed["hour"][0]) * HOUR_MS if len(closed) else 0
        units = _units(engine.query(OPEN), "incarnation")
        units |= _units(engine.query(WITH_SNAPSHOTS, {"since": since}), "incarnation")
        for series, hour in _units(engine.query(WITH_SAMPLES, {"since": since}), "series"):
            units.add((self._names.series.by_id[series].incarnation, hour))
        self._open = dict.fromkeys(units, 1)

    def touch(self, units: Iterable[Unit], engine: Engine) -> None:
        """Rows of these hours are about to be written; of hours that are over this is remembered durably."""
        now = self._clock()
        with self._lock:
            late = [unit for unit in units if unit not in self._open and _over(unit[1], now)]
        self._write(late, engine, is_open=1)
        with self._lock:
            for unit in units:
                self._open[unit] = self._open.get(unit, 0) + 1

    def raw_from(self, incarnations: Iterable[int]) -> int:
        """From when on these must be read from the samples themselves, epoch ms."""
        wanted = set(incarnations)
        now = self._clock()
        with self._lock:
            waiting = [hour for incarnation, hour in self._open if incarnation in wanted]
        return min([*waiting, (now - GRACE_MS) // HOUR_MS]) * HOUR_MS

    def waiting(self) -> int:
        """How many hours of incarnations are over and not summed up yet."""
        now = self._clock()
        with self._lock:
            return sum(_over(hour, now) for _, hour in self._open)

    def rollup(self, engine: Engine) -> int:
        """Close every hour that is over; how many hours of incarnations that was."""
        with self._rolling:
            now = self._clock()
            with self._lock:
                due = {unit: touched for unit, touched in self._open.items() if _over(unit[1], now)}
            by_hour: dict[int, list[int]] = {}
            for incarnation, hour in due:
                by_hour.setdefault(hour, []).append(incarnation)
            for hour in sorted(by_hour):
                for start in range(0, len(by_hour[hour]), AT_ONCE):
                    self._close(hour, sorted(by_hour[hour])[start : start + AT_ONCE], due, engine)
            return len(due)

    def _close(self, hour: int, incarnations: list[int], due: dict[Unit, int], engine: Engine) -> None:
        bound: dict[str, Any] = {
            "hour": hour,
            "low": hour * HOUR_MS,
            "high": (hour + 1) * HOUR_MS,
            "version": self._clock(),
        }
        engine.command(CLASSES, {**bound, "incarnations": incarnations})
        series = [
            each.id
            for incarnation in incarnations
            for each in list(self._names.series.of_incarnation.get(incarnation, ()))
        ]
        if series:
            engine.command(SAMPLES, {**bound, "series": series})
        with self._lock:  # what was touched meanwhile stays open
            done = [unit for unit in ((each, hour) for each in incarnations) if self._open[unit] == due[unit]]
        self._write(done, engine, is_open=0)
        with self._lock:
            for unit in done:
                if self._open[unit] == due[unit]:
                    del self._open[unit]

    def _write(self, units: Sequence[Unit], engine: Engine, is_open: int) -> None:
        if not units:
            return
        ids = self._names.ids
        engine.insert(
            "hour_state",
            [
                Column("incarnation", ids.type, ids.array(incarnation for incarnation, _ in units)),
                Column("hour", HOUR, np.fromiter((hour * 3600 for _, hour in units), np.uint32)),
                Column("open", "UInt8", np.full(len(units), is_open, np.uint8)),
                Column("version", "UInt64", np.full(len(units), self._clock(), np.uint64)),
            ],
        )


def _over(hour: int, now: int) -> bool:
    return (hour + 1) * HOUR_MS + GRACE_MS <= now


def _units(found: Any, of: str) -> set[Unit]:
    return set(zip(found[of].tolist(), found["hour"].tolist(), strict=True))
