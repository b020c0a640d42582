"""Times of the week at which nobody is told.

mute: [{days: [sat, sun]}, {from: "22:00", to: "06:00", zone: Europe/Berlin}]
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from heapwatch.monitor.values import Written

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$"


class Mute(Written):
    """From one time of day to another; one that ends before it begins ends on the next day."""

    days: tuple[Day, ...] = DAYS  # when it begins
    from_: str = Field("00:00", alias="from", pattern=_CLOCK)
    to: str = Field("24:00", pattern=_CLOCK)
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"{value[:60]!r} is not a time zone such as Europe/Berlin") from error
        return value

    @model_validator(mode="after")
    def _lasts(self) -> Mute:
        if self.from_ == self.to:
            raise ValueError("it begins when it ends; leave from and to away for whole days")
        if not self.days:
            raise ValueError("days are of mon, tue, wed, thu, fri, sat and sun")
        return self

    def covers(self, at: int) -> bool:
        """Whether this moment (epoch ms) is in it."""
        local = datetime.fromtimestamp(at / 1000, timezone.utc).astimezone(ZoneInfo(self.zone))
        minute, today = local.hour * 60 + local.minute, local.weekday()
        begin, end = _minutes(self.from_), _minutes(self.to)
        if begin < end:
            return begin <= minute < end and DAYS[today] in self.days
        if minute >= begin:
            return DAYS[today] in self.days
        return minute < end and DAYS[today - 1] in self.days

    def __str__(self) -> str:
        days = "" if self.days == DAYS else f"{', '.join(self.days)} "
        return f"{days}{self.from_} to {self.to} {self.zone}"


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
