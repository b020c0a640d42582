"""All lives of all JVMs that the store has heard of."""

from __future__ import annotations

from typing import Any

from heapwatch.store.dimensions import Incarnation
from heapwatch.store.reads.parts import Parts, who
from heapwatch.store.reads.selection import Selection

SILENT_MS = 90_000
"""Without a word for so long a JVM counts as silent; three intervals, when it is heard of less often."""


def jvms(parts: Parts, selection: Selection) -> dict[str, Any]:
    return {"jvms": [description(parts, each) for each in selection.among(parts.names.jvms)]}


def description(parts: Parts, each: Incarnation) -> dict[str, Any]:
    return {
        **who(each),
        "labels": each.user_labels,
        **each.facts,
        "first_seen": each.first_seen,
        "last_seen": each.last_seen,
        "state": state(parts, each),
    }


def state(parts: Parts, each: Incarnation) -> str:
    """`exited` when its end was reported, `silent` when nothing is heard any more, else `up`."""
    if each.exited:
        return "exited"
    interval = newest(parts, each, "heapwatch.interval_s")
    return "silent" if parts.clock() - each.last_seen > patience(interval) else "up"


def patience(interval_s: float | None) -> float:
    """After how long without a word a JVM is silent, ms, by how often it is heard of."""
    return max(SILENT_MS, 3000 * interval_s if interval_s else 0)


def newest(parts: Parts, each: Incarnation, metric: str) -> float | None:
    """The newest value of a metric of a JVM."""
    series = parts.names.series.by_name.get((each.id, metric))
    known = parts.live.values.get(series) if series is not None else None
    return known.value if known else None
