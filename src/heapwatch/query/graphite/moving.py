"""Lines at other times than those asked for: moving windows, shifts in time, lines that are always there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.query.graphite import moments
from heapwatch.query.graphite.lines import Floats, Line, number
from heapwatch.query.graphite.reducing import reducer
from heapwatch.query.graphite.table import FUNC, SERIES, Function, Param
from heapwatch.store.errors import TooBig

MOST_WINDOW = 20_000
MOST_SPREAD = 20_000_000


class Evaluation(Protocol):
    """What functions of time need to know."""

    start: int
    step: int
    count: int

    def moved(self, by_s: int) -> Evaluation: ...
    def earlier(self, steps: int) -> Evaluation: ...
    def rolled_up(self, rollup: str) -> Evaluation: ...
    def lines(self, node: Any) -> list[Line]: ...


def _moving(function: str, name: str) -> Callable[..., list[Line]]:
    def apply(asked: Evaluation, node: Any, window: float | str) -> list[Line]:
        if isinstance(window, str):
            points = max(1, abs(moments.offset(window)) // asked.step)
            told = f'"{window}"'
        else:
            points, told = int(window), str(int(window))
        if not 1 <= points <= MOST_WINDOW:
            raise UsageError(f"{name}: a window has 1 to {MOST_WINDOW} points, this has {points}")
        found = []
        for line in asked.earlier(points).lines(node):
            if line.step != asked.step:
                raise UsageError(f"{name}: put it inside summarize, not around it")
            windows = _windows(line.values, points)
            found.append(
                replace(
                    line,
                    name=f"{name}({line.name},{told})",
                    start=asked.start,
                    values=reducer(function)(windows),
                )
            )
        return found

    return apply


def _windows(values: Floats, points: int) -> Floats:
    """A column for each time from the `points`th on: that value and those before it."""
    count = len(values) - points
    if count * points > MOST_SPREAD:
        raise TooBig(f"moving windows of {points} points over {count} are too many; take fewer")
    view = np.lib.stride_tricks.sliding_window_view(values, points)[1 : count + 1]
    return np.ascontiguousarray(view.T)


def _moving_window(asked: Evaluation, node: Any, window: float | str, func: str = "average") -> list[Line]:
    return _moving(func, f"moving{func.capitalize()}")(asked, node, window)


def _time_shift(asked: Evaluation, node: Any, shift: str, reset_end: bool = True) -> list[Line]:
    del reset_end  # all lines have the same times here
    signed = f"-{shift}" if shift[:1].isdigit() else shift
    by = moments.offset(signed)
    by = round(by / asked.step) * asked.step
    return [
        replace(line, name=f'timeShift({line.name}, "{signed}")', start=line.start - by)
        for line in asked.moved(by).lines(node)
    ]


def _consolidate_by(asked: Evaluation, node: Any, func: str) -> list[Line]:
    rollups = {"sum": "sum", "average": "avg", "avg": "avg", "min": "min", "max": "max", "last": "latest"}
    rollups["current"] = "latest"
    if func not in rollups:
        raise UsageError(f"consolidateBy: sum, average, min, max or last, not {func[:30]!r}")
    return [
        replace(line, name=f'consolidateBy({line.name},"{func}")', consolidate=func)
        for line in asked.rolled_up(rollups[func]).lines(node)
    ]


def _constant(asked: Evaluation, value: float) -> list[Line]:
    name = number(value) if value != int(value) else str(int(value))
    return [Line(name, asked.start, asked.step, np.full(asked.count, float(value)), name)]


def _threshold(
    asked: Evaluation, value: float, label: str | None = None, color: str | None = None
) -> list[Line]:
    del color
    [line] = _constant(asked, value)
    return [line.named(label or line.name)]


_WINDOW = Param("windowSize", "intOrInterval")
_MOVES = (
    ("movingAverage", "average"),
    ("movingMedian", "median"),
    ("movingSum", "sum"),
    ("movingMin", "min"),
    ("movingMax", "max"),
)

FUNCTIONS = (
    *(
        Function(
            name,
            "Calculate",
            f"{how} of the points so long before",
            (SERIES, _WINDOW),
            _moving(how, name),
            knows=True,
            lazy=True,
        )
        for name, how in _MOVES
    ),
    Function(
        "movingWindow",
        "Calculate",
        "an aggregation of the points so long before",
        (SERIES, _WINDOW, FUNC),
        _moving_window,
        knows=True,
        lazy=True,
    ),
    Function(
        "timeShift",
        "Transform",
        "what was so long before",
        (SERIES, Param("timeShift", "interval"), Param("resetEnd", "boolean", False, True)),
        _time_shift,
        knows=True,
        lazy=True,
    ),
    Function(
        "consolidateBy",
        "Special",
        "what becomes of samples between two points",
        (SERIES, Param("consolidationFunc", "string", options=("sum", "average", "min", "max", "last"))),
        _consolidate_by,
        knows=True,
        lazy=True,
    ),
    Function(
        "constantLine", "Special", "a line at a value", (Param("value", "float"),), _constant, knows=True
    ),
    Function(
        "threshold",
        "Special",
        "a line at a value, with a name",
        (Param("value", "float"), Param("label", "string", False), Param("color", "string", False)),
        _threshold,
        knows=True,
    ),
)
