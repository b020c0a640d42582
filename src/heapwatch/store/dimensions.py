"""The small tables that give names to numbers, whole in memory: classes, incarnations, series, log sources.

The writer allots ids and makes them durable before any row uses them; an id that a crash left without rows
does no harm. One process allots by counting. On a cluster an id is a hash of the name, so that several
writers give the same name the same id without asking each other.

The writer adds to them while others read: who walks through one walks through a list or a copy of it. A list
of items is neither: it makes tuples as it walks, and a garbage collection may let the writer in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heapwatch.jvm import names
from heapwatch.model import JvmId
from heapwatch.store.engine import Engine
from heapwatch.store.ids import Ids, newest_id
from heapwatch.store.latest import PerSeries
from heapwatch.store.log_sources import LogSources
from heapwatch.store.native import LABELS, TIME, Column
from heapwatch.wire.graphite import tagged

NOBODY = 0
"""The incarnation of series that belong to no JVM."""

FACTS = ("java", "collector", "user", "container", "command")
"""Labels that say what a JVM is; answers show them beside the user's own labels, not among them."""


@dataclass
class Incarnation:
    """One life of a JVM, and how recently something was heard of it."""

    id: int
    jvm_id: int
    who: JvmId
    labels: dict[str, str] = field(default_factory=dict)
    first_seen: int = 0
    last_seen: int = 0
    exited: int = 0  # when, 0 = no word of it
    version: int = 0

    def heard(self, time: int) -> None:
        """It was there at this time; a word of its end that is older does not hold any more."""
        self.last_seen = max(self.last_seen, time)
        self.first_seen = min(self.first_seen, time)
        if time > self.exited:
            self.exited = 0

    @property
    def facts(self) -> dict[str, str]:
        return {name: self.labels.get(name, "") for name in FACTS}

    @property
    def user_labels(self) -> dict[str, str]:
        return {name: value for name, value in self.labels.items() if name not in FACTS}


class Series(NamedTuple):
    """A metric of an incarnation (or of nobody), with the tags that its name carries."""

    id: int
    incarnation: int
    metric: str
    tags: Mapping[str, str]


