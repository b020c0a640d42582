"""A heap dump on its way here: however it is cut, it is taken whole or not at all."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import HeapwatchError, Refused
from heapwatch.fleet.arriving import Arriving
from heapwatch.fleet.results import HostFailed

DUMP = b'JAVA PROFILE 1.0.2\0\n{"is":"file","bytes":3}\n{"is":"end","jvms":1}\n' * 9


def line(**words: Any) -> bytes:
    return json.dumps(words, separators=(",", ":")).encode() + b"\n"


def hello() -> bytes:
    return b"Welcome!\n" + line(**{"is": "hello"}, python="3.9.18", user="app", time=int(time.time() * 1000))


def said(dump: bytes = DUMP, **wrong: Any) -> bytes:
    """All that a host sends, or with something wrong in its last words."""
    answer = {"bytes": len(dump), "sha256": hashlib.sha256(dump).hexdigest(), "pause_ms": 3.5, **wrong}
    end = line(**{"is": "result"}, result=answer) + line(**{"is": "end"}, jvms=1)
    return hello() + line(**{"is": "file"}, bytes=len(dump)) + dump + end


def taken(pieces: list[bytes], most: int = 1 << 20) -> tuple[dict[str, Any], bytes]:
    kept: list[bytes] = []
    now = int(time.time() * 1000)
    arriving = Arriving("web1", kept.append, most)
    for piece in pieces:
        arriving.take(piece)
    return arriving.answer(now, now), b"".join(kept)


@given(st.lists(st.integers(0, len(said())), max_size=12))
def test_it_is_the_same_wherever_the_connection_cuts_it(places: list[int]) -> None:
    all_of_it = said()
    cuts = [0, *sorted(places), len(all_of_it)]
    answer, kept = taken([all_of_it[start:end] for start, end in zip(cuts, cuts[1:], strict=False)])
    assert kept == DUMP
    assert (answer["bytes"], answer["pause_ms"]) == (len(DUMP), 3.5)


@given(st.integers(0, len(said()) - 2))
def test_one_that_ends_early_is_refused(length: int) -> None:
    with pytest.raises(HostFailed):
        taken([said()[:length]])


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(noise: bytes) -> None:
    for begun in (b"", hello(), hello() + line(**{"is": "file"}, bytes=40)):
        with pytest.raises(HeapwatchError):
            taken([begun + noise])


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (said(sha256="0" * 64), "not the one that was sent"),
        (said(bytes=len(DUMP) - 1), "not the one that was sent"),
        (hello() + b'{"is":"file","bytes":-1}\n', "not how large"),
        (hello() + b'{"is":"file","bytes":true}\n', "not how large"),
        (hello() + b'{"is":"file",\n', "not how large"),
        (hello() + line(**{"is": "file"}, bytes=5 << 20), "5 MiB, 1 MiB are free for it here"),
        (hello() + line(**{"is": "end"}, jvms=0), "neither a heap dump nor a reason"),
        (hello() + b"x" * (2 << 20), "more than 1 MiB beside the heap dump"),
    ],
    ids=["changed", "shorter", "of less than nothing", "of yes", "cut", "too large", "nothing", "too much"],
)
def test_what_is_not_what_was_sent_is_refused(told: bytes, why: str) -> None:
    with pytest.raises(HostFailed, match=why):
        taken([told])


def test_a_reason_why_there_is_none_is_passed_on() -> None:
    failed = line(**{"is": "failed"}, reason="nospace", why="the /tmp of JVM 4 has 1 MiB free")
    with pytest.raises(Refused, match="web1: the /tmp of JVM 4 has 1 MiB free"):
        taken([hello() + failed + line(**{"is": "end"}, jvms=1)])
