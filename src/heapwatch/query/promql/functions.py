"""Functions of instant vectors and scalars. Those of ranges are in windows.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from heapwatch.query.promql import tree
from heapwatch.query.promql.matching import BadPattern, compiled
from heapwatch.query.promql.vector import (
    ExecutionError,
    Floats,
    Key,
    Labels,
    Moments,
    Vector,
    key,
    merged,
    without,
)

LE = "le"
_LABEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_EXPANDED = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)

ELEMENTWISE: Mapping[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": np.exp,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "sgn": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "deg": np.rad2deg,
    "rad": np.deg2rad,
}


def of_values(vector: Vector, function: Callable[[Floats], Floats]) -> Vector:
    """Each value by itself; the metric's name goes."""
    with np.errstate(all="ignore"):
        return Vector(vector.labels, function(vector.values), vector.there).nameless()


def of_one(moments: Moments, values: Floats) -> Vector:
    """vector(): a series without labels."""
    return Vector([{}], values[None, :], np.ones((1, len(moments)), np.bool_))


def scalar(vector: Vector) -> Floats:
    """The value of the only series; NaN when there is none or there are several."""
    if not len(vector):
        return np.full(vector.values.shape[1], np.nan)
    total = np.where(vector.there, vector.values, 0.0).sum(axis=0)
    return np.where(vector.there.sum(axis=0) == 1, total, np.nan)


def rounded(values: Floats, to: Floats) -> Floats:
    """To the nearest multiple, halves up."""
    inverse = 1.0 / to
    return np.floor(values * inverse + 0.5) / inverse


def clamped(vector: Vector, low: Floats, high: Floats) -> Vector:
    found = of_values(vector, lambda values: np.maximum(low, np.minimum(high, values)))
    return replace(found, there=found.there & ~(high < low)).known()


def stamps(vector: Vector, moments: Moments) -> Vector:
    """timestamp(): when a sample was taken; of what was computed, the moment itself."""
    of = np.broadcast_to(moments, vector.values.shape) if vector.stamps is None else vector.stamps
    return Vector(vector.labels, of / 1000, vector.there).nameless()


def absent(node: tree.Expression, there: Any, moments: Moments) -> Vector:
    """1 where nothing is there; the labels are those that the selector wants equal to something."""
    labels: dict[str, str] = {}
    if isinstance(node, tree.Selector):
        known = [each.label for each in node.matchers]
        for each in node.matchers:
            if each.sign == "=" and each.label != tree.NAME and known.count(each.label) == 1 and each.value:
                labels[each.label] = each.value
    missing = ~there.any(axis=0) if len(there) else np.ones(len(moments), np.bool_)
    return Vector([labels], np.ones((1, len(moments))), missing[None, :]).known()


# ---- the calendar, in UTC


def _days(values: Floats) -> Any:
    return np.floor(values).astype("datetime64[s]").astype("datetime64[D]")


def _months(values: Floats) -> Any:
    return _days(values).astype("datetime64[M]")


