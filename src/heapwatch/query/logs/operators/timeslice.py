"""`timeslice 5m [as t]`, `timeslice 100 buckets`: when the slice of a message began, in `_timeslice`.

Slices are aligned to the clock (UTC). Of N buckets there are at most N: their width is a round one.
"""

from __future__ import annotations

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import TIME, Plan, Value

STEPS_MS = tuple(
    step * 1000
    for step in (
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
        604800, 1209600, 2419200,
    )
)  # fmt: skip
MOST_SLICES = 20_000


def lower(node: tree.Timeslice, plan: Plan, from_ms: int, to_ms: int) -> Plan:
    time = next((each for each in plan.columns if each.name == "_time"), None)
    if not plan.messages or time is None:
        raise Fault("timeslice needs messages with their time", node.span, "put it before the aggregation")
    width = node.width_ms or width_of(node.buckets or 1, from_ms, to_ms)
    if (to_ms - from_ms) // width > MOST_SLICES:
        raise Fault(f"that is more than {MOST_SLICES} slices in the range", node.span, "take a wider one")
    bound = plan.binder.bind(width, "Int64")
    sliced = Value(f"(intDiv({time.sql}, {bound}) * {bound})", TIME)
    return plan.made([(node.alias or "_timeslice", sliced)])


def width_of(buckets: int, from_ms: int, to_ms: int) -> int:
    """The smallest round width that cuts the range into at most so many slices."""
    for width in STEPS_MS:
        if (to_ms - 1) // width - from_ms // width + 1 <= buckets:
            return width
    width = STEPS_MS[-1]
    while (to_ms - 1) // width - from_ms // width + 1 > buckets and width < 10**14:
        width *= 2
    return width
