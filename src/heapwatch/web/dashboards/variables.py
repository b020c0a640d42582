"""`$name` and `${name}` in a query become the values that were chosen.

A value that stands alone is quoted where it must be, several become a list: `host=$host` turns into
`host="web 1"` or `host=(web1, web2)`. In the middle of a word (`$host.size.**`) a value goes in as it is,
within quotes with its quotes escaped. `$` before anything else stays: Java's names are full of it.
tests/web/variables.json holds the cases, for this side and for the screens, which do the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Values = Mapping[str, Sequence[str]]

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"?|\$\{([a-z][a-z0-9_]*)\}|\$([a-z][a-z0-9_]*)', re.DOTALL)
_BARE = re.compile(r"[\w.*-]+", re.ASCII)
_RESERVED = {"and", "or", "not", "by", "as"}
_BEFORE, _AFTER = " \t\n=(,!", " \t\n,)|"


def substitute(text: str, values: Values) -> str:
    """The query with the values in place; names that are not among them stay as they stand."""

    def put(found: re.Match[str]) -> str:
        if found[0].startswith('"'):
            return _TOKEN.sub(lambda inner: _within(inner, values), found[0][1:]).join(('"', ""))
        chosen = values.get(found[1] or found[2])
        if chosen is None:
            return found[0]
        alone = _alone(text, found.start(), found.end())
        if len(chosen) > 1 and alone:
            return f"({', '.join(map(_word, chosen))})"
        value = chosen[0] if chosen else "*"
        return _word(value) if alone else value

    return _TOKEN.sub(put, text)


def used(text: str) -> set[str]:
    """Names that stand where a variable is meant: `=$hst` is one, the `$colon` of a Java name is not."""
    names = set()
    for found in _TOKEN.finditer(text):
        name = found[1] or found[2]
        if name and (found[1] or found.start() == 0 or text[found.start() - 1] in _BEFORE):
            names.add(name)
    return names


def _within(found: re.Match[str], values: Values) -> str:
    chosen = values.get(found[1] or found[2] or "")
    if chosen is None:
        return found[0]
    return (chosen[0] if chosen else "*").replace("\\", "\\\\").replace('"', '\\"')


def _alone(text: str, start: int, end: int) -> bool:
    before = start == 0 or text[start - 1] in _BEFORE
    return before and (end == len(text) or text[end] in _AFTER)


def _word(value: str) -> str:
    if _BARE.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
