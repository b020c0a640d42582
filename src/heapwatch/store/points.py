"""Points by tagged series name (Graphite lines) into samples.

`jvm.heap.used;host=a;jvm=shop;pid=4711;started=1795341600000;pool=eden` belongs to that JVM and stands
beside what its agent sends; a name without host and jvm belongs to nobody. Names are mapped by a memo, since
the same few thousand come again and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heapwatch.model import JvmId
from heapwatch.store.admission import LONGEST_NAME, OLDEST_MS
from heapwatch.store.dimensions import NOBODY, Names, untagged
from heapwatch.store.engine import Engine
from heapwatch.store.identity import IDENTITY, identity
from heapwatch.store.live import Live
from heapwatch.store.makers import Makers
from heapwatch.store.samples import stored
from heapwatch.store.texts import Texts, Trail
from heapwatch.wire.graphite import tagged

TOO_MANY = 0
"""No series has this id."""


class Runs:
    """Rows of several senders behind each other: `makers[of[i]]` sent row i."""

    def __init__(self, runs: Sequence[tuple[str, int]]) -> None:
        self.makers = [maker for maker, _ in runs]
        self.of = np.repeat(np.arange(len(runs)), [rows for _, rows in runs])
        self.refused: list[dict[str, int]] = [{} for _ in runs]

    def refuse(self, reason: str, rows: NDArray[np.bool_]) -> None:
        """These rows are not stored."""
        counts = np.bincount(self.of[rows], minlength=len(self.makers))
        for run in np.flatnonzero(counts).tolist():
            self.refused[run][reason] = int(counts[run])

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Go on with these rows alone."""
        self.of = self.of[rows]

    def split(self, places: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
        """Each maker with those of these rows that it sent."""
        if len(self.makers) == 1:
            yield self.makers[0], places
            return
        rows = np.array(places, np.int64)
        of = self.of[rows]
        for run in np.unique(of).tolist():
            yield self.makers[run], rows[of == run].tolist()


class Memo:
    """Series ids by the names that lines give; as many as there is room for, in all and of each maker."""

    def __init__(self, names: Names, makers: Makers) -> None:
        self._names = names
        self._makers = makers
        self._ids: dict[str, int] = {}
        self._trail = Trail(names.ids.dtype)

    def ids(
        self, series: Sequence[str], times: NDArray[np.int64], runs: Runs, engine: Engine
    ) -> NDArray[Any]:
        """The id of each name, TOO_MANY where there is no room for another."""
        if not isinstance(series, Texts):
            return self._looked_up(series, times, runs, engine)
        ids = self._trail.ids(series, self._ids)
        if ids is None:
            ids = self._looked_up(list(series), times, runs, engine)
            if (ids != TOO_MANY).all():
                self._trail.learn(series, ids, len(self._ids))
        return ids

    def _looked_up(
        self, series: Sequence[str], times: NDArray[np.int64], runs: Runs, engine: Engine
    ) -> NDArray[Any]:
        found: Sequence[int | None] = list(map(self._ids.get, series))
        if None in found:
            unknown = [place for place, id_ in enumerate(found) if id_ is None]
            self._learn(series, unknown, times, runs, engine)
            get = self._ids.get
            found = [get(name, TOO_MANY) for name in series]
            self._note(series, [place for place in unknown if found[place] == TOO_MANY], runs)
        return np.array(found, self._names.ids.dtype)

    def _learn(
        self,
        series: Sequence[str],
        unknown: Sequence[int],
        times: NDArray[np.int64],
        runs: Runs,
        engine: Engine,
    ) -> None:
        """Find the series of these names, and make those that are new as far as there is room for them."""
        new: dict[str, _New] = {}
        plain: dict[tuple[int, str], str] = {}
        in_all = self._makers.claims.left()
        for maker, places in runs.split(unknown):
            room = min(self._makers.room(maker), in_all)
            names = dict(zip(map(series.__getitem__, reversed(places)), reversed(places), strict=True))
            keys = [(NOBODY, name) for name in reversed(names) if ";" not in name]
            took = self._plain(keys, maker, room, plain)
            if len(keys) < len(names):
                tagged_ones = {name: names[name] for name in reversed(names) if ";" in name}
                took += self._tagged(tagged_ones, times, maker, room - took, new)
            in_all -= took
        self._make(new, plain, engine)

    def _plain(
        self, keys: Sequence[tuple[int, str]], maker: str, room: int, new: dict[tuple[int, str], str]
    ) -> int:
        """Names without tags are nobody's, and what they are called; most names of Graphite are such."""
        by_name = self._names.series.by_name
        absent = [key for key in keys if key not in by_name and key not in new]
        if len(absent) < len(keys):
            self._ids.update((key[1], by_name[key]) for key in keys if key in by_name)
        made = [key for key in absent if 0 < len(key[1]) <= LONGEST_NAME][:room]
        new.update(zip(made, repeat(maker), strict=False))
        return len(made)

    def _tagged(
        self,
        names: Mapping[str, int],
        times: NDArray[np.int64],
        maker: str,
        room: int,
        new: dict[str, _New],
    ) -> int:
        """Names with tags may be a JVM's, which may be new too; answers how many names are taken."""
        claims = self._makers.claims
        taken = 0
        for name, place in names.items():
            if name in new or len(name) > LONGEST_NAME:
                continue
            who, own = _whose(name)
            id_ = self._find(who, own)
            if id_ is not None:
                self._ids[name] = id_
                continue
            new_jvm = [] if who is None or claims.knows(who) else [who]
            cost = 1 + len(new_jvm)
            if room - taken >= cost and claims.claim(maker, room - taken, new_jvm):
                new[name] = _New(who, own, int(times[place]), maker)
                taken += cost
        return taken

    def _find(self, who: JvmId | None, own: str) -> int | None:
        owner = None if who is None else self._names.jvms.by_who.get(who)
        if who is not None and owner is None:
            return None
        return self._names.series.by_name.get((owner.id if owner else NOBODY, own))

    def _make(self, new: Mapping[str, _New], plain: Mapping[tuple[int, str], str], engine: Engine) -> None:
        seen: dict[JvmId, tuple[int, Mapping[str, str]]] = {}
        for each in new.values():
            if each.who is not None:
                seen.setdefault(each.who, (each.time, {}))
        if seen:
            self._names.jvms.known(seen, engine)
        jvms = self._names.jvms.by_who
        keys = {
            name: (NOBODY if each.who is None else jvms[each.who].id, each.own) for name, each in new.items()
        }
        wanted = {**plain, **{keys[name]: each.maker for name, each in new.items()}}
        self._makers.made(self._names.series.known(wanted, engine))
        self._makers.claims.settle(engine)
        by_name = self._names.series.by_name
        self._ids.update((name, by_name[key]) for name, key in keys.items())
        self._ids.update((key[1], by_name[key]) for key in plain)

    def _note(self, series: Sequence[str], refused: Sequence[int], runs: Runs) -> None:
        by_maker: dict[str, list[str]] = {}
        for place in refused:
            by_maker.setdefault(runs.makers[runs.of[place]], []).append(series[place])
        for maker, names in by_maker.items():
            self._makers.refuse(maker, names, len(names))


class _New(NamedTuple):
    """A series to be made."""

    who: JvmId | None
    own: str  # its name without what says whose it is
    time: int
    maker: str


def _whose(name: str) -> tuple[JvmId | None, str]:
    """Whose series this is, if it is a JVM's, and what it is called there."""
    if ";" not in name:
        return None, name
    metric, tags = untagged(name)
    who = identity(tags)
    if who is None:
        return None, tagged(metric, tags)
    return who, tagged(metric, {tag: value for tag, value in tags.items() if tag not in IDENTITY})


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


def unacceptable(
    times: NDArray[np.int64], values: NDArray[np.float64], latest_ms: int
) -> dict[str, NDArray[np.bool_]]:
    """Which points may not be stored, by reason; a point has one reason at most."""
    reasons = {
        "not-finite": ~np.isfinite(values),
        "time-too-old": times < OLDEST_MS,
        "time-in-future": times > latest_ms,
    }
    reasons["time-too-old"] &= ~reasons["not-finite"]
    reasons["time-in-future"] &= ~reasons["not-finite"]
    return {reason: hit for reason, hit in reasons.items() if hit.any()}
