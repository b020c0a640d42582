"""Patterns with wildcards: `memleak*`, `*.size.akka.**`, and the `*` of a parse.

In a path pattern `*` is a run within a segment and `**` any run of segments; elsewhere both are any run. A
segment that is `**` alone may stand for none: `a.**.b` fits `a.b`. Matching does not look at case. Every
pattern is decided in time that grows with its length times the text's: after a wildcard the first place where
the next literal fits is as good as any later one, so nothing is ever tried twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import takewhile

STAR, DSTAR = "*", "**"
_TOKEN = re.compile(r"\\(.)|(\*+)|([^\\*]+|\\)", re.DOTALL)


class Wild(str):
    """A wildcard among a pattern's tokens: STAR or DSTAR."""

    __slots__ = ()


Tokens = tuple[str, ...]


def folded(text: str) -> str:
    """The text without case; as long as it was, so that places in one are places in the other."""
    lower = text.lower()
    return (
        lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    )


@lru_cache(maxsize=4096)
def tokens(pattern: str) -> Tokens:
    """Literals and wildcards in turn; `\\*` is a star."""
    found: list[str] = []
    for escaped, stars, plain in _TOKEN.findall(pattern):
        if stars:
            found.append(Wild(STAR if len(stars) == 1 else DSTAR))
        elif found and not isinstance(found[-1], Wild):
            found[-1] += escaped or plain
        else:
            found.append(escaped or plain)
    return tuple(found)


def literal(pattern: str) -> str | None:
    """The one text that a pattern without wildcards stands for."""
    parts = tokens(pattern)
    if any(isinstance(part, Wild) for part in parts):
        return None
    return "".join(parts)


@lru_cache(maxsize=4096)
def value_matcher(pattern: str) -> Callable[[str], bool]:
    """True for a value that fits; `*` and `**` are any run."""
    parts = tokens(pattern)
    plain = literal(pattern)
    if plain is not None:
        wanted = folded(plain)
        return lambda text: folded(text) == wanted
    literals = split_literals(parts)[0]
    wanted_parts = [folded(part) for part in literals]
    return lambda text: _in_order(folded(text), wanted_parts)


def split_literals(parts: Sequence[str]) -> tuple[list[str], list[str]]:
    """`a*b**` as the literals around the wildcards (`a`, `b`, ``) and the wildcards."""
    literals, wilds = [""], []
    for part in parts:
        if isinstance(part, Wild):
            wilds.append(str(part))
            literals.append("")
        else:
            literals[-1] += part
    return literals, wilds


def _in_order(text: str, literals: Sequence[str]) -> bool:
    first, *between, last = literals
    end = len(text) - len(last)
    if end < len(first) or not text.startswith(first) or not text.endswith(last):
        return False
    place = len(first)
    for part in between:
        place = text.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return place <= end


class PathPattern:
    """A pattern for dotted paths, which may also be matched from within, after a prefix was read."""

    def __init__(self, pattern: str) -> None:
        self._steps = _steps(pattern)
        self._begins = "".join(takewhile(lambda step: not isinstance(step, Wild), self._steps))

    def after(self, prefix: str) -> frozenset[int]:
        """The states the pattern can be in once `prefix`, up to a dot, is read; none: it never fits."""
        look = folded(prefix)
        if not look.startswith(self._begins[: len(look)]):
            return frozenset()
        states = self._closed({0})
        for sign in look:
            states = self._closed(self._step(states, sign), sign)
            if not states:
                break
        # what a wildcard's own state leads to anyway need not be tried beside it
        return frozenset(
            each for each in states if not (each - 1 in states and isinstance(self._steps[each - 1], Wild))
        )

    def matcher(self, states: frozenset[int] = frozenset({0})) -> Callable[[str], bool]:
        """True for a text (folded already) that leads from one of these states to the end; it begins a
        segment."""
        tests = [_test(self._steps[state:]) for state in sorted(states)]
        return tests[0] if len(tests) == 1 else lambda text: any(test(text) for test in tests)

    def _step(self, states: set[int], sign: str) -> set[int]:
        moved = set()
        for state in states:
            if state == len(self._steps):
                continue
            step = self._steps[state]
            if step == DSTAR and isinstance(step, Wild):
                moved.add(state)
            elif step == STAR and isinstance(step, Wild):
                if sign != ".":
                    moved.add(state)
            elif step == sign and not isinstance(step, Wild):
                moved.add(state + 1)
        return moved

    def _closed(self, states: set[int], before: str = ".") -> set[int]:
        """With what is reached without reading: past wildcards, and past a segment's beginning at one."""
        todo = list(states)
        while todo:
            state = todo.pop()
            if state == len(self._steps):
                continue
            step = self._steps[state]
            passes = isinstance(step, Wild) and (step != _BEGIN or before == ".")
            if passes and state + 1 not in states:
                states.add(state + 1)
                todo.append(state + 1)
        return states


