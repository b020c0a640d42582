"""Expressions and conditions over a point, a series or rows; None where there is no value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from oracle_rows import Series, Window, reduce_

from heapwatch.query import tree


def _reducer(node: tree.Reducer, series: Series) -> float:
    if node.function != "slope":
        return reduce_(series.values(), node.function, node.rank or 0.0)
    if len(series.points) < 2:
        return math.nan
    seconds = [time / 1000 for time in series.points]
    centre = math.fsum(seconds) / len(seconds)
    mean = math.fsum(series.points.values()) / len(seconds)
    above = math.fsum((t / 1000 - centre) * (v - mean) for t, v in series.points.items())
    return above / math.fsum((second - centre) ** 2 for second in seconds)


def expression(node: Any, series: Series, value: float | None, window: Window) -> float | None:
    """None when it cannot be calculated."""

    def of(part: Any) -> float | None:
        return expression(part, series, value, window)

    if isinstance(node, tree.Number):
        return node.value
    if isinstance(node, tree.Value):
        return value
    if isinstance(node, tree.Granularity):
        return float(window.width)
    if isinstance(node, tree.Reducer):
        return _reducer(node, series)
    if isinstance(node, tree.Negative):
        inner = of(node.operand)
        return None if inner is None else -inner
    if isinstance(node, tree.Binary):
        return _calculated(node.operator, of(node.left), of(node.right))
    arguments = [of(each) for each in node.arguments]
    if any(each is None for each in arguments):
        return None
    try:
        return float(_FUNCTIONS[node.function](*arguments))
    except (ValueError, OverflowError):
        return None


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "abs": abs, "log": math.log, "exp": math.exp,
    "sqrt": math.sqrt, "round": round, "ceil": math.ceil, "floor": math.floor, "min": min, "max": max,
}  # fmt: skip


def _calculated(operator: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (operator == "/" and right == 0):
        return None
    if operator == "/":
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def arithmetic(node: Any, values: Mapping[str, float]) -> float | None:
    if isinstance(node, tree.RowRef):
        return values[node.letter]
    if isinstance(node, tree.Number):
        return node.value
    if isinstance(node, tree.Negative):
        inner = arithmetic(node.operand, values)
        return None if inner is None else -inner
    return _calculated(node.operator, arithmetic(node.left, values), arithmetic(node.right, values))


def letters_of(node: Any) -> list[str]:
    if isinstance(node, tree.RowRef):
        return [node.letter]
    if isinstance(node, tree.Binary):
        return letters_of(node.left) + letters_of(node.right)
    return letters_of(node.operand) if isinstance(node, tree.Negative) else []


def condition(node: Any, series: Series, value: float | None, window: Window) -> bool:
    if isinstance(node, tree.AllOf):
        return all(condition(part, series, value, window) for part in node.parts)
    if isinstance(node, tree.AnyOf):
        return any(condition(part, series, value, window) for part in node.parts)
    if isinstance(node, tree.NoneOf):
        return not condition(node.part, series, value, window)
    left = expression(node.left, series, value, window)
    right = expression(node.right, series, value, window)
    if left is None or right is None or math.isnan(left) or math.isnan(right):
        return False
    return {
        "=": left == right, "!=": left != right, "<": left < right, "<=": left <= right,
        ">": left > right, ">=": left >= right,
    }[node.operator]  # fmt: skip


def of_points(node: Any) -> bool:
    return "Value()" in repr(node)
