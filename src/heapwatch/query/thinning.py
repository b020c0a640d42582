"""What `where max < X` and `topk(n, max)` after a sum tell the engine, so that it keeps the rest to itself.

`sum by class | topk(10, max)` over a large heap has ten thousand groups of which ten are wanted. Bytes and
instances are never negative, so a group's greatest point is that of its rows, with or without zeros. What the
engine leaves out would be left out here; the operators themselves still run on what it sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from heapwatch.query import tree

_SIGNS = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_MAX = tree.Reducer("max")


@dataclass(frozen=True)
class Thinning:
    """Bounds of a group's greatest total, and how many of the greatest groups are wanted (None: all)."""

    bounds: tuple[tuple[str, float], ...] = ()
    count: int | None = None

    def __bool__(self) -> bool:
        return bool(self.bounds) or self.count is not None

    def having(self) -> tuple[list[str], dict[str, Any]]:
        """Conditions with the parameters they bind."""
        conditions = [
            f"greatest {sign} {{bound{place}:Float64}}" for place, (sign, _) in enumerate(self.bounds)
        ]
        return conditions, {f"bound{place}": value for place, (_, value) in enumerate(self.bounds)}


def thinning(operators: Sequence[tree.Operator]) -> Thinning:
    """From the operators that follow a sum, up to the first that asks for something else."""
    bounds: list[tuple[str, float]] = []
    for operator in operators:
        if isinstance(operator, tree.Where) and operator.occurrence is None:
            found = _bounds(operator.condition)
            if found is None:
                break
            bounds += found
        elif isinstance(operator, tree.TopK):
            if operator.score == _MAX and not operator.by and not operator.bottom:
                return Thinning(tuple(bounds), operator.n)
            break
        else:
            break
    return Thinning(tuple(bounds))


def _bounds(condition: tree.Condition) -> list[tuple[str, float]] | None:
    if isinstance(condition, tree.AllOf):
        parts = [_bounds(part) for part in condition.parts]
        if any(part is None for part in parts):
            return None
        return [bound for part in parts for bound in part or ()]
    if not isinstance(condition, tree.Comparison) or condition.operator not in _SIGNS:
        return None
    if condition.left == _MAX and isinstance(condition.right, tree.Number):
        return [(condition.operator, condition.right.value)]
    if condition.right == _MAX and isinstance(condition.left, tree.Number):
        return [(_TURNED[condition.operator], condition.left.value)]
    return None
