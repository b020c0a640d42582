"""Groups of series put together from parts that the engine and several tables give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from heapwatch.query.frame import Values
from heapwatch.query.operators.aggregate import Group

Places: TypeAlias = "NDArray[np.int64]"

_BLANK = {"series": 0.0, "present": 0.0, "total": 0.0, "most": -np.inf, "least": np.inf}


@dataclass
class _Part:
    """Values of some (group, bucket) pairs, of which mean and variance are known."""

    rows: Places
    columns: Places
    count: Values
    total: Values
    variance: Values


@dataclass
class Sums:
    """A row a group, a column a bucket. `series` have a point there; of those, `present` had a value in the
    store, and the others are 0."""

    buckets: int
    places: dict[Group, int] = field(default_factory=dict)
    _columns: dict[str, Values] = field(default_factory=dict)
    _parts: list[_Part] = field(default_factory=list)

    def place(self, group: Group) -> int:
        return self.places.setdefault(group, len(self.places))

    def _grown(self, name: str) -> Values:
        known = self._columns.get(name)
        missing = len(self.places) - (0 if known is None else len(known))
        if known is None or missing:
            more = np.full((missing, self.buckets), _BLANK[name])
            known = more if known is None else np.concatenate([known, more])
            self._columns[name] = known
        return known

    def expect(self, rows: Places, series: Values) -> None:
        """So many series of these groups have a point in each bucket; a group may come several times."""
        np.add.at(self._grown("series"), rows, series)

    def forget(self, rows: Places) -> None:
        """These groups are not in the answer."""
        self._grown("series")[rows] = 0.0

    def add(self, rows: Places, columns: Places, found: Mapping[str, Values]) -> None:
        """Take in what is known of (group, bucket) pairs; a pair may come several times."""
        at = rows, columns
        for name in ("series", "present", "total"):
            if name in found:
                np.add.at(self._grown(name), at, found[name])
        if "most" in found:
            np.maximum.at(self._grown("most"), at, found["most"])
        if "least" in found:
            np.minimum.at(self._grown("least"), at, found["least"])
        if "variance" in found:
            self._parts.append(_Part(rows, columns, found["present"], found["total"], found["variance"]))

    def values(self, function: str) -> Values:
        """The aggregation's value where a group has a series; NaN elsewhere."""
        series, total = self._grown("series"), self._grown("total")
        zeros = series > self._grown("present")
        with np.errstate(all="ignore"):
            if function == "sum":
                found = total
            elif function == "count":
                found = series
            elif function == "avg":
                found = total / series
            elif function == "min":
                found = np.where(zeros, np.minimum(self._grown("least"), 0), self._grown("least"))
            elif function == "max":
                found = np.where(zeros, np.maximum(self._grown("most"), 0), self._grown("most"))
            else:
                found = self._deviation(series, total)
        return np.where(series > 0, found, np.nan)

    def _deviation(self, series: Values, total: Values) -> Values:
        """Squares of the distances from the common mean: within each part, of the parts, and of the zeros."""
        mean = total / series
        squares = (series - self._grown("present")) * mean**2
        for part in self._parts:
            at = part.rows, part.columns
            apart = part.total / part.count - mean[at]
            np.add.at(squares, at, part.count * (part.variance + apart**2))
        found: Values = np.sqrt(squares / np.maximum(series - 1, 1))
        return found
