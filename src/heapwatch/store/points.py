"""Points by tagged series name (Graphite lines) into samples.

`jvm.heap.used;host=a;jvm=shop;pid=4711;started=1795341600000;pool=eden` belongs to that JVM and stands
beside what its agent sends; a name without host and jvm belongs to nobody. Names are mapped by a memo, since
the same few thousand come again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.model import JvmId
from heapwatch.store.admission import LONGEST_NAME, OLDEST_MS
from heapwatch.store.dimensions import NOBODY, Names, untagged
from heapwatch.store.engine import Engine
from heapwatch.store.identity import IDENTITY, identity
from heapwatch.store.live import Live
from heapwatch.store.samples import stored
from heapwatch.wire.graphite import tagged

TOO_MANY = 0
"""No series has this id."""


class Memo:
    """Series ids by the names that lines give; at most `most_series` series in all."""

    def __init__(self, names: Names, most_series: int) -> None:
        self._names = names
        self._most = most_series
        self._ids: dict[str, int] = {}

    def ids(
        self, series: Sequence[str], times: NDArray[np.int64], source: str, engine: Engine
    ) -> NDArray[Any]:
        """The id of each name, TOO_MANY where there is no room for another."""
        found: Sequence[int | None] = list(map(self._ids.get, series))
        if None in found:
            self._learn(series, found, times, source, engine)
            get = self._ids.get
            found = [get(name, TOO_MANY) for name in series]
        return np.array(found, self._names.ids.dtype)

    def _learn(
        self,
        series: Sequence[str],
        found: Sequence[int | None],
        times: NDArray[np.int64],
        source: str,
        engine: Engine,
    ) -> None:
        first: dict[str, int] = {}
        for place, id_ in enumerate(found):
            if id_ is None and series[place] not in first and 0 < len(series[place]) <= LONGEST_NAME:
                first[series[place]] = int(times[place])
        room = max(0, self._most - len(self._names.series.by_id))
        new = dict(list(first.items())[:room]) if len(first) > room else first
        keys = self._keys(new, engine)
        self._names.series.known(keys.values(), source, engine)
        by_name = self._names.series.by_name
        self._ids.update((name, by_name[key]) for name, key in keys.items())

    def _keys(self, new: Mapping[str, int], engine: Engine) -> dict[str, tuple[int, str]]:
        """Whose each series is, and what it is called there; JVMs that are new are made known."""
        keys = {name: (NOBODY, name) for name in new}
        parsed = {name: untagged(name) for name in new if ";" in name}
        owners = {name: identity(tags) for name, (_, tags) in parsed.items()}
        wanted: dict[JvmId, tuple[int, dict[str, str]]] = {}
        for name, who in owners.items():
            if who is not None and who not in wanted:
                wanted[who] = new[name], {}
        if wanted:
            self._names.jvms.known(wanted, engine)
        for name, who in owners.items():
            metric, tags = parsed[name]
            if who is not None:
                rest = {tag: value for tag, value in tags.items() if tag not in IDENTITY}
                keys[name] = self._names.jvms.by_who[who].id, tagged(metric, rest)
            else:
                keys[name] = NOBODY, tagged(metric, tags)
        return keys


class Replays:
    """Points of senders who come again when they did not hear an answer: each (series, time) is one point.

    A time after the newest of its series is new without a look into the store; so it is but for replays.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._doubted: set[int] = set()  # an insert of theirs failed, and may have been done all the same

    def fresh(self, ids: NDArray[Any], times: NDArray[np.int64], engine: Engine) -> NDArray[np.bool_]:
        """Which points are not stored; of those given twice, the last. They are in doubt until `done`."""
        good = np.ones(len(ids), bool)
        series = np.unique(ids)
        if len(series) < len(ids):
            order = np.lexsort((times, ids))
            twice = (ids[order][1:] == ids[order][:-1]) & (times[order][1:] == times[order][:-1])
            good[order[:-1][twice]] = False
        late = times <= self._live.values.times(ids)
        doubted = self._doubted.intersection(series.tolist())
        if doubted:
            late |= np.isin(ids, np.array(list(doubted), ids.dtype))
        doubtful = np.flatnonzero(good & late)
        if len(doubtful):
            moments = times[doubtful]
            known = stored(ids[doubtful].tolist(), int(moments.min()), int(moments.max()), engine)
            pairs = zip(ids[doubtful].tolist(), moments.tolist(), strict=True)
            good[doubtful] = [pair not in known for pair in pairs]
        self._doubted.update(series.tolist())
        return good

    def done(self, ids: NDArray[Any]) -> None:
        """What `fresh` let through of these series is stored, or there was nothing."""
        self._doubted.difference_update(ids.tolist())


def acceptable(
    times: NDArray[np.int64], values: NDArray[np.float64], latest_ms: int
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Which points may be stored, and how many may not for which reason."""
    reasons = {
        "not-finite": ~np.isfinite(values),
        "time-too-old": times < OLDEST_MS,
        "time-in-future": times > latest_ms,
    }
    good = ~np.logical_or.reduce(list(reasons.values()))
    return good, {reason: int(hit.sum()) for reason, hit in reasons.items() if hit.any()}
