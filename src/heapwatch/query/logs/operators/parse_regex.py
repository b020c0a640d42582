"""`parse regex [field=f] "(?<x>...)" [nodrop] [multi]`

Every named group is a field; a group that took no part is empty. `multi` makes a row of every place where the
expression is found, else the first counts.
"""

from __future__ import annotations

from dataclasses import replace

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.expressions import regular
from heapwatch.query.logs.operators.parse import shown
from heapwatch.query.logs.plan import TEXT, Plan, Value


def lower(node: tree.ParseRegex, plan: Plan) -> Plan:
    regex = regular(node.regex)
    if not regex.groups:
        raise Fault("the expression has no named group", node.regex.span, "a field is written (?<name>...)")
    text = f"ifNull({plan.text_of(node.field).sql}, '')"
    bound = plan.binder.bind(regex.sql)
    if node.multi:
        plan, finds = plan.hidden(f"extractAllGroupsVertical({text}, {bound})")
        some = f"if(empty({finds}), [CAST([], 'Array(String)')], {finds})"
        plan, pair = plan.hidden(f"arrayJoin(arrayZip({some}, arrayEnumerate({some})))")
        plan, found = plan.hidden(f"{pair}.1")
        plan, place = plan.hidden(f"{pair}.2")
        plan = replace(plan, within=(*plan.within, place))
    else:
        plan, found = plan.hidden(f"extractGroups({text}, {bound})")
    if not node.nodrop:
        message = f"parse regex {shown(node.regex.text)} dropped {{n {plan.noun}}} without a match"
        plan = plan.kept(f"notEmpty({found})", message)
    return plan.made(
        [
            (name, Value(f"if(empty({found}), NULL, {found}[{place}])", TEXT))
            for name, place in sorted(regex.groups.items(), key=lambda item: item[1])
        ]
    )
