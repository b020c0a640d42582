"""Expressions and conditions over a frame: of points (`_value > 5`), of whole series (`avg + 3 * stddev`).

A number of a series is a column (one a row), which numpy spreads over its points. What cannot be calculated
is NaN. A comparison with NaN does not hold, whichever way it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.query import tree
from heapwatch.query.frame import Frame, Values

Bools = NDArray[np.bool_]


def evaluate(expression: tree.Expression, frame: Frame) -> Values:
    """The expression's value: broadcastable to the frame's points, a column when it is of whole series."""
    with np.errstate(all="ignore"):
        return _value(expression, frame)


def scores(expression: tree.Expression, frame: Frame) -> Values:
    """An expression of reducers as one number a series."""
    found: Values = np.broadcast_to(evaluate(expression, frame), (len(frame), 1))[:, 0]
    return found


def holds(condition: tree.Condition, frame: Frame) -> Bools:
    """Where the condition holds: for each point, or a column when it is of whole series."""
    if isinstance(condition, tree.AllOf):
        return reduce(np.logical_and, (holds(part, frame) for part in condition.parts))
    if isinstance(condition, tree.AnyOf):
        return reduce(np.logical_or, (holds(part, frame) for part in condition.parts))
    if isinstance(condition, tree.NoneOf):
        return ~holds(condition.part, frame)
    left, right = evaluate(condition.left, frame), evaluate(condition.right, frame)
    found: Bools = _COMPARE[condition.operator](left, right) & ~np.isnan(left) & ~np.isnan(right)
    return found


def speaks_of_points(node: tree.Expression | tree.Condition) -> bool:
    """Whether `_value` is in it."""
    if isinstance(node, tree.Value):
        return True
    if isinstance(node, tree.Binary | tree.Comparison):
        return speaks_of_points(node.left) or speaks_of_points(node.right)
    if isinstance(node, tree.Negative):
        return speaks_of_points(node.operand)
    if isinstance(node, tree.Call):
        return any(map(speaks_of_points, node.arguments))
    if isinstance(node, tree.AllOf | tree.AnyOf):
        return any(map(speaks_of_points, node.parts))
    return isinstance(node, tree.NoneOf) and speaks_of_points(node.part)


def _value(node: tree.Expression, frame: Frame) -> Values:
    if isinstance(node, tree.Number):
        return np.array([[node.value]])
    if isinstance(node, tree.Value):
        return frame.values
    if isinstance(node, tree.Granularity):
        return np.array([[float(frame.interval)]])
    if isinstance(node, tree.Reducer):
        return reduced(node.function, frame, node.rank)[:, None]
    if isinstance(node, tree.Negative):
        return -_value(node.operand, frame)
    if isinstance(node, tree.Binary):
        return arithmetic(node.operator, _value(node.left, frame), _value(node.right, frame))
    if isinstance(node, tree.Call):
        return _FUNCTIONS[node.function](*(_value(each, frame) for each in node.arguments))
    raise TypeError(f"{node} has no value here")


def arithmetic(operator: str, left: Values, right: Values) -> Values:
    """left + - * / right; what is divided by zero is NaN."""
    if operator == "/":
        found: Values = np.where(right == 0, np.nan, left / np.where(right == 0, np.nan, right))
        return found
    return _ARITHMETIC[operator](left, right)


_ARITHMETIC: dict[str, Callable[[Values, Values], Values]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


_FUNCTIONS: dict[str, Callable[..., Values]] = {
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "abs": np.abs,
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "round": np.round,
    "ceil": np.ceil,
    "floor": np.floor,
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
}


# ---- reducers: a whole series as one number


def reduced(function: str, frame: Frame, rank: float | None = None) -> Values:
    """A reducer of each series' points; NaN for a series without any."""
    values = frame.values
    if function == "pct":
        found: Values = percentile(values, [rank or 0.0], axis=1)[0]
        return found
    if function == "slope":
        return slopes(values, frame.times)
    return _REDUCERS[function](values)


def _counts(values: Values) -> Values:
    count: Values = (~np.isnan(values)).sum(axis=1).astype(np.float64)
    return count


def _where_some(found: Values, values: Values) -> Values:
    result: Values = np.where(np.isnan(values).all(axis=1), np.nan, found)
    return result


def _average(values: Values) -> Values:
    found: Values = np.nansum(values, axis=1) / np.where(_counts(values) == 0, np.nan, _counts(values))
    return found


def _least(values: Values) -> Values:
    return _where_some(np.fmin.reduce(values, axis=1, initial=np.inf), values)


def _most(values: Values) -> Values:
    return _where_some(np.fmax.reduce(values, axis=1, initial=-np.inf), values)


def _latest(values: Values) -> Values:
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    last = values.shape[1] - 1 - np.argmax(~np.isnan(values)[:, ::-1], axis=1)
    found: Values = values[np.arange(len(values)), last]
    return found


def _deviation(values: Values) -> Values:
    return deviation(values, axis=1)


_REDUCERS: dict[str, Callable[[Values], Values]] = {
    "avg": _average,
    "min": _least,
    "max": _most,
    "sum": lambda values: _where_some(np.nansum(values, axis=1), values),
    "count": lambda values: _where_some(_counts(values), values),
    "latest": _latest,
    "stddev": _deviation,
}


def deviation(values: Values, axis: int) -> Values:
    """The sample standard deviation of what is known; 0 of one value, NaN of none."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    with np.errstate(all="ignore"):
        mean = np.nansum(values, axis=axis, keepdims=True) / known.sum(axis=axis, keepdims=True)
        squares = np.nansum((values - mean) ** 2, axis=axis)
        found: Values = np.sqrt(squares / np.maximum(count - 1, 1))
    return np.where(count == 0, np.nan, found)


def percentile(values: Values, ranks: Sequence[float], axis: int) -> Values:
    """Linear between the two values next to the rank (type 7); a row a rank."""
    ordered = np.sort(np.moveaxis(values, axis, -1), axis=-1)  # NaN goes last
    count = (~np.isnan(ordered)).sum(axis=-1)
    found = np.full((len(ranks), *count.shape), np.nan)
    if not ordered.shape[-1]:
        return found
    for row, rank in enumerate(ranks):
        place = np.maximum(count - 1, 0) * (rank / 100)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        below = np.take_along_axis(ordered, low[..., None], axis=-1)[..., 0]
        above = np.take_along_axis(ordered, high[..., None], axis=-1)[..., 0]
        found[row] = np.where(count == 0, np.nan, below + (above - below) * (place - low))
    return found


def slopes(values: Values, times: NDArray[np.int64]) -> Values:
    """Least squares, per second; NaN of fewer than two points."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    seconds = (times - (times[0] if len(times) else 0)) / 1000.0
    with np.errstate(all="ignore"):
        x = np.where(known, seconds[None, :], 0.0)
        centre = (x.sum(axis=1) / count)[:, None]
        mean = (np.nansum(values, axis=1) / count)[:, None]
        away = np.where(known, seconds[None, :] - centre, 0.0)
        found: Values = np.nansum(away * (values - mean), axis=1) / (away**2).sum(axis=1)
    return np.where(count < 2, np.nan, found)
