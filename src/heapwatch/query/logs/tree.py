"""What a log query says, as a tree: a scope, then operators. Nodes know their span (query/tree.py).

The scope is made of the selector nodes of metric queries: Match, Word, And, Or, Not. A Word is looked for in
the text of messages. What an operator may hold is decided by grammar.lark and check.py; what it does, by
operators/, a file each. Durations are whole milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from heapwatch.query.tree import Name, Node, Pattern, Selector

# ---- expressions


@dataclass(frozen=True)
class Field(Node):
    """A column: what a message has, a label, or what an operator before made."""

    name: str


@dataclass(frozen=True)
class Text(Node):
    value: str


@dataclass(frozen=True)
class Number(Node):
    value: float


@dataclass(frozen=True)
class Negative(Node):
    operand: Expression


@dataclass(frozen=True)
class Binary(Node):
    """left + - * / % right."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Call(Node):
    """A function of expressions.py; isNull, isEmpty and isNumeric are conditions."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Choice(Node):
    """`if(c, a, b)` and `c ? a : b`."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True)
class Comparison(Node):
    """left = != < <= > >= right."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class In(Node):
    value: Expression
    options: tuple[Expression, ...]
    negated: bool = False


@dataclass(frozen=True)
class Like(Node):
    """`matches "wild*"`: the whole value fits."""

    value: Expression
    pattern: Pattern


@dataclass(frozen=True)
class Regex(Node):
    """An RE2 expression as written."""

    text: str


@dataclass(frozen=True)
class Fits(Node):
    """`matches /re/`: the expression is found in the value."""

    value: Expression
    regex: Regex


@dataclass(frozen=True)
class Contains(Node):
    value: Expression
    part: Expression


@dataclass(frozen=True)
class AllOf(Node):
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class AnyOf(Node):
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class NoneOf(Node):
    """NOT of one condition."""

    part: Expression


Expression: TypeAlias = (
    Field
    | Text
    | Number
    | Negative
    | Binary
    | Call
    | Choice
    | Comparison
    | In
    | Like
    | Fits
    | Contains
    | AllOf
    | AnyOf
    | NoneOf
)
CONDITIONS = (Comparison, In, Like, Fits, Contains, AllOf, AnyOf, NoneOf)


# ---- operators on messages (and, but for parse multi, on any rows)


@dataclass(frozen=True)
class Parse(Node):
    """`parse "start*stop" as a`: each `*` is a field."""

    pattern: Pattern
    names: tuple[Name, ...]
    field: Name | None = None  # None: the text
    nodrop: bool = False


@dataclass(frozen=True)
class ParseRegex(Node):
    """`parse regex "(?<x>...)"`: each named group is a field; `multi` makes a row of every find."""

    regex: Regex
    field: Name | None = None
    nodrop: bool = False
    multi: bool = False


@dataclass(frozen=True)
class JsonPath(Node):
    """`a.b[0]`: names, and places counted from 0."""

    steps: tuple[str | int, ...]


@dataclass(frozen=True)
class Json(Node):
    paths: tuple[JsonPath, ...]
    names: tuple[Name, ...]
    field: Name | None = None
    nodrop: bool = False


@dataclass(frozen=True)
class JsonAuto(Node):
    """Every key that the messages have, nested ones with dots."""

    field: Name | None = None
    nodrop: bool = False


@dataclass(frozen=True)
class Where(Node):
    condition: Expression


@dataclass(frozen=True)
class Assign(Node):
    """`expression as name`."""

    expression: Expression
    name: Name


@dataclass(frozen=True)
class Fields(Node):
    names: tuple[Name, ...]
    remove: bool = False


@dataclass(frozen=True)
class Timeslice(Node):
    width_ms: int | None = None
    buckets: int | None = None
    alias: Name | None = None


# ---- operators that change what a row is


@dataclass(frozen=True)
class Measure(Node):
    """One result of an aggregation: count, sum(x), pct(x, 95)."""

    function: str
    argument: Expression | None = None
    rank: float | None = None
    alias: Name | None = None


@dataclass(frozen=True)
class Aggregate(Node):
    measures: tuple[Measure, ...]
    by: tuple[Name, ...] = ()


@dataclass(frozen=True)
class SortKey(Node):
    name: Name
    ascending: bool = False


@dataclass(frozen=True)
class Sort(Node):
    keys: tuple[SortKey, ...]


@dataclass(frozen=True)
class Limit(Node):
    count: int


@dataclass(frozen=True)
class Top(Node):
    """`top 10 url by _count`, `top 10 url by sum(bytes)`: the rows, or groups, with the greatest."""

    count: int
    names: tuple[Name, ...]
    by: Name | Measure


# ---- operators on small tables


@dataclass(frozen=True)
class Transpose(Node):
    rows: tuple[Name, ...]
    columns: tuple[Name, ...]


@dataclass(frozen=True)
class Total(Node):
    name: Name
    by: tuple[Name, ...] = ()
    alias: Name | None = None


@dataclass(frozen=True)
class Accum(Node):
    name: Name
    by: tuple[Name, ...] = ()
    alias: Name | None = None


@dataclass(frozen=True)
class Diff(Node):
    name: Name
    by: tuple[Name, ...] = ()
    alias: Name | None = None


@dataclass(frozen=True)
class RollingStd(Node):
    name: Name
    window: int = 10
    by: tuple[Name, ...] = ()
    alias: Name | None = None


@dataclass(frozen=True)
class Outlier(Node):
    """Rows further than `threshold` standard deviations from the mean of the `window` rows before."""

    name: Name
    window: int = 10
    threshold: float = 3.0
    consecutive: int = 1
    direction: str = "+-"
    by: tuple[Name, ...] = ()


@dataclass(frozen=True)
class Predict(Node):
    """A straight line through a column by time, carried on for `forecast` slices."""

    name: Name
    forecast: int = 5
    by: tuple[Name, ...] = ()


@dataclass(frozen=True)
class Compare(Node):
    """The same query over earlier ranges beside this one: `count` of them, apart or as one by `function`."""

    shift_ms: int
    count: int = 1
    function: str | None = None  # avg, min, max


@dataclass(frozen=True)
class LogReduce(Node):
    field: Name | None = None
    by: tuple[Name, ...] = ()


Operator: TypeAlias = (
    Parse
    | ParseRegex
    | Json
    | JsonAuto
    | Where
    | Assign
    | Fields
    | Timeslice
    | Aggregate
    | Sort
    | Limit
    | Top
    | Transpose
    | Total
    | Accum
    | Diff
    | RollingStd
    | Outlier
    | Predict
    | Compare
    | LogReduce
)


@dataclass(frozen=True)
class Everything(Node):
    """`*`, or no scope at all."""


@dataclass(frozen=True)
class LogQuery(Node):
    scope: Selector | Everything
    operators: tuple[Operator, ...] = ()
