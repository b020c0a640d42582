"""A query that would fit, for one that does not.

Too many series: the greatest of them. Too many points: the same of one host (the largest that fits), of one
JVM, of one class or metric. What is proposed was planned against the store first, so it does fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from heapwatch.query import tree
from heapwatch.query.format import format as formatted
from heapwatch.query.limits import LimitExceeded
from heapwatch.query.lower import Asked, Source
from heapwatch.query.notes import Notes
from heapwatch.query.plan import said
from heapwatch.query.universe import RAW_NAME

FEW = 20
TRIES = 6
"""Candidates of a kind that are planned, at most."""
PLANNING_S = 5.0

Narrowing = Sequence[tuple[str, str]]
"""Labels and the values that a selector is narrowed to."""

Body = tree.Pipeline | tree.Join


def fitting(asked: Asked, script: tree.Script, letter: str, error: LimitExceeded) -> LimitExceeded:
    """The error again, with a query that would fit if there is one."""
    body = next(row.body for row in script.rows if row.letter == letter)
    if error.limit == "series":
        fewer = _greatest(body, min(FEW, asked.limits.series))
        return LimitExceeded(error.reason, error.limit, _with(script, letter, fewer))
    if not isinstance(body, tree.Pipeline) or isinstance(body.source, tree.RowRef):
        return error
    quiet = replace(asked, notes=Notes(), limits=replace(asked.limits, seconds=PLANNING_S, until=None))
    most = min(asked.limits.points, asked.limits.cells // 2 if error.limit == "cells" else 1 << 62)
    if error.limit == "seconds":  # nothing is known of time but that fewer points take less
        most = _points(quiet, body, body.source) // 20
    for narrowing in _narrowings(quiet, body, most):
        matches = [tree.Match(tree.Name(name), (_exactly(value),)) for name, value in narrowing]
        parts = body.source.parts if isinstance(body.source, tree.And) else (body.source,)
        selector = tree.And((*parts, *matches))
        if _points(quiet, body, selector) <= most:
            smaller = replace(body, source=selector)
            if not any(isinstance(each, tree.Aggregate) for each in body.operators):
                return _told(error, script, letter, _greatest(smaller, min(FEW, asked.limits.series)))
            return _told(error, script, letter, smaller)
    share = most / max(1, _points(quiet, body, body.source))
    shorter = max(1000, int((asked.to - asked.from_) * share * 0.8) // 1000 * 1000)
    return LimitExceeded(f"{error.reason}; a range of {said(shorter)} would fit", error.limit)


def _told(error: LimitExceeded, script: tree.Script, letter: str, body: Body) -> LimitExceeded:
    return LimitExceeded(error.reason, error.limit, _with(script, letter, body))


def _with(script: tree.Script, letter: str, body: Body) -> str:
    rows = [replace(row, body=body) if row.letter == letter else row for row in script.rows]
    return formatted(tree.Script(tuple(rows)))


def _greatest(body: Body, count: int) -> Body:
    """Only so many series; asked for before what makes a table of them."""
    operators = list(body.operators)
    place = len(operators)
    if operators and isinstance(operators[-1], tree.Diff | tree.Predict):
        place -= 1
    operators.insert(place, tree.TopK(count, tree.Reducer("max")))
    return replace(body, operators=tuple(operators))


def _exactly(value: str) -> tree.Pattern:
    return tree.Pattern(value.replace("\\", "\\\\").replace("*", "\\*"), quoted=True)


def _source(asked: Asked, body: tree.Pipeline, selector: tree.Selector) -> Source:
    first = body.operators[0] if body.operators else None
    interval = first.interval_ms if isinstance(first, tree.Quantize) else None
    return Source(asked, selector, 0, interval or asked.interval_ms, "avg")


def _points(asked: Asked, body: tree.Pipeline, selector: tree.Selector) -> int:
    return _source(asked, body, selector).planned()[2]


def _narrowings(asked: Asked, body: tree.Pipeline, most: int) -> Iterator[Narrowing]:
    """From the largest part to the smallest."""
    assert not isinstance(body.source, tree.RowRef)
    source = _source(asked, body, body.source)
    _, extent, _ = source.planned()
    selected = source.selected
    points = extent.points_by_jvm(selected, "avg")
    by_host: dict[str, int] = {}
    for jvm, count in zip(selected.jvms, points.tolist(), strict=True):
        by_host[jvm.who.host] = by_host.get(jvm.who.host, 0) + count
    hosts = sorted((count, host) for host, count in by_host.items() if count)
    fitting_hosts = [host for count, host in hosts if count <= most][-TRIES:]
    yield from ([("host", host)] for host in reversed(fitting_hosts))
    for place in np.argsort(points, kind="stable")[::-1].tolist():
        who = selected.jvms[place].who
        if 0 < points[place] <= most:
            yield [("host", who.host), ("jvm", who.jvm)]
            break
    if hosts:
        host = hosts[0][1]
        classes = np.logical_or.reduce([product.classes for product in selected.products])
        for place in np.flatnonzero(classes)[:TRIES].tolist():
            yield [("host", host), ("class", selected.universe.class_names[place])]
    for label in ("metric", RAW_NAME):
        names = dict.fromkeys(selected.universe.labels_of_series(each)[label] for each in selected.series)
        yield from ([(label, name)] for name in list(names)[:TRIES])
