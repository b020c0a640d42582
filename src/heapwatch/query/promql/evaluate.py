"""A tree evaluated at given moments, node by node, all moments of a node at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from heapwatch.query.limits import LimitExceeded, Limits
from heapwatch.query.promql import functions, tree, windows
from heapwatch.query.promql.aggregate import aggregate
from heapwatch.query.promql.binary import binary
from heapwatch.query.promql.kinds import FUNCTIONS, MATRIX
from heapwatch.query.promql.vector import Floats, Moments, Ranges, Vector, nothing
from heapwatch.store.errors import TooBig

MOST_INNER = 200_000
"""Moments at which a subquery is evaluated."""


class Source(Protocol):
    """Where samples come from."""

    def instants(self, selector: tree.Selector, moments: Moments) -> Vector:
        """The newest sample of each series at each moment, when it is not too old."""

    def summed(self, selector: tree.Selector, moments: Moments, node: tree.Aggregate) -> Vector | None:
        """What an aggregation needs, put together where the samples are; None when that saves nothing."""

    def samples(self, selector: tree.Selector, low: int, high: int) -> Ranges:
        """All samples of [low, high]."""


@dataclass(frozen=True)
class Evaluation:
    source: Source
    moments: Moments
    start: int  # of the whole query, for @ start() and end()
    end: int
    limits: Limits
    inner_step_ms: int = 60_000

    def of(self, node: tree.Expression) -> Any:
        """A Vector, the values of a scalar, or a text."""
        self.limits.check_time()
        if isinstance(node, tree.Number):
            return np.full(len(self.moments), node.value)
        if isinstance(node, tree.Text):
            return node.value
        if isinstance(node, tree.Selector):
            return self.bounded(self.source.instants(node, self._moved(node)))
        if isinstance(node, tree.Aggregate):
            return self._aggregate(node)
        if isinstance(node, tree.Binary):
            return self.bounded(binary(node, self.of(node.left), self.of(node.right)))
        if isinstance(node, tree.Unary):
            return self._unary(node)
        assert isinstance(node, tree.Call)
        if FUNCTIONS[node.name].arguments.count(MATRIX):
            return self._of_range(node)
        with np.errstate(all="ignore"):
            return self._call(node)

    def ranges(self, node: tree.Selector | tree.Subquery) -> windows.Windows:
        """The windows of a range, before each moment."""
        ends = self._moved(node)
        assert node.range_ms is not None
        low, high = int(ends.min(initial=0)) - node.range_ms, int(ends.max(initial=0))
        if len(ends):
            low = int(ends.min()) - node.range_ms
        if isinstance(node, tree.Selector):
            samples = self.source.samples(node, low, high)
        else:
            samples = self._inner(node, low, high)
        if len(samples.labels) * len(ends) > self.limits.cells:
            raise LimitExceeded(
                f"{len(samples.labels)} series at {len(ends)} moments are more than "
                f"{self.limits.cells} values",
                "cells",
            )
        return windows.windows(samples, ends, node.range_ms, self.moments)

    def bounded(self, found: Any) -> Any:
        if isinstance(found, Vector) and found.values.size > self.limits.cells:
            raise LimitExceeded(
                f"{len(found)} series at {found.values.shape[1]} moments are more than "
                f"{self.limits.cells} values",
                "cells",
            )
        return found

    def _moved(self, node: tree.Selector | tree.Subquery) -> Moments:
        moments = self.moments
        if node.at is not None:
            at = {"start": self.start, "end": self.end}.get(str(node.at), node.at)
            moments = np.full(len(moments), at, np.int64)
        return moments - node.offset_ms

    def _inner(self, node: tree.Subquery, low: int, high: int) -> Ranges:
        """The samples that a subquery makes, at the multiples of its step."""
        step = node.step_ms or self.inner_step_ms
        first = -(-low // step) * step
        moments = np.arange(first, high + 1, step, dtype=np.int64)
        if len(moments) > MOST_INNER:
            raise TooBig(f"a subquery with {len(moments)} steps, more than {MOST_INNER}; give a longer step")
        found = replace(self, moments=moments).of(node.inner)
        if not isinstance(found, Vector):
            found = functions.of_one(moments, found)
        lengths = found.there.sum(axis=1)
        starts = np.append(0, np.cumsum(lengths)).astype(np.int64)
        times = np.broadcast_to(moments, found.values.shape)[found.there]
        return Ranges(found.labels, starts, times, found.values[found.there])

    def _aggregate(self, node: tree.Aggregate) -> Vector:
        parameter = None if node.parameter is None else self.of(node.parameter)
        if isinstance(node.inner, tree.Selector):
            summed = self.source.summed(node.inner, self._moved(node.inner), node)
            if summed is not None:
                total = "sum" if node.name == "count" else node.name
                return aggregate(replace(node, name=total), self.bounded(summed), None)
        with np.errstate(all="ignore"):
            return aggregate(node, self.of(node.inner), parameter)

    def _unary(self, node: tree.Unary) -> Any:
        found = self.of(node.inner)
        if node.sign == "+":
            return found
        return functions.of_values(found, np.negative) if isinstance(found, Vector) else -found

    def _of_range(self, node: tree.Call) -> Vector:
        place = FUNCTIONS[node.name].arguments.index(MATRIX)
        ranged = node.arguments[place]
        assert isinstance(ranged, tree.Selector | tree.Subquery)
        some = self.ranges(ranged)
        if node.name == "absent_over_time":
            return functions.absent(ranged, some.count > 0, self.moments)
        with np.errstate(all="ignore"):
            if node.name == "quantile_over_time":
                values, there = windows.quantile(some, self.of(node.arguments[0]))
            elif node.name == "predict_linear":
                values, there = windows.predicted(some, self.of(node.arguments[1]))
            else:
                values, there = windows.FUNCTIONS[node.name](some)
        if not len(some.labels):
            return nothing(len(self.moments))
        found = Vector(some.labels, values, there).known()
        return found if node.name == "last_over_time" else found.nameless()

    def _call(self, node: tree.Call) -> Any:
        name = node.name
        given = [self.of(argument) for argument in node.arguments]
        if name in functions.ELEMENTWISE:
            return functions.of_values(given[0], functions.ELEMENTWISE[name])
        if name in functions.CALENDAR:
            now = functions.of_one(self.moments, self.moments / 1000)
            return functions.calendar(name, given[0] if given else now)
        if name == "absent":
            return functions.absent(node.arguments[0], given[0].there, self.moments)
        return _NAMED[name](self, *given)


def _clamp_min(_: Evaluation, vector: Vector, low: Floats) -> Vector:
    return functions.of_values(vector, lambda values: np.maximum(low, values))


def _clamp_max(_: Evaluation, vector: Vector, high: Floats) -> Vector:
    return functions.of_values(vector, lambda values: np.minimum(high, values))


def _round(self: Evaluation, vector: Vector, to: Floats | None = None) -> Vector:
    nearest = np.ones(len(self.moments)) if to is None else to
    return functions.of_values(vector, lambda values: functions.rounded(values, nearest))


_NAMED: dict[str, Any] = {
    "time": lambda self: self.moments / 1000,
    "pi": lambda self: np.full(len(self.moments), np.pi),
    "vector": lambda self, values: functions.of_one(self.moments, values),
    "scalar": lambda _, vector: functions.scalar(vector),
    "timestamp": lambda self, vector: functions.stamps(vector, self.moments),
    "sort": lambda _, vector: vector,
    "sort_desc": lambda _, vector: vector,
    "round": _round,
    "clamp": lambda _, vector, low, high: functions.clamped(vector, low, high),
    "clamp_min": _clamp_min,
    "clamp_max": _clamp_max,
    "histogram_quantile": lambda _, share, vector: functions.histogram_quantile(share, vector),
    "label_replace": lambda _, *given: functions.label_replace(*given),
    "label_join": lambda _, vector, to, between, *sources: functions.label_join(vector, to, between, sources),
}
