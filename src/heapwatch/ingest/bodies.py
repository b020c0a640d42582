"""Request bodies: read with a limit on size and patience, decompressed with a limit on what comes out.

A few kilobytes of gzip can become gigabytes, so decompression goes in steps and stops at the limit. A
stream that ends early is refused whole, and so is one with bytes behind its end: both are damaged.
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from heapwatch.errors import Truncated, Unreadable
from heapwatch.ingest.limits import TooLarge, TooSlow

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ENCODINGS = "gzip, zstd, deflate"


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


async def read(
    chunks: AsyncIterator[bytes], limit: int, idle: float, grow: Callable[[int], None] = lambda _size: None
) -> bytes:
    """The whole body; `grow` is told each chunk's size before it is kept."""
    parts: list[bytes] = []
    size = 0
    iterator = chunks.__aiter__()
    while True:
        try:
            chunk = await asyncio.wait_for(iterator.__anext__(), idle)
        except StopAsyncIteration:
            return b"".join(parts)
        except TimeoutError as error:
            raise TooSlow(f"no byte of the body came for {idle:g} s after {size} bytes") from error
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit} bytes (setting max_body)")
        grow(len(chunk))
        parts.append(chunk)


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo one `Content-Encoding`; the result has at most `limit` bytes."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name in ("gzip", "x-gzip"):
        return _inflate(body, lambda: zlib.decompressobj(31), "gzip", limit)
    if name == "deflate":
        return _inflate(body, lambda: zlib.decompressobj(15), "deflate", limit)
    if name == "zstd":
        return _unzstd(body, limit)
    raise Unreadable(f"cannot undo Content-Encoding {encoding[:60]!r}; send {ENCODINGS} or none")


def sniff(body: bytes) -> str:
    """The encoding of a file that is posted as it lies on the disk, without a Content-Encoding."""
    if body.startswith(GZIP_MAGIC):
        return "gzip"
    return "zstd" if body.startswith(ZSTD_MAGIC) else ""


def _inflate(body: bytes, make: Callable[[], zlib._Decompress], name: str, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:  # a gzip file may be several ones after another
        stream = make()
        try:
            part = stream.decompress(body, limit - size + 1)
        except zlib.error as error:
            raise Unreadable(f"the body is not {name}: {error}") from error
        size += len(part)
        parts.append(part)
        _check(stream, size, name, limit)
        body = stream.unused_data
        if not body:
            return b"".join(parts)


def _unzstd(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        stream = ZstdDecompressor()
        try:
            part = stream.decompress(body, limit - size + 1)
        except ZstdError as error:
            raise Unreadable(f"the body is not zstd: {error}") from error
        size += len(part)
        parts.append(part)
        _check(stream, size, "zstd", limit)
        body = stream.unused_data
        if not body:
            return b"".join(parts)


def _check(stream: _Stream, size: int, name: str, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"the body has more than {limit} bytes once decompressed (setting max_text)")
    if not stream.eof:
        raise Truncated(f"the {name} stream ends before its end")
