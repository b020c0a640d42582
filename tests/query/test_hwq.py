"""Query scripts: what stands in them is read to the letter, and every difference in an answer is found."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import UsageError
from heapwatch.query import hwq, script, verdict
from heapwatch.query.errors import QueryError
from heapwatch.query.hwq import Clear, Load, LoadLogs, Now, Query
from heapwatch.query.tree import Span

START = "2026-01-01T00:00:00Z"
START_MS = 1_767_225_600_000


def one(text: str) -> Any:
    ((_, command),) = hwq.read(text, "x.hwq")
    return command


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1 2.5 -3 1e6", [1, 2.5, -3, 1e6]),
        ("100+10x5", [100, 110, 120, 130, 140, 150]),
        ("100-10x2 7", [100, 90, 80, 7]),
        ("7x3", [7, 7, 7, 7]),
        ("-1.5+0.5x2", [-1.5, -1, -0.5]),
        ("", []),
    ],
)
def test_values_can_be_written_as_runs(written, meant):
    assert hwq.values(written) == meant


def test_missing_points_are_underscores():
    assert [math.isnan(value) for value in hwq.values("1 _ 2 _x2")] == [False, True, False, True, True]


@pytest.mark.parametrize("written", ["a", "1,2", "1x", "x3", "1+x3", "1x9999999", "nan"])
def test_what_is_no_value_is_said(written):
    with pytest.raises(UsageError):
        hwq.values(written)


def test_labels_may_be_quoted_and_separated_by_commas():
    found = hwq.labelled(r'{a=b, c="d \"e\" }" class=byte[] _x=} rest of it')
    assert found == ({"a": "b", "c": 'd "e" }', "class": "byte[]", "_x": ""}, "rest of it")


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,5}", fullmatch=True), st.text(max_size=9)))
def test_labels_read_back_as_they_were_shown(labels):
    written = "{" + " ".join(f"{name}={verdict.quoted(value)}" for name, value in labels.items()) + "}"
    assert hwq.labelled(written) == (labels, "")


def test_a_load_is_a_series_a_line():
    load = one(f"load every 10s from {START}   # why\n  {{metric=m host=a}} 1 2\n\n  # no\n  a.b;c=d  3x1\n")
    assert isinstance(load, Load)
    assert (load.start, load.step) == (START_MS, 10_000)
    assert [(line.labels, line.path, line.values) for line in load.lines] == [
        ({"metric": "m", "host": "a"}, "", [1, 2]),
        ({}, "a.b;c=d", [3, 3]),
    ]


def test_a_log_message_goes_on_until_the_next_time():
    load = one(
        f"load logs\n  {START} {{host=a}} one # not a comment\n    at x\n      at y\n\n  {START} {{}} two\n"
    )
    assert isinstance(load, LoadLogs)
    assert [message.text for message in load.messages] == ["one # not a comment\n  at x\n    at y", "two"]


def test_a_query_keeps_its_lines_and_has_its_range():
    head = f"query from {START} to +1m30s interval 10s"
    query = one(f"{head}\n    a\n      | sum // c\n    #B b\nexpect nothing\nexpect no warnings\n")
    assert isinstance(query, Query)
    assert query.text == "a\n  | sum // c\n#B b"
    assert (query.from_, query.to, query.options) == (START_MS, START_MS + 90_000, {"interval": "10s"})
    assert [each.kind for each in query.expectations] == ["nothing", "no warnings"]


def test_other_commands():
    commands = [command for _, command in hwq.read(f"clear\nrollup\nnow {START}\n", "x")]
    assert commands == [Clear(), hwq.Rollup(), Now(START_MS)]


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        ("  a", 1, "belongs to no command"),
        ("clear\nlaod every 1s", 2, "expected one of clear"),
        ("clear now", 1, "nothing follows clear"),
        ("load every 10s", 1, "expected `load every 10s from TIME`"),
        ("load every 10s from now", 1, "not a time such as"),
        (f"load every 10s from {START}\n  {{a=b 1", 1, "expected {label=value"),
        (f"load every 10s from {START}\n  {{a b}} 1", 1, "expected label=value"),
        ("load logs\n  hello", 1, "begins with its time"),
        (f"query {START}", 1, "expected `from TIME to TIME`"),
        ("expect", 1, "stands after a query"),
        (f"query from {START} to +1m\n  a\nexpect somthing", 3, "expect what?"),
    ],
)
def test_what_is_no_script_is_told_with_file_and_line(text, number, message):
    with pytest.raises(hwq.Unreadable) as caught:
        hwq.read(text, "x.hwq")
    assert str(caught.value).startswith(f"x.hwq:{number}: ")
    assert message in str(caught.value)


# ---- verdicts


def judged(expected: str, answer: dict[str, Any] | None, error: Any = None) -> list[str]:
    query = one(f"query from {START} to +1m\n  a\n{expected}\n")
    return verdict.problems(query, answer, error)


def metrics(*series: tuple[dict[str, str], list[float | None]], **more: Any) -> dict[str, Any]:
    row = {"letter": "A", "interval_s": 10, "rollup": "avg", "times": [START_MS], "table": None}
    row["series"] = [{"labels": labels, "values": values} for labels, values in series]
    return {"rows": [{**row, **more}], "warnings": [{"message": "2 dropped", "count": 2, "row": "A"}]}


TWO = metrics(({"h": "a"}, [1, None]), ({"h": "b"}, [0.1 + 0.2, 2]))
TABLE = {"columns": {"_time": [START_MS, None], "name": ["a b", "c"], "n": [1.5, None]}, "warnings": []}


@pytest.mark.parametrize(
    "expected",
    [
        "expect\n  {h=b} 0.3 2\n  {h=a} 1 _",
        "expect ordered\n  {h=a} 1 _\n  {h=b} 0.3 2",
        "expect\n  #A {h=a} *\n  {h=b} *",
        'expect warning "dropped"',
        "expect interval 10s",
        "expect rollup avg",
        f"expect starts {START}",
    ],
)
def test_answers_that_are_as_expected(expected):
    assert judged(expected, TWO) == []


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ("expect\n  {h=a} 1 _", "+ {h=b} 0.30000000000000004 2"),
        ("expect\n  {h=a} 1 1\n  {h=b} 0.3 2", "- {h=a} 1 1"),
        ("expect\n  {h=a} 1 _\n  {h=a} 1 _", "+ {h=b}"),
        ("expect ordered\n  {h=b} 0.3 2\n  {h=a} 1 _", "- expected, + found"),
        ("expect\n  {h=a g=x} 1 _\n  {h=b} 0.3 2", "- {g=x h=a} 1 _"),
        ("expect nothing", "found 2 series"),
        ("expect table\n  h\n  a", "a table was expected"),
        ('expect warning "other"', "found 2 dropped"),
        ("expect no warnings", "found 2 dropped"),
        ("expect interval 1m", "interval 60.0 was expected, found 10"),
        ("expect rollup max", "rollup max was expected, found avg"),
        ('expect error "x"', "there was an answer"),
        ("expect\n  h=a 1", "this expectation cannot be read"),
        ("", "nothing is expected of this query"),
    ],
)
def test_differences_are_told(expected, told):
    assert told in "\n".join(judged(expected, TWO))


@pytest.mark.parametrize(
    "expected",
    [
        'expect table\n  name n\n  c _\n  "a b" 1.5',
        f'expect ordered table\n  _time name\n  {START} "a b"\n  _ c',
    ],
)
def test_tables_are_compared_by_the_columns_that_are_named(expected):
    assert judged(expected, TABLE) == []


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ('expect ordered table\n  name\n  c\n  "a b"', "- expected, + found"),
        ("expect table\n  name x\n  c 1", "no column x; there are _time, name, n"),
        ("expect table\n  name n\n  c", "has 1 cells for 2 columns"),
        ("expect nothing", "found 2 rows"),
        ("expect\n  {h=a} 1", "found a table"),
    ],
)
def test_differences_in_tables_are_told(expected, told):
    assert told in "\n".join(judged(expected, TABLE))


def test_messages_are_compared_in_their_order():
    answer = {"kind": "messages", "columns": {"_text": ["b", "a\nc"]}, "warnings": []}
    assert judged('expect messages\n  b\n  "a\\nc"', answer) == []
    assert judged('expect messages\n  "a\\nc"\n  b', answer) != []


def test_errors_are_compared_by_place_and_message():
    error = QueryError("unknown word", "a b", Span(2, 3))
    assert judged('expect error 1:3 "unknown"', None, error) == []
    assert judged("expect error 1:3", None, error) == []
    assert judged('expect error "word"', None, error) == []
    assert "an error at 1:2 was expected" in judged('expect error 1:2 "unknown"', None, error)[0]
    assert 'with "other" was expected' in judged('expect error "other"', None, error)[0]
    assert (
        "the query failed: line 1, column 3: unknown word\na b\n  ^"
        in judged("expect nothing", None, error)[0]
    )


# ---- a whole script

SCRIPT = f"""\
load every 10s from {START}
  {{metric=heap.bytes host=a jvm=j class=x.Y}}  1 2 3
  b.size.x.Y  10 20 30
