"""The words that a store can complete: label names, their values, classes and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from heapwatch.query.universe import universe_of
from heapwatch.store import Store

OWN = ("host", "jvm", "class", "package", "metric", "mode")
PATHS = ("_rawName", "_sourceCategory", "_sourceHost", "_sourceName")
ALWAYS = {"metric": ("heap.bytes", "heap.instances"), "mode": ("all", "live")}
"""Values that class samples have and that no series of the store spells out."""


class Vocabulary(Protocol):
    """Each answers at most `limit` words that begin like `begin`, or contain it, best first."""

    def labels(self, begin: str, limit: int) -> list[str]: ...

    def values(self, label: str, begin: str, limit: int) -> list[str]: ...

    def words(self, begin: str, limit: int) -> list[tuple[str, str]]:
        """What a bare word may be, with its kind: a class, a metric, or a host or JVM."""
        ...


class StoredWords:
    """The vocabulary of a store, from what it holds in memory: the columns that queries select by."""

    def __init__(self, store: Store) -> None:
        self._names = store.parts.names

    def labels(self, begin: str, limit: int) -> list[str]:
        universe = universe_of(self._names)
        known = {*OWN, *PATHS, *universe.series_labels.columns}
        for labels in self._told():
            known.update(labels)
        return best((name for name in known if not name[1:].isdigit()), begin, limit)

    def values(self, label: str, begin: str, limit: int) -> list[str]:
        universe = universe_of(self._names)
        known = {*ALWAYS.get(label, ())}
        for table in (universe.classes, universe.series_labels):
            for _, column in table.named(label):
                known.update(column.values)
        for labels in self._told():
            if label in labels:
                known.add(labels[label])
        known.discard("")
        return best(known, begin, limit)

    def _told(self) -> Iterator[Mapping[str, str]]:
        """What JVMs and log sources say of themselves."""
        for each in list(self._names.jvms.by_id.values()):
            yield {**each.labels, "host": each.who.host, "jvm": each.who.jvm}
        for source in list(self._names.logs.by_id.values()):
            yield source.labels

    def words(self, begin: str, limit: int) -> list[tuple[str, str]]:
        found = [(word, "value") for label in ("host", "jvm") for word in self.values(label, begin, limit)]
        found += [(word, "metric") for word in self.values("metric", begin, limit)]
        if len(begin) > 1 or not found:
            found += [(word, "class") for word in self.values("class", begin, limit)]
        return sorted(found, key=lambda each: _rank(each[0], begin))[:limit]


def best(words: Iterable[str], begin: str, limit: int) -> list[str]:
    """The words with `begin` in them: those that begin so first, shorter ones first."""
    wanted = begin.casefold().rstrip("*")
    return sorted(
        (word for word in words if wanted in word.casefold()), key=lambda word: _rank(word, wanted)
    )[:limit]


def _rank(word: str, begin: str) -> tuple[bool, int, str]:
    return not word.casefold().startswith(begin.casefold()), len(word), word
