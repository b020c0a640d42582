"""What the grammar recognised, as the nodes of tree.py; from the leaves up, so that depth costs no stack."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any, NamedTuple

from lark import Token, v_args
from lark.visitors import Transformer_NonRecursive

from heapwatch.query import tree
from heapwatch.query.tree import Span

UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LONGEST_MS = 3_660 * UNITS_MS["d"]

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_WRITTEN = {'"': '"', "\\": "\\\\", "*": "\\*", "n": "\n", "t": "\t"}


class Fault(Exception):
    """Something that reads well and cannot be meant; parse.py makes a QueryError of it."""

    def __init__(self, message: str, span: Span, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint


class LetteredRow(NamedTuple):
    """A row whose letter may still be open."""

    letter: str
    letter_span: Span
    body: tree.Pipeline | tree.Join
    span: Span


class _Mods(NamedTuple):
    along: tuple[tree.Name, ...] = ()
    alias: str | None = None


def _span(meta: Any) -> Span:
    return Span(meta.start_pos, meta.end_pos) if hasattr(meta, "start_pos") else tree.NOWHERE


def _of(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def _number(token: Token) -> float:
    value = float(token)
    if not math.isfinite(value):
        raise Fault("this number is too large", _of(token))
    return value


def _whole(token: Token) -> int:
    value = _number(token)
    if not value.is_integer() or value > 1e9:
        raise Fault(f"{token} is not a whole number below 1000000000", _of(token))
    return int(value)


def duration_ms(text: str) -> int:
    """`90s` in ms."""
    digits = text.rstrip("mshdMSHD")
    return int(digits) * UNITS_MS[text[len(digits) :].lower()]


def _duration(token: Token) -> int:
    value = duration_ms(token) if len(token) < 18 else LONGEST_MS + 1
    if not 0 < value <= LONGEST_MS:
        raise Fault(f"{token[:20]} is not a duration from 1ms to 3660d", _of(token))
    return value


def _pattern(token: Token) -> tree.Pattern:
    """In a pattern's text a backslash stands before a star or a backslash that is meant as itself."""
    quoted = token.type == "STRING"
    text = token[1:-1] if quoted else str(token)

    def plain(found: re.Match[str]) -> str:
        meant = _WRITTEN.get(found[1])
        if meant is None or (not quoted and found[1] not in "\\*"):
            start = _of(token).start + quoted + found.start()
            raise Fault(
                f"unknown escape {found[0]}",
                Span(start, start + 2),
                'there are \\" \\\\ \\* \\n \\t in quotes',
            )
        return meant

    if not quoted and text.endswith("\\") and not re.search(r"(?<!\\)(?:\\\\)+$", text):
        raise Fault("a backslash needs something after it", Span(_of(token).end - 1, _of(token).end))
    return tree.Pattern(_ESCAPED.sub(plain, text), quoted, span=_of(token))


