"""What tags there are, for those who type `seriesByTag`. Values are those of everything ever heard of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from heapwatch.query.graphite.paths import matcher
from heapwatch.query.promql.naming import HIDDEN
from heapwatch.query.promql.selection import pick
from heapwatch.store import Store
from heapwatch.store.dimensions import NOBODY

_ALWAYS = 0, 1 << 62
NAME = "name"


def tag_names(store: Store, expressions: Sequence[str], prefix: str, limit: int) -> list[str]:
    """Names that begin so, of the series that the expressions mean."""
    found = {tag for tag, _ in _pairs(store, expressions) if tag.startswith(prefix)}
    asked = {expression.partition("=")[0].rstrip("!") for expression in expressions}
    return sorted(found - asked)[:limit]


def tag_values(store: Store, expressions: Sequence[str], tag: str, prefix: str, limit: int) -> list[str]:
    """Values of a tag that begin so, of the series that the expressions mean."""
    found = {
        value for name, value in _pairs(store, expressions, tag) if name == tag and value.startswith(prefix)
    }
    return sorted(found)[:limit]


def _pairs(store: Store, expressions: Sequence[str], only: str = "") -> Iterator[tuple[str, str]]:
    matchers = [matcher(expression) for expression in expressions]
    picked = pick(store.parts.names, matchers, *_ALWAYS)
    universe = picked.universe
    for each in picked.classes:
        yield NAME, each.metric
        yield "mode", each.mode
        for jvm in each.jvms:
            yield from picked.jvm_labels.of(jvm).items()
        if only in ("", "class", "package"):
            for place in np.flatnonzero(each.classes).tolist():
                labels = universe.labels_of_class(place)
                yield "class", labels["class"]
                yield "package", labels["package"]
    for series in picked.series:
        yield NAME, series.metric
        yield from series.tags.items()
        owner = universe.owner(series) if series.incarnation != NOBODY else None
        if owner is not None:
            own = {**owner.labels, "host": owner.who.host, "jvm": owner.who.jvm}
            yield from ((name, value) for name, value in own.items() if name not in HIDDEN)
