"""Blocks of Graphite lines: read at once or line by line, the columns are the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heapwatch.ingest import blocks
from heapwatch.ingest.blocks import BlockReader
from heapwatch.wire.graphite import parse_lines

NOW = 1_795_341_600_123
FILLER = b"".join(b"servers.web%d.load %d.5 1795341600\n" % (n, n) for n in range(200))

paths = st.one_of(
    st.sampled_from(
        [b"a.b", b"c;x=1;b=2", b"c;b=2;x=1", b"caf\xc3\xa9", b"\xff", b"a;b", b"", b'"q"', b"a,b"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=8).map(str.encode),
)
numbers = st.one_of(
    st.floats().map(lambda value: repr(value).encode()),
    st.sampled_from([b"1", b"-0", b"+1", b"1e400", b"nan", b"1_0", b"0x1", b"", b"1.", b".5", b"1e5", b"x"]),
)
times = st.one_of(
    st.integers(0, 10_500_000_000).map(lambda value: str(value).encode()),
    st.sampled_from(
        [b"-1", b"-1.0", b"-2", b"1795341600.25", b"1795341600.0005", b"nan", b"", b"1e9", b"-0.5"]
    ),
)
gaps = st.sampled_from([b" ", b" ", b" ", b"  ", b"\t", b""])
ends = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\n\n", b" \n", b""])
lines = st.tuples(paths, gaps, numbers, gaps, times, ends).map(b"".join)


def same(block: bytes) -> None:
    at_once, by_line = BlockReader().read(block, NOW), parse_lines(block, NOW)
    assert list(at_once.paths) == by_line.paths
    assert at_once.times == by_line.times
    assert [repr(value) for value in at_once.values] == [repr(value) for value in by_line.values]
    assert at_once.rejects == by_line.rejects


@given(st.lists(lines, max_size=6).map(b"".join))
@example(b"a 1 -1\n")
@example(b"a 1 -1.0\nb 2 -1\n")
@example(b"a 1 -1")
@example(b"a\x00b 1 2\n")
def test_a_block_says_the_same_at_once_and_line_by_line(odd: bytes) -> None:
    same(FILLER + odd)
    same(odd + FILLER)


@given(st.binary(max_size=60))
def test_any_bytes_between_lines_change_nothing_for_the_others(odd: bytes) -> None:
    same(FILLER + odd + FILLER)


def test_a_mark_of_byte_order_is_a_part_of_the_path() -> None:
    same(b"\xef\xbb\xbf" + FILLER)


def test_lines_that_are_too_long_are_refused_in_blocks_too() -> None:
    same(FILLER + b"x" * 9000 + b" 1 1795341600\n")
    same(FILLER + b"a " + b"0" * 9000 + b"1 1795341600\n")


def test_plain_blocks_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(blocks, "parse_lines")  # so that reading line by line would fail
    reader = BlockReader()
    found = reader.read(FILLER + b"a;y=2;x=1 1 -1\r\na;x=1;y=2 2 1795341600\r\n", NOW)
    assert found.paths[-2:] == ["a;x=1;y=2"] * 2
    assert found.times[-2:].tolist() == [NOW, 1795341600000]


def test_names_with_tags_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_PATHS", 100)
    reader = BlockReader()
    for turn in range(5):
        block = b"".join(b"m;z=%d;a=%d 1 1795341600\n" % (turn, n) for n in range(200))
        assert reader.read(block, NOW).paths[7] == f"m;a=7;z={turn}"
    assert len(reader._named) == 200