class Classes:
    """Every class name that a histogram had."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.by_name: dict[str, int] = {}
        self.names: dict[int, str] = {}
        self.packages: dict[int, str] = {}
        self.kinds: dict[int, str] = {}

    def load(self, engine: Engine) -> None:
        found = engine.query("SELECT id, name, package, kind FROM class FINAL ORDER BY id")
        for row in zip(found["id"].tolist(), found["name"], found["package"], found["kind"], strict=True):
            self._add(*row)

    def ids(self, wanted: Sequence[str], modules: Mapping[str, str], engine: Engine) -> NDArray[Any]:
        """The id of each name; new names are stored first."""
        known = self.by_name
        try:
            return np.fromiter(map(known.__getitem__, wanted), self._ids.dtype, len(wanted))
        except KeyError:
            self._allot([name for name in wanted if name not in known], modules, engine)
            return np.fromiter(map(known.__getitem__, wanted), self._ids.dtype, len(wanted))

    def _allot(self, new: Sequence[str], modules: Mapping[str, str], engine: Engine) -> None:
        """Names of one package get neighbouring ids, and with them rows that lie side by side."""
        taken = newest_id(self.names)
        rows = [
            (
                self._ids.next(taken + place, name),
                name,
                names.package(name),
                names.kind(name, modules.get(name, "")),
            )
            for place, name in enumerate(sorted(set(new)))
        ]
        engine.insert(
            "class",
            [
                Column("id", self._ids.type, self._ids.array(row[0] for row in rows)),
                Column("name", "String", [row[1] for row in rows]),
                Column("package", "String", [row[2] for row in rows]),
                Column("kind", "String", [row[3] for row in rows]),
            ],
        )
        for row in rows:
            self._add(*row)

    def _add(self, id_: int, name: str, package: str, kind: str) -> None:
        self.names[id_] = name
        self.packages[id_] = package
        self.kinds[id_] = kind
        self.by_name[name] = id_


class Jvms:
    """Every incarnation that something was heard of."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._jvms: dict[tuple[str, str], int] = {}
        self.by_who: dict[JvmId, Incarnation] = {}
        self.by_id: dict[int, Incarnation] = {}

    def load(self, engine: Engine) -> None:
        jvms = engine.query("SELECT id, host, jvm FROM jvm FINAL ORDER BY id")
        named = {}
        for id_, host, jvm in zip(jvms["id"].tolist(), jvms["host"], jvms["jvm"], strict=True):
            self._jvms[host, jvm] = id_
            named[id_] = host, jvm
        found = engine.query(
            "SELECT id, jvm, pid, toUnixTimestamp64Milli(started) started, labels, "
            "toUnixTimestamp64Milli(first_seen) first_seen, version FROM incarnation FINAL ORDER BY id"
        )
        columns = [found[name] for name in ("id", "jvm", "pid", "started", "labels", "first_seen", "version")]
        for id_, jvm, pid, started, labels, first, version in zip(*columns, strict=True):
            host, name = named[int(jvm)]
            who = JvmId(host, name, int(pid), int(started))
            self._add(Incarnation(int(id_), int(jvm), who, labels, int(first), int(first), 0, int(version)))

    def known(self, wanted: Mapping[JvmId, tuple[int, Mapping[str, str]]], engine: Engine) -> None:
        """Make every JVM known with the labels it now has; `wanted` gives a time it was seen at, and them."""
        jvm_ids = self._jvm_ids(
            {(who.host, who.jvm): None for who in wanted if who not in self.by_who}, engine
        )
        changed: list[Incarnation] = []
        taken = newest_id(self.by_id)  # not how many there are: a number must never be given twice
        for who, (time, labels) in wanted.items():
            old = self.by_who.get(who)
            if old is None:
                id_ = self._ids.next(taken, *who)
                taken += 1
                jvm_id = jvm_ids[who.host, who.jvm]
                changed.append(Incarnation(id_, jvm_id, who, dict(labels), time, time, 0, 1))
            elif not labels.items() <= old.labels.items():
                changed.append(self._relabelled(old, labels))
        if changed:
            self._store(changed, engine)
        for incarnation in changed:
            self._add(incarnation)

    @staticmethod
    def _relabelled(old: Incarnation, labels: Mapping[str, str]) -> Incarnation:
        merged = {**old.labels, **labels}
        return Incarnation(
            old.id, old.jvm_id, old.who, merged, old.first_seen, old.last_seen, old.exited, old.version + 1
        )

    def _jvm_ids(self, wanted: Iterable[tuple[str, str]], engine: Engine) -> Mapping[tuple[str, str], int]:
        new = [key for key in wanted if key not in self._jvms]
        if new:
            taken = newest_id(self._jvms.values())
            ids = [self._ids.next(taken + place, *key) for place, key in enumerate(new)]
            engine.insert(
                "jvm",
                [
                    Column("id", self._ids.type, self._ids.array(ids)),
                    Column("host", "String", [host for host, _ in new]),
                    Column("jvm", "String", [jvm for _, jvm in new]),
                ],
            )
            self._jvms.update(zip(new, ids, strict=True))
        return self._jvms

    def _store(self, rows: Sequence[Incarnation], engine: Engine) -> None:
        def times(values: Iterable[int]) -> NDArray[np.int64]:
            return np.fromiter(values, np.int64)

        engine.insert(
            "incarnation",
            [
                Column("id", self._ids.type, self._ids.array(row.id for row in rows)),
                Column("jvm", self._ids.type, self._ids.array(row.jvm_id for row in rows)),
                Column("pid", "Int64", times(row.who.pid for row in rows)),
                Column("started", TIME, times(row.who.started for row in rows)),
                Column("labels", LABELS, [row.labels for row in rows]),
                Column("first_seen", TIME, times(row.first_seen for row in rows)),
                Column("version", "UInt64", np.fromiter((row.version for row in rows), np.uint64)),
            ],
        )

    def _add(self, incarnation: Incarnation) -> None:
        self.by_who[incarnation.who] = incarnation
        self.by_id[incarnation.id] = incarnation


