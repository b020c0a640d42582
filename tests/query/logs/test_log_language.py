"""The form of log queries: what is written can be read, and what cannot be read is told where."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

import log_trees as trees
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heapwatch.query import hwq
from heapwatch.query.errors import QueryError
from heapwatch.query.logs import tree
from heapwatch.query.logs.check import check, check_followed
from heapwatch.query.logs.format import format as written
from heapwatch.query.logs.format import reformat
from heapwatch.query.logs.parse import DEEPEST, MOST_CHARACTERS, parse
from heapwatch.query.logs.wording import OPERATORS

GOLDEN = sorted({
    command.text
    for path in Path(__file__).parent.glob("*.hwq")
    for _, command in hwq.read(path.read_text(encoding="utf-8"), path.name)
    if isinstance(command, hwq.Query)
})  # fmt: skip


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(trees.queries)
def test_every_query_can_be_written_down_and_read_again(query: tree.LogQuery) -> None:
    text = written(query)
    assert parse(text) == query
    assert written(parse(text)) == text


@pytest.mark.parametrize("text", GOLDEN)
def test_the_usual_form_of_a_query_means_the_same(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert parse(written(query)) == query
    assert parse(reformat(text)) == query


@cache
def judged(text: str) -> None:
    """It is a query, or an error with a place in the text and one line of words. Each text is judged once."""
    found = fault(text)
    if found is not None:
        assert 0 <= found.span.start <= found.span.end <= len(text)
        assert 1 <= found.line <= text.count("\n") + 1
        assert "\n" not in str(found)
        assert found.shown().count("\n") <= 1


def fault(text: str) -> QueryError | None:
    try:
        check(parse(text), text)
    except QueryError as error:
        return error
    return None


@pytest.mark.parametrize("text", GOLDEN)
def test_every_beginning_and_end_of_a_query_is_one_or_an_error_with_a_place(text: str) -> None:
    for at in range(len(text) + 1):
        judged(text[:at])
        judged(text[at:])


def test_mutilated_queries_are_queries_or_errors_with_a_place() -> None:
    chance = random.Random(20260101)
    scraps = [*"|()\"'/\\*=!,<>%?:#{}[];&\n\t\x00é ", "NOT ", " OR ", "//", "/*", "5m", "1e999", " as ",
              " by ",
              *OPERATORS]  # fmt: skip
    for _ in range(6000):
        text = chance.choice(GOLDEN)
        for _ in range(chance.randint(1, 4)):
            at = chance.randint(0, len(text))
            until = min(len(text), at + chance.choice([0, 0, 1, 1, 3, 9]))
            text = text[:at] + chance.choice(scraps) + text[until:]
        judged(text)


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_an_error_with_a_place(text: str) -> None:
    judged(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "NOT " * 4000 + "a",
        "* | where " + "not " * 3000 + "host = 1",
        "* | " + "-" * 5000 + "1 as x",
        "* | " + "1 + " * 4000 + "1 as x",
        "* | " + "if(1 = 1, " * 1500 + "1" + ", 2)" * 1500 + " as x",
        "* | " + "host = 1 ? 1 : " * 1000 + "2 as x",
        "* " + "| count " * 2000,
    ],
)
def test_what_is_nested_too_deep_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(QueryError, match=r"deep|at most|too early|characters"):
        check(parse(text), text)


def test_brackets_around_brackets_mean_nothing() -> None:
    assert parse("(" * 5000 + "a" + ")" * 5000) == parse("a")
    assert parse("* | where " + "(" * 3000 + "1 = 1" + ")" * 3000) == parse("* | where 1 = 1")


def test_an_expression_that_would_grow_beyond_bounds_is_refused() -> None:
    text = "* | concat(host) as a"
    nested = 'if(a = a, a, "x")'
    for _ in range(12):
        nested = f"if({nested} = {nested[:4000]}, a, a)" if len(nested) < 4000 else nested
    text = f"* | concat(host) as a | {nested} as b"[:MOST_CHARACTERS]
    judged(text)


def test_the_deepest_query_that_is_allowed_still_parses() -> None:
    text = "* | where " + "not (" * (DEEPEST - 6) + "host = 1" + ")" * (DEEPEST - 6)
    check(parse(text), text)


def test_too_long_a_query_is_refused() -> None:
    with pytest.raises(QueryError, match="at most 20000 characters"):
        parse("a" * (MOST_CHARACTERS + 1))


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_with_a_slip_of_the_finger_is_recognised(operator: str) -> None:
    if len(operator) < 4:
        return
    slip = operator[:2] + operator[3:]
    with pytest.raises(QueryError, match="unknown operator") as error:
        parse(f"* | {slip} host")
    assert "did you mean" in error.value.hint
    assert error.value.column == 5


def test_comments_stay_when_a_query_is_brought_into_form() -> None:
    text = "// who\nerror   // bad ones\n| count  by host /* each */\n// done"
    again = reformat(text)
    assert [
        comment for comment in ("// who", "// bad ones", "/* each */", "// done") if comment not in again
    ] == []
    assert parse(again) == parse(text)
    assert reformat(again) == again


@pytest.mark.parametrize(
    "operator", ["count", "logreduce", "limit 5", "sort by host", "timeslice 5m", "json auto"]
)
def test_what_needs_all_messages_cannot_be_followed(operator: str) -> None:
    text = f"error | {operator}"
    with pytest.raises(QueryError, match="cannot be followed"):
        check_followed(parse(text), text)


def test_check_finds_without_a_store_what_the_engine_would_refuse() -> None:
    for text, part in (
        ("* | count by host | where env = 1", "no field 'env' here"),
        ("* | count | timeslice 5m", "timeslice needs messages"),
        ("* | where host matches /(/", "not a regular expression"),
        ("* | count by host | accum nix", "no field 'nix'"),
        ("* | logreduce | where _cuont > 5", "did you mean _count"),
        (
            "* | timeslice 5m | count by _timeslice | outlier _count | fields _count_upper, nix",
            "no field 'nix'",
        ),
    ):
        with pytest.raises(QueryError, match=re.escape(part)):
            check(parse(text), text)


def test_check_lets_pass_what_only_the_data_decides() -> None:
    for text in (
        "* | json auto | where a.b > 3 | count by c",
        "* | count by host, env | transpose row host column env | where prod > 2 | sort by web1",
        "* | count | compare timeshift 1d | _count - _count_1d as more",
        "* | anylabel as x | where other = 3",
    ):
        check(parse(text), text)
