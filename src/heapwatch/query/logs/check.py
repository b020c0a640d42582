"""What a log query means, without a store: fields that are not there, wrong arguments, misplaced operators.

`check` lowers the query as run.py does and throws the SQL away, so both find the same faults. Only what
labels there are is not known; a name that may be one passes.
"""

from __future__ import annotations

from dataclasses import replace

from heapwatch.query.build import Fault
from heapwatch.query.errors import QueryError
from heapwatch.query.logs import tree
from heapwatch.query.logs.operators import ENGINE, TABLES, json, logreduce, timeslice
from heapwatch.query.logs.plan import NUMBER, TIME, AnyLabel, Binder, Column, Labels, Plan
from heapwatch.query.logs.source import COLUMNS
from heapwatch.query.logs.table import Table, TableColumn

DAY_MS = 86_400_000
FOLLOWED = (
    tree.Parse,
    tree.ParseRegex,
    tree.Json,
    tree.Where,
    tree.Assign,
    tree.Fields,
)
"""Operators that look at one message alone, so that messages can be followed through them."""


def check(query: tree.LogQuery, text: str, labels: Labels | None = None) -> Plan:
    """The plan of the whole query, over nothing; QueryError where it makes no sense."""
    plan = Plan(Binder(), "SELECT 1", "SELECT 1", COLUMNS, labels or AnyLabel())
    for node in query.operators:
        try:
            plan = after(node, plan)
        except Fault as fault:
            raise QueryError(fault.message, text, fault.span, hint=fault.hint) from None
    return plan


def check_followed(query: tree.LogQuery, text: str) -> None:
    """Refuse what cannot be followed message by message."""
    for node in query.operators:
        if not isinstance(node, FOLLOWED):
            name = type(node).__name__.lower()
            raise QueryError(
                f"{name} cannot be followed: it needs all messages",
                text,
                node.span,
                hint="following takes a scope, parse, json, where and fields",
            )


def after(node: tree.Operator, plan: Plan) -> Plan:
    """The columns after an operator; what only the data decides is unknown."""
    if isinstance(node, tree.Timeslice):
        return timeslice.lower(node, plan, 0, DAY_MS if node.buckets else (node.width_ms or DAY_MS))
    if isinstance(node, tree.JsonAuto):
        return json.lower_auto(node, plan)
    if isinstance(node, tree.LogReduce):
        return _tabular(plan, logreduce.columns(node, plan))
    if isinstance(node, tree.Compare) or type(node) in TABLES:
        return _of_table(node, plan)
    return ENGINE[type(node)](node, plan)


def _of_table(node: tree.Operator, plan: Plan) -> Plan:
    if plan.messages:
        raise Fault(
            "this needs the rows of an aggregation", node.span, "put count, sum or another one before it"
        )
    if isinstance(node, tree.Transpose):
        for name in (*node.rows, *node.columns):
            plan.column(name)
        return replace(_tabular(plan, tuple(plan.column(name) for name in node.rows)), unknown=True)
    if isinstance(node, tree.Compare):
        return replace(_tabular(plan, plan.columns), unknown=True)
    if plan.unknown:
        return plan
    cells = {NUMBER: 1.0, TIME: 0}
    empty = Table(
        tuple(TableColumn(each.name, each.kind, [cells.get(each.kind, "")]) for each in plan.columns)
    )
    made = TABLES[type(node)](node, empty)
    return _tabular(plan, tuple(Column(each.name, "", each.kind) for each in made.columns))


def _tabular(plan: Plan, columns: tuple[Column, ...]) -> Plan:
    named = tuple(each._replace(sql=f"c{place}") for place, each in enumerate(columns))
    return replace(
        plan, columns=named, labels=None, json=None, messages=False, by_labels=False, order=("c0",)
    )
