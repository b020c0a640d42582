"""A log query as a tree: `parse(text) -> LogQuery`. Every error is a QueryError that points at a place.

error NOT timeout host=web* | parse "user=* took *ms" as user, ms | avg(ms) by user | sort by _avg
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput
from lark.exceptions import VisitError
from lark.parsers.lalr_interactive_parser import InteractiveParser

from heapwatch.query.build import Fault
from heapwatch.query.errors import QueryError
from heapwatch.query.logs import tree, wording
from heapwatch.query.logs.build import Builder
from heapwatch.query.parse import without_comments
from heapwatch.query.tree import Node, Span

MOST_CHARACTERS = 20_000
MOST_OPERATORS = 25
DEEPEST = 60


def parse(text: str) -> tree.LogQuery:
    """What the text says. What is written right and makes no sense is check.py's to find."""
    if len(text) > MOST_CHARACTERS:
        span = Span(MOST_CHARACTERS, len(text))
        raise QueryError(
            f"a query has at most {MOST_CHARACTERS} characters, this has {len(text)}", text, span
        )
    plain = without_comments(text)
    parser = begin(plain)
    try:
        parser.exhaust_lexer()
        recognised: Tree[Token] = parser.feed_eof()  # type: ignore[no-untyped-call]
        found = Builder().transform(recognised)
    except UnexpectedInput as error:
        raise wording.explain(text, plain, _place(error, plain), parser.accepts()) from None  # type: ignore[no-untyped-call]
    except VisitError as error:
        if not isinstance(error.orig_exc, Fault):
            raise error.orig_exc from None
        fault = error.orig_exc
        raise QueryError(fault.message, text, fault.span, hint=fault.hint) from None
    _refuse_size(text, found)
    return found


def begin(plain: str) -> InteractiveParser:
    """A parser before the first word of a text without comments."""
    return _lark().parse_interactive(plain)


@functools.cache
def _lark() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _place(error: UnexpectedInput, plain: str) -> int:
    token: Any = getattr(error, "token", None)
    at = getattr(token, "start_pos", None)
    if at is None:
        at = error.pos_in_stream
    end = len(plain.rstrip())
    return end if at is None or (token is not None and token.type == "$END") else min(at, len(plain))


def _refuse_size(text: str, query: tree.LogQuery) -> None:
    """Whoever walks the tree may do so by recursion, since it is not deep."""
    if len(query.operators) > MOST_OPERATORS:
        span = query.operators[MOST_OPERATORS].span
        raise QueryError(f"a query has at most {MOST_OPERATORS} operators", text, span)
    waiting: list[tuple[object, int]] = [(query, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, tuple) and not isinstance(node, Span):
            waiting.extend((each, depth) for each in node)
        elif isinstance(node, Node):
            if depth > DEEPEST:
                raise QueryError(f"this is nested more than {DEEPEST} deep", text, node.span)
            fields = dataclasses.fields(node)
            waiting.extend((getattr(node, each.name), depth + 1) for each in fields if each.name != "span")