@v_args(meta=True)
class Builder(Transformer_NonRecursive[Token, list[LetteredRow]]):
    """One method a rule or alias of grammar.lark."""

    def start(self, _meta: Any, rows: list[LetteredRow]) -> list[LetteredRow]:
        return rows

    def row(self, meta: Any, given: list[Any]) -> LetteredRow:
        return LetteredRow("", _span(meta), given[0], _span(meta))

    def lettered_row(self, meta: Any, given: list[Any]) -> LetteredRow:
        return LetteredRow(given[0][1].upper(), _of(given[0]), given[1], _span(meta))

    def pipeline(self, meta: Any, given: list[Any]) -> tree.Pipeline:
        return tree.Pipeline(given[0], given[1], span=_span(meta))

    def plain_join(self, meta: Any, given: list[Any]) -> tree.Pipeline | tree.Join:
        source, operators = given
        if isinstance(source, tree.RowRef):
            return tree.Pipeline(source, operators, span=_span(meta))
        return tree.Join(source, operators=operators, span=_span(meta))

    def join(self, meta: Any, given: list[Any]) -> tree.Join:
        along = next((mod for mod in given[1:-1] if isinstance(mod, tuple)), ())
        alias = next((mod.text for mod in given[1:-1] if isinstance(mod, tree.Name)), None)
        return tree.Join(given[0], along, alias, given[-1], span=_span(meta))

    join_along = join_as = join_along_as = join_as_along = join

    def along(self, _meta: Any, given: list[Any]) -> Any:
        return given[0]

    by = along

    def alias(self, _meta: Any, given: list[Token]) -> tree.Name:
        return tree.Name(str(given[0]), span=_of(given[0]))

    def operators(self, _meta: Any, given: list[Any]) -> tuple[tree.Operator, ...]:
        return tuple(each for each in given if not isinstance(each, Token))

    # ---- selectors

    def disjunction(self, meta: Any, given: list[Any]) -> Any:
        return given[0] if len(given) == 1 else tree.Or(tuple(given), span=_span(meta))

    def conjunction(self, meta: Any, given: list[Any]) -> Any:
        return given[0] if len(given) == 1 else tree.And(tuple(given), span=_span(meta))

    def negation(self, meta: Any, given: list[Any]) -> tree.Not:
        return tree.Not(given[0], span=_span(meta))

    def group(self, meta: Any, given: list[Any]) -> Any:
        inner = next(each for each in given if not isinstance(each, Token))
        return replace(inner, span=_span(meta))

    def match(self, meta: Any, given: list[Any], negated: bool = False) -> tree.Match:
        key = tree.Name(str(given[0]), span=_of(given[0]))
        patterns = tuple(each for each in given if isinstance(each, tree.Pattern))
        return tree.Match(key, patterns, negated, span=_span(meta))

    def mismatch(self, meta: Any, given: list[Any]) -> tree.Match:
        return self.match(meta, given, negated=True)

    def word(self, meta: Any, given: list[Any]) -> tree.Word:
        return tree.Word(given[0], span=_span(meta))

    def value(self, _meta: Any, given: list[Token]) -> tree.Pattern:
        return _pattern(given[0])

    template = value

    # ---- expressions

    def binary(self, meta: Any, given: list[Any]) -> tree.Binary:
        return tree.Binary(str(given[1]), given[0], given[2], span=_span(meta))

    def negative(self, meta: Any, given: list[Any]) -> tree.Negative:
        return tree.Negative(given[-1], span=_span(meta))

    def number(self, meta: Any, given: list[Token]) -> tree.Number:
        return tree.Number(_number(given[0]), span=_span(meta))

    def row_ref(self, meta: Any, given: list[Token]) -> tree.RowRef:
        return tree.RowRef(given[0][1].upper(), span=_span(meta))

    def value_of_point(self, meta: Any, _given: list[Token]) -> tree.Value:
        return tree.Value(span=_span(meta))

    def granularity(self, meta: Any, _given: list[Token]) -> tree.Granularity:
        return tree.Granularity(span=_span(meta))

    def reducer(self, meta: Any, given: list[Token]) -> tree.Reducer:
        return tree.Reducer(given[0].lower(), span=_span(meta))

    def percentile(self, meta: Any, given: list[Any]) -> tree.Reducer:
        rank = next(each for each in given if isinstance(each, float))
        return tree.Reducer("pct", rank, span=_span(meta))

    def call(self, meta: Any, given: list[Any]) -> tree.Call:
        arguments = tuple(each for each in given[1:] if not isinstance(each, Token))
        return tree.Call(given[0].lower(), arguments, span=_span(meta))

    def any_of(self, meta: Any, given: list[Any]) -> Any:
        return given[0] if len(given) == 1 else tree.AnyOf(tuple(given), span=_span(meta))

    def all_of(self, meta: Any, given: list[Any]) -> Any:
        return given[0] if len(given) == 1 else tree.AllOf(tuple(given), span=_span(meta))

    def none_of(self, meta: Any, given: list[Any]) -> tree.NoneOf:
        return tree.NoneOf(given[0], span=_span(meta))

    def comparison(self, meta: Any, given: list[Any]) -> tree.Comparison:
        return tree.Comparison(str(given[1]), given[0], given[2], span=_span(meta))

    def equal(self, meta: Any, given: list[Any]) -> tree.Comparison:
        return tree.Comparison("=", given[0], given[1], span=_span(meta))

    def unequal(self, meta: Any, given: list[Any]) -> tree.Comparison:
        return tree.Comparison("!=", given[0], given[1], span=_span(meta))

    # ---- operators

    def fields(self, _meta: Any, given: list[Token]) -> tuple[tree.Name, ...]:
        return tuple(tree.Name(str(each), span=_of(each)) for each in given if each.type == "FIELD")

    def signed(self, _meta: Any, given: list[Token]) -> float:
        value = _number(given[-1])
        return -value if len(given) == 2 else value

    def aggregate(self, meta: Any, given: list[Any]) -> tree.Aggregate:
        return tree.Aggregate(given[0].lower(), (), tuple(*given[1:]), span=_span(meta))

    def aggregate_pct(self, meta: Any, given: list[Any]) -> tree.Aggregate:
        ranks = tuple(each for each in given if isinstance(each, float))
        by = next((each for each in given if isinstance(each, tuple)), ())
        return tree.Aggregate("pct", ranks, by, span=_span(meta))

    def parse(self, meta: Any, given: list[Any]) -> tree.Parse:
        return tree.Parse(given[1], given[2], None, len(given) == 4, span=_span(meta))

    def parse_field(self, meta: Any, given: list[Any]) -> tree.Parse:
        field = tree.Name(str(given[1]), span=_of(given[1]))
        return tree.Parse(given[2], given[3], field, len(given) == 5, span=_span(meta))

    def topk(self, meta: Any, given: list[Any]) -> tree.TopK:
        number = next(each for each in given if isinstance(each, Token) and each.type == "NUMBER")
        score: Any = next(each for each in given if isinstance(each, tree.Node))
        by = next((each for each in given if isinstance(each, tuple)), ())
        return tree.TopK(_whole(number), score, by, given[0].type == "BOTTOMK", span=_span(meta))

    def where(self, meta: Any, given: list[Any]) -> tree.Where:
        return tree.Where(*given[1:], span=_span(meta))

    def occurrence(self, meta: Any, given: list[Token]) -> tree.Occurrence:
        atleast = _whole(given[1]) if given[0].type == "ATLEAST" else None
        return tree.Occurrence(atleast, given[-2].lower(), _duration(given[-1]), span=_span(meta))

    def quantize(self, meta: Any, given: list[Any]) -> tree.Quantize:
        interval = next((_duration(each) for each in given if each.type == "DURATION"), None)
        rollup = next((each.lower() for each in given if each.type in _ROLLUPS), None)
        dropped = given[-1].type == "DROP_LAST"
        return tree.Quantize(interval, rollup, dropped, span=_span(meta))

    def using(self, _meta: Any, given: list[Token]) -> Token:
        return given[0]

    kind = using

    def rate(self, meta: Any, given: list[Token]) -> tree.Rate:
        kind = next((each.lower() for each in given[1:] if each.type != "DURATION"), "")
        over = next((_duration(each) for each in given if each.type == "DURATION"), None)
        return tree.Rate(kind, over, span=_span(meta))

    def delta(self, meta: Any, given: list[Token]) -> tree.Delta:
        return tree.Delta(given[1].lower() if len(given) > 1 else "", span=_span(meta))

    def accum(self, meta: Any, _given: list[Token]) -> tree.Accum:
        return tree.Accum(span=_span(meta))

    def eval(self, meta: Any, given: list[Any]) -> tree.Eval:
        return tree.Eval(given[1], span=_span(meta))

    def ewma(self, meta: Any, given: list[Any]) -> tree.Ewma:
        if len(given) == 1:
            return tree.Ewma(span=_span(meta))
        if given[1].type == "ALPHA":
            return tree.Ewma(alpha=given[2], span=_span(meta))
        if not given[2].is_integer():
            raise Fault(f"{given[2]:g} is not a whole number of points", _span(meta))
        return tree.Ewma(points=int(given[2]), span=_span(meta))

    def timeshift(self, meta: Any, given: list[Token]) -> tree.TimeShift:
        return tree.TimeShift(_duration(given[1]), span=_span(meta))

    def fillmissing(self, meta: Any, given: list[Token]) -> tree.FillMissing:
        return tree.FillMissing(given[1].lower(), span=_span(meta))

    def fillmissing_value(self, meta: Any, given: list[Any]) -> tree.FillMissing:
        return tree.FillMissing("value", given[1], span=_span(meta))

    def option(self, meta: Any, given: list[Any]) -> tuple[str, Any, Span]:
        name, value = given[0].lower(), given[1]
        if isinstance(value, Token):
            if value.type == "DURATION":
                value = _duration(value)
                name += "_ms"
            elif value.type == "NUMBER":
                value = _whole(value)
        return name, value, _span(meta)

    outlier_option = predict_option = option

    def outlier(self, meta: Any, given: list[Any]) -> tree.Outlier:
        return tree.Outlier(**_options(given), span=_span(meta))

    def predict(self, meta: Any, given: list[Any]) -> tree.Predict:
        return tree.Predict(**_options(given), span=_span(meta))

    def diff(self, meta: Any, given: list[Any]) -> tree.Diff:
        return tree.Diff(given[1], given[2], span=_span(meta))

    def moment(self, _meta: Any, given: list[Token]) -> str:
        return str(given[0]).strip('"')


_ROLLUPS = ("AVG", "MIN", "MAX", "SUM", "COUNT", "LATEST")


def _options(given: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in given:
        if isinstance(each, tuple):
            name, value, span = each
            if name.removesuffix("_ms") in (known.removesuffix("_ms") for known in found):
                raise Fault(f"{name.removesuffix('_ms')} is given twice", span)
            found[name] = str(value).lower() if isinstance(value, Token) else value
    return found
