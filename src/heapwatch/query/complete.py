"""What may stand at a place of a query: the grammar's words, and the store's labels, values and classes.

The text before the word under the cursor is parsed; what the parser would accept next is what is offered. So
there is no second grammar for completion.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lark import Token, UnexpectedInput

from heapwatch.query import wording
from heapwatch.query.errors import QueryError
from heapwatch.query.parse import MOST_CHARACTERS, begin, without_comments
from heapwatch.query.vocabulary import Vocabulary, best

MOST = 60
KEPT = 10
"""Of these for keywords, where anything may begin."""

ABOUT = {
    "sum": "of the series, time by time", "avg": "mean of the series, time by time",
    "min": "least of the series", "max": "greatest of the series", "count": "how many series have a point",
    "stddev": "of the series", "pct": "percentiles: pct(95)", "parse": "labels from parts of a name",
    "topk": "the n greatest series", "bottomk": "the n least series", "where": "keep series or points",
    "filter": "the same as where", "quantize": "interval and rollup of the points", "rate": "change a second",
    "delta": "change from point to point", "accum": "sum so far", "eval": "calculate with each point",
    "ewma": "smooth", "timeshift": "as it was before", "fillmissing": "points where there are none",
    "outlier": "points beyond what is usual", "predict": "where it goes, when a limit is reached",
    "diff": "classes at two times, as a table", "latest": "the newest point", "slope": "rise a second",
    "_value": "the point's value", "_granularity": "the interval in ms", "nodrop": "keep what does not match",
    "counter": "never below 0 on a restart", "by": "a series for each value of a label",
    "along": "match series by these labels only",
}  # fmt: skip

_SELECTOR_SIGN = re.compile(r"[^\s|=!(),\"'#{}<>]")
_NAME_SIGN = re.compile(r"[\w.]")
_REST = re.compile(r"[^\s|=!(),\"'#{}<>]*")
_CLASS_PATH = re.compile(r"([^.*]+)\.(size|count)\.(.*)", re.DOTALL)
_HOST_PATH = re.compile(r"([^.*]+)\.([^.]*)")
_PLAIN_VALUE = re.compile(r"[^\s|=!(),\"'#{}<>*\\]+")
_ARITHMETIC = ("+", "-", "*", "/")
_SIGNS = frozenset("|(),=+-*/") | {"!=", "a comparison such as >", "+, - or +-"}


@dataclass(frozen=True)
class Place:
    """The word under the cursor and what came before it."""

    start: int
    end: int
    begun: str
    tokens: Sequence[Token]
    accepted: frozenset[str]
    quoted: bool


def complete(text: str, position: int, words: Vocabulary) -> dict[str, Any]:
    """What may replace the characters `from` to `to`, best first."""
    text = text[:MOST_CHARACTERS]
    position = max(0, min(position, len(text)))
    place = _place(text, position)
    if place is None:
        return {"from": position, "to": position, "items": []}
    items: dict[str, dict[str, str]] = {}
    for item in _items(place, words):
        items.setdefault(item["text"], item)
    return {"from": place.start, "to": place.end, "items": list(items.values())[:MOST]}


def _place(text: str, position: int) -> Place | None:
    """None inside a comment, and where what comes before is no query."""
    before = text[:position]
    try:
        plain = without_comments(before)
    except QueryError:
        return None
    if plain != before and (plain[-1:] != before[-1:] or before.rfind("//") > before.rfind("\n")):
        return None
    quote = _open_quote(plain)
    if quote >= 0:
        found = _parsed(plain[:quote])
        if found is None or "STRING" not in found[1]:
            return None
        end = text.find('"', position)
        line = text.find("\n", position)
        closed = end >= 0 and (line < 0 or end < line)
        return Place(quote, end + 1 if closed else position, plain[quote + 1 :], *found, True)
    end = position + len(_REST.match(text, position)[0])  # type: ignore[index]
    for sign in (_SELECTOR_SIGN, _NAME_SIGN):
        start = position
        while start and sign.match(plain[start - 1]):
            start -= 1
        found = _parsed(plain[:start])
        if found is None:
            continue
        free = {"WORD", "MOMENT", "FIELD"} & found[1]
        if free or sign is _NAME_SIGN or re.fullmatch(r"\w*", plain[start:]):
            return Place(start, end, plain[start:], *found, False)
    return None


def _open_quote(plain: str) -> int:
    """Where the text begins that is not closed yet; -1 if there is none."""
    line = plain.rfind("\n") + 1
    quote = -1
    at = line
    while at < len(plain):
        if quote >= 0 and plain[at] == "\\":
            at += 1
        elif plain[at] == '"':
            quote = -1 if quote >= 0 else at
        at += 1
    return quote


def _parsed(plain: str) -> tuple[list[Token], frozenset[str]] | None:
    tokens: list[Token] = []
    parser = begin(plain)
    try:
        tokens = parser.exhaust_lexer()
        if tokens and tokens[-1].type == "WORD" and tokens[-1] in _ARITHMETIC:
            # Between rows such a sign is told from a word by what follows it.
            parser = begin(f"{plain} #A")
            tokens = []
            for token in parser.iter_parse():
                if token.start_pos is not None and token.start_pos >= len(plain):
                    break
                tokens.append(token)
        return tokens, frozenset(parser.accepts())  # type: ignore[no-untyped-call]
    except UnexpectedInput:
        return None


def _items(place: Place, words: Vocabulary) -> Iterator[dict[str, str]]:
    label = _label_before(place.tokens)
    if label is not None:
        for value in words.values(label, place.begun, MOST):
            yield _item(_written(value, place.quoted), _kind_of(label), "")
        return
    if place.quoted:
        return
    if "FIELD" in place.accepted:
        own = best(_parsed_names(place.tokens), place.begun, MOST)
        for name in [*own, *words.labels(place.begun, MOST)]:
            yield _item(name, "label", "")
    if place.tokens and place.tokens[-1].type == "PARSE":
        for pattern in best(["*.size.**", "*.count.**"], place.begun, 2):
            yield _item(pattern, "value", "host and class of class samples")
        return
    if "WORD" in place.accepted and not place.begun:
        yield from itertools.islice(_selector(place, words), MOST - KEPT)  # AND and OR come to mind anyway
    yield from _grammar(place)
    if "WORD" in place.accepted and place.begun:
        yield from _selector(place, words)


def _grammar(place: Place) -> Iterator[dict[str, str]]:
    accepted = set(place.accepted)
    if "WORD" in accepted:  # at the start of a row only what cannot be a word is worth offering
        accepted -= {"NUMBER", "NEG"}
    begun = place.begun.casefold()
    if "MOMENT" in accepted:
        yield from (_item(word, "value", "") for word in ("now", "-1h", "-1d") if word.startswith(begun))
    if "DURATION" in accepted:
        digits = re.match(r"\d*", begun)[0]  # type: ignore[index]
        given = [f"{digits}{unit}" for unit in ("s", "m", "h", "d")] if digits else ["1m", "5m", "1h", "1d"]
        yield from (_item(word, "value", "") for word in given if word.startswith(begun))
    if accepted & {"ROW", "LABEL"} and not begun:
        letters = dict.fromkeys(token[1].upper() for token in place.tokens if token.type in ("ROW", "LABEL"))
        yield from (_item(f"#{letter}", "row", "") for letter in letters)
    offered = [word for word in wording.words_of(accepted) if word not in _SIGNS and " " not in word]
    if "DROP_LAST" in accepted:
        offered.append("drop last")
    operators = "QUANTIZE" in accepted
    for word in sorted(offered, key=_position if operators else str):
        if word.startswith(begun):
            kind = "operator" if operators else "function" if _is_function(word, accepted) else "keyword"
            text = f"{word}(" if word in ("topk", "bottomk", "pct") and word != begun else word
            yield _item(text, kind, ABOUT.get(word, ""))


def _selector(place: Place, words: Vocabulary) -> Iterator[dict[str, str]]:
    path = _CLASS_PATH.fullmatch(place.begun)
    if path:
        for name in words.values("class", path[3], MOST):
            yield _item(f"{path[1]}.{path[2]}.{_written(name, False)}", "class", path[2])
    host = _HOST_PATH.fullmatch(place.begun)
    if host and words.values("host", host[1], 1) == [host[1]]:
        for kind in best(["size", "count"], host[2], 2):
            yield _item(f"{host[1]}.{kind}.", "value", "bytes" if kind == "size" else "instances")
    for name in words.labels(place.begun, MOST):
        yield _item(f"{name}=", "label", "")
    for word, kind in words.words(place.begun, MOST):
        yield _item(_written(word, False), kind, "")


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


def _parsed_names(tokens: Sequence[Token]) -> list[str]:
    """Labels that a parse of the query gives."""
    names: list[str] = []
    inside = False
    for token in tokens:
        if token.type in ("PARSE", "VBAR"):
            inside = token.type == "PARSE"
        elif inside and token.type == "FIELD":
            names.append(str(token))
    return list(dict.fromkeys(names))


def _position(word: str) -> int:
    return wording.OPERATORS.index(word) if word in wording.OPERATORS else len(wording.OPERATORS)


def _is_function(word: str, accepted: set[str]) -> bool:
    functions = wording.REDUCERS if "SLOPE" in accepted else ()
    return word in functions or (word in wording.FUNCTIONS and "SIN" in accepted)


def _kind_of(label: str) -> str:
    return {"class": "class", "metric": "metric"}.get(label.lower(), "value")


def _written(value: str, quoted: bool) -> str:
    """A value as it is written in a query, where it means itself."""
    if not quoted and _PLAIN_VALUE.fullmatch(value):
        return value
    text = value.replace("\\", "\\\\").replace("*", "\\*").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n").replace("\t", "\\t") + '"'


def _item(text: str, kind: str, detail: str) -> dict[str, str]:
    return {"text": text, "kind": kind, "detail": detail}
