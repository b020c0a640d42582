"""Graphite's pickles: what Python writes in every protocol, and what a stranger may send instead."""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import Unreadable
from heapwatch.wire.graphite_pickle import LONGEST_FRAME, Frames, load, parse

NOW = 1_790_000_000_000
RELAYED = Path(__file__).with_name("recorded").joinpath("carbon-relay-1.1.7-pickle.bin").read_bytes()
"""Seven lines through carbon-relay 1.1.7 to a destination of protocol pickle, at most three a frame."""

PLAIN = st.recursive(
    st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.lists(inner, max_size=5).map(tuple),
    max_leaves=20,
)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_frame_of_any_protocol_is_read(protocol: int) -> None:
    sent = [("a.b", (100, 1.5)), ("m;host=x;app=y", (1790000000.25, 2)), ("a.c", ("-1", "3e0"))]
    lines = parse(pickle.dumps(sent, protocol), NOW)
    assert not lines.rejects.counts
    assert list(zip(lines.paths, lines.values, lines.times, strict=True)) == [
        ("a.b", 1.5, 100_000),
        ("m;app=y;host=x", 2.0, 1_790_000_000_250),
        ("a.c", 3.0, NOW),
    ]


def test_what_a_relay_of_carbon_sent_is_read() -> None:
    cutter = Frames()
    frames = list(cutter.feed(RELAYED))
    found = [parse(frame, NOW) for frame in frames]
    assert (len(frames), cutter.rest) == (3, b"")
    assert not any(lines.rejects.counts for lines in found)
    at = 1_795_341_600_000
    assert [each for lines in found for each in zip(lines.paths, lines.values, lines.times, strict=True)] == [
        ("shop.web1.heap.used", 41200.5, at),
        ("shop.web1.heap.used", 41300.0, at + 10_000),
        ("web1.count.java.lang.String", 17.0, at),
        ("web1.size.java.lang.String", 408.0, at),
        ("orders;host=web1;region=süd", 1e10, at),
        ("shop.web1.temperature", -3.25, at),
        ("shop.web1.next", -0.001, at + 20_750),
    ]


@given(st.data())
def test_no_mutation_of_what_a_relay_sent_brings_it_down(data: st.DataObject) -> None:
    stream = bytearray(RELAYED)
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(stream)))
    cutter = Frames()
    with contextlib.suppress(Unreadable):  # a frame that is too long: nothing after it can be read
        for piece in (bytes(stream[:cut]), bytes(stream[cut:])):
            for frame in cutter.feed(piece):
                with contextlib.suppress(Unreadable):
                    lines = parse(frame, NOW)
                    assert len(lines.paths) == len(lines.values) == len(lines.times)


@given(PLAIN, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_values_come_out_as_they_went_in(value: Any, protocol: int) -> None:
    assert load(pickle.dumps(value, protocol)) == value


def test_old_pythons_byte_strings_are_paths() -> None:
    assert parse(b"(lp0\n(S'a.b'\np1\n(I100\nF1.5\ntp2\ntp3\na.", NOW).paths == ["a.b"]


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_ever_run(tmp_path: Path, protocol: int) -> None:
    target = tmp_path / "made"
    frame = pickle.dumps([("a", (1, 1)), ("b", (1, Evil(target)))], protocol)
    with pytest.raises(Unreadable, match="only lists, tuples"):
        parse(frame, NOW)
    assert not target.exists()
    pickle.loads(frame)
    assert target.exists()  # the frame would have done it


@pytest.mark.parametrize("value", [{"a": 1}, {1, 2}, None, True, print, ("a", {})])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(Unreadable):
        parse(pickle.dumps(value), NOW)


@pytest.mark.parametrize(
    ("each", "reason"),
    [
        (("a", 1), "not-path-time-value"),
        (("a", (1, 2, 3)), "not-path-time-value"),
        ("text", "not-path-time-value"),
        (("a", (1, float("nan"))), "not-finite"),
        (("a", (10**5000, 1)), "bad-value"),
        (("a", (1, "x")), "bad-value"),
        (("a", ("x", 1)), "bad-time"),
        (("a\x01", (1, 1)), "control-character"),
        (("a;b", (1, 1)), "bad-tags"),
        (((), ((), ())), "not-path-time-value"),
    ],
)
def test_a_bad_sample_is_counted_and_its_neighbours_stay(each: Any, reason: str) -> None:
    lines = parse(pickle.dumps([("a", (1, 1)), each, ("b", (1, 1))]), NOW)
    assert (lines.paths, list(lines.rejects.counts)) == (["a", "b"], [reason])
    assert all(len(kept) <= 400 for _, kept in lines.rejects.samples)


@given(st.binary(max_size=200))
def test_no_bytes_bring_it_down(frame: bytes) -> None:
    with contextlib.suppress(Unreadable):
        parse(frame, NOW)


@given(st.data())
def test_no_mutation_brings_it_down(data: st.DataObject) -> None:
    frame = bytearray(pickle.dumps([("a.b", (100, 1.5)), ("a.c", (100, 2.5))], data.draw(st.integers(0, 5))))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unreadable):
        parse(bytes(frame), NOW)


def test_a_list_in_itself_ends() -> None:
    knot: list[Any] = []
    knot.append(knot)
    lines = parse(pickle.dumps(knot), NOW)
    assert (lines.paths, sum(lines.rejects.counts.values())) == ([], 1)


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(1, 7))
def test_frames_are_cut_whatever_the_pieces(frames: list[bytes], size: int) -> None:
    stream = b"".join(struct.pack("!L", len(frame)) + frame for frame in frames)
    cutter = Frames()
    found = [
        frame for place in range(0, len(stream), size) for frame in cutter.feed(stream[place : place + size])
    ]
    assert (found, cutter.rest) == (frames, b"")


def test_a_frame_that_is_too_long_is_refused_before_it_came() -> None:
    with pytest.raises(Unreadable, match="at most"):
        list(Frames().feed(struct.pack("!L", LONGEST_FRAME + 1)))
