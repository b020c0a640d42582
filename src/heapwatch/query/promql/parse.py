"""A query as a tree: `parse(text)`. Every error is a QueryError that points at a place.

topk(5, sum by (class) (heap_bytes{host="memleak3"}))
"""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import VisitError

from heapwatch.query.errors import QueryError
from heapwatch.query.promql import tree
from heapwatch.query.promql.kinds import AGGREGATIONS, WITH_PARAMETER, check
from heapwatch.query.promql.matching import BadPattern, compiled, test
from heapwatch.query.tree import Span

MOST_CHARACTERS = 20_000
DEEPEST = 150

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
UNITS["y"] = 365 * UNITS["d"]
_SPANS = re.compile(r"(\d+)(ms|[smhdwy])")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_PLAIN |= {sign: sign for sign in "\\\"'"}
LONGEST_MS = 100 * UNITS["y"]


class Fault(Exception):
    """What makes no sense where it stands."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


def parse(text: str) -> tree.Expression:
    """The query's tree, its kinds checked."""
    if len(text) > MOST_CHARACTERS:
        raise QueryError(f"a query has at most {MOST_CHARACTERS} characters", text, Span(0, len(text)))
    if not text.strip():
        raise QueryError("no expression found in input", text, Span(0, 0))
    try:
        found: tree.Expression = _Builder().transform(_lark().parse(text))
        _refuse_depth(found, DEEPEST)
        check(found, Fault)
    except UnexpectedInput as error:
        raise _unexpected(text, error) from None
    except VisitError as error:
        if not isinstance(error.orig_exc, Fault):
            raise error.orig_exc from None
        raise QueryError(error.orig_exc.message, text, error.orig_exc.span) from None
    except RecursionError:
        raise QueryError("this query is nested too deeply", text, Span(0, len(text))) from None
    except Fault as fault:
        raise QueryError(fault.message, text, fault.span) from None
    return found


def duration(text: str) -> int:
    """`1h30m` in ms."""
    found = sum(int(number) * UNITS[unit] for number, unit in _SPANS.findall(text))
    if not re.fullmatch(r"(?:\d+(?:ms|[smhdwy]))+", text, re.ASCII) or found > LONGEST_MS:
        raise ValueError(f"{text[:40]!r} is not a duration such as 5m or 1h30m")
    return found


@functools.cache
def _lark() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def _unexpected(text: str, error: UnexpectedInput) -> QueryError:
    token = getattr(error, "token", None)
    place = getattr(token, "start_pos", None)
    if place is None:
        place = error.pos_in_stream
    if place is None or (token is not None and token.type == "$END"):
        end = len(text.rstrip())
        return QueryError("unexpected end of input", text, Span(end, end))
    word = str(token) if token is not None else text[place : place + 1]
    return QueryError(f"unexpected {word[:40]!r}", text, Span(place, place + max(1, len(word))))


def _refuse_depth(node: Any, left: int) -> None:
    if left == 0:
        raise Fault("this query is nested too deeply", node.span)
    for name in ("inner", "left", "right", "parameter"):
        part = getattr(node, name, None)
        if isinstance(part, tree.Node):
            _refuse_depth(part, left - 1)
    for part in getattr(node, "arguments", ()):
        _refuse_depth(part, left - 1)


def _span(meta: Any) -> Span:
    return Span(getattr(meta, "start_pos", 0), getattr(meta, "end_pos", 0))


