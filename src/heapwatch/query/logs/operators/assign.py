"""`expression as name`: a column more; one of that name is replaced."""

from __future__ import annotations

from heapwatch.query.logs import tree
from heapwatch.query.logs.expressions import value
from heapwatch.query.logs.plan import Plan


def lower(node: tree.Assign, plan: Plan) -> Plan:
    return plan.made([(node.name, value(plan, node.expression))])
