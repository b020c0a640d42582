"""What there is: names and values of labels, and the series that selectors mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heapwatch.query.errors import QueryError
from heapwatch.query.limits import LimitExceeded, Limits
from heapwatch.query.promql import statements, tree
from heapwatch.query.promql.naming import metric_name, series_labels
from heapwatch.query.promql.parse import parse
from heapwatch.query.promql.selection import OF_CLASS, ClassPick, Picked, pick
from heapwatch.query.promql.stored import LATEST_MS
from heapwatch.query.promql.vector import Labels, key
from heapwatch.query.tree import Span
from heapwatch.query.universe import METRICS, universe_of
from heapwatch.store import Store
from heapwatch.store.reads.parts import places

MOST_LISTED = 50_000
HELP = {
    "heap.bytes": "Shallow bytes of a class in a JVM's heap, by its newest histogram",
    "heap.instances": "Instances of a class in a JVM's heap, by its newest histogram",
}


@dataclass(frozen=True)
class Range:
    """Moments in ms, both ends included."""

    low: int
    high: int


def matchers_of(text: str) -> tuple[tree.Matcher, ...]:
    """A `match[]` parameter."""
    node = parse(text)
    if not isinstance(node, tree.Selector) or node.range_ms is not None:
        raise QueryError("match[] takes a selector of series", text, Span(0, len(text)))
    return node.matchers


def series(
    store: Store, matches: Sequence[str], range_: Range, limits: Limits, query_id: str | None = None
) -> list[Labels]:
    """The labels of each series that has samples in the range."""
    reading = _Reading(store, range_, limits, query_id)
    found = {key(labels): labels for match in matches for labels in reading.series(matchers_of(match))}
    return [found[each] for each in sorted(found)]


def label_names(
    store: Store, matches: Sequence[str], range_: Range, limits: Limits, query_id: str | None = None
) -> list[str]:
    """Every label that a series of the range (or those that a selector means) has."""
    reading = _Reading(store, range_, limits, query_id)
    return sorted({name for labels in reading.some(matches) for name in labels})


def label_values(
    store: Store,
    name: str,
    matches: Sequence[str],
    range_: Range,
    limits: Limits,
    query_id: str | None = None,
) -> list[str]:
    """Every value of a label."""
    reading = _Reading(store, range_, limits, query_id)
    if not matches and name in ("class", "package"):
        universe = universe_of(store.parts.names)
        return sorted({value for _, column in universe.classes.named(name) for value in column.values})
    of_class = name in OF_CLASS
    return sorted({labels[name] for labels in reading.some(matches, of_class) if labels.get(name)})


def metadata(store: Store, metric: str, limit: int) -> dict[str, list[dict[str, str]]]:
    """Type and help of metrics; of those that others sent nothing is known."""
    names = {metric_name(name): HELP[name] for name in METRICS}
    for each in list(store.parts.names.series.by_id.values()):
        names.setdefault(metric_name(each.metric), "")
    chosen = [name for name in sorted(names) if metric in ("", name)]
    if limit >= 0:
        chosen = chosen[:limit]
    kinds = {metric_name(name): "gauge" for name in METRICS}
    return {name: [{"type": kinds.get(name, "unknown"), "help": names[name], "unit": ""}] for name in chosen}


@dataclass(frozen=True)
class _Reading:
    store: Store
    range_: Range
    limits: Limits
    query_id: str | None

    def series(self, matchers: Sequence[tree.Matcher]) -> Iterator[Labels]:
        picked = self._pick(matchers)
        for each in picked.classes:
            yield from self._classes(picked, each)
        if picked.series:
            bound = {"series": [each.id for each in picked.series], **self._between}
            seen = set(self._ask(statements.SERIES_SEEN, bound)["series"].tolist())
            _few(len(seen))
            for one in picked.series:
                if one.id in seen:
                    yield series_labels(picked.universe, one, picked.jvm_labels, picked.raw)

    def some(self, matches: Sequence[str], of_class: bool = True) -> Iterator[Labels]:
        """Of class samples a JVM's labels and those of classes apart: all together would be very many."""
        for matchers in [matchers_of(match) for match in matches] or [()]:
            picked = self._pick(matchers)
            for each in picked.classes:
                narrowed = bool(matches) and (of_class or not each.every_class)
                yield from self._parts(picked, each, narrowed=narrowed)
            for one in picked.series:
                yield series_labels(picked.universe, one, picked.jvm_labels, picked.raw)

    def _parts(self, picked: Picked, each: ClassPick, *, narrowed: bool) -> Iterator[Labels]:
        name = each.metric if picked.raw else metric_name(each.metric)
        ids = picked.universe.class_ids
        if not narrowed:
            yield {"class": "", "package": "", tree.NAME: name, "mode": each.mode}
            yield from (picked.jvm_labels.of(jvm) for jvm in each.jvms)
            return
        found = self._seen(each)
        for jvm in np.unique(places(found["incarnation"], [one.id for one in each.jvms])).tolist():
            yield {**picked.jvm_labels.of(each.jvms[jvm]), tree.NAME: name, "mode": each.mode}
        for place in np.unique(places(found["class"], ids)).tolist():
            yield _of_class(picked, place)

    def _classes(self, picked: Picked, each: ClassPick) -> Iterator[Labels]:
        found = self._seen(each)
        _few(len(found))
        name = each.metric if picked.raw else metric_name(each.metric)
        jvms = places(found["incarnation"], [one.id for one in each.jvms])
        classes = places(found["class"], picked.universe.class_ids)
        for jvm, place in zip(jvms.tolist(), classes.tolist(), strict=True):
            own = picked.jvm_labels.of(each.jvms[jvm])
            yield {**own, **_of_class(picked, place), tree.NAME: name, "mode": each.mode}

    def _seen(self, each: ClassPick) -> Any:
        bound: dict[str, Any] = {"incarnations": [one.id for one in each.jvms], "mode": each.mode}
        if not each.every_class:
            mask = np.flatnonzero(each.classes).tolist()
            ids = universe_of(self.store.parts.names).class_ids
            bound["classes"] = [ids[place] for place in mask]
        text = statements.classes_seen(every_class=each.every_class)
        return self._ask(text, {**bound, **self._between})

    def _pick(self, matchers: Sequence[tree.Matcher]) -> Picked:
        return pick(self.store.parts.names, matchers, self.range_.low, self.range_.high)

    @property
    def _between(self) -> dict[str, int]:
        low, high = (min(max(0, each), LATEST_MS) for each in (self.range_.low, self.range_.high))
        return {"low": low, "high": high}

    def _ask(self, text: str, bound: dict[str, Any]) -> Any:
        return self.store.parts.asked_by(self.query_id).query(text, bound, self.limits.engine)


def _of_class(picked: Picked, place: int) -> Labels:
    labels = picked.universe.labels_of_class(place)
    return {name: labels[name] for name in ("class", "package") if labels[name]}


def _few(count: int) -> None:
    if count > MOST_LISTED:
        raise LimitExceeded(f"{count} series are more than {MOST_LISTED}; narrow the selector", "series")
