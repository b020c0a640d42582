"""A query's answer as Prometheus' HTTP API gives it: `resultType` and `result`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.query.limits import LimitExceeded, Limits
from heapwatch.query.promql import tree
from heapwatch.query.promql.evaluate import Evaluation
from heapwatch.query.promql.kinds import MATRIX, kind
from heapwatch.query.promql.parse import parse
from heapwatch.query.promql.stored import Stored
from heapwatch.query.promql.text import number
from heapwatch.query.promql.vector import Ranges, Vector, key, merged
from heapwatch.store import Store

LOOKBACK_MS = 300_000
MOST_STEPS = 11_000

Answer = dict[str, Any]


@dataclass(frozen=True)
class Steps:
    """The moments of a range query, in ms."""

    start: int
    end: int
    step: int


def instant(
    store: Store, text: str, at: int, lookback_ms: int, limits: Limits, query_id: str | None = None
) -> Answer:
    """The answer at one moment."""
    node = parse(text)
    source = _source(store, lookback_ms, limits, query_id)
    evaluation = Evaluation(source, np.array([at], np.int64), at, at, source.limits)
    seconds = _seconds(at)
    if kind(node) == MATRIX:
        return _ranged(node, evaluation, limits)
    found = evaluation.of(node)
    if isinstance(found, str):
        return {"resultType": "string", "result": [seconds, found]}
    if not isinstance(found, Vector):
        return {"resultType": "scalar", "result": [seconds, number(float(found[0]))]}
    rows: list[Answer] = [
        {"metric": dict(labels), "value": [seconds, number(float(found.values[row, 0]))]}
        for row, labels in enumerate(found.labels)
        if found.there[row, 0]
    ]
    _bounded(len(rows), limits)
    if isinstance(node, tree.Call) and node.name in ("sort", "sort_desc"):
        rows.sort(key=lambda row: _ranked(float(row["value"][1]), down=node.name == "sort_desc"))
    return {"resultType": "vector", "result": rows}


def over_time(
    store: Store, text: str, steps: Steps, lookback_ms: int, limits: Limits, query_id: str | None = None
) -> Answer:
    """The answer at each step, as a matrix."""
    node = parse(text)
    wrong = kind(node)
    if wrong in (MATRIX, "string"):
        raise UsageError(
            f'invalid expression type "{wrong}" for range query, must be Scalar or instant Vector'
        )
    moments = np.arange(steps.start, steps.end + 1, steps.step, dtype=np.int64)
    source = _source(store, lookback_ms, limits, query_id)
    found = Evaluation(source, moments, steps.start, steps.end, source.limits).of(node)
    if not isinstance(found, Vector):
        found = Vector([{}], found[None, :], np.ones((1, len(moments)), np.bool_))
    found = merged(found).known()
    _bounded(len(found), limits)
    seconds = [_seconds(moment) for moment in moments.tolist()]
    rows = []
    for place in sorted(range(len(found)), key=lambda place: key(found.labels[place])):
        values = found.values[place].tolist()
        points = [[seconds[at], number(values[at])] for at in np.flatnonzero(found.there[place]).tolist()]
        rows.append({"metric": dict(found.labels[place]), "values": points})
    return {"resultType": "matrix", "result": rows}


def _ranged(node: tree.Expression, evaluation: Evaluation, limits: Limits) -> Answer:
    """`heap_bytes[5m]`: samples as they are."""
    assert isinstance(node, tree.Selector | tree.Subquery)
    some = evaluation.ranges(node)
    ranges = Ranges(some.labels, some.first[:, 0], some.times, some.values)
    rows = []
    for place, labels in enumerate(ranges.labels):
        inside = slice(int(some.first[place, 0]), int(some.last[place, 0]))
        points = zip(some.times[inside].tolist(), some.values[inside].tolist(), strict=True)
        values = [[_seconds(at), number(value)] for at, value in points]
        if values:
            rows.append({"metric": dict(labels), "values": values})
    _bounded(len(rows), limits)
    return {"resultType": "matrix", "result": sorted(rows, key=lambda row: key(row["metric"]))}


def _source(store: Store, lookback_ms: int, limits: Limits, query_id: str | None) -> Stored:
    return Stored(store.parts.asked_by(query_id), lookback_ms, limits.begun())


def _bounded(rows: int, limits: Limits) -> None:
    if rows > limits.series:
        raise LimitExceeded(
            f"the answer has {rows} series, more than {limits.series}; sum them or take topk", "series"
        )


def _seconds(ms: int) -> float | int:
    return ms // 1000 if ms % 1000 == 0 else ms / 1000


def _ranked(value: float, *, down: bool) -> tuple[bool, float]:
    return value != value, -value if down else value
