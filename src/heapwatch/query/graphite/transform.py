"""Each line by itself: scaled, differenced, shifted, summarized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.query.graphite import moments
from heapwatch.query.graphite.lines import Floats, Line, number
from heapwatch.query.graphite.reducing import reducer
from heapwatch.query.graphite.table import NUMBER, SERIES, Function, Param
from heapwatch.store.errors import TooBig

MOST_INTERVALS = 4_000_000


def _each(name: str, function: Callable[..., Floats], form: str = "") -> Callable[..., list[Line]]:
    """A function of values and numbers; `form` is how the numbers stand in the name."""

    def apply(lines: Sequence[Line], *given: float) -> list[Line]:
        told = "".join(form.format(number(each)) for each in given)
        with np.errstate(all="ignore"):
            found = [line.of(function(line.values, *given), f"{name}({line.name}{told})") for line in lines]
        finite = (line.of(np.where(np.isfinite(line.values), line.values, np.nan)) for line in found)
        return [replace(line, path=line.name) for line in finite]

    return apply


def _difference(values: Floats) -> Floats:
    return np.append(np.nan, np.diff(values)) if len(values) else values


def _increase(values: Floats, most: float | None, least: float | None) -> Floats:
    """Differences that are not negative; where a counter went round, by way of its bounds."""
    good = values
    if most is not None:
        good = np.where(good > most, np.nan, good)
    if least is not None:
        good = np.where(good < least, np.nan, good)
    found = _difference(good)
    before = np.append(np.nan, good[:-1]) if len(good) else good
    around = np.full(len(good), np.nan)
    if most is not None:
        around = most + 1 + good - before - (least or 0)
    elif least is not None:
        around = good - least
    with np.errstate(invalid="ignore"):
        return np.where(found < 0, around, found)


def _non_negative(lines: Sequence[Line], most: float | None = None, least: float | None = None) -> list[Line]:
    return [
        line.of(_increase(line.values, most, least), f"nonNegativeDerivative({line.name})") for line in lines
    ]


def _per_second(lines: Sequence[Line], most: float | None = None, least: float | None = None) -> list[Line]:
    return [
        line.of(np.round(_increase(line.values, most, least) / line.step, 6), f"perSecond({line.name})")
        for line in lines
    ]


def _scale_to_seconds(lines: Sequence[Line], seconds: float) -> list[Line]:
    return [
        line.of(
            np.round(line.values * (seconds / line.step), 6), f"scaleToSeconds({line.name},{int(seconds)})"
        )
        for line in lines
    ]


def _integral(values: Floats) -> Floats:
    known = ~np.isnan(values)
    return np.where(known, np.cumsum(np.where(known, values, 0.0)), np.nan)


def _offset_to_zero(values: Floats) -> Floats:
    return values if np.isnan(values).all() else values - np.nanmin(values)


def _changed(values: Floats) -> Floats:
    known = np.flatnonzero(~np.isnan(values))
    found = np.zeros(len(values))
    found[known[1:]] = values[known[1:]] != values[known[:-1]]
    return found


def _gaps(values: Floats) -> list[tuple[int, int]]:
    """Runs of missing values after the first known one: [begin, end)."""
    missing = np.isnan(values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if a > 0]


def _keep_last(lines: Sequence[Line], limit: float = float("inf")) -> list[Line]:
    found = []
    for line in lines:
        values = line.values.copy()
        for begin, end in _gaps(line.values):
            if end - begin <= limit:
                values[begin:end] = values[begin - 1]
        found.append(line.of(values, f"keepLastValue({line.name})"))
    return found


def _interpolate(lines: Sequence[Line], limit: float = float("inf")) -> list[Line]:
    found = []
    for line in lines:
        values = line.values.copy()
        for begin, end in _gaps(line.values):
            if end - begin <= limit and end < len(values):
                values[begin:end] = np.interp(
                    range(begin, end), [begin - 1, end], [values[begin - 1], values[end]]
                )
        found.append(line.of(values, f"interpolate({line.name})"))
    return found


def _transform_null(lines: Sequence[Line], default: float = 0) -> list[Line]:
    told = f",{number(default)}"
    return [
        line.of(np.where(np.isnan(line.values), default, line.values), f"transformNull({line.name}{told})")
        for line in lines
    ]


def _round(lines: Sequence[Line], precision: float | None = None) -> list[Line]:
    told = "" if precision is None else f",{int(precision)}"
    return [
        line.of(np.round(line.values, int(precision or 0)), f"round({line.name}{told})") for line in lines
    ]


def _summarize(
    lines: Sequence[Line], interval: str, func: str = "sum", from_start: bool = False
) -> list[Line]:
    width = abs(moments.offset(interval))
    if width == 0:
        raise UsageError("summarize: the interval is 0")
    found = []
    for line in lines:
        start = line.start if from_start else line.start - line.start % width
        end = line.end if from_start else line.end - line.end % width + width
        count = -(-(end - start) // width)
        if count * len(lines) > MOST_INTERVALS:
            raise TooBig(f"summarize: {count} intervals are too many")
        of = (line.start + np.arange(len(line.values)) * line.step - start) // width
        most = int(np.bincount(of).max(initial=1)) if len(of) else 1
        within = np.arange(len(of)) - np.searchsorted(of, of) if len(of) else of
        table = np.full((most, count), np.nan)
        table[within, of] = line.values
        told = f'summarize({line.name}, "{interval}", "{func}"{", true" if from_start else ""})'
        found.append(replace(line, name=told, start=start, step=width, values=reducer(func)(table)))
    return found


_LEAST = Param("minValue", "float", required=False)
_MOST = Param("maxValue", "float", required=False)
_LIMIT = Param("limit", "integer", required=False)
_FACTOR = Param("factor", "float")

FUNCTIONS = (
    Function("scale", "Transform", "times a number", (SERIES, _FACTOR), _each("scale", np.multiply, ",{}")),
    Function("offset", "Transform", "plus a number", (SERIES, _FACTOR), _each("offset", np.add, ",{}")),
    Function(
        "add", "Transform", "plus a number", (SERIES, Param("constant", "float")), _each("add", np.add, ",{}")
    ),
    Function("pow", "Transform", "to a power", (SERIES, _FACTOR), _each("pow", np.power, ",{}")),
    Function("absolute", "Transform", "without signs", (SERIES,), _each("absolute", np.abs)),
    Function("invert", "Transform", "1 / value", (SERIES,), _each("invert", lambda values: 1 / values)),
    Function("squareRoot", "Transform", "square roots", (SERIES,), _each("squareRoot", np.sqrt)),
    Function(
        "log",
        "Transform",
        "logarithms",
        (SERIES, Param("base", "float", False, 10)),
        lambda lines, base=10: _each("log", lambda v, b: np.log(v) / np.log(b), ", {}")(lines, base),
    ),
    Function("round", "Transform", "rounded", (SERIES, Param("precision", "integer", False)), _round),
    Function(
        "offsetToZero", "Transform", "less its least value", (SERIES,), _each("offsetToZero", _offset_to_zero)
    ),
    Function(
        "derivative",
        "Transform",
        "change from each point to the next",
        (SERIES,),
        _each("derivative", _difference),
    ),
    Function(
        "nonNegativeDerivative", "Transform", "change of a counter", (SERIES, _MOST, _LEAST), _non_negative
    ),
    Function("perSecond", "Transform", "change of a counter a second", (SERIES, _MOST, _LEAST), _per_second),
    Function(
        "scaleToSeconds",
        "Transform",
        "as if a point were so many seconds",
        (SERIES, Param("seconds", "integer")),
        _scale_to_seconds,
    ),
    Function("integral", "Transform", "added up over time", (SERIES,), _each("integral", _integral)),
    Function(
        "changed",
        "Transform",
        "1 where the value is another than before",
        (SERIES,),
        _each("changed", _changed),
    ),
    Function(
        "isNonNull",
        "Transform",
        "1 where there is a value, else 0",
        (SERIES,),
        _each("isNonNull", lambda values: (~np.isnan(values)).astype(np.float64)),
    ),
    Function(
        "keepLastValue", "Transform", "gaps filled with the value before them", (SERIES, _LIMIT), _keep_last
    ),
    Function("interpolate", "Transform", "gaps bridged by a line", (SERIES, _LIMIT), _interpolate),
    Function(
        "transformNull",
        "Transform",
        "a number where there is no value",
        (SERIES, Param("default", "float", False, 0)),
        _transform_null,
    ),
    Function(
        "removeAboveValue",
        "Filter Data",
        "without values above n",
        (SERIES, NUMBER),
        _each("removeAboveValue", lambda v, n: np.where(v > n, np.nan, v), ", {}"),
    ),
    Function(
        "removeBelowValue",
        "Filter Data",
        "without values below n",
        (SERIES, NUMBER),
        _each("removeBelowValue", lambda v, n: np.where(v < n, np.nan, v), ", {}"),
    ),
    Function(
        "summarize",
        "Transform",
        "one point for each interval",
        (
            SERIES,
            Param("intervalString", "interval"),
            Param("func", "aggFunc", False, "sum"),
            Param("alignToFrom", "boolean", False, False),
        ),
        _summarize,
    ),
)
