"""collectd's packets and JSON: a packet that collectd 5.12 sent, and what others may send instead."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import Unreadable
from heapwatch.wire.collectd import parse_json, parse_packet

NOW = 1_790_000_000_000
GOLDEN = Path(__file__).with_name("recorded").joinpath("collectd-5.12-network.bin").read_bytes()
"""Plugins load, interface (lo) and uptime of the host `golden1`, once a second."""


def part(kind: int, payload: bytes) -> bytes:
    return struct.pack("!HH", kind, 4 + len(payload)) + payload


def text(kind: int, name: str) -> bytes:
    return part(kind, name.encode() + b"\0")


def values(*found: tuple[int, bytes]) -> bytes:
    kinds = bytes(kind for kind, _ in found)
    return part(6, struct.pack("!H", len(found)) + kinds + b"".join(number for _, number in found))


WHOSE = text(0, "web1") + part(1, struct.pack("!Q", 1_790_000_000))


def test_what_collectd_sent_is_read() -> None:
    lines = parse_packet(GOLDEN, NOW)
    assert not lines.rejects.counts
    first = dict(zip(reversed(lines.paths), reversed(lines.values), strict=True))
    assert first["collectd.load.load.shortterm;host=golden1"] == 2.97216796875
    assert first["collectd.load.load.longterm;host=golden1"] == 2.171875
    assert first["collectd.interface.if_octets.rx;host=golden1;plugin_instance=lo"] == 2488557460.0
    assert "collectd.uptime.uptime;host=golden1" in first
    assert lines.times[0] == 1795397320865
    assert len(lines) == 43


def test_each_kind_of_value_is_read_and_each_part_holds_until_it_is_said_again() -> None:
    packet = (
        WHOSE
        + text(2, "jvm")
        + text(3, "shop")
        + text(4, "memory")
        + text(5, "heap")
        + values((1, struct.pack("<d", 1.5)))
        + text(5, "")
        + text(4, "gc")
        + part(8, struct.pack("!Q", 1_790_000_001 << 30))
        + values((0, struct.pack("!Q", 2**63)), (2, struct.pack("!q", -4)), (3, struct.pack("!Q", 5)))
    )
    lines = parse_packet(packet, NOW)
    assert list(zip(lines.paths, lines.values, lines.times, strict=True)) == [
        ("collectd.jvm.memory;host=web1;plugin_instance=shop;type_instance=heap", 1.5, 1_790_000_000_000),
        ("collectd.jvm.gc.0;host=web1;plugin_instance=shop", 2.0**63, 1_790_000_001_000),
        ("collectd.jvm.gc.1;host=web1;plugin_instance=shop", -4.0, 1_790_000_001_000),
        ("collectd.jvm.gc.2;host=web1;plugin_instance=shop", 5.0, 1_790_000_001_000),
    ]


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (WHOSE + values((1, struct.pack("<d", 1.0))), "no-plugin-or-type"),
        (WHOSE + text(2, "a") + text(4, "b") + values((1, struct.pack("<d", float("nan")))), "not-finite"),
        (
            text(2, "a") + text(4, "b") + part(1, b"\xff" * 8) + values((1, struct.pack("<d", 1.0))),
            "time-out-of-range",
        ),
        (part(0x0210, b"\0" * 40), "encrypted"),
    ],
)
def test_a_value_that_cannot_be_stored_is_counted(packet: bytes, reason: str) -> None:
    lines = parse_packet(packet, NOW)
    assert (lines.paths, list(lines.rejects.counts)) == ([], [reason])


@pytest.mark.parametrize(
    "packet",
    [
        b"\0",
        part(0, b"web1\0")[:-1],
        struct.pack("!HH", 0, 3),
        part(1, b"\0"),
        part(6, b"\0"),
        part(6, struct.pack("!H", 2) + b"\1\1" + b"\0" * 8),
        part(6, struct.pack("!H", 1) + b"\x09" + b"\0" * 8),
    ],
)
def test_a_packet_whose_parts_do_not_fit_is_refused(packet: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_packet(packet, NOW)


@given(st.data())
def test_no_mutation_of_a_real_packet_brings_it_down(data: st.DataObject) -> None:
    packet = bytearray(GOLDEN)
    for _ in range(data.draw(st.integers(1, 5))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unreadable):
        lines = parse_packet(bytes(packet[: data.draw(st.integers(0, len(packet)))]), NOW)
        assert len(lines.paths) == len(lines.values) == len(lines.times)


OCTETS = {
    "values": [1901474177, 12],
    "dstypes": ["counter", "counter"],
    "dsnames": ["rx", "tx"],
    "time": 1280959128.125,
    "interval": 10,
    "host": "leeloo.octo.it",
    "plugin": "interface",
    "plugin_instance": "eth0",
    "type": "if_octets",
    "type_instance": "",
}


def test_json_is_read_as_write_http_sends_it() -> None:
    lines = parse_json(json.dumps([OCTETS, {**OCTETS, "values": [None, 3]}]).encode(), NOW)
    name = "collectd.interface.if_octets"
    labels = "host=leeloo.octo.it;plugin_instance=eth0"
    assert list(zip(lines.paths, lines.values, lines.times, strict=True)) == [
        (f"{name}.rx;{labels}", 1901474177.0, 1280959128125),
        (f"{name}.tx;{labels}", 12.0, 1280959128125),
        (f"{name}.tx;{labels}", 3.0, 1280959128125),
    ]
    assert lines.rejects.counts == {"not-finite": 1}


@pytest.mark.parametrize("each", [1, None, {}, {**OCTETS, "values": "ab"}, {**OCTETS, "time": "then"}])
def test_json_that_is_no_value_list_is_counted(each: Any) -> None:
    lines = parse_json(json.dumps([each, OCTETS]).encode(), NOW)
    assert (len(lines), lines.rejects.counts) == (2, {"not-a-value-list": 1})


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"\xff", b"1"])
def test_a_body_that_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_json(body, NOW)
