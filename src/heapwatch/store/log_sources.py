"""Where log messages come from, whole in memory: the labels that the messages of a source share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from heapwatch.store.engine import Engine
from heapwatch.store.ids import Ids, newest_id
from heapwatch.store.native import LABELS, Column


@dataclass(frozen=True)
class LogSource:
    """Where log messages come from: the labels that they share."""

    id: int
    host: str
    category: str
    name: str
    labels: Mapping[str, str]


SourceKey = tuple[tuple[str, str], ...]
"""The labels of a log source, sorted."""


OTHERS: SourceKey = (("_sourceCategory", "heapwatch/too-many-sources"),)
"""Where messages go when there are more sources than memory is for: nobody's labels, but kept."""


class LogSources:
    """Every log source, by its labels."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.by_key: dict[SourceKey, int] = {}
        self.by_id: dict[int, LogSource] = {}

    def load(self, engine: Engine) -> None:
        found = engine.query("SELECT id, host, category, name, labels FROM log_source FINAL ORDER BY id")
        columns = (found["id"].tolist(), found["host"], found["category"], found["name"], found["labels"])
        for row in zip(*columns, strict=True):
            self._add(LogSource(*row))

    def known(self, wanted: Iterable[SourceKey], engine: Engine, most: int) -> None:
        """Make every source known; beyond `most` of them new ones are all OTHERS."""
        new = [key for key in dict.fromkeys(wanted) if key not in self.by_key]
        if len(self.by_id) + len(new) > most:
            new = new[: max(0, most - len(self.by_id))]
            new += [OTHERS] if OTHERS not in self.by_key else []
        if not new:
            return
        taken = newest_id(self.by_id)
        rows = [_log_source(self._ids.next(taken + place, *key), key) for place, key in enumerate(new)]
        engine.insert(
            "log_source",
            [
                Column("id", self._ids.type, self._ids.array(row.id for row in rows)),
                Column("host", "String", [row.host for row in rows]),
                Column("category", "String", [row.category for row in rows]),
                Column("name", "String", [row.name for row in rows]),
                Column("labels", LABELS, [row.labels for row in rows]),
            ],
        )
        for row in rows:
            self._add(row)

    def of(self, key: SourceKey) -> int:
        """The id of a source that was made known."""
        found = self.by_key.get(key)
        return self.by_key[OTHERS] if found is None else found

    def _add(self, source: LogSource) -> None:
        self.by_key[tuple(sorted(source.labels.items()))] = source.id
        self.by_id[source.id] = source


def source_key(labels: Mapping[str, str]) -> SourceKey:
    """The labels by which a source is known. `host` and `_sourceHost` are two names of one thing."""
    full = {name: value for name, value in labels.items() if value}
    host = full.get("host") or full.get("_sourceHost")
    if host:
        full = {"_sourceHost": host, **full, "host": host}
    return tuple(sorted(full.items()))


def _log_source(id_: int, key: SourceKey) -> LogSource:
    labels = dict(key)
    host, category = labels.get("host", ""), labels.get("_sourceCategory", "")
    return LogSource(id_, host, category, labels.get("_sourceName", ""), labels)
