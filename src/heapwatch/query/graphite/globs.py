"""Graphite's patterns of paths as RE2 expressions: `*` and `?` within a node, `[a-z]`, `{a,b}`.

`**` stands for any number of nodes, which Graphite does not have: class names have as many as they like. An
empty pair of brackets is itself, for arrays are called so (`byte[]`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.query.promql.matching import BadPattern, compiled

ANY = "**"
_PART = re.compile(r"\*\*|\*|\?|\[\]|\[!?[^\]/]+\]|\{[^{}]*\}|.", re.DOTALL)


def nodes(pattern: str) -> list[str]:
    """The pattern's nodes; a dot within braces or brackets is none between nodes."""
    found, depth, begin = [], 0, 0
    for place, sign in enumerate(pattern):
        depth += (sign in "{") - (sign in "}")
        if sign == "." and depth <= 0:
            found.append(pattern[begin:place])
            begin = place + 1
    return [*found, pattern[begin:]]


def expression(pattern: str) -> str:
    """The pattern of one node, or of several with their dots, for RE2."""
    return "".join(_part(part) for part in _PART.findall(pattern))


def _part(part: str) -> str:
    if part == ANY:
        return ".*"
    if part == "*":
        return "[^.]*"
    if part == "?":
        return "[^.]"
    if len(part) > 2 and part[0] == "[":
        inside = part[1:-1]
        denied = inside[0] == "!"
        inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside[denied:])
        return f"[{'^' if denied else ''}{inside}]"
    if len(part) > 1 and part[0] == "{":
        return f"(?:{'|'.join(expression(choice) for choice in part[1:-1].split(','))})"
    return "".join(f"\\{sign}" if sign in r"\.+*?()|[]{}^$" else sign for sign in part)


@functools.lru_cache(maxsize=1024)
def fits(pattern: str) -> Any:
    """A test of a whole path."""
    try:
        return compiled(f"(?s){expression(pattern)}").fullmatch
    except BadPattern as error:
        raise UsageError(f"{pattern[:100]!r} is not a pattern of paths: {error}") from None


def joined(parts: Sequence[str]) -> str:
    return ".".join(parts)
