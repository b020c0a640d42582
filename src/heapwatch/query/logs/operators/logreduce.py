"""`logreduce [field=f] [by k]`: the kinds of messages, each with its count (logreduce.py says how).

Columns: what it is grouped by, `_signature`, `_count`, when the first and the last was, one message, and a
query that finds them all. After `timeslice` a row is a signature in a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from heapwatch.query.build import Fault
from heapwatch.query.logs import format as written
from heapwatch.query.logs import logreduce, tree
from heapwatch.query.logs.plan import NUMBER, TEXT, TIME, Column, Plan
from heapwatch.query.logs.table import Cell, Table, TableColumn, from_answer, natural, select
from heapwatch.query.tree import Pattern

MOST_TEMPLATES = 50_000
"""Templates (with what they are grouped by) that are looked at, the most frequent first."""

SAMPLED_FROM = 2_000_000
"""With more messages than this, evenly chosen ones stand for all."""

Ask = Callable[[str], Any]


@dataclass
class _Kind:
    count: float = 0.0
    first: float = float("inf")
    last: float = 0.0
    sample: str = ""
    exact: bool = True


def columns(node: tree.LogReduce, plan: Plan) -> tuple[Column, ...]:
    """The columns of what comes out, before it is known."""
    if not plan.messages:
        raise Fault("logreduce needs messages", node.span, "put it before the aggregation")
    plan.text_of(node.field)
    keys = [Column(each.name, "", each.kind) for each in _keys(node, plan)]
    made = [("_signature", TEXT), ("_count", NUMBER)]
    if not any(each.name == "_timeslice" for each in keys):
        made += [("_first", TIME), ("_last", TIME)]
    made += [("_sample", TEXT), ("_query", TEXT)]
    return (*keys, *(Column(name, "", kind) for name, kind in made))


def compute(node: tree.LogReduce, plan: Plan, ask: Ask, total: int, before: str) -> Table:
    """`total` is how many messages there are, `before` the query's text up to here."""
    shape = columns(node, plan)
    keys = _keys(node, plan)
    every = -(-total // SAMPLED_FROM) if total > SAMPLED_FROM else 1
    found = ask(_sql(node, plan, keys, every))
    table = from_answer(_ANSWER + [Column(each.name, "", each.kind) for each in keys], found)
    cells = {each.name: each.values for each in table.columns}
    signatures = logreduce.signatures(cells["template"])
    kinds = _summed([table.columns[len(_ANSWER) + at].values for at in range(len(keys))], cells, signatures)
    rows = sorted(kinds.items(), key=lambda row: _order(row, [each.name for each in keys]))
    left_out = total - sum(int(n) for n in cells["n"]) if every == 1 else 0
    made = _table(node, shape, [each.name for each in keys], rows, every, before)
    return made.warned(
        f"there are more than {MOST_TEMPLATES} templates; {left_out} messages of rare kinds were left out"
        if len(table) == MOST_TEMPLATES and left_out > 0
        else "",
        f"{total} messages are more than {SAMPLED_FROM}: one in {every} was looked at, counts are estimates"
        if every > 1
        else "",
    )


_ANSWER = [
    Column("template", "", TEXT),
    Column("n", "", NUMBER),
    Column("first", "", NUMBER),
    Column("last", "", NUMBER),
    Column("loose", "", NUMBER),
    Column("sample", "", TEXT),
]


def _keys(node: tree.LogReduce, plan: Plan) -> list[Column]:
    keys = [plan.column(name) for name in node.by]
    sliced = next((each for each in plan.columns if each.kind == TIME and each.name != "_time"), None)
    if sliced and sliced.name not in {each.name for each in keys}:
        keys.insert(0, sliced)
    return keys


def _sql(node: tree.LogReduce, plan: Plan, keys: Sequence[Column], every: int) -> str:
    text = f"ifNull({plan.text_of(node.field).sql}, '')"
    template = logreduce.in_sql("body", plan.binder.bind)
    loose = logreduce.loose_in_sql("body", plan.binder.bind)
    grouped = [f"g{at}" for at in range(len(keys))]
    taken = f" WHERE cityHash64(t, seq) % {every} = 0" if every > 1 else ""
    inner = ", ".join(
        [f"{text} AS body", "t", "seq", *(f"{k.sql} AS {g}" for k, g in zip(keys, grouped, strict=True))]
    )
    groups = ", ".join(["template", *grouped])
    counted = (
        f"SELECT {template} AS template, toFloat64(count()) AS n, toFloat64(min(t)) AS first, "
        f"toFloat64(max(t)) AS last, argMin(body, (t, seq)) AS sample, "
        f"toFloat64(max({loose})) AS loose{''.join(', ' + g for g in grouped)} "
        f"FROM (SELECT {inner} FROM ({plan.rows}){taken}) GROUP BY {groups} "
        f"ORDER BY n DESC, {groups} LIMIT {MOST_TEMPLATES}"
    )
    shown = [column._replace(sql=column.name) for column in _ANSWER]
    shown += [column._replace(sql=g) for column, g in zip(keys, grouped, strict=True)]
    return f"SELECT {select(shown)} FROM ({counted})"


def _summed(
    keys: list[list[Cell]], cells: dict[str, list[Any]], signatures: dict[str, str]
) -> dict[tuple[Cell, ...], _Kind]:
    kinds: dict[tuple[Cell, ...], _Kind] = {}
    for place, template in enumerate(cells["template"]):
        key = (*(values[place] for values in keys), signatures[template])
        kind = kinds.setdefault(key, _Kind())
        kind.count += cells["n"][place]
        if (cells["first"][place], cells["sample"][place]) < (kind.first, kind.sample):
            kind.first, kind.sample = cells["first"][place], cells["sample"][place]
        kind.exact &= not cells["loose"][place]
        kind.last = max(kind.last, cells["last"][place])
    return kinds


def _order(row: tuple[tuple[Cell, ...], _Kind], names: Sequence[str]) -> tuple[Any, ...]:
    *keys, signature = row[0]
    sliced = [natural(key) for key, name in zip(keys, names, strict=True) if name == "_timeslice"]
    return (sliced, -row[1].count, signature, [natural(key) for key in keys])


def _table(
    node: tree.LogReduce,
    shape: Sequence[Column],
    names: Sequence[str],
    rows: list[tuple[tuple[Cell, ...], _Kind]],
    every: int,
    before: str,
) -> Table:
    queries = {key: _query(node, names, key, kind.exact, before) for key, kind in rows}
    values: dict[str, list[Any]] = {
        "_signature": [key[-1] for key, _ in rows],
        "_count": [kind.count * every for _, kind in rows],
        "_first": [kind.first for _, kind in rows],
        "_last": [kind.last for _, kind in rows],
        "_sample": [kind.sample for _, kind in rows],
        "_query": [queries[key] for key, _ in rows],
    }
    for at, name in enumerate(names):
        values[name] = [key[at] for key, _ in rows]
    return Table(tuple(TableColumn(each.name, each.kind, values[each.name]) for each in shape))


def _query(
    node: tree.LogReduce, names: Sequence[str], key: tuple[Cell, ...], exact: bool, before: str
) -> str:
    """Finds the messages of a signature (and what else has its words in their order)."""
    fitting = Pattern(logreduce.pattern(str(key[-1]), exact), quoted=True)
    field = tree.Field(node.field.text if node.field else "_text")
    parts: list[tree.Expression] = [tree.Like(field, fitting)]
    by = {name.text for name in node.by}
    for name, value in zip(names, key, strict=False):
        if name in by and value is None:
            parts.append(tree.Call("isNull", (tree.Field(name),)))
        elif name in by:
            literal = tree.Text(value) if isinstance(value, str) else tree.Number(float(value or 0))
            parts.append(tree.Comparison("=", tree.Field(name), literal))
    condition = tree.AllOf(tuple(parts)) if len(parts) > 1 else parts[0]
    return f"{before} | where {written.expression(condition)}"
