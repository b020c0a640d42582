"""Aggregations: the series of a group become one at each moment, or the first few of them stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.query.promql import tree
from heapwatch.query.promql.text import number
from heapwatch.query.promql.vector import (
    ExecutionError,
    Floats,
    Key,
    Labels,
    Mask,
    Places,
    Vector,
    key,
    merged,
    nothing,
    only,
    without,
)
from heapwatch.query.promql.windows import at_rank
from heapwatch.store.errors import TooBig

MOST_COUNTED = 4_000_000
"""Cells of an answer of count_values."""


class Groups:
    """The rows of a vector by the labels that an aggregation keeps."""

    def __init__(self, labels: Sequence[Labels], node: tree.Aggregate) -> None:
        codes: dict[Key, int] = {}
        self.labels: list[Labels] = []
        of_row = []
        for each in labels:
            kept = without(each, (*node.labels, tree.NAME)) if node.without else only(each, node.labels)
            code = codes.setdefault(key(kept), len(codes))
            if code == len(self.labels):
                self.labels.append(kept)
            of_row.append(code)
        codes_of_rows = np.array(of_row, np.int64)
        self._order = np.argsort(codes_of_rows, kind="stable")
        self._starts = np.searchsorted(codes_of_rows[self._order], np.arange(len(self.labels)))
        self.codes = codes_of_rows

    def reduced(self, function: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = function.reduceat(values[self._order], self._starts, axis=0)
        return found

    def places(self) -> list[Places]:
        """The rows of each group."""
        return np.split(self._order, self._starts[1:])


def aggregate(node: tree.Aggregate, vector: Vector, parameter: Floats | str | None) -> Vector:
    """One series a group; of topk and bottomk the series that are among the first."""
    if not len(vector):
        return nothing(vector.values.shape[1])
    groups = Groups(vector.labels, node)
    if node.name in _PLAIN:
        values = _PLAIN[node.name](groups, vector)
        return Vector(groups.labels, values, groups.reduced(np.logical_or, vector.there)).known()
    if node.name == "count_values":
        assert isinstance(parameter, str)
        return _count_values(groups, vector, parameter)
    assert isinstance(parameter, np.ndarray)
    if node.name == "quantile":
        return _quantile(groups, vector, parameter)
    return _first(groups, vector, parameter, greatest=node.name == "topk")


def _count(groups: Groups, vector: Vector) -> Floats:
    return groups.reduced(np.add, vector.there.astype(np.float64))


def _sum(groups: Groups, vector: Vector) -> Floats:
    return groups.reduced(np.add, np.where(vector.there, vector.values, 0.0))


def _avg(groups: Groups, vector: Vector) -> Floats:
    return _sum(groups, vector) / np.maximum(_count(groups, vector), 1)


def _extreme(function: np.ufunc) -> Callable[[Groups, Vector], Floats]:
    return lambda groups, vector: groups.reduced(function, np.where(vector.there, vector.values, np.nan))


def _stdvar(groups: Groups, vector: Vector) -> Floats:
    apart = np.where(vector.there, vector.values - _avg(groups, vector)[groups.codes], 0.0)
    return groups.reduced(np.add, apart**2) / np.maximum(_count(groups, vector), 1)


_PLAIN: Mapping[str, Callable[[Groups, Vector], Floats]] = {
    "sum": _sum,
    "count": _count,
    "avg": _avg,
    "min": _extreme(np.fmin),
    "max": _extreme(np.fmax),
    "group": lambda groups, vector: np.ones((len(groups.labels), vector.values.shape[1])),
    "stdvar": _stdvar,
    "stddev": lambda groups, vector: np.sqrt(_stdvar(groups, vector)),
}


def _quantile(groups: Groups, vector: Vector, share: Floats) -> Vector:
    values, there = [], []
    for places in groups.places():
        count = vector.there[places].sum(axis=0)
        ordered = np.sort(np.where(vector.there[places], vector.values[places], np.inf), axis=0)
        begin = np.arange(ordered.shape[1]) * ordered.shape[0]
        flat = np.ascontiguousarray(ordered.T).ravel()
        values.append(at_rank(flat, begin, np.maximum(count, 1), share))
        there.append(count > 0)
    return Vector(groups.labels, np.array(values), np.array(there)).known()


def _first(groups: Groups, vector: Vector, wanted: Floats, *, greatest: bool) -> Vector:
    if (np.isnan(wanted) | (np.abs(wanted) >= 2**63)).any():
        raise ExecutionError(f"Scalar value {number(float(wanted[0]))} overflows int64")
    kept = np.zeros(vector.there.shape, np.bool_)
    order = np.zeros(len(vector))
    for places in groups.places():
        values = vector.values[places]
        ranked = np.where(np.isnan(values), np.inf, -values if greatest else values)
        # what is not there comes last, after what is not a number
        class_ = np.where(vector.there[places], np.isnan(values), 2)
        by_rank = np.lexsort((ranked, class_), axis=0)
        rank = np.empty_like(by_rank)
        np.put_along_axis(rank, by_rank, np.arange(len(places))[:, None], axis=0)
        kept[places] = (rank < np.trunc(wanted)) & vector.there[places]
        order[places] = rank[:, -1]
    chosen = np.lexsort((order, groups.codes))
    return Vector(
        [vector.labels[place] for place in chosen.tolist()], vector.values[chosen], kept[chosen]
    ).known()


def _count_values(groups: Groups, vector: Vector, label: str) -> Vector:
    labels: list[Labels] = []
    values: list[Floats] = []
    there: list[Mask] = []
    for group, places in enumerate(groups.places()):
        present = vector.there[places]
        different = np.unique(vector.values[places][present])
        if (len(labels) + len(different)) * vector.values.shape[1] > MOST_COUNTED:
            raise TooBig("count_values: there are too many different values; round them")
        for value in different.tolist():
            same = vector.values[places] == value
            if value != value:
                same = np.isnan(vector.values[places])
            count = (same & present).sum(axis=0)
            labels.append({**groups.labels[group], label: number(value)})
            values.append(count.astype(np.float64))
            there.append(count > 0)
    if not labels:
        return nothing(vector.values.shape[1])
    return merged(Vector(labels, np.array(values), np.array(there)))
