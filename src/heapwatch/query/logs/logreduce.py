"""Signatures: kinds of messages, with `*` in place of what varies.

    user alice logged in from 10.0.0.7 after 12 ms   ->   user * logged in from * after * ms

First a mask, which looks at one message alone: times, ids, addresses, paths, numbers and quoted texts
become stars. The engine does that (RE2) and counts equal results, so a million messages arrive here as a few
hundred templates. What still varies are words. Templates with as many tokens form a group that is divided by
the place whose words are fewest, again and again; where a place has too many words to be a kind of message,
they become a star. Only the set of templates decides, never their order or number, so a kind of message has
the same signature today and tomorrow once enough of it was seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

import re2

VARIES = 7
"""From so many different words on a place in a message is a variable, not a kind."""

MOST_TOKENS = 60
MOST_TEXT = 1000
"""Characters of a message that a signature is made of."""

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]{1,9})?"

MASKS = (
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}(?:[T ]" + _CLOCK + r")?"
    r"(?: ?(?:Z\b|UTC\b|GMT\b|[-+][0-9]{2}:?[0-9]{2}\b))?",
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?" + _MONTH + r"[a-z]* {1,2}[0-9]{1,2}(?:,? [0-9]{4})?,? "
    + _CLOCK + r"(?: ?[AP]M)?(?: [A-Z]{3,4}\b)?(?: [0-9]{4}\b)?",
    r"\b" + _CLOCK + r"(?: ?[AP]M\b)?",
    r'"(?:[^"\\\n]|\\.)*"',
    r"\B'(?:[^'\\\n]|\\.)*'\B",
    r"\b[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\b",
    r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>\])]+",
    r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b",
    r"@[0-9a-f]{3,16}\b",
    r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b",
    r"\b[0-9A-Fa-f]{1,4}(?:::?[0-9A-Fa-f]{1,4}){2,7}\b",
    r"\b0[xX][0-9A-Fa-f]+\b",
    r"\b[0-9a-f]{12,}\b",
    r"\b[0-9A-F]{12,}\b",
    r"\b[A-Za-z]:\\[\w\\.$ -]+",
    r"(?:/[\w.@+%~$-]+){2,}/?",
    r"(?:\B[-+])?[0-9]+(?:[.,:_-][0-9]+)*(?:[eE][-+]?[0-9]+\b)?",
    r"\b[0-9a-f]*[0-9][0-9a-f]{6,}\b",
)  # fmt: skip
MASK = "|".join(f"(?:{each})" for each in MASKS)
"""One expression: what stands further left in a message goes first, then what stands further up here."""

JOINED = r"\*(?:(?:[.,:;/_+-]|, )?\*)+"
"""Stars with next to nothing between them are one."""

FRAME = r"\n[ \t]+at [^\n]*|\n[ \t]*\.\.\. [0-9]+ more[^\n]*"
"""Lines of a stack trace that are no line of their own kind."""

SPACES = r"[ \t\r\n]+"

LOOSE = r"[ ]{2}|[\t\r\n]|^ | $"
"""A message whose signature says less of its form than it seems to."""


TELLING = (
    "(?i:msg|message|event|error|err|exception|level|lvl|severity|logger|reason|status|state|type|kind"
    "|action|method|operation|op|component|module)"
)
"""Members of JSON, and keys of key="value", whose text tells kinds of messages apart."""

_TEXT = r'"((?:[^"\\\n]|\\.)*)"'

# What of a quoted text is no value that varies: \x01 stands for its quotes until the rest is masked.
PLAIN = (
    (rf'"({TELLING})"([ ]*:[ ]*){_TEXT}', "\x01\\1\x01\\2\x01\\3\x01"),
    (rf"\b({TELLING}=){_TEXT}", "\\1\x01\\2\x01"),
    (r'"([\w.$-]{1,60})"([ ]*:)', "\x01\\1\x01\\2"),
)

_FRAME, _SPACES, _MASK, _JOINED = (re2.compile(each) for each in (FRAME, SPACES, MASK, JOINED))
_PLAIN = [(re2.compile(expression), by) for expression, by in PLAIN]


def masked(text: str) -> str:
    """What the engine makes of a message, here for one text."""
    line = _SPACES.sub(" ", _FRAME.sub("", text[:MOST_TEXT])).strip(" ")
    for expression, by in _PLAIN:
        line = expression.sub(by, line)
    return _join(_MASK.sub("*", line).replace("\x01", '"')).strip(" ")


def _join(text: str) -> str:
    found: str = _JOINED.sub("*", text)
    return found


def in_sql(text: str, bind: Callable[[str], str]) -> str:
    """The mask as the engine's expression; `text` is SQL that is never NULL."""

    def replaced(sql: str, expression: str, by: str) -> str:
        return f"replaceRegexpAll({sql}, {bind(expression)}, {bind(by)})"

    lines = replaced(f"substringUTF8({text}, 1, {MOST_TEXT})", FRAME, "")
    line = f"trimBoth({replaced(lines, SPACES, ' ')})"
    for expression, by in PLAIN:
        line = replaced(line, expression, by)
    stars = f"replaceAll({replaced(line, MASK, '*')}, {bind(chr(1))}, {bind(chr(34))})"
    return f"trimBoth({replaced(stars, JOINED, '*')})"


