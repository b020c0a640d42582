"""What each function takes and gives, and the check that a query puts only such things together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from heapwatch.query.promql import tree
from heapwatch.store.errors import near

SCALAR, VECTOR, MATRIX, TEXT = "scalar", "instant vector", "range vector", "string"

AGGREGATIONS = frozenset(
    {"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile"}
    | {"count_values"}
)
WITH_PARAMETER = frozenset({"topk", "bottomk", "quantile", "count_values"})
SETS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


class Shape(NamedTuple):
    """Kinds of the arguments, of which the last `optional` may be left out, and of the result."""

    arguments: tuple[str, ...]
    result: str = VECTOR
    optional: int = 0
    repeated: bool = False  # the last argument may come any number of times


_OF_VECTOR = (
    "abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "sort", "sort_desc", "absent",
    "timestamp", "scalar", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh",
    "acosh", "atanh", "deg", "rad",
)  # fmt: skip
_OF_MATRIX = (
    "rate", "irate", "increase", "delta", "idelta", "deriv", "changes", "resets", "avg_over_time",
    "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time",
    "present_over_time", "absent_over_time", "stddev_over_time", "stdvar_over_time",
)  # fmt: skip
_OF_TIME = (
    "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year",
)  # fmt: skip

FUNCTIONS: Mapping[str, Shape] = {
    **{name: Shape((VECTOR,)) for name in _OF_VECTOR},
    **{name: Shape((MATRIX,)) for name in _OF_MATRIX},
    **{name: Shape((VECTOR,), optional=1) for name in _OF_TIME},
    "scalar": Shape((VECTOR,), SCALAR),
    "time": Shape((), SCALAR),
    "pi": Shape((), SCALAR),
    "vector": Shape((SCALAR,)),
    "round": Shape((VECTOR, SCALAR), optional=1),
    "clamp": Shape((VECTOR, SCALAR, SCALAR)),
    "clamp_min": Shape((VECTOR, SCALAR)),
    "clamp_max": Shape((VECTOR, SCALAR)),
    "histogram_quantile": Shape((SCALAR, VECTOR)),
    "quantile_over_time": Shape((SCALAR, MATRIX)),
    "predict_linear": Shape((MATRIX, SCALAR)),
    "label_replace": Shape((VECTOR, TEXT, TEXT, TEXT, TEXT)),
    "label_join": Shape((VECTOR, TEXT, TEXT, TEXT), optional=1, repeated=True),
}
NOT_HERE = frozenset((
    "holt_winters", "double_exponential_smoothing", "histogram_avg", "histogram_count", "histogram_sum",
    "histogram_fraction", "histogram_stddev", "histogram_stdvar", "mad_over_time", "sort_by_label",
    "sort_by_label_desc", "info", "limitk", "limit_ratio", "first_over_time", "ts_of_min_over_time",
    "ts_of_max_over_time",
))  # fmt: skip
"""Functions that PromQL has and that are not here."""

Complain = Callable[[str, Any], Exception]


def kind(node: tree.Expression) -> str:
    """What evaluating a node gives."""
    if isinstance(node, tree.Number):
        return SCALAR
    if isinstance(node, tree.Text):
        return TEXT
    if isinstance(node, tree.Selector):
        return VECTOR if node.range_ms is None else MATRIX
    if isinstance(node, tree.Subquery):
        return MATRIX
    if isinstance(node, tree.Call):
        return FUNCTIONS[node.name].result
    if isinstance(node, tree.Binary):
        return SCALAR if kind(node.left) == kind(node.right) == SCALAR else VECTOR
    if isinstance(node, tree.Unary):
        return kind(node.inner)
    return VECTOR


def check(node: tree.Expression, fault: Complain) -> None:
    """Refuse what PromQL refuses, by the same reasons."""
    if isinstance(node, tree.Call):
        _check_call(node, fault)
    elif isinstance(node, tree.Aggregate):
        _check_aggregate(node, fault)
    elif isinstance(node, tree.Binary):
        _check_binary(node, fault)
    elif isinstance(node, tree.Unary):
        check(node.inner, fault)
        if kind(node.inner) not in (SCALAR, VECTOR):
            raise fault(
                "unary expression only allowed on expressions of type scalar or instant vector, got "
                f'"{kind(node.inner)}"',
                node.span,
            )
    elif isinstance(node, tree.Subquery):
        check(node.inner, fault)
        if kind(node.inner) != VECTOR:
            raise fault(
                f"subquery is only allowed on instant vector, got {kind(node.inner)} instead", node.span
            )


def _check_call(node: tree.Call, fault: Complain) -> None:
    shape = FUNCTIONS.get(node.name)
    if shape is None:
        if node.name in NOT_HERE:
            raise fault(f"the function {node.name} of PromQL is not supported here", node.span)
        meant = near(node.name, [*FUNCTIONS, *AGGREGATIONS])
        hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
        raise fault(f'unknown function with name "{node.name}"{hint}', node.span)
    most, given = len(shape.arguments), len(node.arguments)
    least = most - shape.optional
    if given < least or (given > most and not shape.repeated):
        wanted = f"{least}" if least == most else f"at least {least}" if given < least else f"at most {most}"
        raise fault(
            f'expected {wanted} argument(s) in call to "{node.name}", got {given}',
            node.span,
        )
    for place, argument in enumerate(node.arguments):
        check(argument, fault)
        _expect(shape.arguments[min(place, most - 1)], argument, f'call to function "{node.name}"', fault)


def _check_aggregate(node: tree.Aggregate, fault: Complain) -> None:
    check(node.inner, fault)
    _expect(VECTOR, node.inner, "aggregation expression", fault)
    if node.parameter is not None:
        check(node.parameter, fault)
        _expect(
            TEXT if node.name == "count_values" else SCALAR, node.parameter, "aggregation parameter", fault
        )


def _check_binary(node: tree.Binary, fault: Complain) -> None:
    check(node.left, fault)
    check(node.right, fault)
    left, right = kind(node.left), kind(node.right)
    for each, found in ((node.left, left), (node.right, right)):
        if found not in (SCALAR, VECTOR):
            raise fault("binary expression must contain only scalar and instant vector types", each.span)
    if node.as_bool and node.sign not in COMPARISONS:
        raise fault("bool modifier can only be used on comparison operators", node.span)
    if node.sign in COMPARISONS and left == right == SCALAR and not node.as_bool:
        raise fault("comparisons between scalars must use BOOL modifier", node.span)
    both = left == right == VECTOR
    if node.matching is not None and not both and node.matching.labels:
        raise fault("vector matching only allowed between instant vectors", node.span)
    if node.sign in SETS:
        if not both:
            raise fault(f'set operator "{node.sign}" not allowed in binary scalar expression', node.span)
        if node.matching is not None and node.matching.many:
            raise fault(f'no grouping allowed for "{node.sign}" operation', node.span)


def _expect(wanted: str, node: tree.Expression, context: str, fault: Complain) -> None:
    found = kind(node)
    if found != wanted:
        raise fault(f"expected type {wanted} in {context}, got {found}", node.span)
