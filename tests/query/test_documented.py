"""Every query of the documentation is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heapwatch.query import hwq
from heapwatch.query.check import check
from heapwatch.query.format import reformat
from heapwatch.query.parse import parse
from heapwatch.query.wording import OPERATORS

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference" / "query-language.md"
BLOCK = re.compile(r"^```query\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [
    (page.name, block)
    for page in (REFERENCE, DOCS / "howto" / "query.md")
    for block in BLOCK.findall(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "text"), BLOCKS)
def test_every_query_of_the_documentation_can_be_asked(page: str, text: str) -> None:
    check(parse(text), text)
    assert parse(reformat(text)) == parse(text)


def test_every_operator_is_documented_with_an_example() -> None:
    examples = " ".join(block for page, block in BLOCKS if page == REFERENCE.name)
    for name in OPERATORS:
        if name not in ("filter", "bottomk", "min", "avg", "max", "count", "stddev"):
            assert re.search(rf"\| {name}\b", examples), name
        assert name in REFERENCE.read_text(encoding="utf-8")


def test_the_scripts_of_the_documentation_are_read() -> None:
    page = (DOCS / "reference" / "hwq.md").read_text(encoding="utf-8")
    blocks = [
        block for block in re.findall(r"^```\n(.*?)^```$", page, re.DOTALL | re.MULTILINE) if "load" in block
    ]
    assert len(blocks) == 2
    for block in blocks:
        assert hwq.read(block, "hwq.md")
