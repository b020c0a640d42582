"""Where a log query begins: the messages of the store that its scope names, and what their sources say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import TEXT, TIME, Binder, Column, Plan
from heapwatch.query.logs.scope import Scope
from heapwatch.query.tree import Selector
from heapwatch.query.vocabulary import best
from heapwatch.store.reads.parts import Parts
from heapwatch.store.store import Store
from heapwatch.wire.levels import LEVELS

BUILT_IN = ("host", "jvm", "pid", "_sourceCategory", "_sourceHost", "_sourceName")
"""Labels that may be named though no source has them yet."""

MESSAGES = """
SELECT toUnixTimestamp64Milli(time) AS t, seq, source, CAST(level, 'String') AS level, text FROM log
WHERE time >= fromUnixTimestamp64Milli({from}) AND time < fromUnixTimestamp64Milli({to})
"""

COLUMNS = (
    Column("_time", "t", TIME),
    Column("_level", "level", TEXT),
    Column("_text", "text", TEXT),
)


class SourceLabels:
    """The labels of all log sources, as they are when the query begins."""

    def __init__(self, sources: Mapping[int, Mapping[str, str]]) -> None:
        self.sources = sources
        self._names = sorted({*BUILT_IN, *(name for labels in sources.values() for name in labels)})

    @classmethod
    def of(cls, parts: Parts) -> SourceLabels:
        return cls({id_: source.labels for id_, source in parts.names.logs.by_id.copy().items()})

    def names(self) -> Sequence[str]:
        return self._names

    def values(self, name: str) -> Mapping[int, str]:
        return {id_: labels[name] for id_, labels in self.sources.items() if labels.get(name)}


class LogWords:
    """What completion offers for logs, as query/vocabulary.py wants it."""

    def __init__(self, store: Store) -> None:
        self._labels = SourceLabels.of(store.parts)

    def labels(self, begin: str, limit: int) -> list[str]:
        return best([*self._labels.names(), "_level"], begin, limit)

    def values(self, label: str, begin: str, limit: int) -> list[str]:
        folded = label.casefold()
        if folded == "_level":
            return best(LEVELS, begin, limit)
        name = next((each for each in self._labels.names() if each.casefold() == folded), "")
        return best(set(self._labels.values(name).values()), begin, limit)

    def words(self, begin: str, limit: int) -> list[tuple[str, str]]:  # noqa: ARG002 - as Vocabulary has it
        """Words of messages are not known."""
        return []


def opened(
    parts: Parts, scope: Selector | tree.Everything, from_ms: int, to_ms: int, after: int | None = None
) -> tuple[Plan, list[str]]:
    """The plan of a scope's messages in [from, to), and what there is to say about the scope.

    With `after`, only those that arrived after that one.
    """
    binder, labels = Binder(), SourceLabels.of(parts)
    begun = Scope(binder, labels.sources, parts.names.ids.type)
    condition = begun.condition(scope)
    times = {"from": binder.bind(from_ms, "Int64"), "to": binder.bind(to_ms, "Int64")}
    sql = MESSAGES.replace("{from}", times["from"]).replace("{to}", times["to"])
    arrived = f" AND seq > {binder.bind(after, 'UInt64')}" if after is not None else ""
    rows = f"{sql} AND {condition}{arrived}"
    counted = f"SELECT *, toUInt8(0) AS fate FROM ({rows})"
    return Plan(binder, rows, counted, COLUMNS, labels, parts.names.ids.type), begun.warnings
