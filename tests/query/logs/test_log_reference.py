"""What docs/reference/log-language.md shows works, and it leaves no operator out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heapwatch.query.logs.check import check
from heapwatch.query.logs.expressions import FUNCTIONS, TESTS
from heapwatch.query.logs.logreduce import VARIES
from heapwatch.query.logs.parse import parse
from heapwatch.query.logs.wording import OPERATORS

PAGE = (Path(__file__).parents[3] / "docs/reference/log-language.md").read_text(encoding="utf-8")
EXAMPLES = [
    query
    for block in re.findall(r"```logs\n(.*?)```", PAGE, re.DOTALL)
    for query in re.split(r"\n(?!\|)", block.strip())
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_a_query_that_makes_sense(text: str) -> None:
    check(parse(text), text)


@pytest.mark.parametrize("word", [*OPERATORS, *TESTS.values(), *(shown for shown, *_ in FUNCTIONS.values())])
def test_every_operator_and_function_is_described(word: str) -> None:
    assert re.search(rf"`[^`\n]*\b{word}\b[^`\n]*`|^### .*\b{word}\b", PAGE, re.MULTILINE)


def test_the_number_of_words_that_make_a_variable_is_the_one_that_holds() -> None:
    assert VARIES == 7
    assert "seven different words" in PAGE
