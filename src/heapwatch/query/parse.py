"""A metric query as a tree: `parse(text) -> Script`. Every error is a QueryError that points at a place.

memleak3.size.** | parse *.size.** as host, class | sum by class | topk(10, max)
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput
from lark.exceptions import VisitError
from lark.parsers.lalr_interactive_parser import InteractiveParser

from heapwatch.query import tree, wording
from heapwatch.query.build import LETTERS, Builder, Fault, LetteredRow
from heapwatch.query.errors import QueryError
from heapwatch.query.tree import Span

MOST_CHARACTERS = 10_000
DEEPEST = 60

# A comment begins where a word could begin, so that `http://host` and `a/*b` are words.
_COMMENT = re.compile(
    r'"(?:[^"\\\n]|\\[^\n])*"?|(?:(?<=[\s|(),])|^)(?://[^\n]*|/\*.*?(?P<end>\*/|\Z))', re.DOTALL
)
_NOT_NEWLINE = re.compile(r"[^\n]")


def parse(text: str) -> tree.Script:
    """The query's rows. What is written right and makes no sense is check.py's to find."""
    if len(text) > MOST_CHARACTERS:
        span = Span(MOST_CHARACTERS, len(text))
        raise QueryError(
            f"a query has at most {MOST_CHARACTERS} characters, this has {len(text)}", text, span
        )
    plain = without_comments(text)
    if not plain.strip():
        raise QueryError("the query is empty", text, Span(0, 0), hint="a query begins with what to select")
    parser = begin(plain)
    try:
        parser.exhaust_lexer()
        recognised: Tree[Token] = parser.feed_eof()  # type: ignore[no-untyped-call]
        rows = Builder().transform(recognised)
    except UnexpectedInput as error:
        terminals = parser.accepts()  # type: ignore[no-untyped-call]
        raise wording.explain(text, plain, _place(error, plain), terminals) from None
    except VisitError as error:
        if not isinstance(error.orig_exc, Fault):
            raise error.orig_exc from None
        fault = error.orig_exc
        raise QueryError(fault.message, text, fault.span, hint=fault.hint) from None
    script = tree.Script(tuple(_lettered(text, rows)), span=Span(0, len(text)))
    _refuse_depth(text, script)
    return script


def begin(plain: str) -> InteractiveParser:
    """A parser before the first word of a text without comments."""
    return _lark().parse_interactive(plain)


def without_comments(text: str) -> str:
    """The text with blanks for its comments, so that everything stays in its place."""

    def blank(found: re.Match[str]) -> str:
        if found[0].startswith('"'):
            return found[0]
        if found[0].startswith("/*") and found["end"] == "":
            raise QueryError(
                "this comment has no end", text, Span(found.start(), found.start() + 2), hint="*/ ends it"
            )
        return _NOT_NEWLINE.sub(" ", found[0])

    return _COMMENT.sub(blank, text)


def comments(text: str) -> Iterator[tuple[str, Span]]:
    """The comments of a text that parses, with their places."""
    for found in _COMMENT.finditer(text):
        if not found[0].startswith('"'):
            yield found[0].rstrip(), Span(*found.span())


@functools.cache
def _lark() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _place(error: UnexpectedInput, plain: str) -> int:
    at = getattr(getattr(error, "token", None), "start_pos", None)
    if at is None:
        at = error.pos_in_stream
    end = len(plain.rstrip())
    token: Any = getattr(error, "token", None)
    return end if at is None or (token is not None and token.type == "$END") else min(at, len(plain))


def _lettered(text: str, rows: list[LetteredRow]) -> Iterator[tree.Row]:
    """Rows that have a letter keep it, the others get what is left, in order."""
    taken: set[str] = set()
    for row in rows:
        if row.letter and row.letter in taken:
            raise QueryError(f"there are two rows #{row.letter}", text, row.letter_span)
        taken.add(row.letter)
    free = iter([letter for letter in LETTERS if letter not in taken])
    for row in rows:
        letter = row.letter or next(free, "")
        if not letter:
            raise QueryError(f"a query has at most {len(LETTERS)} rows, #A to #Z", text, row.span)
        yield tree.Row(letter, row.body, span=row.span)


def _refuse_depth(text: str, script: tree.Script) -> None:
    """Whoever walks the tree may do so by recursion, since it is not deep."""
    waiting: list[tuple[object, int]] = [(script, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, tuple) and not isinstance(node, Span):
            waiting.extend((each, depth) for each in node)
        elif isinstance(node, tree.Node):
            if depth > DEEPEST:
                raise QueryError(f"this is nested more than {DEEPEST} deep", text, node.span)
            fields = dataclasses.fields(node)
            waiting.extend((getattr(node, each.name), depth + 1) for each in fields if each.name != "span")
