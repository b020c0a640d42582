"""The labels of a series, put together from where they are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from heapwatch.query.frame import Labels
from heapwatch.query.universe import KINDS, RAW_NAME, Universe, incarnation_labels, raw_name, shown
from heapwatch.store.dimensions import NOBODY, Incarnation, Series
from heapwatch.wire.paths import escape_node


class Behind(Mapping[str, str]):
    """The hidden labels of a class sample; its path is made when somebody asks for it."""

    __slots__ = ("_class", "_host", "_jvm", "_metric", "_name")

    def __init__(self, jvm: Labels, host: str, metric: str, name: str, of_class: Labels) -> None:
        self._jvm = jvm
        self._host = host
        self._metric = metric
        self._name = name
        self._class = of_class

    def __getitem__(self, key: str) -> str:
        if key in self._jvm:
            return self._jvm[key]
        if key in self._class:
            return self._class[key]
        if key == RAW_NAME:
            return raw_name(self._host, self._metric, self._name)
        if key == "_1":
            return escape_node(self._host)
        if key == "_2":
            return KINDS[self._metric]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter((*self._jvm, *self._class, RAW_NAME, "_1", "_2"))

    def __len__(self) -> int:
        return len(self._jvm) + len(self._class) + 3

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default


class ClassLabels:
    """The labels of class samples of one metric and mode; those of a JVM or a class are made once."""

    def __init__(self, universe: Universe, metric: str, mode: str) -> None:
        self._universe = universe
        self._metric = metric
        self._mode = mode
        self._jvms: dict[int, tuple[dict[str, str], dict[str, str]]] = {}
        self._classes: dict[int, tuple[dict[str, str], dict[str, str]]] = {}

    def _of_jvm(self, jvm: Incarnation) -> tuple[dict[str, str], dict[str, str]]:
        ours = self._jvms.get(jvm.id)
        if ours is None:
            ours = self._jvms[jvm.id] = shown(incarnation_labels(jvm))
        return ours

    def label(self, jvm: Incarnation, place: int, name: str) -> str | None:
        """One label; the same as among those that `of` gives, without making them all."""
        if name == "class":
            return self._universe.class_names[place]
        if name == "mode":
            return self._mode
        front, _ = self._of_jvm(jvm)
        if name in front:
            return front[name]
        if name == "metric":
            return self._metric
        shown_, hidden = self.of(jvm, place)
        found = shown_.get(name)
        return hidden.get(name) if found is None else found

    def of(self, jvm: Incarnation, place: int) -> tuple[Labels, Labels]:
        """Shown and hidden labels of the class at a place of the universe."""
        ours = self._of_jvm(jvm)
        its = self._classes.get(place)
        if its is None:
            its = self._classes[place] = shown(self._universe.labels_of_class(place))
        front = {"metric": self._metric, **ours[0], **its[0], "mode": self._mode}
        name = self._universe.class_names[place]
        return front, Behind(ours[1], jvm.who.host, self._metric, name, its[1])


def of_series(universe: Universe, series: Series) -> tuple[Labels, Labels]:
    """Shown and hidden labels of a metric series."""
    owner = universe.owner(series)
    labels = universe.labels_of_series(series)
    plain = series.incarnation == NOBODY and labels["metric"] != series.metric
    return shown({**(incarnation_labels(owner) if owner else {}), **labels}, plain)
