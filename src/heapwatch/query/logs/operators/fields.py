"""`fields a, b` keeps these columns (and of messages the time), `fields - a, b` removes them."""

from __future__ import annotations

from dataclasses import replace

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.operators.parse import refuse_twice
from heapwatch.query.logs.plan import Plan


def lower(node: tree.Fields, plan: Plan) -> Plan:
    refuse_twice(node.names)
    found = [plan.column(name) for name in node.names]
    if node.remove:
        gone = {each.name for each in found}
        left = tuple(each for each in plan.columns if each.name not in gone)
        if not left and not plan.messages:
            raise Fault("no column would be left", node.span)
        return replace(plan, columns=left, removed=plan.removed | gone)
    plan = plan.made([(each.name, each.value) for each in found])
    chosen = {each.name: each for each in plan.columns}
    times = [each for each in plan.columns if plan.messages and each.name == "_time"]
    named = [chosen[each.name] for each in found if each.name != "_time" or not times]
    return replace(plan, columns=(*times, *named), labels=None, json=None, by_labels=False)
