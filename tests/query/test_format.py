"""A formatted query means what it meant, looks the same however it was written, and keeps its comments."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from trees import scripts

from heapwatch.query import format as formatting
from heapwatch.query import tree
from heapwatch.query.format import reformat
from heapwatch.query.parse import parse
from heapwatch.query.tree import Span


@given(scripts)
def test_what_is_formatted_reads_as_the_same_tree(script):
    assert parse(formatting.format(script)) == script


@given(scripts)
def test_formatting_twice_changes_nothing(script):
    once = formatting.format(script)
    assert reformat(once) == once


@given(scripts)
def test_the_span_of_a_node_lies_within_that_of_its_parent(script):
    text = formatting.format(script)
    waiting = [(parse(text), Span(0, len(text)))]
    while waiting:
        node, above = waiting.pop()
        if isinstance(node, tuple) and not isinstance(node, Span):
            waiting += [(each, above) for each in node]
        elif isinstance(node, tree.Node):
            assert above.start <= node.span.start < node.span.end <= above.end, (node, text)
            waiting += [(getattr(node, each.name), node.span) for each in dataclasses.fields(node)]


@pytest.mark.parametrize(
    ("written", "formatted"),
    [
        ("a  AND b|SUM BY host,class", "a b | sum by host, class"),
        ("(a or b) and not (c d)", "(a OR b) NOT (c d)"),
        ("host = ( a ,b ) x!=y", "host=(a, b) x!=y"),
        (
            '"a \\"b\\"" | where ((_value) >5)and avg = 1 or 2<3',
            '"a \\"b\\"" | where _value > 5 and avg = 1 or 2 < 3',
        ),
        ("a | filter avg > 1000000 all last 120s", "a | where avg > 1000000 all last 2m"),
        (
            "a|quantize 60s using MAX drop  last|rate counter 90s",
            "a | quantize to 1m using max drop last | rate counter over 90s",
        ),
        (
            "a | fillmissing 0 | ewma | outlier window=5,threshold=3",
            "a | fillmissing using 0 | ewma | outlier window=5",
        ),
        ("x\n#A a\n(#A-1)*2 as b along c", "#B: x\n#A: a\n#C: (#A - 1) * 2 along c as b"),
        ("#A a", "a"),
        ("#B a", "#B: a"),
    ],
)
def test_one_form_for_many_writings(written, formatted):
    assert reformat(written) == formatted


def test_a_long_row_has_a_line_for_each_operator():
    text = "metric=heap.bytes jvm=memleak* package=akka.actor* | sum by host, class | where max < 100000000"
    assert reformat(f"{text} | topk(10, max)").splitlines() == [
        "metric=heap.bytes jvm=memleak* package=akka.actor*",
        "  | sum by host, class",
        "  | where max < 100000000",
        "  | topk(10, max)",
    ]


def test_comments_stay():
    text = "// all of it\na /* why */ | sum // total\n\n/* two\n lines */\nb  // end"
    once = reformat(text)
    assert once == "// all of it\n/* why */\n#A: a | sum // total\n/* two\n lines */\n#B: b // end"
    assert reformat(once) == once
