"""`where condition`: the rows for which it holds. What it removes was to go, so it is not counted."""

from __future__ import annotations

from heapwatch.query.logs import tree
from heapwatch.query.logs.expressions import condition
from heapwatch.query.logs.plan import Plan


def lower(node: tree.Where, plan: Plan) -> Plan:
    return plan.kept(condition(plan, node.condition))
