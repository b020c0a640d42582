"""Which lines stay, and in which order."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.query.graphite.lines import Line
from heapwatch.query.graphite.reducing import reducer
from heapwatch.query.graphite.table import COUNT, FUNC, NUMBER, SERIES, Function, Param
from heapwatch.query.promql.matching import BadPattern, compiled

_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def _measure(line: Line, function: str) -> float:
    return float(reducer(function)(line.values[:, None])[0])


def _ranked(lines: Sequence[Line], function: str, *, greatest: bool) -> list[Line]:
    """Those without any value last, as less than any other."""

    def rank(line: Line) -> float:
        value = _measure(line, function)
        return -np.inf if np.isnan(value) else value

    return sorted(lines, key=rank, reverse=greatest)


def _highest(lines: Sequence[Line], n: float = 1, func: str = "average") -> list[Line]:
    return _ranked(lines, func, greatest=True)[: int(n)]


def _lowest(lines: Sequence[Line], n: float = 1, func: str = "average") -> list[Line]:
    return _ranked(lines, func, greatest=False)[: int(n)]


def _sort_by(lines: Sequence[Line], func: str = "average", reverse: bool = False) -> list[Line]:
    return _ranked(lines, func, greatest=reverse)


def _natural(text: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", text)]


def _sort_by_name(lines: Sequence[Line], natural: bool = False, reverse: bool = False) -> list[Line]:
    if natural:
        return sorted(lines, key=lambda line: _natural(line.name), reverse=reverse)
    return sorted(lines, key=lambda line: line.name, reverse=reverse)


def _filtered(lines: Sequence[Line], func: str, sign: str, threshold: float) -> list[Line]:
    if sign not in _SIGNS:
        raise UsageError(f"filterSeries: the operator is {', '.join(_SIGNS)}, not {sign[:20]!r}")
    kept = ((line, _measure(line, func)) for line in lines)
    return [line for line, value in kept if not np.isnan(value) and _SIGNS[sign](value, threshold)]


def _keeps(func: str, sign: str) -> Callable[[Sequence[Line], float], list[Line]]:
    return lambda lines, n: _filtered(lines, func, sign, n)


def _first(func: str, *, greatest: bool) -> Callable[..., list[Line]]:
    return lambda lines, n=1: _ranked(lines, func, greatest=greatest)[: int(n)]


def _pattern(name: str, pattern: str) -> Callable[[str], bool]:
    try:
        search = compiled(pattern).search
    except BadPattern as error:
        raise UsageError(f"{name}: {pattern[:60]!r} is not a regular expression: {error}") from None
    return lambda text: search(text) is not None


def _grep(lines: Sequence[Line], pattern: str) -> list[Line]:
    fits = _pattern("grep", pattern)
    return [line for line in lines if fits(line.name)]


def _exclude(lines: Sequence[Line], pattern: str) -> list[Line]:
    fits = _pattern("exclude", pattern)
    return [line for line in lines if not fits(line.name)]


def _remove_empty(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if not np.isnan(line.values).all()]


def _unique(*lists: Sequence[Line]) -> list[Line]:
    found: dict[str, Line] = {}
    for line in (line for lines in lists for line in lines):
        found.setdefault(line.name, line)
    return list(found.values())


def _fallback(lines: Sequence[Line], other: Sequence[Line]) -> list[Line]:
    return list(lines or other)


_KEEPING = (
    ("maximumAbove", "max", ">"),
    ("maximumBelow", "max", "<="),
    ("minimumAbove", "min", ">"),
    ("minimumBelow", "min", "<="),
    ("averageAbove", "average", ">"),
    ("averageBelow", "average", "<="),
    ("currentAbove", "last", ">"),
    ("currentBelow", "last", "<="),
)
_RANKING = (
    ("highestMax", "max", True),
    ("highestCurrent", "last", True),
    ("highestAverage", "average", True),
    ("lowestCurrent", "last", False),
    ("lowestAverage", "average", False),
)
_REVERSE = Param("reverse", "boolean", required=False, default=False)
_PATTERN = Param("pattern", "string")

FUNCTIONS = (
    *(
        Function(name, "Filter Series", f"its {how} is {sign} n", (SERIES, NUMBER), _keeps(how, sign))
        for name, how, sign in _KEEPING
    ),
    *(
        Function(
            name, "Filter Series", f"the n series of {'greatest' if up else 'least'} {how}", (SERIES, COUNT),
            _first(how, greatest=up),
        )
        for name, how, up in _RANKING
    ),
    Function("highest", "Filter Series", "the n greatest series", (SERIES, COUNT, FUNC), _highest),
    Function("lowest", "Filter Series", "the n least series", (SERIES, COUNT, FUNC), _lowest),
    Function("limit", "Filter Series", "the first n series", (SERIES, Param("n", "integer")),
             lambda lines, n: list(lines)[: int(n)]),
    Function("grep", "Filter Series", "series whose name has the pattern", (SERIES, _PATTERN), _grep),
    Function("exclude", "Filter Series", "series whose name has not", (SERIES, _PATTERN), _exclude),
    Function("removeEmptySeries", "Filter Series", "series that have a value", (SERIES,), _remove_empty),
    Function("unique", "Filter Series", "one series of each name",
             (Param("seriesLists", "seriesLists", multiple=True),), _unique),
    Function("fallbackSeries", "Filter Series", "other series where there are none",
             (SERIES, Param("fallback", "seriesList")), _fallback),
    Function(
        "filterSeries", "Filter Series", "series that a comparison holds for",
        (SERIES, Param("func", "aggFunc"), Param("operator", "string", options=tuple(_SIGNS)),
         Param("threshold", "float")), _filtered,
    ),
    Function("sortByName", "Sorting", "by name",
             (SERIES, Param("natural", "boolean", required=False, default=False), _REVERSE), _sort_by_name),
    Function("sortBy", "Sorting", "by sum, average, ...", (SERIES, FUNC, _REVERSE), _sort_by),
    Function("sortByMaxima", "Sorting", "greatest maximum first", (SERIES,),
             lambda lines: _ranked(lines, "max", greatest=True)),
    Function("sortByMinima", "Sorting", "least minimum first", (SERIES,),
             lambda lines: _ranked(lines, "min", greatest=False)),
    Function("sortByTotal", "Sorting", "greatest sum first", (SERIES,),
             lambda lines: _ranked(lines, "sum", greatest=True)),
)  # fmt: skip
