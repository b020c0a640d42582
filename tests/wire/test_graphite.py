"""The line protocol as other people's programs speak it, and as we do."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.model import Batch, Histogram, JvmId, MetricBlock, Snapshot
from heapwatch.wire import graphite
from heapwatch.wire.graphite import Splitter, parse_lines
from heapwatch.wire.paths import ClassPath, Template

NOW = 1_790_000_000_000


def columns(block: bytes) -> list[tuple[str, float, int]]:
    lines = parse_lines(block, NOW)
    return list(zip(lines.paths, lines.values, lines.times))


@pytest.mark.parametrize(
    "block",
    [
        b"a.b 1.5 100\n",
        b"a.b 1.5 100",
        b"a.b 1.5 100\r\n",
        b"  a.b\t1.5 \t 100  \n\n",
        b"\n\na.b 15e-1 100.0\n",
    ],
)
def test_a_line_is_read_whatever_white_space_it_has(block: bytes) -> None:
    assert columns(block) == [("a.b", 1.5, 100_000)]


def test_minus_one_is_now_and_fractions_of_a_second_are_kept() -> None:
    assert columns(b"a 1 -1\nb 2 100.25\n") == [("a", 1.0, NOW), ("b", 2.0, 100_250)]


def test_tags_are_one_series_in_whatever_order_they_come() -> None:
    assert columns(b"m;host=a;app=b 1 1\nm;app=b;host=a 2 2\n") == [
        ("m;app=b;host=a", 1.0, 1000),
        ("m;app=b;host=a", 2.0, 2000),
    ]
    assert graphite.untagged("m;app=b;host=x=y") == ("m", {"app": "b", "host": "x=y"})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"a 1", "not-three-cells"),
        (b"a b 1 2", "not-three-cells"),
        (b"a one 100", "bad-value"),
        (b"a 1_000 100", "bad-value"),
        (b"a nan 100", "not-finite"),
        (b"a -inf 100", "not-finite"),
        (b"a 1e999 100", "not-finite"),
        (b"a 1 then", "bad-time"),
        (b"a 1 1_0", "bad-time"),
        (b"a 1 nan", "time-out-of-range"),
        (b"a 1 -2", "time-out-of-range"),
        (b"a 1 1790000000000", "time-out-of-range"),
        (b"\xff\xfe 1 100", "not-utf-8"),
        (b"a\x00b 1 100", "control-character"),
        (b"a; 1 100", "bad-tags"),
        (b"a;b 1 100", "bad-tags"),
        (b"a;b= 1 100", "bad-tags"),
        (b";b=c 1 100", "bad-tags"),
        (b"a;b=~c 1 100", "bad-tags"),
        (b"a;b=c;b=d 1 100", "bad-tags"),
        (b"x" * 9000 + b" 1 100", "line-too-long"),
    ],
)
def test_a_bad_line_is_counted_by_reason_and_costs_its_neighbours_nothing(line: bytes, reason: str) -> None:
    lines = parse_lines(b"before 1 1\n" + line + b"\nafter 2 2\n", NOW)
    assert lines.paths == ["before", "after"]
    assert lines.rejects.counts == {reason: 1}
    assert lines.rejects.samples == [(reason, line[:400])]


def test_a_flood_of_bad_lines_is_counted_in_full_and_kept_in_part() -> None:
    rejects = parse_lines(b"junk\n" * 5000, NOW).rejects
    assert rejects.counts == {"not-three-cells": 5000}
    assert len(rejects.samples) == graphite.KEPT_REJECTS


@given(st.binary(max_size=300))
def test_arbitrary_bytes_yield_columns_of_one_length_and_finite_numbers(block: bytes) -> None:
    lines = parse_lines(block, NOW)
    assert len(lines.paths) == len(lines.times) == len(lines.values)
    assert all(map(math.isfinite, lines.values))


@given(st.lists(st.sampled_from([b"a 1 1", b"junk", b"", b"b;x=y 2 2\r", b"w" * 9000])), st.data())
def test_a_stream_says_the_same_however_it_is_cut(rows: list[bytes], data: st.DataObject) -> None:
    stream = b"\n".join(rows)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    splitter, read = Splitter(), b""
    for start, end in zip([0, *cuts], [*cuts, len(stream)]):
        read += splitter.feed(stream[start:end])
    read += splitter.close()
    whole, pieces = parse_lines(stream, NOW), parse_lines(read, NOW)
    assert (pieces.paths, pieces.values, pieces.times) == (whole.paths, whole.values, whole.times)
    assert pieces.rejects.counts == whole.rejects.counts


def test_a_line_that_never_ends_takes_no_more_memory_than_a_long_one() -> None:
    splitter = Splitter()
    blocks = [splitter.feed(b"x" * 4096) for _ in range(1000)]
    assert sum(map(len, blocks)) < 3 * graphite.MAX_LINE
    assert columns(splitter.feed(b"x 1 1\nnext 2 2\n")) == [("next", 2.0, 2000)]


def test_a_snapshot_is_two_lines_a_class_and_reads_back() -> None:
    histogram = Histogram(
        ["byte[]", "odd.Par (x)"], array("q", [3, 1]), array("q", [96, 24]), array("q", [1, 1])
    )
    snapshot = Snapshot(JvmId("web.1", "shop", 1, 1), 5000, "all", histogram)
    template = Template()
    lines = parse_lines(graphite.encode_snapshot(snapshot, template), NOW)
    assert [template.read(path) for path in lines.paths] == [
        ClassPath("web.1", "", measure, name)
        for name in ("byte[]", "odd.Par (x)")
        for measure in ("count", "size")
    ]
    assert list(lines.values) == [3, 96, 1, 24]
    assert set(lines.times) == {5000}


def test_metrics_carry_their_labels_as_tags_and_leave_gaps_out() -> None:
    block = MetricBlock(
        {"host": "a b", "jvm": "~x", "env": ""},
        array("q", [1000, 2000]),
        {"jvm.pool.used;pool=eden": array("d", [1.0, math.nan]), "jvm.gc.load": array("d", [0.25, 0.5])},
    )
    text = graphite.encode_metrics(block)
    assert text.decode().splitlines() == [
        "jvm.pool.used;pool=eden;host=a%20b;jvm=%7Ex 1 1",
        "jvm.gc.load;host=a%20b;jvm=%7Ex 0.25 1",
        "jvm.gc.load;host=a%20b;jvm=%7Ex 0.5 2",
    ]
    assert parse_lines(text, NOW).rejects.counts == {}


def test_a_whole_batch_becomes_its_snapshots_and_its_metrics() -> None:
    histogram = Histogram(["x.Y"], array("q", [1]), array("q", [16]), array("q", [1]))
    snapshot = Snapshot(JvmId("a", "shop", 1, 1), 5000, "all", histogram)
    block = MetricBlock({}, array("q", [1000]), {"m": array("d", [1e300])})
    batch = Batch("agent", 1, [snapshot, replace(snapshot, time=6000)], [block])
    assert b"".join(graphite.encode(batch, Template())).decode().splitlines() == [
        "a.count.x.Y 1 5",
        "a.size.x.Y 16 5",
        "a.count.x.Y 1 6",
        "a.size.x.Y 16 6",
        "m 1e+300 1",
    ]
