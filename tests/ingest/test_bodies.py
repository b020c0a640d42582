"""Bodies are read and decompressed within limits, whole or not at all."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import Truncated, Unavailable, Unreadable
from heapwatch.ingest import bodies
from heapwatch.ingest.limits import InFlight, TooLarge, TooSlow

PACK = {"gzip": gzip.compress, "zstd": zstd.compress, "deflate": zlib.compress}
MEGABYTE = 1 << 20


@pytest.mark.parametrize("encoding", PACK)
@given(body=st.binary(max_size=500))
def test_what_a_sender_compressed_comes_out_unchanged(encoding: str, body: bytes) -> None:
    assert bodies.decompress(PACK[encoding](body), encoding, MEGABYTE) == body


@pytest.mark.parametrize("encoding", PACK)
@given(cut=st.integers(1, 30))
def test_a_compressed_body_that_was_cut_off_is_refused(encoding: str, cut: int) -> None:
    packed = PACK[encoding](b"Total 1 2\n" * 50)
    with pytest.raises(Truncated):
        bodies.decompress(packed[:-cut], encoding, MEGABYTE)


@pytest.mark.parametrize("encoding", PACK)
@given(junk=st.binary(min_size=1, max_size=60))
def test_bytes_that_are_not_in_the_encoding_they_claim_are_refused(encoding: str, junk: bytes) -> None:
    with pytest.raises(Unreadable):
        bodies.decompress(b"\xfe" + junk, encoding, MEGABYTE)


@pytest.mark.parametrize("encoding", PACK)
def test_a_small_body_that_becomes_huge_stops_at_the_limit(encoding: str) -> None:
    bomb = PACK[encoding](bytes(50 * MEGABYTE))
    with pytest.raises(TooLarge, match="more than 1048576 bytes"):
        bodies.decompress(bomb, encoding, MEGABYTE)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_files_that_were_appended_to_each_other_are_read_as_one(encoding: str) -> None:
    pack = PACK[encoding]
    assert bodies.decompress(pack(b"one ") + pack(b"two"), encoding, MEGABYTE) == b"one two"


def test_the_limit_holds_for_appended_files_together() -> None:
    with pytest.raises(TooLarge):
        bodies.decompress(gzip.compress(bytes(600)) * 2, "gzip", 1000)


def test_an_unknown_encoding_is_named() -> None:
    with pytest.raises(Unreadable, match="'br'"):
        bodies.decompress(b"", "br", MEGABYTE)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_compressed_file_is_recognised_without_a_header(encoding: str) -> None:
    assert bodies.sniff(PACK[encoding](b"text")) == encoding
    assert bodies.sniff(b" num     #instances") == ""


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.anyio
async def test_a_body_is_read_to_its_end() -> None:
    assert await bodies.read(chunks(b"ab", b"", b"c"), 3, 1) == b"abc"


@pytest.mark.anyio
async def test_reading_stops_at_the_first_byte_too_many() -> None:
    with pytest.raises(TooLarge):
        await bodies.read(chunks(b"ab", b"cd"), 3, 1)


@pytest.mark.anyio
async def test_a_body_that_makes_no_progress_is_given_up() -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    with pytest.raises(TooSlow, match="after 1 bytes"):
        await bodies.read(stalled(), 100, 0.01)


@pytest.mark.anyio
async def test_memory_of_all_bodies_together_is_bounded_and_given_back() -> None:
    in_flight = InFlight(10)
    with in_flight.room() as first, in_flight.room() as second:
        await bodies.read(chunks(b"12345678"), 100, 1, first)
        with pytest.raises(Unavailable):
            await bodies.read(chunks(b"12", b"3"), 100, 1, second)
    assert in_flight.held == 0
