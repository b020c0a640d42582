"""Everything that can be selected, as columns of labels: incarnations, classes and metric series.

A class sample has no name of its own: it is one of (incarnations x classes x metric x mode), far too many to
list. So its labels are kept where they come from: with the incarnation (host, jvm, pid, started, the user's
labels), with the class (class, package, the path's segments from the third on), with the metric (`_2`), with
the mode. Columns are made once and grow with the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary, proxy

import numpy as np
from numpy.typing import NDArray

from heapwatch.query.patterns import folded
from heapwatch.store.dimensions import FACTS, NOBODY, Incarnation, Names, Series
from heapwatch.wire.paths import escape, escape_node

Mask = NDArray[np.bool_]

BYTES, INSTANCES = "heap.bytes", "heap.instances"
METRICS = (BYTES, INSTANCES)
KINDS = {BYTES: "size", INSTANCES: "count"}
"""The second segment of a class sample's virtual path."""
MODES = ("all", "live")

RAW_NAME = "_rawName"
HIDDEN = frozenset({"pid", "started", "package", *FACTS})
"""Labels of JVM data that are not shown unless asked for."""


class LabelColumn:
    """One label of many things: a code each, -1 where it is missing; patterns look at each value once."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self.codes: list[int] = []
        self._places: dict[str, int] = {}
        self._column = np.empty(0, np.int64)

    def add(self, place: int, value: str) -> None:
        """Things are added in the order of their places."""
        code = self._places.setdefault(value, len(self.values))
        if code == len(self.values):
            self.values.append(value)
        self.codes.extend([-1] * (place - len(self.codes)))
        self.codes.append(code)

    def fits(self, test: Callable[[str], bool], count: int) -> tuple[Mask, Mask]:
        """Which of the first `count` things fit, and which have the label at all."""
        hits = np.array([test(value) for value in self.values] + [False], np.bool_)
        if len(self._column) != len(self.codes):
            self._column = np.array(self.codes, np.int64)
        codes = np.full(count, -1, np.int64)
        codes[: min(count, len(self._column))] = self._column[:count]
        return hits[codes], codes >= 0


class Table:
    """Things with labels."""

    def __init__(self) -> None:
        self.columns: dict[str, LabelColumn] = {}
        self.count = 0

    def add(self, labels: Iterable[tuple[str, str]]) -> None:
        for key, value in labels:
            column = self.columns.get(key)
            if column is None:
                column = self.columns[key] = LabelColumn()
            column.add(self.count, value)
        self.count += 1

    def named(self, key: str) -> list[tuple[str, LabelColumn]]:
        """The columns of this name, whatever its case."""
        wanted = folded(key)
        return [(name, column) for name, column in self.columns.items() if folded(name) == wanted]


class Universe:
    """The columns of one store. Incarnations are looked at anew for each query, since their labels change."""

    def __init__(self, names: Names) -> None:
        self._names: Names = proxy(names)  # the universe goes when its store goes
        self._growing = threading.Lock()
        self.class_ids: list[int] = []
        self.class_names: list[str] = []
        self.folded_paths: list[str] = []
        self.classes = Table()
        self.series: list[Series] = []
        self.series_labels = Table()
        self._owners = np.empty(0, np.uint64)

    def grow(self) -> None:
        """Take in what the store has learnt since."""
        with self._growing:
            known = self._names.classes
            if len(self.class_ids) < len(known.by_name):
                for name, id_ in list(known.by_name.copy().items())[len(self.class_ids) :]:
                    self._add_class(id_, name, known.packages[id_])
            if len(self.series) < len(self._names.series.by_id):
                for series in list(self._names.series.by_id.values())[len(self.series) :]:
                    self.series.append(series)
                    self.series_labels.add(series_labels(series).items())

    def _add_class(self, id_: int, name: str, package: str) -> None:
        self.class_ids.append(id_)
        self.class_names.append(name)
        self.folded_paths.append(folded(escape(name)))
        self.classes.add(class_labels(name, package).items())

    def alive(self, from_: int, to: int) -> list[Incarnation]:
        """The JVMs heard of within a range, by host, name and start."""
        found = [
            each
            for each in list(self._names.jvms.by_id.values())
            if each.last_seen >= from_ and each.first_seen < to
        ]
        return sorted(found, key=lambda each: (each.who.host, each.who.jvm, each.who.started, each.id))

    def incarnations_of_series(self) -> NDArray[np.uint64]:
        """Whose each series is; NOBODY's are no JVM's."""
        known = len(self._owners)
        if known < len(self.series):
            more = np.array([each.incarnation for each in self.series[known:]], np.uint64)
            self._owners = np.concatenate([self._owners, more])
        return self._owners

    @staticmethod
    def labels_of_series(series: Series) -> dict[str, str]:
        return series_labels(series)

    def labels_of_class(self, place: int) -> dict[str, str]:
        name = self.class_names[place]
        return class_labels(name, self._names.classes.packages[self.class_ids[place]])

    def owner(self, series: Series) -> Incarnation | None:
        return self._names.jvms.by_id.get(series.incarnation) if series.incarnation != NOBODY else None


_universes: WeakKeyDictionary[Names, Universe] = WeakKeyDictionary()
_making = threading.Lock()


def universe_of(names: Names) -> Universe:
    """The columns of a store's names, up to date."""
    with _making:
        found = _universes.get(names)
        if found is None:
            found = _universes[names] = Universe(names)
    found.grow()
    return found


def incarnation_labels(each: Incarnation) -> dict[str, str]:
    """All labels that a JVM gives to what comes from it."""
    who = each.who
    own = {"host": who.host, "jvm": who.jvm, "pid": str(who.pid), "started": str(who.started)}
    return {**own, **each.labels, **own}


def class_labels(name: str, package: str) -> dict[str, str]:
    """The labels that a class gives to its samples; `_1` and `_2` are the host and count or size."""
    segments = escape(name).split(".")
    return {"class": name, "package": package, **{f"_{n}": each for n, each in enumerate(segments, 3)}}


def series_labels(series: Series) -> dict[str, str]:
    """A metric series' own labels. A plain Graphite path is named by its last segment."""
    segments = series.metric.split(".")
    plain = series.incarnation == NOBODY and not series.tags and len(segments) > 1
    return {
        "metric": segments[-1] if plain else series.metric,
        RAW_NAME: series.metric,
        **{f"_{n}": each for n, each in enumerate(segments, 1)},
        **series.tags,
    }


def prefix(host: str, metric: str) -> str:
    """The beginning of the virtual path of a host's class samples."""
    return f"{escape_node(host)}.{KINDS[metric]}."


def raw_name(host: str, metric: str, class_name: str) -> str:
    """The virtual path of a class sample."""
    return prefix(host, metric) + escape(class_name)


def shown(labels: Mapping[str, str], plain: bool = False) -> tuple[dict[str, str], dict[str, str]]:
    """Labels apart: those an answer shows, and those that stay behind. `plain`: named by its path alone."""
    front: dict[str, str] = {}
    back: dict[str, str] = {}
    for key, value in labels.items():
        hidden = key in HIDDEN or (key == RAW_NAME and not plain) or (key[0] == "_" and key[1:].isdigit())
        (back if hidden else front)[key] = value
    return front, back


def masked(mask: Mask, things: Sequence[Any]) -> list[Any]:
    """The things that the mask lets through."""
    return [things[place] for place in np.flatnonzero(mask).tolist()]
