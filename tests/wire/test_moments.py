"""A log message's own words say when it was written; anything else is no time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.wire import moments
from heapwatch.wire.moments import epoch_of, local, utc, written_at

NOW = 1_795_377_600_000  # 2026-11-22 20:00 UTC
TEN = NOW - 10 * 3_600_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T10:00:00.123Z sold out", TEN + 123),
        ("2026-11-22 10:00:00,123 ERROR [main] c.s.Shop - no", TEN + 123),
        ("2026-11-22 10:00:00.123456789 INFO sold", TEN + 123),
        ("2026-11-22T11:00:00+01:00 sold", TEN),
        ("[2026-11-22T10:00:00.123+0000][1.234s][info][gc] GC(0) Pause Young", TEN + 123),
        ("2026-11-22T10:00:00.123+0000: 1.234: [GC (Allocation Failure)", TEN + 123),
        ("20261122 10:00:00 sold", TEN),
        ("2026/11/22 10:00:00 [error] 7#7: *1 open() failed", TEN),
        ("22-Nov-2026 10:00:00.123 INFO [main] org.apache.catalina.startup", TEN + 123),
        ("Nov 22, 2026 10:00:00 AM com.shop.Main main", TEN),
        ("Nov 22, 2026 10:00:00 PM com.shop.Main main", TEN + 12 * 3_600_000),
        ("Nov 22, 2026, 12:00:00\u202fAM com.shop.Main main", TEN - 10 * 3_600_000),
        ('10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200', TEN),
        ("INFO  2026-11-22 10:00:00 - behind its level", TEN),
        ('level=info time="2026-11-22T10:00:00Z" msg=x', TEN),
        ("Nov 22 10:00:00 web1 shop[7]: sold", TEN),
        ("<13>Nov 22 10:00:00 web1 shop[7]: sold", TEN),
        ("Nov  5 10:00:00 web1 shop[7]: sold", TEN - 17 * 86_400_000),
        ("Dec 31 10:00:00 web1 shop[7]: of last year", TEN - 326 * 86_400_000),
        ("10:00:00.123 [main] INFO c.s.Shop - logback's default", TEN + 123),
        ("23:30:00.000 [main] INFO c.s.Shop - of last evening", TEN - 10 * 3_600_000 - 1_800_000),
        ("1795341600.123 sold", TEN + 123),
        ("1795341600123 sold", TEN + 123),
        ("1795341600123456 sold", TEN + 123),
        ("ts=1795341600 level=info", TEN),
    ],
)
def test_the_usual_forms_are_read(text: str, expected: int) -> None:
    assert written_at(text, NOW) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sold out",
        "4711: [Eden",
        "10.0.0.1 GET /orders/20260",
        "99:99:99 no clock",
        "2026-13-45 10:00:00 no day",
        "2026-11-22 25:00:00 no hour",
        "1999-11-22 10:00:00 before our time",
        "2027-11-22 10:00:00 a wrong clock",
        "9795341600 too late",
        "17953416001234567 too many digits",
        "only the 22nd of Nov 2026",
        "x" * 300 + " 2026-11-22 10:00:00",
        "12:30 is no second",
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    assert written_at(text, NOW) is None


@pytest.mark.parametrize("scale", [1, 1000, 1_000_000, 1_000_000_000])
def test_a_number_is_seconds_or_any_thousandth_of_them(scale: int) -> None:
    assert epoch_of(1_795_341_600 * scale, NOW) == TEN


@pytest.mark.parametrize("value", [True, None, -5, float("nan"), float("inf"), [], {}, 12, "soon"])
def test_a_field_that_is_no_time_has_none(value: object) -> None:
    assert epoch_of(value, NOW) is None


@pytest.fixture
def berlin() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    moments._minutes.clear()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()
    moments._minutes.clear()


@pytest.mark.usefixtures("berlin")
def test_a_time_without_an_offset_is_in_the_zone_of_the_reader() -> None:
    for _ in range(2):  # the second time from memory
        assert written_at("2026-11-22 10:00:00,123 INFO x", NOW, local) == TEN - 3_600_000 + 123
        assert written_at("2026-07-22 10:00:00 INFO x", NOW, local) == 1_784_707_200_000
    assert written_at("2026-11-22T10:00:00Z INFO x", NOW, local) == TEN
    assert written_at("20:59:00.000 [main] INFO x", NOW, local) == NOW - 60_000


@given(st.text(max_size=150))
def test_arbitrary_text_has_a_plausible_time_or_none(text: str) -> None:
    for zone in (utc, local):
        found = written_at(text, NOW, zone)
        assert found is None or moments.OLDEST_MS <= found <= NOW + moments.FUTURE_MS


@given(st.datetimes(datetime(2000, 1, 2), datetime(2026, 11, 22)), st.sampled_from(["T", " "]))
def test_every_moment_is_read_as_it_was_written(moment: datetime, between: str) -> None:
    text = moment.isoformat(between, "milliseconds")
    expected = round(moment.replace(tzinfo=timezone.utc).timestamp() * 1000 // 1)
    assert abs((written_at(f"{text}Z x", NOW) or 0) - expected) <= 1
