"""Whatever a door turns away for has a sentence, and no sentence is about nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import heapwatch
from heapwatch.ingest.intake import REASONS
from heapwatch.ingest.reasons import WORDS, told

SOURCE = Path(heapwatch.__file__).parent
SLUG = re.compile(r"[a-z]+(-[a-z0-9]+)*")
ROOMS = ("ingest", "store", "web", "wire")
NO_REASON = {"api", "scrape"}
"""Names of doors, which stand first where both are given."""


def constants(node: ast.AST) -> Iterator[str]:
    """The slug that an expression is, or the two that it may be."""
    if isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and SLUG.fullmatch(node.value):
        yield node.value


def is_reject(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    return name.endswith(("rejects.add", "BadLine", "runs.refuse", "found.reject"))


def used() -> set[str]:
    """The slugs in calls that reject, and what functions that look for a fault return."""
    found = {slug for _, slug in REASONS} | {"unauthenticated", "forged", "failed"}
    for room in ROOMS:
        for path in (SOURCE / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and is_reject(node):
                    found |= {text for each in node.args[:2] for text in constants(each)}
                if isinstance(node, ast.FunctionDef) and node.name.endswith("fault"):
                    ends = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
                    found |= {text for each in ends if each is not None for text in constants(each)}
                if isinstance(node, ast.Dict) and path.name == "points.py":
                    found |= {text for key in node.keys if key is not None for text in constants(key)}
    return found - NO_REASON


def test_every_reason_of_every_door_is_told_in_words() -> None:
    assert used() - set(WORDS) == set()


def test_no_words_are_kept_for_reasons_that_are_gone() -> None:
    assert set(WORDS) - used() == set()


def test_words_are_one_line_that_says_what_to_do() -> None:
    for reason, words in WORDS.items():
        assert words.endswith("."), reason
        assert ":" in words, reason
        assert len(words) <= 110, reason


def test_only_the_words_that_are_needed_are_told() -> None:
    assert told(["cut", "cut", "of-a-later-version"]) == {"cut": WORDS["cut"]}
