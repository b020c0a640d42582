"""What may stand at a place of a log query: the grammar's words, fields, labels and their values.

The text before the word under the cursor is parsed; what the parser would accept next is what is offered, and
the fields are those that check.py finds after the operators before. So there is no second grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lark import Token, UnexpectedInput

from heapwatch.query.errors import QueryError
from heapwatch.query.logs import wording
from heapwatch.query.logs.check import check
from heapwatch.query.logs.expressions import FUNCTIONS, TESTS
from heapwatch.query.logs.format import name
from heapwatch.query.logs.parse import begin, parse
from heapwatch.query.parse import without_comments
from heapwatch.query.vocabulary import Vocabulary, best

MOST = 60

ABOUT = {
    "parse": "fields from parts of the text", "json": "fields from JSON", "where": "rows for which it holds",
    "fields": "keep or remove columns", "timeslice": "slices of time", "count": "how many rows",
    "sum": "of numbers", "avg": "mean of numbers", "min": "least number", "max": "greatest number",
    "pct": "percentile: pct(x, 95)", "stddev": "sample deviation", "median": "middle number",
    "first": "value of the first message", "last": "value of the last message",
    "values": "the distinct values", "count_distinct": "how many distinct values",
    "sort": "greatest first", "limit": "the first rows", "top": "the greatest rows or groups",
    "transpose": "a column for each value", "total": "the sum beside every row", "accum": "sum so far",
    "diff": "change from row to row", "rollingstd": "deviation of the last rows",
    "outlier": "rows beyond what is usual", "predict": "a line, carried on",
    "compare": "the same of an earlier time", "logreduce": "kinds of messages",
    "nodrop": "keep what does not match", "multi": "a row for every find", "auto": "every key",
}  # fmt: skip

_SCOPE_WORD = re.compile(r'[^\s|=!(),"]*\Z')
_NAME = re.compile(r"[\w.@]*\Z")
_REST = re.compile(r'[^\s|=!(),"<>+*/%?:-]*')
_PLAIN_VALUE = re.compile(r'[^\s|=!(),"*\\]+')
_TESTED = {name.lower(): name for name in [*TESTS.values(), *(shown for shown, *_ in FUNCTIONS.values())]}


@dataclass(frozen=True)
class Place:
    """The word under the cursor and what came before it."""

    start: int
    end: int
    begun: str
    before: str
    tokens: Sequence[Token]
    accepted: frozenset[str]


def complete(text: str, position: int, words: Vocabulary) -> dict[str, Any]:
    """What may replace the characters `from` to `to`, best first."""
    position = max(0, min(position, len(text)))
    place = _place(text, position)
    if place is None:
        return {"from": position, "to": position, "items": []}
    items: dict[str, dict[str, str]] = {}
    for item in _items(place, words):
        items.setdefault(item["text"], item)
    return {"from": place.start, "to": place.end, "items": list(items.values())[:MOST]}


def _place(text: str, position: int) -> Place | None:
    """None in a comment or a quoted text, and where what comes before is no query."""
    before = text[:position]
    try:
        plain = without_comments(before)
    except QueryError:
        return None
    if plain != before and (plain[-1:] != before[-1:] or before.rfind("//") > before.rfind("\n")):
        return None
    if re.sub(r"\\.", "", plain).count('"') % 2:
        return None
    rest = _REST.match(text, position)
    end = rest.end() if rest else position
    for form in (_SCOPE_WORD, _NAME):
        found = form.search(plain)
        start = found.start() if found else position
        parsed = _parsed(plain[:start])
        if parsed is not None and (form is _NAME or "WORD" in parsed[1]):
            return Place(start, end, plain[start:], plain[:start], *parsed)
    return None


def _parsed(plain: str) -> tuple[list[Token], frozenset[str]] | None:
    parser = begin(plain)
    try:
        tokens: list[Token] = parser.exhaust_lexer()
        return tokens, frozenset(parser.accepts())  # type: ignore[no-untyped-call]
    except UnexpectedInput:
        return None


def _items(place: Place, words: Vocabulary) -> Iterator[dict[str, str]]:
    label = _label_before(place.tokens)
    if label is not None:
        for value in words.values(label, place.begun, MOST):
            yield _item(_written(value), "value", "")
        return
    if "WORD" in place.accepted:
        for each in words.labels(place.begun, MOST):
            yield _item(f"{each}=", "label", "")
    if place.begun or "WORD" not in place.accepted:
        yield from _grammar(place)
    if "NAME" in place.accepted:
        for each in best(_fields(place, words), place.begun, MOST):
            yield _item(name(each), "label", "")
    if "MINUS" in place.accepted and "TIMESLICE" not in place.accepted and "NAME" in place.accepted:
        for each in sorted(_TESTED.values()):
            if each.lower().startswith(place.begun.lower()):
                yield _item(f"{each}(", "function", "")


def _grammar(place: Place) -> Iterator[dict[str, str]]:
    begun = place.begun.casefold()
    if "DURATION" in place.accepted:
        digits = re.match(r"\d*", begun)
        units = [f"{digits[0]}{unit}" for unit in ("s", "m", "h", "d")] if digits and digits[0] else []
        yield from (_item(word, "value", "") for word in units or ("1m", "5m", "1h", "1d"))
    operators = "TIMESLICE" in place.accepted
    offered = [word for word in wording.words_of(place.accepted) if re.fullmatch(r"\w+=?", word)]
    if operators:
        offered.sort(key=lambda word: wording.OPERATORS.index(word) if word in wording.OPERATORS else 99)
    for word in offered:
        if word.casefold().startswith(begun):
            kind = "operator" if operators and word in wording.OPERATORS else "keyword"
            yield _item(word, kind, ABOUT.get(word, ""))


def _fields(place: Place, words: Vocabulary) -> list[str]:
    """What the operators before made, and labels."""
    cut = re.sub(r'"(?:[^"\\\n]|\\.)*"', lambda found: "x" * len(found[0]), place.before).rfind("|")
    text = place.before[: max(cut, 0)]
    try:
        plan = check(parse(text), text)
    except QueryError:
        return words.labels(place.begun, MOST)
    own = [each.name for each in plan.columns]
    return own if plan.labels is None else [*own, *words.labels(place.begun, MOST)]


def _label_before(tokens: Sequence[Token]) -> str | None:
    """The label whose value stands here: after `host=`, or in the list after `host=(`."""
    at = len(tokens) - 1
    if at >= 0 and tokens[at].type in ("LPAR", "COMMA"):
        while at >= 0 and tokens[at].type in ("COMMA", "WORD", "STRING"):
            at -= 1
        if at < 0 or tokens[at].type != "LPAR":
            return None
        at -= 1
    if at >= 1 and tokens[at].type in ("_EQ", "_NE") and tokens[at - 1].type == "WORD":
        return str(tokens[at - 1])
    return None


def _written(value: str) -> str:
    """A value as it is written in a scope, where it means itself."""
    if _PLAIN_VALUE.fullmatch(value):
        return value
    text = value.replace("\\", "\\\\").replace("*", "\\*").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n").replace("\t", "\\t") + '"'


def _item(text: str, kind: str, detail: str) -> dict[str, str]:
    return {"text": text, "kind": kind, "detail": detail}
