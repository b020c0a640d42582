"""What a metric query says, as a tree. Every node knows its span in the text, so that errors point at it.

Nodes are values: two trees are equal when they mean the same, wherever it stands in the text. What a node may
hold is decided by the grammar (grammar.lark) and by check.py; what it does, by operators/, a file each.
Durations are whole milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class Span(NamedTuple):
    """Characters `start` to `end` of the text (end excluded)."""

    start: int
    end: int


NOWHERE = Span(0, 0)


@dataclass(frozen=True, kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Name(Node):
    """A label's name, or the name that a parse gives."""

    text: str


# ---- selector


@dataclass(frozen=True)
class Pattern(Node):
    """A value with its wildcards: `*` and `**`. In a quoted one they are wildcards too; `\\*` is a star."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Match(Node):
    """`key=value`, `key!=value`, `key=(a, b)`: one of the patterns fits the label (or, negated, none)."""

    key: Name
    patterns: tuple[Pattern, ...]
    negated: bool = False


@dataclass(frozen=True)
class Word(Node):
    """A bare word: with a dot a path pattern, else a keyword that fits any label's key or value."""

    pattern: Pattern


@dataclass(frozen=True)
class And(Node):
    parts: tuple[Selector, ...]


@dataclass(frozen=True)
class Or(Node):
    parts: tuple[Selector, ...]


@dataclass(frozen=True)
class Not(Node):
    part: Selector


Selector: TypeAlias = Match | Word | And | Or | Not


# ---- expressions (of topk, where, eval and joins)


@dataclass(frozen=True)
class Number(Node):
    value: float


@dataclass(frozen=True)
class Value(Node):
    """`_value`: the point's own value."""


@dataclass(frozen=True)
class Granularity(Node):
    """`_granularity`: the interval in ms."""


@dataclass(frozen=True)
class Reducer(Node):
    """A whole series as one number: avg min max sum count latest stddev slope (a second), pct with a rank."""

    function: str
    rank: float | None = None  # 0..100, of pct


@dataclass(frozen=True)
class RowRef(Node):
    """`#A`: another row of the script."""

    letter: str


@dataclass(frozen=True)
class Binary(Node):
    """left + - * / right."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Negative(Node):
    operand: Expression


@dataclass(frozen=True)
class Call(Node):
    """sin cos tan abs log exp sqrt round ceil floor min max of expressions."""

    function: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = Number | Value | Granularity | Reducer | RowRef | Binary | Negative | Call


@dataclass(frozen=True)
class Comparison(Node):
    """left = != < <= > >= right."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class AllOf(Node):
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf(Node):
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class NoneOf(Node):
    """NOT of one condition."""

    part: Condition


Condition: TypeAlias = Comparison | AllOf | AnyOf | NoneOf


# ---- operators


@dataclass(frozen=True)
class Aggregate(Node):
    """sum avg min max count stddev pct, of the points of one time; `pct` gives a series a rank (label `pct`
    when there are several)."""

    function: str
    ranks: tuple[float, ...] = ()
    by: tuple[Name, ...] = ()


@dataclass(frozen=True)
class Parse(Node):
    pattern: Pattern
    names: tuple[Name, ...]
    field: Name | None = None  # None: _rawName
    nodrop: bool = False


@dataclass(frozen=True)
class TopK(Node):
    """The n series with the greatest (bottomk: least) score; n a group with `by`."""

    n: int
    score: Expression
    by: tuple[Name, ...] = ()
    bottom: bool = False


@dataclass(frozen=True)
class Occurrence(Node):
    """`all last 10m`, `atleast 3 any 5m`: how many points (None = all) of which window."""

    atleast: int | None
    place: str  # first, any, last
    window_ms: int


@dataclass(frozen=True)
class Where(Node):
    condition: Condition
    occurrence: Occurrence | None = None


@dataclass(frozen=True)
class Quantize(Node):
    interval_ms: int | None = None
    rollup: str | None = None
    drop_last: bool = False


@dataclass(frozen=True)
class Rate(Node):
    """Change per second; over a longer window than two points with `over`."""

    kind: str = ""  # "", increasing, decreasing, counter
    over_ms: int | None = None


@dataclass(frozen=True)
class Delta(Node):
    """Change from point to point."""

    kind: str = ""


@dataclass(frozen=True)
class Accum(Node):
    """The sum of all points so far."""


@dataclass(frozen=True)
class Eval(Node):
    expression: Expression


@dataclass(frozen=True)
class Ewma(Node):
    alpha: float | None = None
    points: int | None = None  # span=N


@dataclass(frozen=True)
class TimeShift(Node):
    by_ms: int


@dataclass(frozen=True)
class FillMissing(Node):
    using: str  # empty, interpolation, last, value
    value: float | None = None


@dataclass(frozen=True)
class Outlier(Node):
    window: int | None = None  # points
    window_ms: int | None = None
    threshold: float = 3.0
    direction: str = "+-"


@dataclass(frozen=True)
class Predict(Node):
    """`model` linear or theil-sen; `forecast_ms` ahead; `until` the limit whose time is asked for."""

    model: str = "linear"
    forecast_ms: int | None = None
    until: float | None = None


@dataclass(frozen=True)
class Diff(Node):
    """Class data at two instants as rows: before, after, change. Times as written (RFC 3339, -1h, now)."""

    before: str
    after: str


Operator: TypeAlias = (
    Aggregate
    | Parse
    | TopK
    | Where
    | Quantize
    | Rate
    | Delta
    | Accum
    | Eval
    | Ewma
    | TimeShift
    | FillMissing
    | Outlier
    | Predict
    | Diff
)


# ---- the whole


@dataclass(frozen=True)
class Pipeline(Node):
    source: Selector | RowRef
    operators: tuple[Operator, ...] = ()


@dataclass(frozen=True)
class Join(Node):
    """Arithmetic of rows, series by series: those whose `along` labels are equal (all labels without it)."""

    expression: Expression
    along: tuple[Name, ...] = ()
    alias: str | None = None
    operators: tuple[Operator, ...] = ()


@dataclass(frozen=True)
class Row(Node):
    letter: str  # given, or the next free one
    body: Pipeline | Join


@dataclass(frozen=True)
class Script(Node):
    rows: tuple[Row, ...]
