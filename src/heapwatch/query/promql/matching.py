"""One matcher of a selector as a test of a label's value; regular expressions are RE2's and fit it whole."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import re2

from heapwatch.query.promql.tree import Matcher


class BadPattern(Exception):
    """RE2 does not take it."""


@functools.lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """The expression; it is matched in linear time whatever it is."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise BadPattern(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from None


def test(matcher: Matcher) -> Callable[[str], bool]:
    """True for a value that fits; a label that a series does not have is an empty one."""
    if matcher.sign in ("=", "!="):
        wanted = matcher.value
        return (lambda text: text == wanted) if matcher.sign == "=" else (lambda text: text != wanted)
    fits = compiled(matcher.value).fullmatch
    if matcher.sign == "=~":
        return lambda text: fits(text) is not None
    return lambda text: fits(text) is None
