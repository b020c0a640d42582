"""What is stored as one stream that `heapwatch import` reads: JSON lines, or a tar of `jmap -histo` texts.

    jsonl     {"host", "jvm", "pid", "started", "time", "mode", "labels", ..., "class": [], "bytes": [], ...}
    logs      {"type": "log", "time", "labels": {...}, "level", "text"}
    text-tar  HOST/JVM/PID-STARTED/TIME.MODE.histo

One snapshot is in memory at a time, or a page of messages, however many there are.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterable, Iterator

from heapwatch.jvm.histogram import render
from heapwatch.model import Snapshot
from heapwatch.store.reads.logs import Message
from heapwatch.web import parquet
from heapwatch.web.negotiation import encode

MEDIA_TYPES = {
    "jsonl": "application/x-ndjson",
    "text-tar": "application/x-tar",
    "logs": "application/x-ndjson",
    "parquet": parquet.MEDIA_TYPE,
}
PIECE = 1000
"""Messages that are handed out together: most are short."""


def json_lines(snapshots: Iterable[Snapshot]) -> Iterator[bytes]:
    """A line a snapshot."""
    for snapshot in snapshots:
        histogram = snapshot.histogram
        told = {
            **snapshot.jvm._asdict(),
            "time": snapshot.time,
            "mode": snapshot.mode,
            "labels": dict(snapshot.labels),
            "pause_ms": snapshot.pause,
            "duration_ms": snapshot.duration,
            "heap": dict(snapshot.heap),
            "class": histogram.classes,
            "instances": histogram.instances,
            "bytes": histogram.bytes,
            "rows": histogram.rows,
        }
        yield encode(told) + b"\n"


def log_lines(messages: Iterable[Message]) -> Iterator[bytes]:
    """A line a message."""
    held: list[bytes] = []
    for message in messages:
        told = {
            "type": "log",
            "time": message.time,
            "labels": message.source.labels,
            "level": message.level,
            "text": message.text,
        }
        held.append(encode(told))
        if len(held) == PIECE:
            yield b"\n".join([*held, b""])
            held.clear()
    if held:
        yield b"\n".join([*held, b""])


def tar(snapshots: Iterable[Snapshot]) -> Iterator[bytes]:
    """A file a snapshot."""
    pieces = _Pieces()
    with tarfile.open(fileobj=pieces, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for snapshot in snapshots:
            text = render(snapshot.histogram).encode("utf-8", "backslashreplace")
            entry = tarfile.TarInfo(file_name(snapshot))
            entry.size, entry.mtime, entry.mode = len(text), snapshot.time / 1000, 0o644
            archive.addfile(entry, io.BytesIO(text))
            yield pieces.taken()
    yield pieces.taken()


def file_name(snapshot: Snapshot) -> str:
    """Where a snapshot stands in the archive; names from outside cannot leave it."""
    jvm = snapshot.jvm
    return f"{_safe(jvm.host)}/{_safe(jvm.jvm)}/{jvm.pid}-{jvm.started}/{snapshot.time}.{snapshot.mode}.histo"


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]|^\.+", "_", name)[:100] or "_"


class _Pieces(io.RawIOBase):
    """What `tarfile` writes, handed out piece by piece."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._buffer += part
        return len(part)

    def taken(self) -> bytes:
        part = bytes(self._buffer)
        self._buffer.clear()
        return part
