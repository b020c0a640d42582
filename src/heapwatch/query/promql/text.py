"""Numbers as Prometheus writes them."""

from __future__ import annotations

from decimal import Decimal


def number(value: float) -> str:
    """`1`, `0.25`, `1e+21`, `NaN`, `+Inf`: what parses back to the same number."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e21:
        return "-0" if value == 0 and str(value)[0] == "-" else str(int(value))
    return repr(value) if not 1e-6 <= abs(value) < 1e-4 else format(Decimal(repr(value)), "f")