CALENDAR: Mapping[str, Callable[[Floats], Any]] = {
    "minute": lambda values: np.floor(values / 60) % 60,
    "hour": lambda values: np.floor(values / 3600) % 24,
    "day_of_week": lambda values: (_days(values).astype(np.int64) + 4) % 7,
    "day_of_month": lambda values: (_days(values) - _months(values).astype("datetime64[D]")).astype(int) + 1,
    "day_of_year": lambda values: (
        (_days(values) - _days(values).astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1
    ),
    "days_in_month": lambda values: (
        (_months(values) + 1).astype("datetime64[D]") - _months(values).astype("datetime64[D]")
    ).astype(int),
    "month": lambda values: _months(values).astype(np.int64) % 12 + 1,
    "year": lambda values: _days(values).astype("datetime64[Y]").astype(np.int64) + 1970,
}


def calendar(name: str, vector: Vector) -> Vector:
    def of(values: Floats) -> Floats:
        finite = np.isfinite(values)
        found: Floats = CALENDAR[name](np.trunc(np.where(finite, values, 0.0))).astype(np.float64)
        return np.where(finite, found, np.nan)

    return of_values(vector, of)


# ---- labels


def label_replace(vector: Vector, to: str, template: str, source: str, pattern: str) -> Vector:
    """Where the whole of the source's value fits, the label `to` is what the template makes of it."""
    try:
        expression = compiled(pattern)
    except BadPattern:
        raise ExecutionError(f"invalid regular expression in label_replace(): {pattern}") from None
    _check_label(to, "label_replace")
    found = []
    for labels in vector.labels:
        fits = expression.fullmatch(labels.get(source, ""))
        found.append(labels if fits is None else _set(labels, to, _expanded(template, fits)))
    return merged(Vector(found, vector.values, vector.there))


def label_join(vector: Vector, to: str, between: str, sources: Sequence[str]) -> Vector:
    _check_label(to, "label_join")
    found = [
        _set(labels, to, between.join(labels.get(source, "") for source in sources))
        for labels in vector.labels
    ]
    return merged(Vector(found, vector.values, vector.there))


def _check_label(name: str, function: str) -> None:
    if not _LABEL_NAME.fullmatch(name):
        raise ExecutionError(f"invalid destination label name in {function}(): {name}")


def _set(labels: Labels, name: str, value: str) -> Labels:
    return {**labels, name: value} if value else without(labels, (name,))


def _expanded(template: str, fits: Any) -> str:
    def group(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name is None:
            return "$"
        try:
            return fits.group(int(name) if name.isdecimal() else name) or ""
        except (IndexError, KeyError):
            return ""

    return _EXPANDED.sub(group, template)


# ---- histograms


def histogram_quantile(share: Floats, vector: Vector) -> Vector:
    """The quantile of classic histograms (label `le`), interpolated within a bucket."""
    groups: dict[Key, list[tuple[float, int]]] = {}
    for place, labels in enumerate(vector.labels):
        try:
            bound = float(labels.get(LE, ""))
        except ValueError:
            continue
        groups.setdefault(key(without(labels, (LE, tree.NAME))), []).append((bound, place))
    labels_, values, there = [], [], []
    for name, members in groups.items():
        members.sort()
        places = [place for _, place in members]
        present = vector.there[places]
        found = np.full(len(share), np.nan)
        patterns, of = np.unique(present, axis=1, return_inverse=True)
        for number in range(patterns.shape[1]):
            columns = np.flatnonzero(of.reshape(-1) == number)
            chosen = np.flatnonzero(patterns[:, number])
            if len(chosen):
                bounds = np.array([members[each][0] for each in chosen])
                counts = vector.values[np.ix_(np.array(places)[chosen], columns)]
                found[columns] = _quantile(share[columns], bounds, counts)
        labels_.append(dict(name))
        values.append(found)
        there.append(present.any(axis=0))
    shape = (len(values), len(share))
    return Vector(labels_, np.array(values).reshape(shape), np.array(there, np.bool_).reshape(shape)).known()


def _quantile(share: Floats, bounds: Floats, counts: Floats) -> Floats:
    """For each column of cumulative counts, a row a bucket."""
    bounds, same = np.unique(bounds, return_inverse=True)
    summed = np.zeros((len(bounds), counts.shape[1]))
    np.add.at(summed, same, counts)
    summed = np.fmax.accumulate(summed, axis=0)
    nothing = np.full(len(share), np.nan)
    if not np.isposinf(bounds[-1]) or len(bounds) < 2:
        found = nothing
    else:
        rank = share * summed[-1]
        place = np.minimum((summed[:-1] < rank).sum(axis=0), len(bounds) - 1)
        columns = np.arange(len(share))
        before = np.maximum(place - 1, 0)
        begin = np.where(place > 0, bounds[before], 0.0)
        below = np.where(place > 0, summed[before, columns], 0.0)
        inside = bounds[np.minimum(place, len(bounds) - 2)]
        with np.errstate(all="ignore"):
            found = begin + (inside - begin) * ((rank - below) / (summed[place, columns] - below))
        found = np.where(place == len(bounds) - 1, bounds[-2], found)
        found = np.where((place == 0) & (bounds[0] <= 0), bounds[0], found)
        found = np.where(summed[-1] == 0, np.nan, found)
    found = np.where(share < 0, -np.inf, np.where(share > 1, np.inf, found))
    return np.where(np.isnan(share), np.nan, found)
