"""Log messages in a request's body: text, a message a line or several, or JSON objects, one a line.

    curl --data-binary @app.log 'localhost:7077/api/v1/logs?host=web1&jvm=shop&category=app'

A message has the time it says; one that says none has that of the message before it, the first that of its
arrival. A pattern for first lines comes from outside, so it is RE2's: no pattern can hang the server.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import re2

from heapwatch.errors import Unreadable, UsageError
from heapwatch.ingest import bodies
from heapwatch.jvm import histogram
from heapwatch.model import Batch, LogBlock
from heapwatch.store.logs import KEYED, UNKEYED
from heapwatch.wire import records
from heapwatch.wire.messages import FirstLine, Joiner
from heapwatch.wire.moments import Zone, utc, written_at

LONGEST_PATTERN = 1000
LONGEST_MESSAGE = 1 << 20
Form = Literal["auto", "text", "json"]


@dataclass(frozen=True)
class LogUpload:
    """What the sender of log messages says about them."""

    labels: Mapping[str, str]
    arrived: int
    form: Form = "auto"
    first_line: FirstLine | None = None
    zone: Zone = utc
    key: str = ""


@dataclass
class Messages:
    """What a body held."""

    times: array[int] = field(default_factory=lambda: array("q"))
    texts: list[str] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    rejects: Counter[str] = field(default_factory=Counter)
    bad: str = ""
    """The first line that was not taken."""

    def add(self, time: int | None, level: str, text: str, arrived: int) -> None:
        before = self.times[-1] if self.times else arrived
        self.times.append(before if time is None else time)
        self.levels.append(level)
        self.texts.append(text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE])

    def reject(self, reason: str, line: str) -> None:
        self.rejects[reason] += 1
        self.bad = self.bad or line[:400]


def compiled(pattern: str) -> FirstLine | None:
    """The pattern of first lines, checked."""
    if not pattern:
        return None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20  # compiled patterns are kept, 128 of them
    try:
        if len(pattern) > LONGEST_PATTERN:
            raise UsageError(f"first_line: a pattern of more than {LONGEST_PATTERN} characters")
        found: FirstLine = re2.compile(pattern, options)
    except re2.error as error:
        told = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise UsageError(f"first_line: {pattern[:100]!r} is no pattern (RE2 syntax): {told}") from error
    return found


def read(body: bytes, encoding: str, upload: LogUpload, limit: int) -> Messages:
    """The messages in a body."""
    text = histogram.decode(bodies.decompress(body, encoding or bodies.sniff(body), limit))
    found = Messages()
    if upload.form == "json" and text.lstrip()[:1] == "[":
        _read_array(text, upload, found)
    else:
        _read_lines(text, upload, found)
    if not found.texts:
        raise Unreadable("no log message in the body; send text, a message a line, or JSON lines")
    return found


def as_batch(found: Messages, upload: LogUpload) -> Batch:
    """The messages as a batch; with a key its replay is recognised."""
    block = LogBlock(upload.labels, found.times, found.texts, found.levels)
    if not upload.key:
        return Batch(UNKEYED, secrets.randbits(63), logs=[block])
    told = repr((upload.key, sorted(upload.labels.items()))).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(told, digest_size=8).digest()
    return Batch(KEYED, int.from_bytes(digest, "big") >> 1, logs=[block])


def _read_lines(text: str, upload: LogUpload, found: Messages) -> None:
    arrived, joiner = upload.arrived, Joiner(upload.first_line)

    def take(text: str | None) -> None:
        if text is not None:
            found.add(written_at(text, arrived, upload.zone), "", text, arrived)

    for line in _lines(text):
        record = _record(line, upload)
        if record is not None:
            take(joiner.flush())
            found.add(record.time, record.level, record.text, arrived)
        elif upload.form != "json":
            take(joiner.feed(line))
        elif line.strip():
            found.reject("bad-json", line)
    take(joiner.flush())


def _record(line: str, upload: LogUpload) -> records.Record | None:
    """The message of a line that is a JSON object."""
    if upload.form == "text" or not line.startswith("{"):
        return None
    try:
        return records.parse(line, upload.arrived, upload.zone)
    except Unreadable:
        return None


def _read_array(text: str, upload: LogUpload, found: Messages) -> None:
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the body is neither a JSON array nor JSON lines: {str(error)[:200]}") from error
    for each in parsed:
        line = json.dumps(each, ensure_ascii=False)
        try:
            if not isinstance(each, dict):
                raise Unreadable("not a JSON object")
            record = records.record(each, line, upload.arrived, upload.zone)
        except Unreadable:
            found.reject("bad-json", line)
        else:
            found.add(record.time, record.level, record.text, upload.arrived)


def _lines(text: str) -> Iterator[str]:
    """Without their ends; a form feed or a line separator within a line is none."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start : end - 1 if end > start and text[end - 1] == "\r" else end]
        start = end + 1


def offset(text: str) -> Zone:
    """The zone of times that say none: `UTC`, `+02:00`."""
    if text.upper() in ("", "Z", "UTC", "GMT"):
        return utc
    found = re2.fullmatch(r"([+-])(\d\d):?([0-5]\d)", text)
    if not found or int(found[2]) > 14:
        raise UsageError(f"zone: {text[:40]!r} is no offset; write UTC or +02:00")
    away = (int(found[2]) * 3600 + int(found[3]) * 60) * (1 if found[1] == "+" else -1)
    return lambda wall: utc(wall) - away