query from {START} to +30s interval 10s
  metric=heap.bytes class=x.Y | sum by host
expect
  {{host=a}} 1 2 3
  {{host=b}} 10 20 30
clear
query from {START} to +30s interval 10s
  metric=heap.bytes
expect nothing
load every 10s from {START}
  m;h=1  4 _ 6
query from {START} to +30s interval 10s
  m
expect
  {{metric=m h=1}} 4 _ 6
"""


@pytest.mark.store
def test_a_script_runs_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "a.hwq").write_text(SCRIPT)
    read = script.read(tmp_path / "a.hwq", "a.hwq")
    first, second, third = read.queries
    with script.Stage(read) as stage:
        for query in (third, first, second, second, first, third):
            outcome = stage.run(query)
            assert outcome.problems == []
        assert outcome.where == "a.hwq:15"


@pytest.mark.store
def test_data_that_cannot_be_stored_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.hwq").write_text(
        f"load every 10s from {START}\n  {{host=a}} 1\nquery from {START} to +1m\n  a\n"
    )
    with pytest.raises(hwq.Unreadable, match=r"a\.hwq:1: a line with labels needs metric="):
        list(script.check(script.read(tmp_path / "a.hwq")))


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(hwq.Unreadable, match="No such file"):
        script.read(tmp_path / "none.hwq")
