"""The words that a store can complete: label names, their values, classes and metrics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from heapwatch.store import Store
from heapwatch.store.errors import NotFound

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
    """The vocabulary of a store, from what it holds in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def labels(self, begin: str, limit: int) -> list[str]:
        known = {*self._store.labels()["labels"], *PATHS}
        return best(known, begin, limit)

    def values(self, label: str, begin: str, limit: int) -> list[str]:
        always = ALWAYS.get(label, ())
        try:
            known = self._store.label_values(name=label)["values"]
        except NotFound:
            known = []
        return best({*known, *always}, begin, limit)

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
