"""What the name of a histogram file tells: host, jvm, pid, time, mode and labels.

    {host}/{jvm}-{pid}-{time}.txt       fits  memleak1/shop-4711-20261122T101503Z.txt

A pattern is matched against the end of the path, whole parts of it; any other name in braces becomes a
label. Without a pattern, a time, a `pid4711` and the word `live` are recognised where they stand, and what
is left of the file's name is the name of the JVM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Mapping

from heapwatch.errors import UsageError
from heapwatch.model import ALL, LIVE

_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*|\*)\}")
_SHAPES = {"pid": r"\d{1,10}", "started": r"\d{1,13}", "mode": r"all|live", "time": r"[0-9][0-9T:._,+Z -]*"}

_CALENDAR = re.compile(
    r"(?<!\d)(\d{4})([-_./]?)(\d\d)\2(\d\d)[T_ .-]?(\d\d)([:._-]?)(\d\d)\6(\d\d)(?:[.,](\d{1,9}))?"
    r"(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?(?!\d)"
)
_DATE = re.compile(  # Sun Nov 22 10:15:03 UTC 2026, as `date` prints it
    r"\b[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (?:([A-Z]{1,5}) )?(\d{4})\b"
)
_HEADING = re.compile(r"^# heapwatch (.*)$", re.MULTILINE)
_EPOCH = re.compile(r"(?<!\d)(1\d{9})(\d{3})?(?!\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PID = re.compile(r"(?<![A-Za-z])pid[-_=]?(\d{1,10})(?!\d)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![A-Za-z0-9])(\d{1,7})(?![A-Za-z0-9])")
_LIVE = re.compile(r"(?<![A-Za-z])live(?![A-Za-z])", re.IGNORECASE)
_NOISE = re.compile(
    r"(?<![A-Za-z])(jmap|jcmd|histo|histogram|class|heap|gc|all|live|txt|log|out|hprof)(?![A-Za-z])",
    re.IGNORECASE,
)
_ENDING = re.compile(r"(\.(txt|log|out|histo|gz|xz|bz2))+$", re.IGNORECASE)


@dataclass(frozen=True)
class Naming:
    """What is known of a histogram besides its text; None = not said."""

    host: str | None = None
    jvm: str | None = None
    pid: int | None = None
    started: int | None = None
    time: int | None = None  # epoch ms
    mode: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def over(self, other: Naming) -> Naming:
        """This, and what `other` knows where this does not."""
        return Naming(
            self.host if self.host is not None else other.host,
            self.jvm if self.jvm is not None else other.jvm,
            self.pid if self.pid is not None else other.pid,
            self.started if self.started is not None else other.started,
            self.time if self.time is not None else other.time,
            self.mode if self.mode is not None else other.mode,
            {**other.labels, **self.labels},
        )


class Pattern:
    """`{host}/{jvm}-{pid}-{time}.txt`"""

    def __init__(self, text: str, utc: bool) -> None:
        names = [name for name in _FIELD.findall(text) if name != "*"]
        if len(set(names)) != len(names) or not names:
            raise UsageError(f"pattern {text!r}: name each place once, as in {{host}}/{{jvm}}-{{time}}.txt")
        if re.search(r"[{}]", _FIELD.sub("", text)):
            raise UsageError(f"pattern {text!r}: braces hold a name, as in {{host}}")
        parts = []
        for i, part in enumerate(_FIELD.split(text)):
            if i % 2 == 0:
                parts.append(re.escape(part))
            elif part == "*":
                parts.append(r"[^/]*?")
            else:
                parts.append(f"(?P<f{names.index(part)}>{_SHAPES.get(part, '[^/]+?')})")
        self._names = names
        self._regex = re.compile(r"(?:^|.*/)" + "".join(parts) + r"(?:\.(?:gz|xz|bz2))*$")
        self._text = text
        self._utc = utc

    def fits(self, path: str) -> bool:
        return self._regex.fullmatch(path) is not None

    def read(self, path: str) -> Naming:
        """What the path says; a path that does not fit is an error, since guessing would mix JVMs."""
        match = self._regex.fullmatch(path)
        if not match:
            raise UsageError(f"the path does not fit the pattern {self._text}")
        found = {name: match[f"f{i}"] for i, name in enumerate(self._names)}
        time = moment(found["time"], self._utc) if "time" in found else None
        if "time" in found and time is None:
            raise UsageError(f"{found['time']!r} is no time (epoch, 2026-11-22T10:15:03Z, 20261122-101503)")
        known = ("host", "jvm", "pid", "started", "time", "mode")
        return Naming(
            found.get("host"),
            found.get("jvm"),
            int(found["pid"]) if "pid" in found else None,
            epoch_ms(found["started"]) if "started" in found else None,
            time,
            found.get("mode"),
            {name: value for name, value in found.items() if name not in known},
        )


def guess(path: str, utc: bool) -> Naming:
    """What a path says without a pattern."""
    folder, _, name = path.rpartition("/")
    stem = _ENDING.sub("", name)
    time, rest = _take_time(stem, utc)
    pid = _PID.search(rest) or _NUMBER.search(rest)
    live = _LIVE.search(rest)
    if pid:
        rest = rest[: pid.start()] + rest[pid.end() :]
    jvm = re.sub(r"[-_.@+ ]*$|^[-_.@+ ]*", "", re.sub(r"[-_. ]{2,}", "-", _NOISE.sub("", rest)))
    return Naming(
        jvm=jvm or folder.rpartition("/")[2] or None,
        pid=int(pid[1]) if pid else None,
        time=time,
        mode=LIVE if live else None,
    )


def heading(text: str) -> Naming:
    """What the line of our own texts says: `# heapwatch host=h1 jvm=shop pid=4711 time=... mode=all`."""
    line = _HEADING.search(text)
    words = dict(word.partition("=")[::2] for word in line[1].split()) if line else {}
    numbers = {name: int(words[name]) for name in ("pid", "started", "time") if words.get(name, "").isdigit()}
    return Naming(
        words.get("host"),
        words.get("jvm"),
        numbers.get("pid"),
        numbers.get("started"),
        numbers.get("time"),
        words.get("mode") if words.get("mode") in (ALL, LIVE) else None,
    )


def moment(text: str, utc: bool) -> int | None:
    """The first moment in a text, in epoch ms. Without an offset it is local time, or UTC if told so."""
    found = _calendar(text, utc) or _date(text, utc) or _epoch(text)
    return found[0] if found else None


def epoch_ms(digits: str) -> int:
    return int(digits) * (1000 if len(digits) <= 10 else 1)


def default_mode(naming: Naming) -> str:
    return naming.mode or ALL


def _take_time(text: str, utc: bool) -> tuple[int | None, str]:
    found = _calendar(text, utc) or _epoch(text)
    if not found:
        return None, text
    time, match = found
    return time, f"{text[: match.start()]}-{text[match.end() :]}"


def _calendar(text: str, utc: bool) -> tuple[int, re.Match[str]] | None:
    for match in _CALENDAR.finditer(text):
        year, _, month, day, hour, _, minute, second, fraction, zone = match.groups()
        numbers = [int(number) for number in (year, month, day, hour, minute, second)]
        time = _epoch_of(numbers, zone, utc)
        if time is not None:
            return time + int((fraction or "0")[:3].ljust(3, "0")), match
    return None


def _date(text: str, utc: bool) -> tuple[int, re.Match[str]] | None:
    match = _DATE.search(text)
    if not match or match[1] not in _MONTHS:
        return None
    numbers = [match[7], _MONTHS.index(match[1]) + 1, match[2], match[3], match[4], match[5]]
    time = _epoch_of([int(number) for number in numbers], match[6], utc)
    return None if time is None else (time, match)


def _epoch(text: str) -> tuple[int, re.Match[str]] | None:
    match = _EPOCH.search(text)
    return (int(match[1]) * 1000 + int(match[2] or 0), match) if match else None


def _epoch_of(numbers: list[int], zone: str | None, utc: bool) -> int | None:
    try:
        when = datetime(*numbers)  # type: ignore[arg-type]
        if zone and zone[0] in "+-":
            return round(datetime.fromisoformat(f"{when.isoformat()}{zone}").timestamp() * 1000)
        if utc or zone in ("Z", "UTC", "GMT"):
            when = when.replace(tzinfo=timezone.utc)
        return round(when.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
