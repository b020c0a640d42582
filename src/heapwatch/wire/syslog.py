"""Syslog, as the network has it: RFC 5424, RFC 3164 and what passes for it; a datagram or a framed stream.

    <165>1 2026-11-22T10:00:00.003Z web1 shop 4711 ID47 [ex@32473 iut="3"] cannot sell        RFC 5424
    <13>Nov 22 10:00:00 web1 shop[4711]: cannot sell                                          RFC 3164
    <13>2026-11-22T10:00:00.003+01:00 web1 shop[4711]: cannot sell                            rsyslog's own

Nothing that a sender can write is refused: what is not there is not known, and the rest is the text. A stream
is framed by a count of octets (`57 <165>1 ...`) or by line ends, message by message (RFC 6587).
"""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple

from heapwatch.wire.levels import severity_level
from heapwatch.wire.moments import Zone, local, written_at

MAX_MESSAGE = 1 << 18
"""Octets of one message; what is beyond is left out."""

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", *(f"local{number}" for number in range(8))),
)

_PRIORITY = re.compile(r"<(\d{1,3})>")
_NEW = re.compile(r"1 (\S+) (\S+) (\S+) (\S+) \S+ (?=[-\[])")
_DATA = re.compile(r'-(?: |$)|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*")*\])+(?: |$)')
_CLOCK_DATA = re.compile(r"\[timeQuality [^\]]*\]")  # how good the sender's clock is: with every message
_STAMP = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4})?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?):? "
)
_HOST = re.compile(r"([A-Za-z0-9][\w.:-]*|\[[0-9a-fA-F:.]+\]) (?=[^\s:\[]+(?:\[[^\]]*\])?:)")
_TAG = re.compile(r"([^\s:\[\]]{1,64})(?:\[([^\]]{0,64})\])?: ?")
_COUNT = re.compile(rb"([1-9]\d{0,8}) (?=<)")
_COUNT_BEGINS = re.compile(rb"[1-9]\d{0,8} ?")
_NOTHING = b"\r\n\0 "


class Entry(NamedTuple):
    """One message; "" and None are what its sender does not say."""

    time: int | None  # epoch ms
    facility: str
    level: str
    host: str
    app: str
    pid: str
    text: str

    @property
    def line(self) -> str:
        """Who said what, as `journalctl` shows it."""
        if not self.app:
            return self.text
        return f"{self.app}[{self.pid}]: {self.text}" if self.pid else f"{self.app}: {self.text}"


def parse(data: bytes, now_ms: int, zone: Zone = local) -> Entry:
    """The message in one datagram or frame."""
    text = data[:MAX_MESSAGE].decode("utf-8", "replace").rstrip("\r\n\0 ")
    facility = level = ""
    priority = _PRIORITY.match(text)
    if priority and int(priority[1]) < 192:
        facility, level = FACILITIES[int(priority[1]) >> 3], severity_level(int(priority[1]))
        text = text[priority.end() :]
    new = _NEW.match(text)
    if new:
        return _new(text, new, facility, level, now_ms)
    return _old(text, facility, level, now_ms, zone)


def _new(text: str, head: re.Match[str], facility: str, level: str, now_ms: int) -> Entry:
    stamp, host, app, pid = ("" if cell == "-" else cell for cell in head.groups())
    rest = text[head.end() :]
    data = _DATA.match(rest)
    told = rest[data.end() :] if data else rest
    known = _CLOCK_DATA.sub("", data.group()).strip() if data else "-"
    told = told[1:] if told.startswith("\ufeff") else told
    whole = told if known in ("-", "") else f"{known} {told}".rstrip()
    return Entry(written_at(stamp, now_ms) if stamp else None, facility, level, host, app, pid, whole)


def _old(text: str, facility: str, level: str, now_ms: int, zone: Zone) -> Entry:
    stamp = _STAMP.match(text)
    time = None
    if stamp:
        time, text = written_at(stamp.group(), now_ms, zone), text[stamp.end() :]
    host = _HOST.match(text) if stamp else None
    if host:
        text = text[host.end() :]
    tag = _TAG.match(text) if stamp or facility else None
    if tag is None:
        return Entry(time, facility, level, host[1] if host else "", "", "", text)
    return Entry(time, facility, level, host[1] if host else "", tag[1], tag[2] or "", text[tag.end() :])


class Framer:
    """Cuts a stream into messages, whatever the pieces it arrives in. Holds at most one message."""

    def __init__(self) -> None:
        self.too_long = 0
        self._rest = b""
        self._at = 0
        self._skip = 0  # octets of a counted message that are left out
        self._skipping = False  # to the end of a line

    def feed(self, piece: bytes) -> List[bytes]:
        """The messages that are whole now."""
        self._rest, self._at = self._rest[self._at :] + piece, 0
        return [frame for frame in self._frames() if frame.strip(_NOTHING)]

    def close(self) -> List[bytes]:
        """A last message without its end."""
        rest, self._rest = self._rest[self._at :], b""
        if self._skip or self._skipping:
            return []
        count = _COUNT.match(rest)
        rest = rest[count.end() :] if count else rest
        return [rest] if rest.strip(_NOTHING) else []

    def _frames(self) -> Iterator[bytes]:
        while True:
            gone = min(self._skip, len(self._rest) - self._at)
            self._at, self._skip = self._at + gone, self._skip - gone
            if self._at == len(self._rest):
                return
            count = None if self._skipping else _COUNT.match(self._rest, self._at)
            if count is None and not self._skipping and _COUNT_BEGINS.fullmatch(self._rest, self._at):
                return
            frame = self._counted(count) if count else self._line()
            if frame is None:
                return
            yield frame

    def _counted(self, count: re.Match[bytes]) -> bytes | None:
        start, size = count.end(), int(count[1])
        kept = min(size, MAX_MESSAGE)
        if len(self._rest) < start + kept:
            return None
        self._at = start + kept
        self._skip = size - kept
        self.too_long += size > kept
        return self._rest[start : self._at]

    def _line(self) -> bytes | None:
        start, end = self._at, self._rest.find(b"\n", self._at)
        if end < 0 and len(self._rest) - start <= MAX_MESSAGE and not self._skipping:
            return None
        self._at = len(self._rest) if end < 0 else end + 1
        if self._skipping:
            self._skipping = end < 0
            return b""
        self._skipping = end < 0
        frame = self._rest[start : self._at]
        self.too_long += len(frame) > MAX_MESSAGE + 1
        return frame[:MAX_MESSAGE]
