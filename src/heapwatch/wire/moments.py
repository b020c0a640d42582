"""When a log message was written, by its own words.

    2026-11-22T10:00:00.123Z ...      2026-11-22 10:00:00,123 ERROR ...      ISO 8601: log4j, logback, JSON
    [2026-11-22T10:00:00.123+0000][1.234s][info][gc] ...                     -Xlog, and JDK 8's GC log
    22-Nov-2026 10:00:00.123 INFO ...       Nov 22, 2026 10:00:00 AM ...     Tomcat, java.util.logging
    10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET / ...                     web servers
    2026/11/22 10:00:00 ...   Nov 22 10:00:00 web1 ...   10:00:00.123 [main] INFO ...   1795341600.123 ...

A time without an offset is in the zone of whoever reads the file; one without a year or a date is the latest
that is not in the future. A time is looked for near the beginning only: what a message speaks of is not when
it was written.
"""

from __future__ import annotations

import re
import time
from calendar import timegm
from typing import Callable, Dict, Match, Pattern, Tuple

OLDEST_MS = 946_684_800_000  # 2000
FUTURE_MS = 86_400_000
"""A moment before the one, or further ahead of now than the other, is taken for something else."""

DAY_S = 86_400
_NEAR = 120  # characters of a message in which its time begins

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_CLOCK = r"(?P<h>\d\d):(?P<mi>\d\d)(?::(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
_OFFSET = r"(?: ?(?P<o>Z|UTC|GMT|[+-]\d\d:?\d\d)(?![\w]))?"
_NAME = r"(?P<n>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"

_ISO = re.compile(
    rf"(?<![\d.])(?P<y>20\d\d)(?:-(?P<m>\d\d)-|/(?P<m2>\d\d)/|(?P<m3>\d\d))(?P<d>\d\d)[T _]{_CLOCK}{_OFFSET}"
)
_DAY_FIRST = re.compile(rf"(?<!\d)(?P<d>\d\d)[-/ ]{_NAME}[a-z]*[-/ ](?P<y>20\d\d)[ :T]{_CLOCK}{_OFFSET}")
_MONTH_FIRST = re.compile(
    rf"(?:[A-Z][a-z]{{2}} )?{_NAME}[a-z]* +(?P<d>\d{{1,2}}),? +(?P<y>20\d\d),? +"
    r"(?P<h>\d{1,2}):(?P<mi>\d\d):(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?[ \u202f]?(?P<ap>[AP]M)?"
)
_SYSLOG = re.compile(rf"(?:<\d{{1,3}}>)?{_NAME} +(?P<d>\d{{1,2}}) {_CLOCK}(?: (?P<y>20\d\d)(?!\d))?")
_CLOCK_ONLY = re.compile(rf"\[?{_CLOCK}(?![\d:-])")
_EPOCH = re.compile(
    r"(?:\[|ts=|time=|\")?(?P<e>1\d{9})(?P<ms>\d{3})?(?:\d{3}){0,2}(?:\.(?P<f>\d{1,9}))?(?![\w.])"
)

_A_MONTH = re.compile("[JFMASOND][aepuco][nbrylgptvc]")

Zone = Callable[[Tuple[int, int, int, int, int, int]], int]
"""From the clock on the wall (year, month, day, hour, minute, second) to epoch seconds."""


def utc(wall: Tuple[int, int, int, int, int, int]) -> int:
    """The wall is in Greenwich."""
    return timegm(wall)


def local(wall: Tuple[int, int, int, int, int, int]) -> int:
    """The wall is where this process runs. `mktime` asks the time zone's file: a minute is remembered."""
    minute = wall[:5]
    found = _minutes.get(minute)
    if found is None:
        if len(_minutes) > 2000:
            _minutes.clear()
        found = _minutes[minute] = int(time.mktime((*minute, 0, 0, 1, -1)))
    return found + wall[5]


_minutes: Dict[Tuple[int, ...], int] = {}


