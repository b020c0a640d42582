"""Which buckets a query reads: by the range, the data's own distance, and the limit."""

from __future__ import annotations

import numpy as np
import pytest

from heapwatch.query.limits import Limits
from heapwatch.query.notes import Notes
from heapwatch.query.plan import buckets, default_interval, said

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NONE = np.empty(0)


@pytest.mark.parametrize(
    ("span", "seconds"),
    [
        (5 * MINUTE, 1),
        (15 * MINUTE, 5),
        (HOUR, 15),
        (3 * HOUR, 30),
        (6 * HOUR, 60),
        (DAY, 300),
        (7 * DAY, 1800),
        (30 * DAY, 7200),
        (365 * DAY, 604800),
        (3650 * DAY, 2 * 604800),
    ],
)
def test_a_range_has_about_300_points(span: int, seconds: int) -> None:
    assert default_interval(span, NONE) == seconds * 1000


@pytest.mark.parametrize(
    ("distances_s", "seconds"),
    [
        ([10], 15),
        ([11], 30),
        ([60], 120),
        ([60, 60, 60, 3600], 120),
        ([30] * 8 + [120] * 2, 300),
        ([1, 2, 3], 15),
        ([86400], 604800),
    ],
)
def test_buckets_are_no_finer_than_one_and_a_half_times_the_datas_distance(
    distances_s: list[int], seconds: int
) -> None:
    assert default_interval(HOUR, np.array(distances_s) * 1000.0) == seconds * 1000


def test_buckets_are_aligned_to_the_clock_and_cover_the_range() -> None:
    notes = Notes()
    found = buckets(HOUR + 7_000, HOUR + 65_000, 30_000, Limits(), notes)
    assert found.times == [HOUR, HOUR + 30_000, HOUR + 60_000]
    assert notes.listed() == []


def test_too_many_buckets_become_wider_ones_with_a_notice() -> None:
    notes = Notes()
    found = buckets(0, DAY, 1_000, Limits(length=100), notes)
    assert found.width == 15 * MINUTE
    assert found.count <= 100
    [warning] = notes.listed()
    assert warning["message"] == "1s buckets would be more than 100 points a series; they are 15m wide"


@pytest.mark.parametrize(("ms", "text"), [(250, "250ms"), (90_000, "90s"), (HOUR, "1h"), (2 * DAY, "2d")])
def test_durations_are_written_as_people_write_them(ms: int, text: str) -> None:
    assert said(ms) == text
