"""How a report writes moments: UTC, since its readers sit anywhere, or the time into a recording."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from heapwatch import human

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
CALENDAR = 1e12
"""Milliseconds above it are of the calendar; those below count from a recording's start."""
_START = datetime(1970, 1, 1, tzinfo=timezone.utc)


def exact(at: float) -> str:
    """`2026-11-22 14:02:03`, or `00:01:12`"""
    return f"{_date(at):%Y-%m-%d %H:%M:%S}" if at >= CALENDAR else _elapsed(at)


def told(at: float) -> str:
    """With what it counts from: `2026-11-22 14:02:03 UTC`, or `00:01:12 into the recording`"""
    return f"{exact(at)} UTC" if at >= CALENDAR else f"{exact(at)} into the recording"


def short(at: float, step: float) -> str:
    """On an axis whose ticks are so far apart."""
    if at < CALENDAR:
        return _elapsed(at)
    if step >= DAY:
        return f"{_date(at):%Y-%m-%d}"
    if at % DAY == 0:
        return f"{_date(at):%b %d}"
    return f"{_date(at):%H:%M:%S}" if step < MINUTE else f"{_date(at):%H:%M}"


def _date(at: float) -> datetime:
    return _START + timedelta(milliseconds=at)


def _elapsed(at: float) -> str:
    minutes, seconds = divmod(round(at / SECOND), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}" if hours < 100 else human.duration(at / SECOND)
