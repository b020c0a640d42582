"""Lives as they were at any moment of a stretch of the past: their histograms without the classes in them.

When histograms were taken and what was counted beside them is what forecasts are made of, and is a small part
of what histograms are. It is read once for the whole stretch; each moment of it then sees no more than there
was by then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.errors import UsageError
from heapwatch.model import ALL, HEAP_COUNTERS, LIVE
from heapwatch.store.dimensions import Incarnation
from heapwatch.store.reads.heard import BESIDE
from heapwatch.store.reads.jvms import patience
from heapwatch.store.reads.observed import (
    CONTAINER_USED,
    LIMITS,
    Life,
    Observed,
    chosen,
    is_probe,
    mode_of,
    used_at,
)
from heapwatch.store.reads.parts import Parts
from heapwatch.store.rows import ENDS

MOST_HISTOGRAMS = 1_000_000
"""Some 150 bytes of memory each."""
INTERVAL = "heapwatch.interval_s"
HELD = ("at", "classes", "bytes", *HEAP_COUNTERS)

_RANGE = "time >= fromUnixTimestamp64Milli({from:Int64}) AND time <= fromUnixTimestamp64Milli({to:Int64})"

COUNT = f"SELECT count() AS n FROM snapshot WHERE incarnation IN {{ids:Array(UInt64)}} AND {_RANGE}"

HEADS = f"""
SELECT incarnation, CAST(mode, 'UInt8') AS number, toUnixTimestamp64Milli(time) AS at, classes, bytes,
  {", ".join(HEAP_COUNTERS)}
