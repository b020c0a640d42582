"""The scope of a log query: which messages there are to begin with.

Labels are decided in memory, per source, and reach the engine as ids; words are looked for in the text. A
text falls into tokens: runs of letters and digits, parted by any other ASCII character. A word or phrase is
found where it begins and ends at the edge of a token; its `*` stands for the rest of one. Case does not
matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import re2

from heapwatch.query.logs import tree
from heapwatch.query.logs.expressions import wild
from heapwatch.query.logs.plan import Binder
from heapwatch.query.logs.wording import nearest
from heapwatch.query.tree import And, Match, Not, Or, Pattern, Selector

LEVEL = "_level"

_OUTSIDE = r"[\x00-/:-@\[-`{-\x7f]"
_INSIDE = r"[^\x00-/:-@\[-`{-\x7f]*"
_TOKEN = re.compile(r"[0-9A-Za-z\u0080-\U0010ffff]+")
_ASCII_TOKEN = re.compile(r"[0-9A-Za-z]+", re.ASCII)
_LOWER_WORDS = ("or", "and", "not")


class Scope:
    """Makes the condition; what should be said about it is in `warnings` afterwards."""

    def __init__(
        self, binder: Binder, sources: Mapping[int, Mapping[str, str]], id_type: str = "UInt32"
    ) -> None:
        self.warnings: list[str] = []
        self._binder = binder
        self._sources = sources
        self._id_type = id_type
        self._label_names = sorted({name for labels in sources.values() for name in labels})

    def condition(self, node: Selector | tree.Everything) -> str:
        if isinstance(node, tree.Everything):
            return "1"
        if isinstance(node, And):
            return "(" + " AND ".join(map(self.condition, node.parts)) + ")"
        if isinstance(node, Or):
            return "(" + " OR ".join(map(self.condition, node.parts)) + ")"
        if isinstance(node, Not):
            return f"(NOT {self.condition(node.part)})"
        if isinstance(node, Match):
            return self._level(node) if node.key.text.casefold() == LEVEL else self._labelled(node)
        return self._word(node.pattern)

    def _labelled(self, node: Match) -> str:
        folded = node.key.text.casefold()
        name = next((each for each in self._label_names if each.casefold() == folded), None)
        if name is None:
            near = nearest(node.key.text, [*self._label_names, LEVEL])
            meant = f"did you mean {near}?" if near else "quote it to look for the text"
            self.warnings.append(f"no log source has a label {node.key.text[:60]!r}; {meant}")
        fits = [whole(pattern) for pattern in node.patterns]
        ids = [
            id_
            for id_, labels in self._sources.items()
            if any(fit(labels.get(name or "", "")) for fit in fits) != node.negated
        ]
        if len(ids) == len(self._sources):
            return "1"
        return f"(source IN {self._binder.bind(ids, f'Array({self._id_type})')})" if ids else "0"

    def _level(self, node: Match) -> str:
        """`_level` is the message's own."""
        regexes = [
            f"(?is)^(?:{wild(pattern.text, '.*')})$" if pattern.text else "" for pattern in node.patterns
        ]
        found = " OR ".join(
            f"(level != '' AND match(level, {self._binder.bind(regex)}))" if regex else "level = ''"
            for regex in regexes
        )
        return f"(NOT ({found}))" if node.negated else f"({found})"

    def _word(self, pattern: Pattern) -> str:
        if not pattern.quoted and pattern.text in _LOWER_WORDS:
            self.warnings.append(
                f"{pattern.text!r} in small letters is a word to look for; write {pattern.text.upper()} "
                "for the operator, or quote the phrase"
            )
        if not pattern.text.replace("*", ""):
            return "1"
        if _ASCII_TOKEN.fullmatch(pattern.text):
            return f"hasToken(lower(text), {self._binder.bind(pattern.text.lower())})"
        tokens = [
            f"hasToken(lower(text), {self._binder.bind(token.lower())})"
            for token in whole_tokens(pattern.text)
        ]
        return (
            "(" + " AND ".join([*tokens, f"match(text, {self._binder.bind(found_in_text(pattern))})"]) + ")"
        )


def whole_tokens(pattern: str) -> list[str]:
    """The ASCII tokens that a message must have as they are; the index knows them."""
    text = re.sub(r"\\(.)", lambda found: "\0" if found[1] in "*\\" else found[0], pattern)
    found = []
    for token in _TOKEN.finditer(text):
        starred = (
            text[max(0, token.start() - 1) : token.start()] == "*"
            or text[token.end() : token.end() + 1] == "*"
        )
        if not starred and token[0].isascii():
            found.append(token[0])
    return found


def found_in_text(pattern: Pattern) -> str:
    """A word or phrase with its edges as an expression of RE2."""
    plain = re.sub(r"\\([*\\])", r"\1", pattern.text)
    begin = rf"(?:^|{_OUTSIDE})" if _TOKEN.match(plain) or pattern.text.startswith("*") else ""
    ends = _TOKEN.match(plain[-1:]) or (pattern.text.endswith("*") and not pattern.text.endswith("\\*"))
    end = rf"(?:{_OUTSIDE}|$)" if ends else ""
    return f"(?is){begin}{wild(pattern.text, _INSIDE)}{end}"


def whole(pattern: Pattern) -> Callable[[str], bool]:
    """True for a label's value that fits all of the pattern; an absent label fits the empty one alone."""
    fit = re2.compile(f"(?is)^(?:{wild(pattern.text, '.*')})$").match
    return lambda text: fit(text) is not None if text else not pattern.text
