"""The newest value of every series, and whose each series is: columns by series id.

Ids that were counted are places in the columns. Hashes (a cluster's ids) get a place each as they come.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_DENSE = 50_000_000
"""Ids up to here were counted, and a place each is little memory."""
_NEVER = np.iinfo(np.int64).min


class Value(NamedTuple):
    time: int  # epoch ms
    value: float


class Places:
    """Where the row of an id is."""

    def __init__(self, hashed: bool) -> None:
        self._of: dict[int, int] | None = {} if hashed else None

    def of(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """The row of each id; a new one for an id that was never seen."""
        known = self._of
        if known is None:
            return ids.astype(np.int64)
        return np.fromiter((known.setdefault(id_, len(known)) for id_ in ids.tolist()), np.int64, len(ids))

    def find(self, id_: int) -> int | None:
        return id_ if self._of is None else self._of.get(id_)


class Latest:
    """Newest values. One thread adds, others read: a time is written after its value."""

    def __init__(self, hashed: bool = False) -> None:
        self._places = Places(hashed)
        self._times = np.full(1024, _NEVER, np.int64)
        self._values = np.zeros(1024, np.float64)

    def get(self, series: int) -> Value | None:
        place = self._places.find(series)
        if place is None or place >= len(self._times) or self._times[place] == _NEVER:
            return None
        return Value(int(self._times[place]), float(self._values[place]))

    def times(self, series: NDArray[Any]) -> NDArray[np.int64]:
        """When each series was heard of last; long ago when it never was."""
        places = self._places.of(series)
        self._grow(places)
        return self._times[places]

    def took(self, series: NDArray[Any], times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Samples were stored, at most one of each series."""
        places = self._places.of(series)
        self._grow(places)
        newer = times >= self._times[places]
        self._values[places[newer]] = values[newer]
        self._times[places[newer]] = times[newer]

    def _grow(self, places: NDArray[np.int64]) -> None:
        most = int(places.max(initial=-1)) + 1
        if most > len(self._times):
            more = max(most, 2 * len(self._times)) - len(self._times)
            self._values = np.concatenate([self._values, np.zeros(more)])
            self._times = np.concatenate([self._times, np.full(more, _NEVER, np.int64)])


class PerSeries:
    """A number for each series, such as its incarnation."""

    def __init__(self, dtype: Any, hashed: bool = False) -> None:
        self._places = Places(hashed)
        self._numbers = np.zeros(1024, dtype)

    def add(self, series: NDArray[Any], numbers: NDArray[Any]) -> None:
        places = self._places.of(series)
        most = int(places.max(initial=-1)) + 1
        if most > len(self._numbers):
            more = max(most, 2 * len(self._numbers)) - len(self._numbers)
            self._numbers = np.concatenate([self._numbers, np.zeros(more, self._numbers.dtype)])
        self._numbers[places] = numbers

    def of(self, series: NDArray[Any]) -> NDArray[Any]:
        return self._numbers[self._places.of(series)]


def newest(series: NDArray[Any], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of the last point of each series; of several at one time the one that came last."""
    rising = bool(np.all(times[1:] >= times[:-1]))
    order = np.arange(len(times)) if rising else np.argsort(times, kind="stable")
    highest = int(series.max(initial=0))
    if highest > _DENSE:  # ids that are hashes
        behind = order[::-1]
        return behind[np.unique(series[behind], return_index=True)[1]]
    last = np.full(highest + 1, -1, np.int64)
    last[series[order]] = order  # where a series comes again the later place stays
    return last[last >= 0]
