"""Structured log lines: when, how bad, what; and nothing else of them is lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import Unreadable
from heapwatch.wire.records import Record, parse

NOW = 1_795_377_600_000
TEN = NOW - 10 * 3_600_000


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (
            '{"time": "2026-11-22T10:00:00Z", "level": "WARN", "message": "slow"}',
            Record(TEN, "warn", "slow"),
        ),
        (
            '{"log":"slow\\n","stream":"stdout","time":"2026-11-22T10:00:00.5Z"}',
            Record(TEN + 500, "", "slow"),
        ),
        ('{"msg": "sold", "ts": 1795341600}', Record(TEN, "", "sold")),
        ('{"text": "sold"}', Record(None, "", "sold")),
    ],
)
def test_a_record_of_when_how_bad_and_what_is_its_text(line: str, record: Record) -> None:
    assert parse(line, NOW) == record


@pytest.mark.parametrize(
    "line",
    [
        '{"ts": 1795341600, "level": 30, "msg": "sold", "order": 4711}',
        '{"ts": 1795341600, "level": "info", "order": 4711}',
        '{"ts": 1795341600, "level": "info", "msg": {"a": 1}}',
    ],
)
def test_a_record_that_says_more_is_kept_whole(line: str) -> None:
    assert parse(line, NOW) == Record(TEN, "info", line)


@pytest.mark.parametrize("line", ["", "{", "[1]", '"text"', "7", '{"msg": ""}', "[" * 100_000])
def test_what_is_no_message_is_unreadable(line: str) -> None:
    with pytest.raises(Unreadable):
        parse(line, NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9), st.lists, max_leaves=5
)
names = st.sampled_from(["time", "ts", "level", "msg", "message", "x"])


@given(st.dictionaries(names, json_values, max_size=6))
def test_any_object_is_a_message_or_our_error(found: dict[str, object]) -> None:
    line = json.dumps(found)
    try:
        record = parse(line, NOW)
    except Unreadable:
        return
    assert record.text
