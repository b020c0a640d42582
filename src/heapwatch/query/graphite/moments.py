"""Times as Graphite's clients write them: `-24h`, `now-5min`, `1767225600`, `14:30_20260101`, `20260101`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from heapwatch.errors import UsageError

SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800, "mon": 30 * 86400, "y": 365 * 86400}
_UNITS = (
    ("min", r"min(?:ute)?s?"),
    ("mon", r"mon(?:th)?s?"),
    ("s", r"s(?:ec(?:ond)?s?)?"),
    ("h", r"h(?:(?:ou)?rs?)?"),
    ("d", r"d(?:ays?)?"),
    ("w", r"w(?:eeks?)?"),
    ("y", r"y(?:ears?)?"),
    ("min", r"m"),
)
_OFFSET = re.compile(r"([+-]?)(\d{1,9})([a-z]+)")
_NAMED = {"noon": 12, "teatime": 16, "midnight": 0}
LATEST = 9_999_999_999


def offset(text: str) -> int:
    """Seconds of `-1h`, `5min`, `1d12h`; without a sign it is ahead."""
    word = text.strip().replace(" ", "").lower()
    found, place, sign = 0, 0, 1
    for part in _OFFSET.finditer(word):
        if part.start() != place:
            break
        sign = {"-": -1, "+": 1}.get(part[1], sign)
        unit = next((unit for unit, spelt in _UNITS if re.fullmatch(spelt, part[3])), None)
        if unit is None:
            raise UsageError(f"{part[3]!r} is not a unit of time: s, min, h, d, w, mon, y")
        found += sign * int(part[2]) * SECONDS[unit]
        place = part.end()
    if place != len(word) or not word or abs(found) > LATEST:
        raise UsageError(f"{text[:60]!r} is not an offset in time such as -1h or 5min")
    return found


def zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        raise UsageError(f"tz: there is no time zone {name[:60]!r}") from None


def moment(text: str, now: float, where: tzinfo) -> int:
    """Epoch seconds."""
    word = text.strip().lower().replace(" ", "")
    if re.fullmatch(r"\d{9,11}(?:\.\d+)?", word, re.ASCII):
        return int(float(word))
    if re.fullmatch(r"\d{12,14}", word, re.ASCII) and not word.startswith(("19", "20")):
        return int(word) // 1000
    place = next((place for place, sign in enumerate(word) if sign in "+-"), len(word))
    begin, shift = word[:place], word[place:]
    found = now if begin in ("", "now") else _reference(begin, text, now, where)
    if shift:
        found += offset(shift)
    if not 0 <= found <= LATEST:
        raise UsageError(f"{text[:60]!r} is before 1970 or too far ahead")
    return int(found)


def _reference(word: str, text: str, now: float, where: tzinfo) -> float:
    today = datetime.fromtimestamp(now, where).replace(hour=0, minute=0, second=0, microsecond=0)
    clock, _, day = word.rpartition("_") if "_" in word else ("", "", word)
    hours = re.match(r"(\d{1,2}):(\d{2})(am|pm)?", word, re.ASCII)
    if not clock and hours:
        clock, day = hours[0], word[hours.end() :]
    named = next((name for name in _NAMED if day.startswith(name)), None)
    if not clock and named:
        clock, day = f"{_NAMED[named]}:00", day.removeprefix(named)
    try:
        return (_day(day, today) + _clock(clock)).timestamp()
    except ValueError:
        raise UsageError(
            f"{text[:60]!r} is not a time such as -24h, now, 1767225600, 20260101 or 14:30_20260101"
        ) from None


def _clock(text: str) -> timedelta:
    if not text:
        return timedelta()
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(am|pm)?", text, re.ASCII)
    if not found or int(found[1]) > 24 or int(found[2]) > 59:
        raise ValueError(text)
    hours = int(found[1]) % 12 + (12 if found[3] == "pm" else 0) if found[3] else int(found[1])
    return timedelta(hours=hours, minutes=int(found[2]))


def _day(text: str, today: datetime) -> datetime:
    days = {"": 0, "today": 0, "yesterday": -1, "tomorrow": 1}
    if text in days:
        return today + timedelta(days=days[text])
    for form in ("%Y%m%d", "%m/%d/%y", "%m/%d/%Y"):
        try:
            found = datetime.strptime(text, form)
        except ValueError:
            continue
        return today.replace(year=found.year, month=found.month, day=found.day)
    raise ValueError(text)