FROM snapshot WHERE incarnation IN {{ids:Array(UInt64)}} AND {_RANGE} ORDER BY incarnation, time
"""

SAMPLES = f"""
SELECT series, toUnixTimestamp64Milli(time) AS at, value FROM sample
WHERE series IN {{series:Array(UInt64)}} AND {_RANGE} ORDER BY series, time
"""

EVENTS = f"""
SELECT incarnation, toUnixTimestamp64Milli(time) AS at FROM event
WHERE incarnation IN {{ids:Array(UInt64)}} AND kind IN {{kinds:Array(String)}} AND {_RANGE}
ORDER BY incarnation, time
"""


@dataclass(frozen=True)
class Samples:
    """A metric of one life: times (epoch ms, rising) and values."""

    at: list[int]
    values: list[float]

    def by(self, moment: int) -> float | None:
        """The newest value of a moment."""
        place = bisect_right(self.at, moment)
        return self.values[place - 1] if place else None


@dataclass
class PastLife:
    """One life over the stretch."""

    of: Incarnation
    heads: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)  # mode -> its histograms, by time
    times: dict[str, list[int]] = field(default_factory=dict)
    metrics: dict[str, Samples] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)

    def at(self, moment: int) -> Life | None:
        """As it was then; None while there was no histogram of it."""
        all_, live = (_newest(self.times.get(mode, []), moment) for mode in (ALL, LIVE))
        mode, newest = mode_of(all_, live)
        if not newest:
            return None
        limits = {
            name: value
            for name, metric in LIMITS.items()
            if metric in self.metrics and (value := self.metrics[metric].by(moment)) is not None
        }
        return Life(
            self.of.id,
            self.of.who,
            self.of.labels,
            self._state(moment, max(all_, live)),
            mode,
            newest,
            limits,
        )

    def _state(self, moment: int, histogram: int) -> str:
        beside = next((self.metrics[name].at for name in BESIDE if name in self.metrics), [])
        heard, ended = max(histogram, _newest(beside, moment)), _newest(self.ends, moment)
        if ended and ended >= heard:
            return "exited"
        interval = self.metrics[INTERVAL].by(moment) if INTERVAL in self.metrics else None
        return "silent" if moment - max(heard, ended) > patience(interval) else "up"

    def observed(self, life: Life, from_: int, to: int) -> Observed | None:
        """Its histograms of a range, thinned as a detector has them, without any class."""
        heads = self.heads.get(life.mode)
        if heads is None:
            return None
        low, high = np.searchsorted(heads["at"], [from_, to + 1]).tolist()
        if low == high:
            return None
        kept = low + chosen(heads["at"][low:high], heads["eden_used"][low:high])
        times = heads["at"][kept]
        none = np.zeros((len(kept), 0))
        live = _newest(self.times.get(LIVE, []), to)
        probed = live if is_probe(life.mode, live, times) else None
        used = self.metrics.get(CONTAINER_USED) if "container" in life.limits else None
        return Observed(
            life=life,
            mode=life.mode,
            times=times,
            classes=[],
            instances=none,
            bytes=none,
            rows=none,
            present=heads["classes"][kept].astype(float),
            total_bytes=heads["bytes"][kept].astype(float),
            heap={name: heads[name][kept] for name in HEAP_COUNTERS},
            population=int(heads["classes"][low:high].max()),
            container=None if used is None else _used(used, times),
            survivors=None if probed is None else {},
            probed=probed,
        )


def past(parts: Parts, wanted: Callable[[Incarnation], bool], from_: int, to: int) -> list[PastLife]:
    """The lives that are wanted and have a histogram in [from_, to]; UsageError when those are too many."""
    lives = {
        each.id: PastLife(each)
        for each in list(parts.names.jvms.by_id.values())
        if each.last_seen >= from_ and each.first_seen <= to and wanted(each)
    }
    bound = {"ids": list(lives), "from": from_, "to": to}
    if not lives:
        return []
    count = int(parts.query(COUNT, bound)["n"][0])
    if count > MOST_HISTOGRAMS:
        raise UsageError(
            f"{count:,} histograms are more than {MOST_HISTOGRAMS:,}: take a shorter range, "
            "or match fewer JVMs"
        )
    heads = parts.query(HEADS, bound)
    for id_, rows in _runs(heads["incarnation"]):
        for number, mode in enumerate((ALL, LIVE)):
            own = rows.start + np.flatnonzero(heads["number"][rows] == number)
            if len(own):
                lives[id_].heads[mode] = {name: heads[name][own] for name in HELD}
                lives[id_].times[mode] = heads["at"][own].tolist()
    _read_metrics(parts, lives, bound)
    events = parts.query(EVENTS, {**bound, "kinds": list(ENDS)})
    for id_, rows in _runs(events["incarnation"]):
        lives[id_].ends = events["at"][rows].tolist()
    return [each for each in lives.values() if each.heads]


def _read_metrics(parts: Parts, lives: Mapping[int, PastLife], bound: Mapping[str, Any]) -> None:
    by_name = parts.names.series.by_name
    series: dict[int, tuple[int, str]] = {}
    for id_ in lives:
        beside = next((name for name in BESIDE if (id_, name) in by_name), INTERVAL)
        for name in {*LIMITS.values(), CONTAINER_USED, INTERVAL, beside}:
            if (id_, name) in by_name:
                series[by_name[id_, name]] = id_, name
    if not series:
        return
    found = parts.query(SAMPLES, {**bound, "series": list(series)})
    for number, rows in _runs(found["series"]):
        id_, name = series[number]
        lives[id_].metrics[name] = Samples(found["at"][rows].tolist(), found["value"][rows].tolist())


def _runs(ids: NDArray[Any]) -> Iterator[tuple[int, slice]]:
    """Each id of a sorted column with its rows."""
    if not len(ids):
        return
    starts = np.flatnonzero(np.diff(ids, prepend=ids[0])).tolist()
    edges = [0, *starts, len(ids)]
    for first, end in zip(edges, edges[1:], strict=False):
        yield int(ids[first]), slice(first, end)


def _newest(times: list[int], moment: int) -> int:
    """The last of these not after a moment; 0: none."""
    place = bisect_right(times, moment)
    return times[place - 1] if place else 0


def _used(samples: Samples, times: NDArray[np.int64]) -> NDArray[np.float64] | None:
    low, high = bisect_right(samples.at, int(times[0]) - 1), bisect_right(samples.at, int(times[-1]))
    return used_at(times, np.array(samples.at[low:high]), np.array(samples.values[low:high]))
