"""Moments in queries: every common way of writing one, and a clear no to the others."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import UsageError
from heapwatch.query.times import parse_interval, parse_time

NOW = 1_795_341_600_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        (" NOW ", NOW),
        ("-15m", NOW - 900_000),
        ("now-1h", NOW - 3_600_000),
        ("now-1h30m", NOW - 5_400_000),
        ("now+2d", NOW + 172_800_000),
        ("-1w", NOW - 604_800_000),
        ("-250ms", NOW - 250),
        ("now/h", NOW),
        ("now/d", NOW - 10 * 3_600_000),
        ("now-1d/d", NOW - 34 * 3_600_000),
        ("-5m/h", NOW - 3_600_000),
        ("now/w", NOW - (6 * 24 + 10) * 3_600_000),  # a Monday
        ("1795341600", NOW),
        ("1795341600.25", NOW + 250),
        ("1795341600000", NOW),
        ("0", 0),
        ("2026-11-22T10:00:00Z", 1_795_341_600_000),
        ("2026-11-22T10:00:00.125Z", 1_795_341_600_125),
        ("2026-11-22t12:00:00+02:00", 1_795_341_600_000),
        ("2026-11-22 10:00:00Z", 1_795_341_600_000),
    ],
)
def test_a_moment_can_be_written_in_many_ways(text: str, expected: int) -> None:
    assert parse_time(text, NOW) == expected


def test_a_plus_that_a_url_turned_into_a_space_is_understood() -> None:
    assert parse_time("2026-11-22T12:00:00 02:00", NOW) == 1_795_341_600_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "-15",
        "-15x",
        "15m",
        "now-",
        "/d",
        "now/y",
        "1e12",
        "-1h-2h",
        "2026-13-01T00:00:00Z",
        "٣٤٥",
        "nan",
    ],
)
def test_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="a moment such as"):
        parse_time(text, NOW)


def test_a_date_without_a_zone_is_not_guessed() -> None:
    with pytest.raises(UsageError, match="2026-11-22T10:00:00Z for UTC"):
        parse_time("2026-11-22T10:00:00", NOW)


@given(
    st.datetimes(
        timezones=st.just(timezone.utc), min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)
    )
)
def test_every_rfc_3339_moment_is_read_to_the_millisecond(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert parse_time(moment.isoformat(), NOW) == round(moment.timestamp() * 1000)


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_our_error(text: str) -> None:
    try:
        moment = parse_time(text, NOW)
    except UsageError as error:
        said = str(error)
        assert "\n" not in said
    else:
        assert isinstance(moment, int)


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("5m", 300), ("1h30m", 5400), ("60", 60), ("500ms", 0.5)]
)
def test_an_interval_has_a_unit_or_is_in_seconds(text: str, seconds: float) -> None:
    assert parse_interval(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5m", "5 minutes", "inf", "1d2"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="interval such as"):
        parse_interval(text)
