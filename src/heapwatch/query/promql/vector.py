"""What flows through an evaluation: series as rows under common moments, or their samples as they are.

`there` says where a series has a value; a value may well be NaN (0/0) and still be there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heapwatch.errors import HeapwatchError
from heapwatch.query.promql.tree import NAME

Labels = Mapping[str, str]
Key = tuple[tuple[str, str], ...]
Floats = NDArray[np.float64]
Moments = NDArray[np.int64]
Mask = NDArray[np.bool_]
Places = NDArray[np.int64]


class ExecutionError(HeapwatchError):
    """A query that is written right and cannot be answered with these data."""


@dataclass(frozen=True)
class Vector:
    """`values[s, t]` is series s at moment t, where `there[s, t]`; `stamps` are the samples' own times."""

    labels: Sequence[Labels]
    values: Floats
    there: Mask
    stamps: Moments | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, chosen: Sequence[int] | Places) -> Vector:
        places = np.asarray(chosen, np.int64)
        return Vector(
            [self.labels[place] for place in places.tolist()], self.values[places], self.there[places]
        )

    def known(self) -> Vector:
        """Only series that are there at some moment."""
        some = self.there.any(axis=1)
        return self if some.all() else self.rows(np.flatnonzero(some))

    def nameless(self) -> Vector:
        """Without the metric's name, as after any arithmetic."""
        return merged(replace(self, labels=[without(each, (NAME,)) for each in self.labels], stamps=None))


@dataclass(frozen=True)
class Ranges:
    """Samples of series one after the other: series s has those from `starts[s]` up to `starts[s + 1]`."""

    labels: Sequence[Labels]
    starts: Places
    times: Moments
    values: Floats


def nothing(count: int) -> Vector:
    return Vector([], np.empty((0, count)), np.empty((0, count), np.bool_))


def key(labels: Labels) -> Key:
    return tuple(sorted(labels.items()))


def without(labels: Labels, names: Sequence[str]) -> Labels:
    return {name: value for name, value in labels.items() if name not in names}


def only(labels: Labels, names: Sequence[str]) -> Labels:
    return {name: labels[name] for name in names if labels.get(name)}


def merged(vector: Vector) -> Vector:
    """Rows of equal labels as one; two of them at one moment are an error."""
    groups: dict[Key, list[int]] = {}
    for place, labels in enumerate(vector.labels):
        groups.setdefault(key(labels), []).append(place)
    if len(groups) == len(vector):
        return vector
    firsts = [places[0] for places in groups.values()]
    found = vector.rows(firsts)
    values, there = found.values.copy(), found.there.copy()
    for row, places in enumerate(groups.values()):
        for place in places[1:]:
            if (there[row] & vector.there[place]).any():
                raise ExecutionError("vector cannot contain metrics with the same labelset")
            values[row] = np.where(vector.there[place], vector.values[place], values[row])
            there[row] |= vector.there[place]
    return Vector(found.labels, values, there)


def beside(parts: Sequence[Vector]) -> Vector:
    """Vectors of moments after one another as one; a row for each series of any of them."""
    places: dict[Key, int] = {}
    labels: list[Labels] = []
    for part in parts:
        for each in part.labels:
            if places.setdefault(key(each), len(labels)) == len(labels):
                labels.append(each)
    shape = len(labels), sum(part.values.shape[1] for part in parts)
    found = Vector(labels, np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape, np.int64))
    begin = 0
    for part in parts:
        rows = [places[key(each)] for each in part.labels]
        end = begin + part.values.shape[1]
        found.values[rows, begin:end] = part.values
        found.there[rows, begin:end] = part.there
        if part.stamps is not None and found.stamps is not None:
            found.stamps[rows, begin:end] = part.stamps
        begin = end
    return found


def joined(vectors: Sequence[Vector]) -> Vector:
    """Rows of all of them, below one another."""
    if len(vectors) == 1:
        return vectors[0]
    stamps = [each.stamps for each in vectors if each.stamps is not None]
    return Vector(
        [labels for each in vectors for labels in each.labels],
        np.concatenate([each.values for each in vectors]),
        np.concatenate([each.there for each in vectors]),
        np.concatenate(stamps) if len(stamps) == len(vectors) else None,
    )
