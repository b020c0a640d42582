"""`top 10 url by _count`: the rows with the greatest; `top 10 url by sum(bytes)`: the groups with it."""

from __future__ import annotations

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.operators import aggregate, limit, sort
from heapwatch.query.logs.plan import Plan
from heapwatch.query.tree import Name


def lower(node: tree.Top, plan: Plan) -> Plan:
    by = node.by
    if isinstance(by, tree.Measure):
        plan = aggregate.lower(aggregate.as_aggregate(node.names, by), plan)
        by = Name(aggregate.name_of(by), span=by.span)
    else:
        if plan.messages:
            raise Fault("top needs what to add up", by.span, "such as top 10 url by count, or by sum(bytes)")
        for name in node.names:
            plan.column(name)
    keys = (tree.SortKey(by), *(tree.SortKey(name, ascending=True) for name in node.names))
    return limit.lower(tree.Limit(node.count), sort.lower(tree.Sort(keys), plan))
