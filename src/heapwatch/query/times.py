"""Moments as people write them in a query: RFC 3339, epoch, `now`, `-15m`, `now-1h30m`, `now-1d/d`.

Everything becomes epoch milliseconds. `/d` goes back to the day's beginning (in UTC), `/h` to the hour's. A
date without an offset is refused rather than guessed: the server, the browser and the JVM's host may each
live in another zone.
"""

from __future__ import annotations

import re
from datetime import datetime

from heapwatch.errors import UsageError

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
EXPECTED = "a moment such as 2026-11-22T10:00:00Z, 1795341600, now, -15m or now-1h"

# An epoch below this is in seconds (until the year 5138), from it on in milliseconds (from 1973 on).
MILLISECONDS_FROM = 100_000_000_000

_EPOCH = re.compile(r"\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_RELATIVE = re.compile(
    r"(?!/)(?:now)?(?:(?P<sign>[+-])(?P<spans>(?:\d{1,12}(?:ms|[smhdw]))+))?(?:/(?P<floor>[smhdw]))?",
    re.IGNORECASE | re.ASCII,
)
_SPAN = re.compile(r"(\d{1,12})(ms|[smhdw])", re.IGNORECASE | re.ASCII)
# A plus sign that was not escaped in a URL arrives as a space.
_LOST_PLUS = re.compile(r"(T\d\d:\d\d\S*) (\d\d:\d\d)$", re.IGNORECASE)


def parse_time(text: str, now_ms: int) -> int:
    """The moment in epoch ms; relative ones count from `now_ms`."""
    word = text.strip()
    if not word:
        raise UsageError(f"an empty text is not {EXPECTED}")
    if _EPOCH.fullmatch(word):
        number = float(word)
        return int(number if number >= MILLISECONDS_FROM else number * 1000)
    # ` 15m`, `now 1h`: here too the sign may have been lost, and only plus can be.
    relative = _RELATIVE.fullmatch(word)
    if relative:
        spans = relative["spans"] or ""
        shift = sum(int(count) * UNITS[unit.lower()] for count, unit in _SPAN.findall(spans))
        return _floored(now_ms + (shift if relative["sign"] == "+" else -shift), relative["floor"])
    return _rfc3339(word)


def _floored(moment: int, unit: str | None) -> int:
    if unit is None:
        return moment
    width = UNITS[unit.lower()]
    # The epoch began on a Thursday, weeks begin on Mondays.
    offset = 4 * UNITS["d"] if unit.lower() == "w" else 0
    return moment - (moment - offset) % width


def _rfc3339(word: str) -> int:
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", word))
        if moment.tzinfo is None:
            raise UsageError(f"{word!r} has no time zone; write {word}Z for UTC, or an offset such as +02:00")
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{word[:80]!r} is not {EXPECTED}") from error


def parse_interval(text: str) -> float:
    """A step in seconds: `10s`, `5m`, `1h`, or a plain number of seconds."""
    word = text.strip()
    number = re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", word, re.ASCII)
    spans = re.fullmatch(r"(?:\d{1,9}(?:ms|[smhdw]))+", word, re.IGNORECASE | re.ASCII)
    seconds = 0.0
    if number:
        seconds = float(word)
    elif spans:
        seconds = sum(int(count) * UNITS[unit.lower()] for count, unit in _SPAN.findall(word)) / 1000
    if seconds <= 0:
        raise UsageError(f"{word[:80]!r} is not an interval such as 10s, 5m or 1h")
    return seconds
