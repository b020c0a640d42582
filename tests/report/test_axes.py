"""Axes have few, round ticks, whatever they span."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from heapwatch.report import moments
from heapwatch.report.ticks import of_times, of_values

START = 1_790_000_000_000.0


@given(some.integers(0, 4 * 10**12), some.integers(1, 10**12))
def test_moments_are_few_rising_and_inside(low: int, span: int) -> None:
    found = of_times(low, low + span)
    assert found == sorted(found)
    assert 1 <= len(found) <= 9
    assert found[0] >= low
    assert found[-1] <= low + span


@given(some.floats(0, 1e15), some.booleans())
def test_values_begin_at_nothing_and_reach_the_highest(high: float, binary: bool) -> None:
    found = of_values(high, binary=binary)
    assert found[0] == 0
    assert found[-1] >= high
    assert 2 <= len(found) <= 8
    assert found == sorted(set(found))


def test_bytes_are_round_in_binary_and_counts_in_tens() -> None:
    assert of_values(60 * 2**20, binary=True)[:2] == [0, 16 * 2**20]
    assert of_values(44_000, binary=False)[:2] == [0, 10_000]
    assert of_values(0, binary=False) == [0, 1]


@pytest.mark.parametrize(
    ("at", "step", "said"),
    [
        (START, 60_000, "14:13"),
        (START, 1000, "14:13:20"),
        (START, 86_400_000, "2026-09-21"),
        (START - START % 86_400_000, 3_600_000, "Sep 21"),
        (72_000, 1000, "00:01:12"),
        (500 * 3_600_000, 1000, "20d20h"),
    ],
)
def test_a_tick_says_what_tells_it_from_its_neighbours(at: float, step: float, said: str) -> None:
    assert moments.short(at, step) == said