def _of(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def _duration(token: Token) -> int:
    try:
        found = duration(str(token))
    except ValueError as error:
        raise Fault(str(error), _of(token)) from None
    if found == 0:
        raise Fault("duration must be greater than 0", _of(token))
    return found


def _text(token: Token) -> str:
    """A string without its quotes; those in backquotes have no escapes."""
    if token[0] == "`":
        return str(token)[1:-1]

    def plain(found: re.Match[str]) -> str:
        sign = found[1]
        if sign in _PLAIN:
            return _PLAIN[sign]
        if len(sign) == 1:
            raise Fault(f"unknown escape sequence \\{sign}", _of(token))
        number = int(sign[1:], 16) if sign[0] in "xuU" else int(sign, 8)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise Fault(f"\\{sign} is no character", _of(token))
        return chr(number)

    return _ESCAPE.sub(plain, str(token)[1:-1])


@v_args(meta=True)
class _Builder(Transformer[Token, Any]):
    """The grammar's rules as nodes."""

    def start(self, _meta: Any, given: list[Any]) -> Any:
        return given[0]

    def group(self, _meta: Any, given: list[Any]) -> Any:
        return given[0]

    def number(self, meta: Any, given: list[Token]) -> tree.Number:
        return tree.Number(_number(given[0]), span=_span(meta))

    def string(self, meta: Any, given: list[Token]) -> tree.Text:
        return tree.Text(_text(given[0]), span=_span(meta))

    def metric(self, meta: Any, given: list[Token]) -> tree.Selector:
        return tree.Selector((tree.Matcher(tree.NAME, "=", str(given[0])),), span=_span(meta))

    def selector(self, meta: Any, given: list[Any]) -> tree.Selector:
        name, matchers = given
        found = list(matchers or ())
        if name is not None:
            if any(each.label == tree.NAME and each.sign == "=" for each in found):
                raise Fault(f"metric name must not be set twice: {str(name)!r}", _span(meta))
            found.insert(0, tree.Matcher(tree.NAME, "=", str(name)))
        if all(_fits_empty(each) for each in found):
            raise Fault(
                "vector selector must contain at least one non-empty matcher",
                _span(meta),
            )
        return tree.Selector(tuple(found), span=_span(meta))

    def matchers(self, _meta: Any, given: list[tree.Matcher]) -> list[tree.Matcher]:
        return given

    def matcher(self, _meta: Any, given: list[Token]) -> tree.Matcher:
        label, sign, value = given
        name = _text(label) if label.type == "STRING" else str(label)
        text = _text(value)
        if sign in ("=~", "!~"):
            _compiled(text, value)
        return tree.Matcher(name, str(sign), text)  # type: ignore[arg-type]

    def quoted_name(self, _meta: Any, given: list[Token]) -> tree.Matcher:
        return tree.Matcher(tree.NAME, "=", _text(given[0]))

    def ranged(self, meta: Any, given: list[Any]) -> tree.Selector:
        inner, span = given
        if not isinstance(inner, tree.Selector) or inner.range_ms is not None:
            raise Fault("ranges only allowed for vector selectors", _span(meta))
        if inner.offset_ms or inner.at is not None:
            raise Fault("no offset or @ modifier allowed before range", _span(meta))
        return replace(inner, range_ms=_duration(span), span=_span(meta))

    def subquery(self, meta: Any, given: list[Any]) -> tree.Subquery:
        inner, span, step = given
        return tree.Subquery(
            inner, _duration(span), None if step is None else _duration(step), span=_span(meta)
        )

    def offset(self, meta: Any, given: list[Any]) -> Any:
        inner, minus, by = given
        if not isinstance(inner, tree.Selector | tree.Subquery):
            raise Fault(
                "offset modifier must be preceded by an instant vector selector or range vector selector"
                " or a subquery",
                _span(meta),
            )
        if inner.offset_ms:
            raise Fault("offset may not be set multiple times", _span(meta))
        return replace(inner, offset_ms=_duration(by) * (-1 if minus else 1), span=_span(meta))

    def at(self, meta: Any, given: list[Any]) -> Any:
        inner, moment = given
        if not isinstance(inner, tree.Selector | tree.Subquery):
            raise Fault(
                "@ modifier must be preceded by an instant vector selector or range vector selector"
                " or a subquery",
                _span(meta),
            )
        if inner.at is not None:
            raise Fault("@ <timestamp> may not be set multiple times", _span(meta))
        return replace(inner, at=moment, span=_span(meta))

    def at_number(self, meta: Any, given: list[Any]) -> int:
        sign, number = given
        value = _number(number) * (-1 if sign == "-" else 1)
        if not abs(value) < 2**53 / 1000:
            raise Fault("timestamp out of bounds for @ modifier", _span(meta))
        return round(value * 1000)

    def at_edge(self, _meta: Any, given: list[Token]) -> str:
        if given[0] not in ("start", "end"):
            raise Fault("@ takes a number, start() or end()", _of(given[0]))
        return str(given[0])

    def call(self, meta: Any, given: list[Any]) -> tree.Call | tree.Aggregate:
        return _called(given[0], given[1] or [], None, _span(meta))

    def call_by(self, meta: Any, given: list[Any]) -> tree.Call | tree.Aggregate:
        return _called(given[0], given[2] or [], given[1], _span(meta))

    def call_then_by(self, meta: Any, given: list[Any]) -> tree.Call | tree.Aggregate:
        return _called(given[0], given[1] or [], given[2], _span(meta))

    def arguments(self, _meta: Any, given: list[Any]) -> list[Any]:
        return given

    def grouping(self, _meta: Any, given: list[Any]) -> tuple[bool, tuple[str, ...]]:
        return given[0].lower() == "without", given[1]

    def names(self, _meta: Any, given: list[Any]) -> tuple[str, ...]:
        tokens = [each for each in given if each is not None]
        return tuple(_text(each) if each.type == "STRING" else str(each) for each in tokens)

    def modifier(self, _meta: Any, given: list[Any]) -> tuple[bool, tree.Matching | None]:
        return given[0] is not None, given[1]

    def matching(self, _meta: Any, given: list[Any]) -> tree.Matching:
        kind, labels, join = given
        many, include = join or ("", ())
        if kind.lower() == "on":
            for label in include:
                if label in labels:
                    raise Fault(f'label "{label}" must not occur in ON and GROUP clause at once', _of(kind))
        return tree.Matching(kind.lower() == "on", labels, many, include)  # type: ignore[arg-type]

    def join(self, _meta: Any, given: list[Any]) -> tuple[str, tuple[str, ...]]:
        return given[0].lower().removeprefix("group_"), given[1] or ()

    def binary(self, meta: Any, given: list[Any]) -> tree.Binary:
        left, sign, (as_bool, matching), right = given
        return tree.Binary(str(sign).lower(), left, right, as_bool, matching, span=_span(meta))

    def unary(self, meta: Any, given: list[Any]) -> Any:
        sign, inner = given
        if isinstance(inner, tree.Number):
            return tree.Number(-inner.value if sign == "-" else inner.value, span=_span(meta))
        return tree.Unary(str(sign), inner, span=_span(meta))


Grouping = tuple[bool, tuple[str, ...]]


def _called(
    name: Token, arguments: list[Any], grouping: Grouping | None, span: Span
) -> tree.Call | tree.Aggregate:
    word = str(name)
    if word.lower() not in AGGREGATIONS:
        if grouping is not None:
            raise Fault(f"{word} is not an aggregation, so it takes no by or without", _of(name))
        return tree.Call(word, tuple(arguments), span=span)
    word = word.lower()
    wanted = 2 if word in WITH_PARAMETER else 1
    if len(arguments) != wanted:
        raise Fault(
            f"wrong number of arguments for aggregate expression provided, expected {wanted}, "
            f"got {len(arguments)}",
            span,
        )
    without, labels = grouping or (False, ())
    parameter = arguments[0] if wanted == 2 else None
    return tree.Aggregate(word, arguments[-1], parameter, labels, without, span=span)


def _number(token: Token) -> float:
    text = str(token).lower()
    return float(int(text, 16)) if text.startswith("0x") else float(text)


def _fits_empty(matcher: tree.Matcher) -> bool:
    return test(matcher)("")


def _compiled(pattern: str, token: Token) -> None:
    try:
        compiled(pattern)
    except BadPattern as error:
        raise Fault(f"error parsing regexp: {error}", _of(token)) from None