def loose_in_sql(text: str, bind: Callable[[str], str]) -> str:
    """Whether a message has spaces, lines or an end that its signature does not have."""
    return f"(match({text}, {bind(LOOSE)}) OR lengthUTF8({text}) > {MOST_TEXT})"


# ---- templates to signatures


def signatures(templates: Iterable[str]) -> dict[str, str]:
    """For every template the signature of its kind."""
    groups: dict[int, list[tuple[str, ...]]] = {}
    written: dict[tuple[str, ...], list[str]] = {}
    for template in sorted(set(templates)):
        tokens = tuple(template.split(" "))
        if len(tokens) > MOST_TOKENS:
            tokens = (*tokens[:MOST_TOKENS], "*")
        if tokens not in written:
            groups.setdefault(len(tokens), []).append(tokens)
        written.setdefault(tokens, []).append(template)
    found: dict[str, str] = {}
    for group in groups.values():
        for members, kind in _merged_by_first(_divided(group)):
            for tokens in members:
                for template in written[tokens]:
                    found[template] = _join(" ".join(kind))
    return found


_Kind = tuple[list[tuple[str, ...]], tuple[str, ...]]


def _divided(group: list[tuple[str, ...]]) -> list[_Kind]:
    """Kinds within templates of one length: by their first word, then by the place with fewest words."""
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for tokens in group:
        by_first.setdefault(tokens[0], []).append(tokens)
    waiting, found = list(by_first.values()), []
    while waiting:
        members = waiting.pop()
        words = [set(place) for place in zip(*members, strict=True)]
        place = _place_to_divide(words)
        if place is None:
            kind = tuple(next(iter(each)) if len(each) == 1 else "*" for each in words)
            found.append((members, kind))
            continue
        parts: dict[str, list[tuple[str, ...]]] = {}
        for tokens in members:
            parts.setdefault(tokens[place], []).append(tokens)
        waiting.extend(parts.values())
    return found


def _place_to_divide(words: Sequence[set[str]]) -> int | None:
    """The place with the fewest words of those that tell kinds apart; None if only variables are left."""
    counts = [(len(each), place) for place, each in enumerate(words) if 1 < len(each) < VARIES]
    return min(counts)[1] if counts else None


def _merged_by_first(kinds: list[_Kind]) -> list[_Kind]:
    """A first word that varies, as in `alice logged in`: many kinds that are equal but for it are one."""
    rests: dict[tuple[str, ...], list[_Kind]] = {}
    for kind in kinds:
        rests.setdefault(kind[1][1:], []).append(kind)
    found: list[_Kind] = []
    for rest, alike in rests.items():
        if len(alike) >= VARIES and any(token != "*" for token in rest):
            found.append(([tokens for members, _ in alike for tokens in members], ("*", *rest)))
        else:
            found.extend(alike)
    return found


# ---- a signature's messages


def signature_id(signature: str) -> str:
    return blake2b(signature.encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()


def pattern(signature: str, exact: bool) -> str:
    """What `matches` takes to find the messages of a signature: stars for what may stand between words.

    `exact` says that none of them had more than a space between its words, or more than was looked at.
    """
    escaped = signature.replace("\\", "\\\\")
    return escaped if exact else re.sub(r"[* ]+", "*", f"*{escaped}*")
