"""What goes out: columns by name, and in which order they are shown."""

from __future__ import annotations

from typing import Any

from heapwatch.query.logs.plan import Binder, Plan
from heapwatch.query.logs.source import SourceLabels
from heapwatch.query.logs.table import Table, as_mapping, from_answer, select, to_json

FIRST = ("_time", "_level", "host", "jvm", "_sourceCategory", "_sourceName")
LAST = "_text"
QUIET = ("_sourceHost",)
"""Labels that say again what another says."""


def page(plan: Plan, limit: int, descending: bool) -> tuple[str, Binder]:
    """The messages to show. Beside their columns come time, order of arrival and source."""
    chosen = select(plan.columns)
    return (
        f"SELECT toInt64(t) AS t, toUInt64(seq) AS seq, toUInt64(source) AS source, {chosen} "
        f"FROM (SELECT * FROM ({plan.rows}) ORDER BY {plan.ordering(descending)} LIMIT {int(limit)}) "
        f"ORDER BY {plan.ordering(descending)}",
        plan.binder,
    )


def arrivals(plan: Plan, limit: int) -> tuple[str, Binder]:
    """The first messages to arrive, in the order of their time."""
    first = f"SELECT * FROM ({plan.rows}) ORDER BY seq LIMIT {int(limit)}"
    chosen = f"toInt64(t) AS t, toUInt64(seq) AS seq, toUInt64(source) AS source, {select(plan.columns)}"
    return f"SELECT {chosen} FROM ({first}) ORDER BY t, seq", plan.binder


def messages(plan: Plan, found: Any, total: int) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {each.name: [] for each in plan.columns}
    seq: list[int] = []
    if found is not None and len(found):
        columns = {each.name: to_json(each.values) for each in from_answer(plan.columns, found).columns}
        seq = found["seq"].tolist()
        columns = {**_labels(plan, found["source"].tolist()), **columns}
    names = [name for name in FIRST if name in columns]
    names += [name for name in columns if name not in FIRST and name not in (LAST, *QUIET)]
    names += [LAST] if LAST in columns else []
    numbers = [str(each) for each in seq]  # too large for numbers of JavaScript
    return {"kind": "messages", "total": total, "columns": {**columns, "_seq": numbers}, "order": names}


def _labels(plan: Plan, sources: list[int]) -> dict[str, list[Any]]:
    """The labels that any of the messages has, where they were not taken out of sight."""
    if not plan.by_labels or not isinstance(plan.labels, SourceLabels):
        return {}
    known = [plan.labels.sources.get(source, {}) for source in sources]
    names = sorted({name for labels in known for name in labels} - plan.removed)
    return {name: [labels.get(name) for labels in known] for name in names}


def table(found: Table) -> dict[str, Any]:
    return {
        "kind": "aggregate",
        "total": len(found),
        "columns": dict(as_mapping(found)),
        "order": [each.name for each in found.columns],
    }
