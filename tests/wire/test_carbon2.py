"""Carbon 2.0 lines, as metrics20.org and Sumo Logic show them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.wire.carbon2 import parse

NOW = 1_790_000_000_000


def columns(block: bytes) -> list[tuple[str, float, int]]:
    lines = parse(block, NOW)
    assert not lines.rejects.counts, lines.rejects
    return list(zip(lines.paths, lines.values, lines.times, strict=True))


def test_tags_of_both_kinds_are_labels_and_one_names_the_series() -> None:
    assert columns(b"metric=cpu.idle host=web1 cpu=0  env=prod team=a 97.29 1460061337\n") == [
        ("cpu.idle;cpu=0;env=prod;host=web1;team=a", 97.29, 1460061337000)
    ]
    assert columns(b"what=disk_space unit=B mountpoint=/srv  agent=x 4.2e9 -1") == [
        ("disk_space;agent=x;mountpoint=/srv;unit=B", 4.2e9, NOW)
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"metric=a 1", "not-tags-value-time"),
        (b"host=a  b=c 1 1", "no-metric"),
        (b"metric=a novalue 1 1", "bad-tags"),
        (b"metric=a one 1", "bad-value"),
        (b"metric=a nan 1", "not-finite"),
        (b"metric=a 1 never", "bad-time"),
        (b"metric=\xff 1 1", "not-utf-8"),
        (b"metric=" + b"a" * 9000 + b" 1 1", "line-too-long"),
    ],
)
def test_a_bad_line_is_counted_and_its_neighbours_stay(line: bytes, reason: str) -> None:
    lines = parse(b"metric=a 1 1\n" + line + b"\nmetric=b 2 2", NOW)
    assert (lines.paths, list(lines.rejects.counts)) == (["a", "b"], [reason])


@given(st.binary(max_size=200))
def test_no_bytes_bring_it_down(block: bytes) -> None:
    lines = parse(block, NOW)
    assert len(lines.paths) == len(lines.values) == len(lines.times)
