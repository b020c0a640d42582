"""Prometheus' remote write 1.0, writing only: its few protobuf fields, and snappy without compression.

    WriteRequest   1: TimeSeries, repeated
    TimeSeries     1: Label, repeated     2: Sample, repeated
    Label          1: name                2: value
    Sample         1: double, the value   2: int64, epoch ms

Why by hand: docs/decisions/0011-remote-write-by-hand.md.
"""

from __future__ import annotations

import re
import struct
from typing import Dict, Iterable, Mapping, Tuple

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

Series = Tuple[str, Mapping[str, str], Iterable[Tuple[int, float]]]
"""Name, labels, samples (epoch ms, value) with rising times."""

_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_IN_LABEL = re.compile(r"[^a-zA-Z0-9_]")
_SAMPLE = struct.Struct("<Bd")


def body(series: Iterable[Series]) -> bytes:
    """The body of a request."""
    return block(request(series))


def request(series: Iterable[Series]) -> bytes:
    """A `WriteRequest`. Names and labels become such as Prometheus has; an empty label is no label."""
    return b"".join(_field(1, _series(*each)) for each in series)


def block(data: bytes) -> bytes:
    """A snappy block whose only element is a literal: the length of all, then the data as they are."""
    if not data:
        return b"\0"
    last = len(data) - 1
    if last < 60:
        return _varint(len(data)) + bytes((last << 2,)) + data
    size = (last.bit_length() + 7) // 8
    return _varint(len(data)) + bytes(((59 + size) << 2,)) + last.to_bytes(size, "little") + data


def metric_name(name: str) -> str:
    """`jvm.heap.used` -> `jvm_heap_used`"""
    plain = _NOT_IN_NAME.sub("_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def label_name(name: str) -> str:
    plain = _NOT_IN_LABEL.sub("_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def _series(name: str, labels: Mapping[str, str], samples: Iterable[Tuple[int, float]]) -> bytes:
    named: Dict[str, str] = {label_name(key): value for key, value in labels.items() if key and value}
    named["__name__"] = metric_name(name)
    parts = [_field(1, _field(1, _text(key)) + _field(2, _text(named[key]))) for key in sorted(named)]
    parts += [_field(2, _SAMPLE.pack(0x09, value) + b"\x10" + _varint(time)) for time, value in samples]
    return b"".join(parts)


def _text(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _field(number: int, data: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    if number < 0:
        raise ValueError(f"{number} is negative")
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
