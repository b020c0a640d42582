"""Operators between scalars and vectors; two vectors are paired by their labels, as Prometheus pairs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from heapwatch.query.promql.kinds import COMPARISONS, SETS
from heapwatch.query.promql.tree import NAME, Binary, Matching
from heapwatch.query.promql.vector import (
    ExecutionError,
    Floats,
    Key,
    Labels,
    Mask,
    Vector,
    joined,
    key,
    merged,
    nothing,
    only,
    without,
)

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def binary(node: Binary, left: Floats | Vector, right: Floats | Vector) -> Floats | Vector:
    """The operator between what its sides are."""
    with np.errstate(all="ignore"):
        if isinstance(left, Vector) and isinstance(right, Vector):
            matching = node.matching or Matching()
            if node.sign in SETS:
                return _set(node.sign, left, right, matching)
            return _paired(node, left, right, matching)
        if isinstance(left, Vector):
            return _with_scalar(node, left, left.values, right)
        if isinstance(right, Vector):
            return _with_scalar(node, right, left, right.values)
        found: Floats = OPERATORS[node.sign](left, right).astype(np.float64)
        return found


def _with_scalar(node: Binary, vector: Vector, left: Any, right: Any) -> Vector:
    found = OPERATORS[node.sign](left, right)
    if node.sign not in COMPARISONS:
        return Vector(vector.labels, found, vector.there).nameless()
    if node.as_bool:
        return Vector(vector.labels, found.astype(np.float64), vector.there).nameless()
    return Vector(vector.labels, vector.values, vector.there & found).known()


def _signature(labels: Labels, matching: Matching) -> Key:
    if matching.on:
        return key(only(labels, matching.labels))
    return key(without(labels, (*matching.labels, NAME)))


def _by_signature(vector: Vector, matching: Matching) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    for place, labels in enumerate(vector.labels):
        found.setdefault(_signature(labels, matching), []).append(place)
    return found


def _set(sign: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    ours = _by_signature(left, matching)
    theirs = _by_signature(right, matching)
    if sign == "or":
        there = right.there.copy()
        for signature, places in theirs.items():
            if signature in ours:
                there[places] &= ~left.there[ours[signature]].any(axis=0)
        plain = [Vector(each.labels, each.values, each.there) for each in (left, right)]
        return merged(joined([plain[0], Vector(right.labels, right.values, there)])).known()
    there = left.there.copy()
    for signature, places in ours.items():
        others = theirs.get(signature)
        some = right.there[others].any(axis=0) if others else np.zeros(there.shape[1], np.bool_)
        there[places] &= some if sign == "and" else ~some
    return Vector(left.labels, left.values, there).known()


def _paired(node: Binary, left: Vector, right: Vector, matching: Matching) -> Vector:
    swapped = matching.many == "right"
    many, one = (right, left) if swapped else (left, right)
    ones = _by_signature(one, matching)
    labels: list[Labels] = []
    values: list[Floats] = []
    there: list[Mask] = []
    sides = "left" if swapped else "right"
    single = {signature: _single(one, places, sides) for signature, places in ones.items()}
    taken: dict[Key, Mask] = {}
    for place, own in enumerate(many.labels):
        signature = _signature(own, matching)
        if signature not in single:
            continue
        other, present, row = single[signature]
        a, b = (other, many.values[place]) if swapped else (many.values[place], other)
        found = OPERATORS[node.sign](a, b)
        both = many.there[place] & present
        if node.sign in COMPARISONS and not node.as_bool:
            both, found = both & found, a
        if not matching.many:
            before = taken.get(signature)
            if before is not None and (before & both).any():
                raise ExecutionError(
                    "multiple matches for labels: many-to-one matching must be explicit "
                    "(group_left/group_right)"
                )
            taken[signature] = both if before is None else before | both
        labels.append(_result(node, own, one.labels[row], matching))
        values.append(found.astype(np.float64))
        there.append(both)
    if not labels:
        return nothing(left.values.shape[1])
    try:
        return merged(Vector(labels, np.array(values), np.array(there))).known()
    except ExecutionError:
        raise ExecutionError(
            "multiple matches for labels: grouping labels must ensure unique matches"
        ) from None


def _single(vector: Vector, places: list[int], side: str) -> tuple[Floats, Mask, int]:
    """The rows that pair with one group, as one."""
    if len(places) == 1:
        return vector.values[places[0]], vector.there[places[0]], places[0]
    there = vector.there[places]
    if (there.sum(axis=0) > 1).any():
        some = [dict(vector.labels[place]) for place in places[:2]]
        raise ExecutionError(
            f"found duplicate series for the match group on the {side} hand-side of the operation: {some};"
            "many-to-many matching not allowed: matching labels must be unique on one side"
        )
    values: Floats = np.where(there, vector.values[places], 0.0).sum(axis=0)
    present: Mask = np.logical_or.reduce(there, axis=0)
    return values, present, places[0]


def _result(node: Binary, own: Labels, other: Labels, matching: Matching) -> Labels:
    found = dict(own)
    if node.sign not in COMPARISONS or node.as_bool:
        found.pop(NAME, None)
    if not matching.many:
        own_ = only(found, matching.labels) if matching.on else without(found, matching.labels)
        found = dict(own_)
    for name in matching.include:
        if other.get(name):
            found[name] = other[name]
        else:
            found.pop(name, None)
    return found
