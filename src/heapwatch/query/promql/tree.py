"""What a query says, as a tree. Durations and moments are whole milliseconds; nodes know their place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from heapwatch.query.tree import NOWHERE, Span

NAME = "__name__"

Sign = Literal["=", "!=", "=~", "!~"]
Edge = Literal["start", "end"]


@dataclass(frozen=True, kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Number(Node):
    value: float


@dataclass(frozen=True)
class Text(Node):
    value: str


@dataclass(frozen=True)
class Matcher:
    label: str
    sign: Sign
    value: str


@dataclass(frozen=True)
class Selector(Node):
    """Series by their labels; with `range_ms` what they had within so long before each moment."""

    matchers: tuple[Matcher, ...]
    range_ms: int | None = None
    offset_ms: int = 0
    at: int | Edge | None = None


@dataclass(frozen=True)
class Subquery(Node):
    inner: Expression
    range_ms: int
    step_ms: int | None
    offset_ms: int = 0
    at: int | Edge | None = None


@dataclass(frozen=True)
class Call(Node):
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Aggregate(Node):
    """`without`: the labels are those that go, not those that stay."""

    name: str
    inner: Expression
    parameter: Expression | None
    labels: tuple[str, ...]
    without: bool


@dataclass(frozen=True)
class Matching:
    """Which labels pair the samples of two sides, and which side may have many for one of the other."""

    on: bool = False
    labels: tuple[str, ...] = ()
    many: Literal["", "left", "right"] = ""
    include: tuple[str, ...] = ()


@dataclass(frozen=True)
class Binary(Node):
    sign: str
    left: Expression
    right: Expression
    as_bool: bool = False
    matching: Matching | None = None


@dataclass(frozen=True)
class Unary(Node):
    sign: str
    inner: Expression


Expression: TypeAlias = "Number | Text | Selector | Subquery | Call | Aggregate | Binary | Unary"
