"""What the grammar of logs recognised, as the nodes of tree.py; from the leaves up: depth costs no stack."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

from lark import Token, v_args
from lark.visitors import Transformer_NonRecursive

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.tree import NOWHERE, And, Match, Name, Node, Not, Or, Pattern, Span, Word

UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
LONGEST_MS = 3_660 * UNITS_MS["d"]
MOST_NUMBER = 1_000_000

_PLAIN = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_WILD = {'"': '"', "\\": "\\\\", "*": "\\*", "n": "\n", "t": "\t"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_STEP = re.compile(r"(?:^|\.)([^.\[\]]+)|\[(\d{1,6})\]")


def _span(meta: Any) -> Span:
    return Span(meta.start_pos, meta.end_pos) if hasattr(meta, "start_pos") else NOWHERE


def _of(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def _number(token: Token) -> float:
    value = float(token)
    if not math.isfinite(value):
        raise Fault("this number is too large", _of(token))
    return value


def _whole(token: Token, least: int = 1, most: int = MOST_NUMBER) -> int:
    value = _number(token)
    if not value.is_integer() or not least <= value <= most:
        raise Fault(f"{str(token)[:20]} is not a whole number from {least} to {most}", _of(token))
    return int(value)


def _duration(token: Token) -> int:
    digits = token.rstrip("mshdwMSHDW")
    value = int(digits) * UNITS_MS[token[len(digits) :].lower()] if len(token) < 18 else LONGEST_MS + 1
    if not 0 < value <= LONGEST_MS:
        raise Fault(f"{token[:20]} is not a duration from 1ms to 3660d", _of(token))
    return value


def _unescaped(token: Token, known: dict[str, str], start: int) -> str:
    """The text between the quotes; `start` is where it begins within the token."""

    def plain(found: re.Match[str]) -> str:
        meant = known.get(found[1])
        if meant is None:
            at = _of(token).start + start + found.start()
            listed = " ".join(f"\\{each}" for each in known)
            raise Fault(f"unknown escape {found[0]}", Span(at, at + 2), f"there are {listed}")
        return meant

    return _ESCAPED.sub(plain, token[start:-1])


def _pattern(token: Token) -> Pattern:
    """Quoted or bare, `*` stands for anything and `\\*` for a star; a bare backslash is itself."""
    if token.type == "STRING":
        return Pattern(_unescaped(token, _WILD, 1), True, span=_of(token))
    text = re.sub(r"\\([*\\])?", lambda found: found[0] if found[1] else "\\\\", token)
    return Pattern(text, False, span=_of(token))


def _regex(token: Token, quote: str) -> tree.Regex:
    """As written, but for the quote around it."""
    text = re.sub(rf"\\([\\{quote}])", lambda found: quote if found[1] == quote else found[0], token[1:-1])
    return tree.Regex(text, span=_of(token))


def _json_path(token: Token) -> tree.JsonPath:
    text = _unescaped(token, _PLAIN, 1)
    steps: list[str | int] = []
    place = 0
    for found in _STEP.finditer(text):
        if found.start() != place:
            break
        steps.append(found[1] if found[1] is not None else int(found[2]))
        place = found.end()
    if not steps or place != len(text):
        raise Fault(f'{text[:40]!r} is not a path such as "a.b" or "c[0].d"', _of(token))
    return tree.JsonPath(tuple(steps), span=_of(token))


def _is(given: list[Any], kind: str) -> bool:
    return any(isinstance(each, Token) and each.type == kind for each in given)


class _From(tuple[Name, ...]):
    """`field=f`"""


class _Alias(tuple[Name, ...]):
    """`as f`"""


class _By(tuple[Name, ...]):
    """`by f, g`"""


def _nodes(given: list[Any]) -> list[Any]:
    return [each for each in given if isinstance(each, Node)]


def _first(given: list[Any], kind: type[tuple[Name, ...]]) -> Name | None:
    return next((each[0] for each in given if isinstance(each, kind)), None)


def _by(given: list[Any]) -> tuple[Name, ...]:
    found = [each for each in given if isinstance(each, _By)]
    if len(found) > 1:
        raise Fault("by is given twice", found[1][0].span)
    return tuple(found[0]) if found else ()


@v_args(meta=True)
class Builder(Transformer_NonRecursive[Token, tree.LogQuery]):
    """One method a rule or alias of grammar.lark."""

    def start(self, meta: Any, given: list[Any]) -> tree.LogQuery:
        nodes: list[Any] = [each for each in given if isinstance(each, Node)]
        scope: Any = tree.Everything()
        if nodes and isinstance(nodes[0], Match | Word | And | Or | Not):
            scope = nodes.pop(0)
        if isinstance(scope, Word) and scope.pattern == Pattern("*"):
            scope = tree.Everything(span=scope.span)
        return tree.LogQuery(scope, tuple(nodes), span=_span(meta))

    # ---- the scope

    def disjunction(self, meta: Any, given: list[Any]) -> Any:
        return given[0] if len(given) == 1 else Or(tuple(given), span=_span(meta))

    def conjunction(self, meta: Any, given: list[Any]) -> Any:
        return given[0] if len(given) == 1 else And(tuple(given), span=_span(meta))

    def negation(self, meta: Any, given: list[Any]) -> Not:
        return Not(given[0], span=_span(meta))

    def group(self, meta: Any, given: list[Any]) -> Any:
        inner = next(each for each in given if not isinstance(each, Token))
        return replace(inner, span=_span(meta))

    def match(self, meta: Any, given: list[Any], negated: bool = False) -> Match:
        key = Name(str(given[0]), span=_of(given[0]))
        patterns = tuple(each for each in given if isinstance(each, Pattern))
        return Match(key, patterns, negated, span=_span(meta))

    def mismatch(self, meta: Any, given: list[Any]) -> Match:
        return self.match(meta, given, negated=True)

    def word(self, meta: Any, given: list[Any]) -> Word:
        return Word(given[0], span=_span(meta))

    def value(self, _meta: Any, given: list[Token]) -> Pattern:
        return _pattern(given[0])

    # ---- expressions

    def choice(self, meta: Any, given: list[Any]) -> tree.Choice:
        return tree.Choice(*_nodes(given), span=_span(meta))

    def any_of(self, meta: Any, given: list[Any]) -> Any:
        return given[0] if len(given) == 1 else tree.AnyOf(tuple(given), span=_span(meta))

    def all_of(self, meta: Any, given: list[Any]) -> Any:
        return given[0] if len(given) == 1 else tree.AllOf(tuple(given), span=_span(meta))

    def none_of(self, meta: Any, given: list[Any]) -> tree.NoneOf:
        return tree.NoneOf(given[0], span=_span(meta))

    def compared(self, meta: Any, given: list[Any]) -> tree.Comparison:
        return tree.Comparison(str(given[1]), given[0], given[2], span=_span(meta))

    def equal(self, meta: Any, given: list[Any]) -> tree.Comparison:
        return tree.Comparison("=", given[0], given[1], span=_span(meta))

    def unequal(self, meta: Any, given: list[Any]) -> tree.Comparison:
        return tree.Comparison("!=", given[0], given[1], span=_span(meta))

    def is_in(self, meta: Any, given: list[Any]) -> tree.In:
        value, *options = _nodes(given)
        return tree.In(value, tuple(options), _is(given, "NEGATED"), span=_span(meta))

    def like(self, meta: Any, given: list[Any]) -> Any:
        return _denied(given, tree.Like(given[0], _pattern(given[-1]), span=_span(meta)))

    def fits(self, meta: Any, given: list[Any]) -> Any:
        return _denied(given, tree.Fits(given[0], _regex(given[-1], "/"), span=_span(meta)))

    def contains(self, meta: Any, given: list[Any]) -> Any:
        return _denied(given, tree.Contains(given[0], given[-1], span=_span(meta)))

    def binary(self, meta: Any, given: list[Any]) -> tree.Binary:
        return tree.Binary(str(given[1]), given[0], given[2], span=_span(meta))

    def negative(self, meta: Any, given: list[Any]) -> tree.Negative:
        return tree.Negative(given[-1], span=_span(meta))

    def number(self, meta: Any, given: list[Token]) -> tree.Number:
        return tree.Number(_number(given[0]), span=_span(meta))

    def text(self, meta: Any, given: list[Token]) -> tree.Text:
        return tree.Text(_unescaped(given[0], _PLAIN, 1), span=_span(meta))

    def call(self, meta: Any, given: list[Any]) -> Any:
        arguments = tuple(_nodes(given))
        if given[0].lower() == "if" and len(arguments) == 3:
            return tree.Choice(*arguments, span=_span(meta))
        return tree.Call(str(given[0]), arguments, span=_span(meta))

    def field(self, meta: Any, given: list[Token]) -> tree.Field:
        return tree.Field(_name(given[0]).text, span=_span(meta))

    # ---- operators

    def parse(self, meta: Any, given: list[Any]) -> tree.Parse:
        pattern = next(_pattern(each) for each in given if isinstance(each, Token) and each.type == "STRING")
        names = next(each for each in given if type(each) is tuple)
        nodrop = _is(given, "NODROP")
        return tree.Parse(pattern, names, _first(given, _From), nodrop, span=_span(meta))

    def parse_regex(self, meta: Any, given: list[Any]) -> tree.ParseRegex:
        string = next(each for each in given if isinstance(each, Token) and each.type == "STRING")
        nodrop, multi = _is(given, "NODROP"), _is(given, "MULTI")
        return tree.ParseRegex(_regex(string, '"'), _first(given, _From), nodrop, multi, span=_span(meta))

    def json(self, meta: Any, given: list[Any]) -> tree.Json:
        strings = [each for each in given if isinstance(each, Token) and each.type == "STRING"]
        paths = tuple(map(_json_path, strings))
        names = next((each for each in given if type(each) is tuple), None)
        if names is None:
            names = tuple(Name(_last(path), span=path.span) for path in paths)
        return tree.Json(paths, names, _first(given, _From), _is(given, "NODROP"), span=_span(meta))

    def json_auto(self, meta: Any, given: list[Any]) -> tree.JsonAuto:
        return tree.JsonAuto(_first(given, _From), _is(given, "NODROP"), span=_span(meta))

    def where(self, meta: Any, given: list[Any]) -> tree.Where:
        return tree.Where(given[1], span=_span(meta))

    def assign(self, meta: Any, given: list[Any]) -> tree.Assign:
        return tree.Assign(given[0], given[1], span=_span(meta))

    def fields(self, meta: Any, given: list[Any]) -> tree.Fields:
        return tree.Fields(given[-1], _is(given, "MINUS"), span=_span(meta))

    def timeslice(self, meta: Any, given: list[Any]) -> tree.Timeslice:
        return tree.Timeslice(_duration(given[1]), None, _first(given, _Alias), span=_span(meta))

    def timeslice_buckets(self, meta: Any, given: list[Any]) -> tree.Timeslice:
        buckets = _whole(given[1], 1, 10_000)
        return tree.Timeslice(None, buckets, _first(given, _Alias), span=_span(meta))

    def aggregate(self, meta: Any, given: list[Any]) -> tree.Aggregate:
        measures = tuple(each for each in given if isinstance(each, tree.Measure))
        return tree.Aggregate(measures, _by(given), span=_span(meta))

    def measure(self, meta: Any, given: list[Any]) -> tree.Measure:
        argument: Any = next((each for each in given if isinstance(each, Node)), None)
        ranks = [each for each in given if isinstance(each, Token) and each.type == "NUMBER"]
        rank = _number(ranks[0]) if ranks else None
        if rank is not None and rank > 100:
            raise Fault(f"a percentile is from 0 to 100, not {rank:g}", _of(ranks[0]))
        return tree.Measure(given[0].lower(), argument, rank, _first(given, _Alias), span=_span(meta))

    def sort(self, meta: Any, given: list[Any]) -> tree.Sort:
        return tree.Sort(tuple(e for e in given if isinstance(e, tree.SortKey)), span=_span(meta))

    def sort_key(self, meta: Any, given: list[Any]) -> tree.SortKey:
        return tree.SortKey(given[0], _is(given, "ASC"), span=_span(meta))

    def limit(self, meta: Any, given: list[Any]) -> tree.Limit:
        return tree.Limit(_whole(given[1]), span=_span(meta))

    def top(self, meta: Any, given: list[Any]) -> tree.Top:
        return tree.Top(_whole(given[1]), given[2], given[3], span=_span(meta))

    def transpose(self, meta: Any, given: list[Any]) -> tree.Transpose:
        return tree.Transpose(given[1], given[2], span=_span(meta))

    def total(self, meta: Any, given: list[Any]) -> tree.Total:
        return tree.Total(given[1], _by(given), _first(given, _Alias), span=_span(meta))

    def accum(self, meta: Any, given: list[Any]) -> tree.Accum:
        return tree.Accum(given[1], _by(given), _first(given, _Alias), span=_span(meta))

    def diff(self, meta: Any, given: list[Any]) -> tree.Diff:
        return tree.Diff(given[1], _by(given), _first(given, _Alias), span=_span(meta))

    def rollingstd(self, meta: Any, given: list[Any]) -> tree.RollingStd:
        numbers = [each for each in given if isinstance(each, Token) and each.type == "NUMBER"]
        window = _whole(numbers[0], 2, 10_000) if numbers else 10
        return tree.RollingStd(given[1], window, _by(given), _first(given, _Alias), span=_span(meta))

    def outlier_option(self, meta: Any, given: list[Any]) -> tuple[str, Any, Span]:
        name = given[0].lower()
        if name == "direction":
            return name, {"-+": "+-"}.get(str(given[1]), str(given[1])), _span(meta)
        if name == "threshold":
            return name, _number(given[1]), _span(meta)
        return name, _whole(given[1], 2 if name == "window" else 1, 10_000), _span(meta)

    def predict_option(self, meta: Any, given: list[Any]) -> tuple[str, Any, Span]:
        if given[0].lower() == "model":
            if given[1].lower() != "linear":
                raise Fault(f"there is no model {given[1][:40]!r} for logs", _of(given[1]), "it is linear")
            return "model", "linear", _span(meta)
        return "forecast", _whole(given[1], 1, 1000), _span(meta)

    def outlier(self, meta: Any, given: list[Any]) -> tree.Outlier:
        return tree.Outlier(given[1], by=_by(given), **_options(given), span=_span(meta))

    def predict(self, meta: Any, given: list[Any]) -> tree.Predict:
        options = _options(given)
        options.pop("model", None)
        return tree.Predict(given[1], by=_by(given), **options, span=_span(meta))

    def compare(self, meta: Any, given: list[Any]) -> tree.Compare:
        shift = next(each for each in given if each.type == "DURATION")
        count = next((_whole(each, 1, 30) for each in given if each.type == "NUMBER"), 1)
        function = next((each.lower() for each in given if each.type in ("AVG", "MIN", "MAX")), None)
        return tree.Compare(_duration(shift), count, function, span=_span(meta))

    def logreduce(self, meta: Any, given: list[Any]) -> tree.LogReduce:
        return tree.LogReduce(_first(given, _From), _by(given), span=_span(meta))

    # ---- names

    def name(self, _meta: Any, given: list[Token]) -> Name:
        return _name(given[0])

    def names(self, _meta: Any, given: list[Any]) -> tuple[Name, ...]:
        return tuple(each for each in given if isinstance(each, Name))

    def source(self, _meta: Any, given: list[Any]) -> _From:
        return _From(given)

    def alias(self, _meta: Any, given: list[Any]) -> _Alias:
        return _Alias(given)

    def by(self, _meta: Any, given: list[Any]) -> _By:
        return _By(given[0])


def _denied(given: list[Any], condition: Any) -> Any:
    if not _is(given, "NEGATED"):
        return condition
    return tree.NoneOf(condition, span=condition.span)


def _name(token: Token) -> Name:
    if token.type == "QUOTED_NAME":
        return Name(_unescaped(token, _PLAIN, 2), span=_of(token))
    return Name(str(token), span=_of(token))


def _last(path: tree.JsonPath) -> str:
    """The name of a field without `as`: the last name in the path, with the place after it."""
    names = [step for step in path.steps if isinstance(step, str)]
    return names[-1] if names else str(path.steps[-1])


def _options(given: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in given:
        if type(each) is tuple and len(each) == 3 and isinstance(each[0], str):
            name, value, span = each
            if name in found:
                raise Fault(f"{name} is given twice", span)
            found[name] = value
    return found
