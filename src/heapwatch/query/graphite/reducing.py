"""Many values to one: what `sum`, `average`, `max`, ... mean, over lines or over time. Missing values are
left out; of nothing but missing ones nothing comes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.query.graphite.lines import Floats
from heapwatch.store.errors import near

Reducer = Callable[[Floats], Floats]


def _quiet(function: Callable[..., Any]) -> Reducer:
    """Over the first axis."""

    def reduced(values: Floats) -> Floats:
        if not values.shape[0]:
            return np.full(values.shape[1:], np.nan)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            found: Floats = np.asarray(function(values, axis=0), np.float64)
        return np.where(np.isnan(values).all(axis=0), np.nan, found)

    return reduced


def _median(values: Floats, axis: int) -> Any:
    return np.nanmedian(values, axis=axis)


def _last(values: Floats, axis: int) -> Any:
    known = ~np.isnan(values)
    place = values.shape[0] - 1 - np.argmax(known[::-1], axis=axis)
    return np.take_along_axis(values, np.expand_dims(place, axis), axis).squeeze(axis)


def _first(values: Floats, axis: int) -> Any:
    place = np.argmax(~np.isnan(values), axis=axis)
    return np.take_along_axis(values, np.expand_dims(place, axis), axis).squeeze(axis)


def _diff(values: Floats, axis: int) -> Any:
    """The first that is known less all others."""
    return 2 * _first(values, axis) - np.nansum(values, axis=axis)


def _multiply(values: Floats, axis: int) -> Any:
    return np.where(np.isnan(values).any(axis=axis), np.nan, np.prod(values, axis=axis))


def _range(values: Floats, axis: int) -> Any:
    return np.nanmax(values, axis=axis) - np.nanmin(values, axis=axis)


def _count(values: Floats) -> Floats:
    found: Floats = (~np.isnan(values)).sum(axis=0).astype(np.float64)
    return found


REDUCERS: Mapping[str, Reducer] = {
    "sum": _quiet(np.nansum),
    "average": _quiet(np.nanmean),
    "min": _quiet(np.nanmin),
    "max": _quiet(np.nanmax),
    "median": _quiet(_median),
    "count": _count,
    "diff": _quiet(_diff),
    "multiply": _quiet(_multiply),
    "range": _quiet(_range),
    "stddev": _quiet(np.nanstd),
    "last": _quiet(_last),
    "first": _quiet(_first),
}
ALIASES = {
    "avg": "average",
    "total": "sum",
    "rangeOf": "range",
    "current": "last",
    "avg_zero": "average",
}


def reducer(name: str) -> Reducer:
    """By the names that Graphite gives them, with or without `Series` at the end."""
    word = name.removesuffix("Series")
    word = ALIASES.get(word, word)
    if word not in REDUCERS:
        meant = near(name, [*REDUCERS, *ALIASES])
        hint = f"; did you mean {' or '.join(meant)}?" if meant else f"; there are {', '.join(REDUCERS)}"
        raise UsageError(f"there is no aggregation {name[:60]!r}{hint}")
    return REDUCERS[word]


def percentile(values: Floats, rank: float) -> Floats:
    """The value of that rank of each column, as Graphite counts: no interpolation."""
    ordered = np.sort(values, axis=0)
    count = (~np.isnan(values)).sum(axis=0)
    wanted = np.ceil(rank / 100 * (count + 1)).astype(np.int64)
    place = np.clip(wanted - 1, 0, np.maximum(count - 1, 0))
    found: Floats = np.take_along_axis(ordered, place[None, :], 0)[0]
    return np.where(count == 0, np.nan, found)
