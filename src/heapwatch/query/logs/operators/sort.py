"""`sort by f [asc], g`: the greatest first unless told otherwise. What is absent comes last either way."""

from __future__ import annotations

from dataclasses import replace

from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import Plan, sort_keys


def lower(node: tree.Sort, plan: Plan) -> Plan:
    """Rows that are equal in the keys go by the order that they have without a sort."""
    order = []
    for key in node.keys:
        plan, identifier = plan.hidden(plan.column(key.name).sql)
        kind = plan.column(key.name).kind
        order += sort_keys(plan.column(key.name).value._replace(sql=identifier, kind=kind), key.ascending)
    return replace(plan, order=(*order, replace(plan, order=()).ordering()))
