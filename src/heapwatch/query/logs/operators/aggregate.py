"""`count, sum(x) as s, pct(x, 95) by a, b`: a row for each group.

Sums, means, extremes and percentiles are of numbers: a value that is none is left out and counted. `pct`
interpolates linearly (type 7), `stddev` is the sample one and 0 for one value. `first` and `last` are by
time. `values` are the distinct ones in order, a line each, the first 100 of them.
"""

from __future__ import annotations

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.expressions import value
from heapwatch.query.logs.plan import NUMBER, TEXT, TIME, Column, Counter, Plan, Value, as_number, as_text
from heapwatch.query.tree import Name

MOST_VALUES = 100

OF_NUMBERS = {
    "sum": "sum({x})",
    "avg": "avg({x})",
    "min": "min({x})",
    "max": "max({x})",
    "median": "quantileExactInclusive(0.5)({x})",
    "stddev": "if(count({x}) = 1, toFloat64(0), stddevSamp({x}))",
}


def lower(node: tree.Aggregate, plan: Plan) -> Plan:
    keys = [plan.column(name) for name in node.by]
    measured = [(name_of(each), *_lowered(each, plan)) for each in node.measures]
    _refuse_same_names(node, [key.name for key in keys], [name for name, *_ in measured])
    columns, groups, selected = [], [], []
    for key in keys:
        identifier = plan.binder.identifier()
        groups.append(identifier)
        selected.append(f"{key.sql} AS {identifier}")
        columns.append(Column(key.name, identifier, key.kind))
    for name, found, _ in measured:
        identifier = plan.binder.identifier()
        selected.append(f"{found.sql} AS {identifier}")
        columns.append(Column(name, identifier, found.kind))
    grouped = f" GROUP BY {', '.join(groups)}" if groups else ""
    rows = f"SELECT {', '.join(selected)} FROM ({plan.rows}){grouped}"
    counters = [counter for _, _, counter in measured if counter]
    first = [column for column in columns if column.kind == TIME and column.name != "_time"]
    columns = [*first, *(column for column in columns if column not in first)]
    return plan.begun(
        rows,
        counters,
        columns=tuple(columns),
        labels=None,
        messages=False,
        by_labels=False,
        json=None,
        order=(),
        rank=(),
        removed=frozenset(),
    )


def name_of(measure: tree.Measure) -> str:
    if measure.alias:
        return measure.alias.text
    rank = f"_{measure.rank:g}" if measure.rank is not None else ""
    return f"_{measure.function}{rank}"


def _lowered(measure: tree.Measure, plan: Plan) -> tuple[Value, Counter | None]:
    if measure.argument is None:
        return Value("toFloat64(count())", NUMBER), None
    found, function = value(plan, measure.argument), measure.function
    text = as_text(found).sql
    if function == "count":
        return Value(f"toFloat64(count({text}))", NUMBER), None
    if function == "count_distinct":
        return Value(f"toFloat64(uniqExact({text}))", NUMBER), None
    if function == "values":
        return Value(_values(text), TEXT), None
    if function in ("first", "last"):
        return Value(_edge(function, text, measure, plan), TEXT), None
    number = as_number(found)
    if function == "pct":
        rank = plan.binder.bind((measure.rank or 0.0) / 100, "Float64")
        sql = f"quantileExactInclusive({rank})({number})"
    else:
        sql = OF_NUMBERS[function].format(x=number)
    counter = None
    if found.kind == TEXT:
        message = f"{name_of(measure)} left out {{n value}}: not numbers"
        counter = Counter(f"(ifNull({found.sql}, '') != '' AND isNull({number}))", message)
    return Value(sql, NUMBER), counter


def _values(text: str) -> str:
    every = f"arraySort(groupUniqArray({text}))"
    more = f"concat('… and ', toString(length({every}) - {MOST_VALUES}), ' more')"
    shown = f"arrayStringConcat(arraySlice({every}, 1, {MOST_VALUES}), '\\n')"
    return f"toNullable(if(length({every}) > {MOST_VALUES}, concat({shown}, '\\n', {more}), {shown}))"


def _edge(function: str, text: str, measure: tree.Measure, plan: Plan) -> str:
    if not plan.messages:
        raise Fault(f"{function} needs messages, which have a time", measure.span, "sort and limit 1 instead")
    chosen = "argMinIf" if function == "first" else "argMaxIf"
    moment = ", ".join(["t", "seq", *plan.within])
    found = f"{chosen}(ifNull({text}, ''), ({moment}), isNotNull({text}))"
    return f"if(count({text}) = 0, NULL, {found})"


def _refuse_same_names(node: tree.Aggregate, keys: list[str], made: list[str]) -> None:
    seen = set(keys)
    if len(seen) < len(keys):
        raise Fault("a field stands twice after by", node.by[-1].span)
    for measure, name in zip(node.measures, made, strict=True):
        if name in seen:
            raise Fault(f"two columns are called {name[:60]!r}", measure.span, "name one: as NAME")
        seen.add(name)


def as_aggregate(by: tuple[Name, ...], measure: tree.Measure) -> tree.Aggregate:
    return tree.Aggregate((measure,), by, span=measure.span)