class SeriesNames:
    """Every metric series, by incarnation and tagged name (`jvm.pool.used;pool=eden`)."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.by_name: dict[tuple[int, str], int] = {}
        self.by_id: dict[int, Series] = {}
        self.of_incarnation: dict[int, list[Series]] = {}
        self.owners = PerSeries(ids.dtype, ids.hashed)

    def load(self, engine: Engine) -> None:
        found = engine.query("SELECT id, incarnation, metric, tags FROM series FINAL ORDER BY id")
        self.owners.add(found["id"], found["incarnation"])
        columns = (found["id"].tolist(), found["incarnation"].tolist(), found["metric"], found["tags"])
        rows = list(map(Series._make, zip(*columns, strict=True)))
        keys = [(row.incarnation, tagged(row.metric, row.tags) if row.tags else row.metric) for row in rows]
        self._add(keys, rows)

    def known(self, wanted: Mapping[tuple[int, str], str], engine: Engine) -> dict[int, str]:
        """Make every (incarnation, tagged name) known, each with its maker; answers those that are new."""
        new: dict[tuple[int, str], str] = {}
        aliases: dict[tuple[int, str], tuple[int, str]] = {}
        for key, maker in wanted.items():
            if key not in self.by_name:
                name = aliases[key] = key if ";" not in key[1] else (key[0], tagged(*untagged(key[1])))
                if name not in self.by_name:
                    new[name] = maker
        made = self._allot(new, engine) if new else {}
        for key, name in aliases.items():
            self.by_name[key] = self.by_name[name]
        return made

    def _allot(self, new: Mapping[tuple[int, str], str], engine: Engine) -> dict[int, str]:
        numbers = self._ids.many(newest_id(self.by_id), new)
        metrics, tags = zip(*(untagged(name) for _, name in new), strict=True)
        rows = list(
            map(Series._make, zip(numbers.tolist(), (key[0] for key in new), metrics, tags, strict=True))
        )
        incarnations = self._ids.array(key[0] for key in new)
        makers = list(new.values())
        engine.insert(
            "series",
            [
                Column("id", self._ids.type, numbers),
                Column("incarnation", self._ids.type, incarnations),
                Column("metric", "String", metrics),
                Column("tags", LABELS, tags),
                Column("source", "String", makers),
            ],
        )
        self.owners.add(numbers, incarnations)
        self._add(new, rows)
        return dict(zip(numbers.tolist(), makers, strict=True))

    def _add(self, keys: Iterable[tuple[int, str]], rows: Sequence[Series]) -> None:
        """By key and by number, and in order of number with the others of an incarnation."""
        ids = [row.id for row in rows]
        self.by_name.update(zip(keys, ids, strict=True))
        self.by_id.update(zip(ids, rows, strict=True))
        for incarnation, some in groupby(rows, attrgetter("incarnation")):
            self.of_incarnation.setdefault(incarnation, []).extend(some)


NO_TAGS: Mapping[str, str] = MappingProxyType({})


def untagged(name: str) -> tuple[str, Mapping[str, str]]:
    """Metric and tags; a cell without `=` is a tag with an empty value."""
    if ";" not in name:
        return name, NO_TAGS
    metric, *cells = name.split(";")
    return metric, {key: value for key, _, value in (cell.partition("=") for cell in cells)}


class Names:
    """All dimensions together."""

    def __init__(self, hashed: bool) -> None:
        self.ids = Ids(hashed)
        self.classes = Classes(self.ids)
        self.jvms = Jvms(self.ids)
        self.series = SeriesNames(self.ids)
        self.logs = LogSources(self.ids)

    @property
    def count(self) -> int:
        """How many series, lives of JVMs and classes there are."""
        return len(self.series.by_id) + len(self.jvms.by_id) + len(self.classes.names)

    def load(self, engine: Engine) -> None:
        self.classes.load(engine)
        self.jvms.load(engine)
        self.series.load(engine)
        self.logs.load(engine)
