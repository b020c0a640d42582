"""A target as a tree: `aliasByNode(highestMax(memleak1.count.*, 5), 2)`.

A path keeps its braces and brackets (`{a,b}`, `[0-9]`), so commas within braces do not end an argument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from heapwatch.query.errors import QueryError
from heapwatch.query.tree import Span

MOST_CHARACTERS = 20_000
DEEPEST = 40

_BLANK = re.compile(r"\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?=\s*[,)]|\s*$)", re.ASCII)
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(", re.ASCII)
_NAMED = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)\s*", re.ASCII)
_STRING = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_WORDS = {"true": True, "false": False, "none": None, "inf": float("inf"), "infinity": float("inf")}

Literal: TypeAlias = "float | int | str | bool | None"


@dataclass(frozen=True)
class Path:
    """A pattern of paths."""

    text: str
    span: Span = field(default=Span(0, 0), compare=False)


@dataclass(frozen=True)
class Value:
    value: Literal
    span: Span = field(default=Span(0, 0), compare=False)


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...] = ()
    span: Span = field(default=Span(0, 0), compare=False)


Node: TypeAlias = "Path | Value | Call"


def parse(text: str) -> Path | Call:
    """The target's tree."""
    if len(text) > MOST_CHARACTERS:
        raise QueryError(f"a target has at most {MOST_CHARACTERS} characters", text, Span(0, len(text)))
    reader = _Reader(text)
    found = reader.node(DEEPEST)
    reader.end()
    if isinstance(found, Value):
        raise QueryError("a target is a path or a function", text, found.span)
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def node(self, depth: int) -> Node:
        self._skip()
        begin = self._place
        if depth == 0:
            raise self._wrong("this target is nested too deeply")
        call = _CALL.match(self._text, self._place)
        if call:
            self._place = call.end()
            return self._call(call[1], begin, depth)
        string = _STRING.match(self._text, self._place)
        if string:
            self._place = string.end()
            value = string[1] if string[1] is not None else string[2]
            return Value(re.sub(r"\\(['\"])", r"\1", value), Span(begin, self._place))
        number = _NUMBER.match(self._text, self._place)
        if number:
            self._place = number.end()
            word = number[0]
            plain = re.fullmatch(r"[+-]?\d+", word, re.ASCII)
            return Value(int(word) if plain and len(word) < 18 else float(word), Span(begin, self._place))
        return self._path(begin)

    def end(self) -> None:
        self._skip()
        if self._place < len(self._text):
            raise self._wrong(f"unexpected {self._text[self._place]!r}")

    def _call(self, name: str, begin: int, depth: int) -> Call:
        arguments: list[Node] = []
        named: list[tuple[str, Node]] = []
        self._skip()
        while not self._text.startswith(")", self._place):
            if arguments or named:
                self._expect(",")
                self._skip()
            key = _NAMED.match(self._text, self._place)
            if key:
                self._place = key.end()
                named.append((key[1], self.node(depth - 1)))
            elif named:
                raise self._wrong("an argument without a name stands after one with a name")
            else:
                arguments.append(self.node(depth - 1))
            self._skip()
        self._place += 1
        return Call(name, tuple(arguments), tuple(named), Span(begin, self._place))

    def _path(self, begin: int) -> Path | Value:
        braces = 0
        while self._place < len(self._text):
            sign = self._text[self._place]
            braces += (sign == "{") - (sign == "}")
            if braces < 0 or (not braces and (sign in ",()'\"" or sign.isspace())):
                break
            self._place += 1
        word = self._text[begin : self._place]
        if not word or braces:
            self._place = begin
            raise self._wrong("a path or a function is missing" if not word else "a { has no }")
        span = Span(begin, self._place)
        if word.lower() in _WORDS:
            return Value(_WORDS[word.lower()], span)
        return Path(word, span)

    def _expect(self, sign: str) -> None:
        if not self._text.startswith(sign, self._place):
            raise self._wrong(f"{sign!r} or ')' is missing")
        self._place += 1

    def _skip(self) -> None:
        blank = _BLANK.match(self._text, self._place)
        assert blank
        self._place = blank.end()

    def _wrong(self, message: str) -> QueryError:
        return QueryError(message, self._text, Span(self._place, min(self._place + 1, len(self._text))))
