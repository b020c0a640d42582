"""`limit n`: the first rows in their order; of messages without a sort, the newest."""

from __future__ import annotations

from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import Plan


def lower(node: tree.Limit, plan: Plan) -> Plan:
    most = plan.binder.bind(node.count, "UInt64")
    return plan.begun(f"SELECT * FROM ({plan.rows}) ORDER BY {plan.ordering()} LIMIT {most}")
