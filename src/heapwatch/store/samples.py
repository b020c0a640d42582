"""Metric samples into rows, each (series, time) once.

Agents send a series' times rising, so a sample later than the newest stored one is new without a look.
Anything else (a replay, a spool that comes late, the first samples after a start) is compared with what is
stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.store.engine import Engine
from heapwatch.store.ids import Ids
from heapwatch.store.latest import newest
from heapwatch.store.live import Live
from heapwatch.store.native import TIME, Column


@dataclass(frozen=True)
class Chunk:
    """Some samples of one series, times rising."""

    series: int
    times: NDArray[np.int64]
    values: NDArray[np.float64]


class SampleWriter:
    def __init__(self, ids: Ids, live: Live) -> None:
        self._ids = ids
        self._live = live
        self._newest: dict[int, int] = {}  # by series: no sample is stored after this time

    def fresh(self, chunks: Sequence[Chunk], engine: Engine) -> list[Chunk]:
        """What of the chunks is not stored, without nan and each (series, time) once."""
        kept: list[Chunk] = []
        doubtful: list[Chunk] = []
        reached = {
            chunk.series: self._newest[chunk.series] for chunk in chunks if chunk.series in self._newest
        }
        for chunk in map(_with_values, chunks):
            if not len(chunk.times):
                continue
            newest = reached.get(chunk.series)
            rising = bool(np.all(chunk.times[1:] > chunk.times[:-1]))
            if newest is not None and rising and chunk.times[0] > newest:
                kept.append(chunk)
                reached[chunk.series] = int(chunk.times[-1])
            else:
                doubtful.append(chunk)
        if doubtful:
            kept += self._unknown(doubtful, kept, engine)
        return kept

    def write(self, chunks: Sequence[Chunk], engine: Engine) -> None:
        """Store chunks that `fresh` let through, and remember how far each series goes."""
        if not chunks:
            return
        for chunk in chunks:  # until it is known to be stored, it is in doubt
            self._newest.pop(chunk.series, None)
        series = np.repeat(
            np.fromiter((chunk.series for chunk in chunks), self._ids.dtype),
            [len(chunk.times) for chunk in chunks],
        )
        times = np.concatenate([chunk.times for chunk in chunks])
        values = np.concatenate([chunk.values for chunk in chunks])
        self.write_columns(series, times, values, engine)
        last = newest(series, times)
        self._live.values.took(series[last], times[last], values[last])
        for id_, time in zip(series[last].tolist(), times[last].tolist(), strict=True):
            known = self._live.values.get(id_)
            self._newest[id_] = max(known.time if known else 0, time)

    def write_columns(
        self,
        series: NDArray[Any],
        times: NDArray[np.int64],
        values: NDArray[np.float64],
        engine: Engine,
    ) -> None:
        engine.insert(
            "sample",
            [
                Column("series", self._ids.type, series),
                Column("time", TIME, times),
                Column("value", "Float64", values),
            ],
        )

    def forget(self, series: Sequence[int]) -> None:
        """Something failed: look these up the next time."""
        for each in series:
            self._newest.pop(each, None)

    def _unknown(self, doubtful: Sequence[Chunk], sure: Sequence[Chunk], engine: Engine) -> list[Chunk]:
        low = min(int(chunk.times.min()) for chunk in doubtful)
        high = max(int(chunk.times.max()) for chunk in doubtful)
        seen = stored([chunk.series for chunk in doubtful], low, high, engine)
        names = {chunk.series for chunk in doubtful}
        for chunk in sure:
            if chunk.series in names:
                seen.update((chunk.series, time) for time in chunk.times.tolist())
        kept = []
        for chunk in doubtful:
            new = []
            for place, time in enumerate(chunk.times.tolist()):
                if (chunk.series, time) not in seen:
                    seen.add((chunk.series, time))
                    new.append(place)
            if new:
                kept.append(Chunk(chunk.series, chunk.times[new], chunk.values[new]))
        return kept


def _with_values(chunk: Chunk) -> Chunk:
    missing = np.isnan(chunk.values)
    return Chunk(chunk.series, chunk.times[~missing], chunk.values[~missing]) if missing.any() else chunk


def stored(series: Iterable[int], low: int, high: int, engine: Engine) -> set[tuple[int, int]]:
    """Series and time (epoch ms) of what is there from `low` to `high`."""
    found = engine.query(
        "SELECT series, toUnixTimestamp64Milli(time) AS at FROM sample "
        "WHERE series IN {series:Array(UInt64)} "
        "AND time BETWEEN fromUnixTimestamp64Milli({low:Int64}) AND fromUnixTimestamp64Milli({high:Int64})",
        {"series": sorted(set(series)), "low": low, "high": high},
    )
    return set(zip(found["series"].tolist(), found["at"].tolist(), strict=True))