def written_at(text: str, now_ms: int, zone: Zone = utc) -> int | None:
    """Epoch ms of the time near the beginning of a text; None when there is none that can be right."""
    near = text[:_NEAR]
    first = near[:1]
    if "20" in near:
        found = _ISO.search(near) or (_A_MONTH.search(near) and _with_month(near))
        if found:
            return _plausible(_dated(found, zone), now_ms)
    if first.isdigit() or first in '[<"t' or first.isupper():
        for shape, read in _SHORT:
            found = shape.match(near)
            if found:
                return _plausible(read(found, now_ms, zone), now_ms)
    return None


def epoch_of(value: object, now_ms: int, zone: Zone = utc) -> int | None:
    """Epoch ms of a field that holds a time: seconds, ms, us or ns as a number, or a text as above."""
    if isinstance(value, str):
        return written_at(value.strip(), now_ms, zone)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e20:
        return None
    number = float(value)
    while number > 1e14:
        number /= 1000
    return _plausible(int(number if number > 1e11 else number * 1000), now_ms)


def _with_month(near: str) -> Match[str] | None:
    return _DAY_FIRST.search(near) or _MONTH_FIRST.search(near)


def _plausible(moment: int | None, now_ms: int) -> int | None:
    return moment if moment is not None and OLDEST_MS <= moment <= now_ms + FUTURE_MS else None


def _dated(found: Match[str], zone: Zone) -> int | None:
    cells = found.groupdict()
    name = cells.get("n")
    month = _MONTHS[name.lower()] if name else int(cells["m"] or cells["m2"] or cells["m3"])
    hour = int(cells["h"])
    half = cells.get("ap")
    if half:
        hour = hour % 12 + (12 if half.upper() == "PM" else 0)
    wall = (int(cells["y"]), month, int(cells["d"]), hour, int(cells["mi"]), int(cells["s"] or 0))
    return _epoch(wall, cells.get("f"), cells.get("o"), zone)


def _epoch(
    wall: Tuple[int, int, int, int, int, int], fraction: str | None, offset: str | None, zone: Zone
) -> int | None:
    _, month, day, hour, minute, second = wall
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        return None
    ms = int((fraction or "0").ljust(3, "0")[:3])
    if not offset:
        try:
            return zone(wall) * 1000 + ms
        except (OverflowError, ValueError):
            return None
    seconds = timegm(wall)
    if offset[0] in "+-":
        away = int(offset[1:3]) * 3600 + int(offset[-2:]) * 60
        seconds += away if offset[0] == "-" else -away
    return seconds * 1000 + ms


def _without_year(found: Match[str], now_ms: int, zone: Zone) -> int | None:
    """Syslog's old time: this year's, or the last one's when that would be in the future."""
    year = found["y"]
    this = time.gmtime(now_ms / 1000).tm_year
    clock = (
        _MONTHS[found["n"].lower()],
        int(found["d"]),
        int(found["h"]),
        int(found["mi"]),
        int(found["s"] or 0),
    )
    if year:
        return _epoch((int(year), *clock), found["f"], None, zone)
    for candidate in (this + 1, this, this - 1):
        moment = _epoch((candidate, *clock), found["f"], None, zone)
        if moment is None or moment <= now_ms + FUTURE_MS:
            return moment
    return None


def _without_date(found: Match[str], now_ms: int, zone: Zone) -> int | None:
    """A clock time: the latest that is not in the future, but for clocks that differ a little."""
    if not found["s"]:
        return None
    hour, minute, second = int(found["h"]), int(found["mi"]), int(found["s"])
    for day in (1, 0, -1):
        date = time.gmtime(now_ms // 1000 + day * DAY_S)
        wall = (date.tm_year, date.tm_mon, date.tm_mday, hour, minute, second)
        moment = _epoch(wall, found["f"], None, zone)
        if moment is None or moment <= now_ms + 60_000:
            return moment
    return None


def _counted(found: Match[str], now_ms: int, zone: Zone) -> int | None:
    del now_ms, zone
    fraction = found["ms"] or (found["f"] or "").ljust(3, "0")[:3]
    return int(found["e"]) * 1000 + int(fraction)


_SHORT: Tuple[Tuple[Pattern[str], Callable[[Match[str], int, Zone], int | None]], ...] = (
    (_EPOCH, _counted),
    (_SYSLOG, _without_year),
    (_CLOCK_ONLY, _without_date),
)
