"""Files in whatever they come in: folders, tar (plain, gz, xz, bz2), zip, single compressed files, stdin.

What a thing is, its first bytes say, not its name. Nothing is unpacked as a whole, so an archive that would
fill the memory or the disk does neither.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import time
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Callable, Iterator, NamedTuple, Sequence

from heapwatch.errors import HeapwatchError, Unreadable, UsageError

LARGEST_INNER_ZIP = 256 << 20
"""Bytes of a zip inside another archive; it is kept in memory because its contents are listed at its end."""

DEEPEST = 3
"""A folder holds a tar that holds a gz: no honest archive nests deeper."""

_PACKED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
}
BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, tarfile.TarError, zipfile.BadZipFile, RuntimeError)
"""What reading a damaged archive raises; RuntimeError is a zip with a password."""


class File(NamedTuple):
    name: str  # the path, inside archives too: `dumps.tar.gz/shop/1.txt`
    mtime: int  # epoch ms
    stream: io.BufferedReader[Any]  # to be read before the next file is asked for


class Bad(NamedTuple):
    name: str
    reason: str


class Inputs:
    """All files under `paths`, one after the other; `done` of `total` bytes on disk have been read."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.total = 0
        self.done = 0
        self._files: list[tuple[str, str]] = []  # path, name to show
        for path in paths:
            self._add(path)

    def __iter__(self) -> Iterator[File | Bad]:
        for path, name in self._files:
            try:
                yield from self._file(path, name)
            except (Unreadable, *BROKEN) as error:
                yield Bad(name, reason(error))

    def _add(self, path: str) -> None:
        if path == "-":
            self._files.append((path, "stdin"))
        elif os.path.isdir(path):
            for folder, folders, names in os.walk(path):
                folders.sort()
                for name in sorted(names):
                    self._add_file(os.path.join(folder, name))
        elif os.path.exists(path):
            self._add_file(path)
        else:
            raise UsageError(f"no such file or folder: {path}")

    def _add_file(self, path: str) -> None:
        if os.path.isfile(path):  # not a socket or pipe in a folder
            self._files.append((path, path))
            self.total += os.path.getsize(path)

    def _file(self, path: str, name: str) -> Iterator[File | Bad]:
        if path == "-":
            yield from _unpack(sys.stdin.buffer, name, int(time.time() * 1000), 0)
            return
        before = self.done
        with Path(path).open("rb") as raw:
            for found in _unpack(raw, name, os.fstat(raw.fileno()).st_mtime_ns // 1_000_000, 0):
                self.done = before + raw.tell()
                yield found
        self.done = before + os.path.getsize(path)


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes have been read already, from its start again."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        room = len(buffer) - len(self._head)
        data = self._head + (self._rest.read(room) if room > 0 else b"")
        data, self._head = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def reason(error: Exception) -> str:
    """Why a file was not read, in a few words."""
    if isinstance(error, HeapwatchError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"broken archive: {error}" if str(error) else "broken archive"


def _unpack(source: IO[bytes], name: str, mtime: int, depth: int) -> Iterator[File | Bad]:
    head = source.read(512)
    stream = io.BufferedReader(_Rejoined(head, source), 1 << 16)
    opener = next((opener for magic, opener in _PACKED.items() if head.startswith(magic)), None)
    is_zip, is_tar = head.startswith(b"PK\x03\x04"), head[257:262] == b"ustar"
    if depth == DEEPEST and (opener or is_zip or is_tar):
        raise Unreadable("archives nested too deep")
    if opener:
        with opener(stream, "rb") as inner:
            yield from _unpack(inner, name, mtime, depth + 1)
    elif is_tar:
        yield from _tar(stream, name, depth)
    elif is_zip:
        yield from _zip(source if depth == 0 and source.seekable() else stream, name, depth)
    else:
        yield File(name, mtime, stream)


def _tar(stream: IO[bytes], name: str, depth: int) -> Iterator[File | Bad]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            inner = archive.extractfile(member) if member.isfile() else None
            if inner is not None:
                yield from _member(inner, f"{name}/{member.name}", int(member.mtime * 1000), depth)


def _zip(stream: IO[bytes], name: str, depth: int) -> Iterator[File | Bad]:
    if not stream.seekable():
        data = stream.read(LARGEST_INNER_ZIP + 1)
        if len(data) > LARGEST_INNER_ZIP:
            raise Unreadable(f"a zip larger than {LARGEST_INNER_ZIP >> 20} MiB inside another archive")
        stream = io.BytesIO(data)
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                mtime = int(datetime(*member.date_time).timestamp() * 1000)
                with archive.open(member) as inner:
                    yield from _member(inner, f"{name}/{member.filename}", mtime, depth)


def _member(inner: IO[bytes], name: str, mtime: int, depth: int) -> Iterator[File | Bad]:
    """One file of an archive; when it is bad, the others are still read."""
    try:
        yield from _unpack(inner, name, mtime, depth + 1)
    except (Unreadable, *BROKEN) as error:
        yield Bad(name, reason(error))
