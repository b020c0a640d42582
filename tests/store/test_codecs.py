"""The parts of the store that need no engine: blocks, ranges of numbers, buckets, the live table."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import HeapwatchError, Truncated, Unreadable, UsageError
from heapwatch.store.acks import Acks
from heapwatch.store.errors import near
from heapwatch.store.live import BASELINE_MS, Head, Live, Table
from heapwatch.store.native import LABELS, TIME, Column, Columns, read, write
from heapwatch.store.reads.intervals import buckets, joined
from heapwatch.store.reads.selection import any_of, containing

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def tables(draw: st.DrawFn) -> list[Column]:
    rows = draw(st.integers(1, 5))

    def many(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=rows, max_size=rows))

    return [
        Column("class", "UInt32", np.array(many(st.integers(0, 2**32 - 1)), np.uint32)),
        Column("time", TIME, np.array(many(st.integers(0, 2**53)), np.int64)),
        Column("value", "Float64", np.array(many(st.floats(allow_nan=False)), np.float64)),
        Column("naïve name", "String", many(TEXT)),
        Column("labels", LABELS, many(st.dictionaries(TEXT, TEXT, max_size=4))),
    ]


def plain(columns: Columns, like: list[Column]) -> list[list[Any]]:
    return [list(columns[column.name]) for column in like]


@given(tables(), tables())
def test_blocks_read_back_as_they_were_written(one: list[Column], two: list[Column]) -> None:
    back = read(write(one) + write(two))
    assert len(back) == len(one[0].values) + len(two[0].values)
    assert plain(back, one) == [[*a.values, *b.values] for a, b in zip(one, two, strict=True)]


@given(tables(), st.data())
def test_a_cut_block_is_an_error_of_ours(table: list[Column], data: st.DataObject) -> None:
    whole = write(table)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises((Truncated, Unreadable)):
        read(whole[:cut])


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_a_value_or_an_error_of_ours(data: bytes) -> None:
    with suppress(HeapwatchError):
        read(data)


def test_columns_of_different_lengths_are_a_bug_that_shows() -> None:
    with pytest.raises(ValueError, match="column b has 2 rows"):
        write([Column("a", "UInt8", np.zeros(1)), Column("b", "UInt8", np.zeros(2))])


def test_an_answer_without_rows_has_empty_columns() -> None:
    assert len(read(b"")) == 0
    assert list(read(b"")["anything"]) == []


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60)), max_size=80))
def test_a_number_is_known_once_it_was_stored_in_whatever_order(stored: list[tuple[str, int]]) -> None:
    acks = Acks()
    for place, batch in enumerate(stored):
        assert (batch in acks) == (batch in stored[:place])
        acks.add([batch])
    assert all(batch in acks for batch in stored)
    assert not any(
        (agent, number) in acks for agent in "ab" for number in range(62) if (agent, number) not in stored
    )
    assert acks.newest() == {
        agent: max(n for a, n in stored if a == agent) for agent in {a for a, _ in stored}
    }


@given(st.integers(0, 10**12), st.integers(1000, 10**10), st.none() | st.integers(1, 10**6))
def test_buckets_cover_the_range_on_whole_steps(from_: int, span: int, interval: int | None) -> None:
    try:
        frame = buckets(from_, from_ + span, interval)
    except UsageError:
        assert interval is not None
        assert span / (interval * 1000) > 10_000
        return
    assert frame.start <= from_ < frame.start + frame.width
    assert frame.end - frame.width < from_ + span <= frame.end
    assert frame.start % frame.width == 0
    assert len(frame.times) == frame.count
    if interval is None:
        assert frame.count <= 362


@given(st.lists(st.none() | st.integers(0, 9), min_size=1, max_size=60))
def test_filling_keeps_every_sample_and_goes_not_beyond_them(points: list[int | None]) -> None:
    row = np.array([np.nan if point is None else point for point in points], np.float64)
    filled = joined(row.copy())
    known = np.flatnonzero(~np.isnan(row))
    assert (filled[known] == row[known]).all()
    if len(known):
        assert np.isnan(filled[: known[0]]).all()
        assert np.isnan(filled[known[-1] + 1 :]).all()
        inside = filled[known[0] : known[-1] + 1]
        for place in np.flatnonzero(~np.isnan(inside)) + known[0]:
            left, right = known[known <= place][-1], known[known >= place][0]
            assert filled[place] == pytest.approx(np.interp(place, [left, right], [row[left], row[right]]))


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("1..4..7..1", "1234567531"),  # every third bucket: a line
        ("1234.....89", "1234.....89"),  # dense, then silence: a gap
        ("12.45", "12345"),  # one sample missed
        (".1.", ".1."),
    ],
)
def test_only_a_silence_that_is_unusual_is_a_gap(row: str, wanted: str) -> None:
    values = np.array([np.nan if sign == "." else float(sign) for sign in row])
    shown = "".join("." if np.isnan(value) else str(int(value)) for value in joined(values))
    assert shown == wanted


def table(time: int, **sizes: int) -> tuple[Head, Table]:
    classes = np.array([int(name[1:]) for name in sizes], np.uint32)
    column = np.array(list(sizes.values()), np.int64)
    ones = np.ones(len(sizes), np.int64)
    head = Head(time, int(column.sum()), len(sizes), len(sizes), 0.0, 0.0, {})
    return head, Table(time, classes, ones, column, ones)


def test_the_class_that_grows_fastest_is_told_by_the_minute() -> None:
    live = Live(1 << 20)
    live.saw((1, 0), *table(0, c1=100, c2=50))
    assert live.fastest((1, 0)) is None
    live.saw((1, 0), *table(120_000, c1=110, c2=70, c3=500))
    assert live.fastest((1, 0)) == (3, 250.0)
    for step in range(1, 6):
        live.saw((1, 0), *table(step * BASELINE_MS, c1=110 + step, c2=70, c3=500))
    assert live.fastest((1, 0)) == (1, pytest.approx(60_000 / BASELINE_MS))


def test_an_older_snapshot_does_not_replace_the_newest() -> None:
    live = Live(1 << 20)
    live.saw((1, 0), *table(2000, c1=2))
    live.saw((1, 0), *table(1000, c1=1))
    assert live.heads[1, 0].time == 2000
    held = live.table((1, 0))
    assert held is not None
    assert held.time == 2000


def test_only_the_jvms_heard_of_last_keep_their_classes_in_memory() -> None:
    one = table(0, **{f"c{each}": 1 for each in range(100)})[1].size
    live = Live(10 * one)
    for number in range(40):
        live.saw((number, 0), *table(1000 + number, **{f"c{each}": 1 for each in range(100)}))
    kept = [number for number in range(40) if live.table((number, 0)) is not None]
    assert kept == list(range(30, 40))
    assert len(live.heads) == 40


def test_globs_and_parts_of_names() -> None:
    assert any_of([])("anything")
    assert any_of(["mem*1", "x"])("MEMleak1")
    assert not any_of(["memleak"])("memleak1")
    assert containing("order")("com.shop.Orders")
    assert containing("*.Order")("com.shop.Order")
    assert not containing("*.Order")("com.shop.Orders")
    assert near("com.shop.Ordr", ["com.shop.Order", "java.lang.String"]) == ["com.shop.Order"]
    assert near("shop", ["com.shop.Order", "x"]) == ["com.shop.Order"]


def test_a_text_longer_than_a_byte_can_count_reads_back() -> None:
    texts = ["x" * length for length in (0, 127, 128, 16_383, 16_384, 100_000)]
    assert read(write([Column("text", "String", texts)]))["text"] == texts
