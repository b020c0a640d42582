"""Mute times: which moments they cover, across midnight and where clocks are changed."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydantic import ValidationError

from heapwatch.monitor.mutes import Mute

NIGHTS = {"from": "22:00", "to": "06:00"}
FRIDAYS = {"days": ["fri"], **NIGHTS}
BERLIN = {"from": "02:00", "to": "03:00", "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("written", "moment", "covered"),
    [
        ({"days": ["sat", "sun"]}, "2026-11-20T23:59:59Z", False),  # a Friday
        ({"days": ["sat", "sun"]}, "2026-11-21T00:00:00Z", True),
        ({"days": ["sat", "sun"]}, "2026-11-22T23:59:59Z", True),
        ({"days": ["sat", "sun"]}, "2026-11-23T00:00:00Z", False),
        (NIGHTS, "2026-11-23T21:59:59Z", False),
        (NIGHTS, "2026-11-23T22:00:00Z", True),
        (NIGHTS, "2026-11-24T00:00:00Z", True),
        (NIGHTS, "2026-11-24T05:59:59Z", True),
        (NIGHTS, "2026-11-24T06:00:00Z", False),
        (FRIDAYS, "2026-11-20T05:00:00Z", False),  # the night before began on a Thursday
        (FRIDAYS, "2026-11-20T23:00:00Z", True),
        (FRIDAYS, "2026-11-21T05:00:00Z", True),  # it began on Friday
        (FRIDAYS, "2026-11-21T23:00:00Z", False),
        ({**NIGHTS, "zone": "Europe/Berlin"}, "2026-01-10T21:00:00Z", True),  # 22:00 in winter
        ({**NIGHTS, "zone": "Europe/Berlin"}, "2026-07-10T20:00:00Z", True),  # 22:00 in summer
        ({**NIGHTS, "zone": "Europe/Berlin"}, "2026-01-10T20:00:00Z", False),  # 21:00 in winter
        (BERLIN, "2026-10-25T00:30:00Z", True),  # 02:30, the first of two
        (BERLIN, "2026-10-25T01:30:00Z", True),  # 02:30, the second
        (BERLIN, "2026-10-25T02:00:00Z", False),
        (BERLIN, "2026-03-29T00:59:59Z", False),  # 01:59:59, and then it is 03:00
        (BERLIN, "2026-03-29T01:00:00Z", False),
        ({"days": ["mon"], "zone": "Pacific/Auckland"}, "2026-11-22T11:00:00Z", True),  # Monday there
        ({"days": ["mon"], "zone": "Pacific/Auckland"}, "2026-11-23T11:00:00Z", False),
    ],
)
def test_a_mute_time_covers_a_moment(written: dict[str, object], moment: str, covered: bool) -> None:
    at = round(datetime.fromisoformat(moment).timestamp() * 1000)
    assert Mute.model_validate(written).covers(at) is covered


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"from": "22:00", "to": "22:00"}, "it begins when it ends"),
        ({"days": []}, "days are of mon, tue"),
        ({"from": "25:00"}, "from"),
        ({"zone": "../etc/passwd"}, "is not a time zone such as Europe/Berlin"),
    ],
)
def test_what_is_no_mute_time_is_refused(written: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Mute.model_validate(written)
