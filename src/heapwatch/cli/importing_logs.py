"""From log files and GC logs to batches; a batch's name is made of its messages, as importing.py does it.

A file is taken for a log when it begins with lines that have a time, or as a GC log does, and has no
histogram near its beginning; `--as logs` says so of any. Pauses of a GC log and what they left become
metrics, too, unless the JVM's counters have told that already.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import socket
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from heapwatch.cli.naming import Naming
from heapwatch.errors import Unreadable, UsageError
from heapwatch.jvm import gclog
from heapwatch.model import Batch, LogBlock, MetricBlock
from heapwatch.wire import records
from heapwatch.wire.messages import FirstLine, Joiner, split
from heapwatch.wire.moments import Zone, written_at

AT_ONCE = 5000
AT_ONCE_CHARACTERS = 2 << 20
LONGEST_LINE = 1 << 20
HEAD = 1 << 14
"""Bytes by which a file is judged."""

MOST_EARLY = 10_000

GC_CATEGORY = "jvm/gc"
_UPTIME = re.compile(r"\[?(\d{1,9})[.,](\d{3})s?\]?(?:\[|:| )")

Seen = Callable[[str, str], bool]
"""Whether the counters of this JVM (host, name) are in the store."""


@dataclass(frozen=True)
class LogRules:
    """What the command line says about log files."""

    category: str = ""
    first_line: FirstLine | None = None
    seen: Seen = lambda _host, _jvm: False


@dataclass
class _Batch:
    times: array[int] = field(default_factory=lambda: array("q"))
    texts: list[str] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, time_: int, level: str, text: str) -> None:
        self.times.append(time_)
        self.levels.append(level)
        self.texts.append(text)
        self.size += len(text)

    @property
    def full(self) -> bool:
        return len(self.texts) >= AT_ONCE or self.size >= AT_ONCE_CHARACTERS


def looks_like_log(head: bytes) -> bool:
    """Whether a file that begins like this, and has no histogram, is a log."""
    text = head.decode("utf-8", "replace")
    now = int(time.time() * 1000)
    found = split(text)[:20]
    dated = sum(written_at(message, now) is not None or _is_record(message, now) for message in found)
    return gclog.looks_like_one(text) or (bool(found) and 2 * dated >= len(found))


def is_gc_log(head: bytes) -> bool:
    return gclog.looks_like_one(head.decode("utf-8", "replace"))


def batches(
    stream: IO[bytes], name: str, head: bytes, known: Naming, zone: Zone, rules: LogRules
) -> Iterator[Batch]:
    """The messages of one file."""
    gc = is_gc_log(head)
    labels = {**known.labels, "host": known.host or socket.gethostname()}
    labels["_sourceCategory"] = rules.category or (GC_CATEGORY if gc else "log")
    labels["_sourceName"] = name
    if known.jvm or gc:
        labels["jvm"] = known.jvm or "imported"
    if gc or known.pid:
        labels["pid"], labels["started"] = str(known.pid or 0), str(known.started or 0)
    metrics = gc and not rules.seen(labels["host"], labels["jvm"])
    for part in _parts(stream, known, zone, rules.first_line):
        yield _batch(part, labels, metrics)


def _parts(stream: IO[bytes], known: Naming, zone: Zone, first_line: FirstLine | None) -> Iterator[_Batch]:
    part, before = _Batch(), known.time
    early: list[str] = []  # before the first that has a time: they have that, too
    began = known.started or known.time
    now = int(time.time() * 1000)
    for text, record in _messages(stream, first_line, now, zone):
        at = record.time if record else written_at(text, now, zone)
        if at is None:
            at = _by_uptime(text, began)
        before = at if at is not None else before
        if before is None:
            early.append(text)
            if len(early) > MOST_EARLY:
                break
            continue
        for each in early:
            part.add(before, "", each)
        early.clear()
        part.add(before, record.level if record else "", record.text if record else text)
        if part.full:
            yield part
            part = _Batch()
    if early:
        raise UsageError("its lines have no time: say when it begins, --time")
    if part.texts:
        yield part


def _messages(
    stream: IO[bytes], first_line: FirstLine | None, now: int, zone: Zone
) -> Iterator[tuple[str, records.Record | None]]:
    joiner = Joiner(first_line)
    for line in _lines(stream):
        if line.startswith("{"):
            try:
                record = records.parse(line, now, zone)
            except Unreadable:
                record = None
            if record is not None:
                done = joiner.flush()
                if done is not None:
                    yield done, None
                yield record.text, record
                continue
        done = joiner.feed(line)
        if done is not None:
            yield done, None
    done = joiner.flush()
    if done is not None:
        yield done, None


def _lines(stream: IO[bytes]) -> Iterator[str]:
    start = stream.read(2)
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):  # as PowerShell's `>` writes
        reader = codecs.getreader("utf-16-le" if start == codecs.BOM_UTF16_LE else "utf-16-be")
        for line in reader(stream, "replace"):
            yield line.rstrip("\r\n")
        return
    held = start
    while raw := stream.readline(LONGEST_LINE):
        line = (held + raw).decode("utf-8-sig", "replace")
        held = b""
        yield line.rstrip("\r\n")
    if held:
        yield held.decode("utf-8", "replace")


def _by_uptime(text: str, began: int | None) -> int | None:
    """`[1.234s][info][gc]`: counted from the JVM's start."""
    found = _UPTIME.match(text)
    if found is None:
        return None
    if began is None:
        raise UsageError("its lines only say how long the JVM had run: say when it began, --time")
    return began + int(found[1]) * 1000 + int(found[2])


def _batch(part: _Batch, labels: dict[str, str], metrics: bool) -> Batch:
    told = hashlib.sha256(repr(sorted(labels.items())).encode("utf-8", "surrogatepass"))
    told.update(part.times.tobytes())
    told.update("\0".join(part.texts).encode("utf-8", "surrogatepass"))
    blocks = list(_blocks(part, labels)) if metrics else []
    logs = [LogBlock(labels, part.times, part.texts, part.levels)]
    return Batch(f"import:{told.hexdigest()[:32]}", 0, metrics=blocks, logs=logs)


def _blocks(part: _Batch, labels: dict[str, str]) -> Iterator[MetricBlock]:
    """A block a metric: times of a block rise, and two pauses of one millisecond are one."""
    found: dict[str, dict[int, float]] = {}
    for at, text in zip(part.times, part.texts, strict=True):
        pause = gclog.pause(text)
        if pause is None:
            continue
        lengths = found.setdefault(f"jvm.gc.pause_ms;gc={pause.gc}", {})
        lengths[at] = lengths.get(at, 0.0) + pause.ms
        if pause.after is not None and pause.gc != "concurrent":
            found.setdefault("jvm.heap.after_gc", {})[at] = pause.after
    who = {name: labels[name] for name in ("host", "jvm", "pid", "started")}
    for metric, values in found.items():
        times = sorted(values)
        yield MetricBlock(who, array("q", times), {metric: array("d", [values[at] for at in times])})


def _is_record(line: str, now: int) -> bool:
    if not line.startswith("{"):
        return False
    try:
        records.parse(line, now)
    except Unreadable:
        return False
    return True