_BEGIN = "|"
"""Between a `**` that is a segment alone and what follows: here a segment begins."""


def _steps(pattern: str) -> tuple[str, ...]:
    """Single signs and wildcards. `a.**.b` becomes a . ** | b, where | asks for a segment's beginning."""
    flat: list[str] = []
    for part in tokens(pattern):
        flat.extend([part] if isinstance(part, Wild) else list(folded(part)))
    steps: list[str] = []
    place = 0
    while place < len(flat):
        sign = flat[place]
        alone = isinstance(sign, Wild) and sign == DSTAR and (place == 0 or flat[place - 1] == ".")
        steps.append(sign)
        if alone and flat[place + 1 : place + 2] == ["."] and place + 2 < len(flat):
            steps.append(Wild(_BEGIN))
            place += 1
        place += 1
    return tuple(steps)


def _test(steps: Sequence[str]) -> Callable[[str], bool]:
    """The longest literal is looked for first: of many names, few have it."""
    if all(isinstance(step, Wild) and step == DSTAR for step in steps) and steps:
        return lambda _: True
    fits = re.compile(_regex(steps), re.DOTALL).fullmatch
    runs = [""]
    for step in steps:
        if isinstance(step, Wild):
            runs.append("")
        else:
            runs[-1] += step
    needle = max(runs, key=len)
    return lambda text: needle in text and fits(text) is not None


def _regex(steps: Sequence[str]) -> str:
    """Chunks between `**`: within one, each `*` takes the shortest run after which the next literal fits,
    and a chunk its first place; only the last chunk, which the text's end holds, tries several."""
    chunks: list[list[str]] = [[]]
    for step in steps:
        if isinstance(step, Wild) and step == DSTAR:
            chunks.append([])
        else:
            chunks[-1].append(step)
    first, *others = chunks
    if not others:
        return _chunk(first, anchored=True)
    parts = [_chunk(first, anchored=False)]
    parts += [f"(?>.*?{_chunk(chunk, anchored=False)})" for chunk in others[:-1]]
    parts.append(f".*{_chunk(others[-1], anchored=True)}")
    return "".join(parts)


def _chunk(steps: Sequence[str], *, anchored: bool) -> str:
    pieces: list[str] = [""]
    for step in steps:
        if isinstance(step, Wild) and step == STAR:
            pieces.append("")
        else:
            pieces[-1] += r"(?:(?<=\.)|\A)" if isinstance(step, Wild) else re.escape(step)
    text = pieces[0]
    for place, piece in enumerate(pieces[1:], 2):
        last = place == len(pieces)
        text += f"[^.]*{piece}" if (last and anchored) or not piece else f"(?>[^.]*?{piece})"
    return text


def captures(pattern: str, text: str) -> list[str] | None:
    """What the wildcards of a parse stand for, each any run: `*` the shortest, `**` the longest that lets
    the whole text fit. None when it does not fit."""
    literals, wilds = split_literals(tokens(pattern))
    literals = [folded(part) for part in literals]
    look = folded(text)
    if not wilds:
        return [] if look == literals[0] else None
    if not _in_order(look, literals):
        return None
    found = []
    place, end = len(literals[0]), len(text) - len(literals[-1])
    for number, wild in enumerate(wilds[:-1], 1):
        if wild == STAR:
            stop = look.find(literals[number], place, end)
        else:
            stop = end
            for part in reversed(literals[number:-1]):
                stop = look.rfind(part, place, stop)
        found.append(text[place:stop])
        place = stop + len(literals[number])
    found.append(text[place:end])
    return found
