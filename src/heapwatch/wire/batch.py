"""What an agent sends at once, as bytes: `encode(batch)` and `decode(data)`.

    magic "hwb", version 1                4 bytes
    zlib stream, to the end, of:
      texts      ints: their lengths in bytes; then all of them in UTF-8, end to end, each once
      head       ints: agent, sequence, number of snapshots, of metric blocks, of events
      snapshot   ints: host, jvm, pid, started, time, mode      floats: pause, duration (nan = not measured)
                 heap: ints (names), floats                     labels: ints (names), ints (values)
                 steps: classes      ints: instances, bytes, rows
                 steps: classes that have a module              ints: their modules
      block      labels    steps: times    ints: metric names    numbers: one column a metric
      event      ints: time, kind, text    labels

    ints         count u32, width u8 (1, 2, 4 or 8), then signed little-endian integers of that width
    steps        ints: the first value or nothing; ints: the differences of neighbours
    floats       count u32, then little-endian float64
    numbers      0x00 and floats, or 0x01 and steps when every value is a whole number

A text is named by its index. Lengths and counts are checked against what is there, and against limits,
before anything is made of them, so hostile bytes cost at most a few times `max_size` in memory and end in
`Unreadable`.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from itertools import accumulate, chain
from math import isfinite, isinf, isnan, nan
from operator import sub
from typing import Dict, Iterable, List, Mapping, Sequence, Tuple

from heapwatch.errors import Truncated, Unreadable
from heapwatch.model import ALL, LIVE, Batch, Event, Histogram, JvmId, MetricBlock, Snapshot

CONTENT_TYPE = "application/x-heapwatch-batch"
MAX_SIZE = 32 << 20
"""Largest batch, decompressed, that `decode` accepts unless told otherwise."""

MAX_PARTS = 20_000
"""Most snapshots, metric blocks and events that one batch may hold together."""

MAX_TEXTS = 1 << 20
"""Most different texts that one batch may hold."""

_NAME, _VERSION = b"hwb", 1
_LEVEL = 1  # 2 % larger than level 6 on real histograms, for a third of the time
_LATEST = 10_413_792_000_000  # the year 2300: the last time that every store of ours can hold
_WHOLE = float(1 << 53)
_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}
_SWAP = sys.byteorder == "big"


def encode(batch: Batch) -> bytes:
    """The batch as self-contained bytes."""
    body = _Writer()
    texts = body.texts
    body.ints(
        (
            texts[batch.agent],
            batch.sequence,
            len(batch.snapshots),
            len(batch.metrics),
            len(batch.events),
        )
    )
    for snapshot in batch.snapshots:
        _write_snapshot(body, snapshot)
    for block in batch.metrics:
        body.labels(block.labels)
        body.steps(block.times)
        body.ints(map(texts.__getitem__, block.values))
        for column in block.values.values():
            body.numbers(column)
    for event in batch.events:
        body.ints((event.time, texts[event.kind], texts[event.text]))
        body.labels(event.labels)
    packer = zlib.compressobj(_LEVEL)
    packed = [bytes((*_NAME, _VERSION)), *map(packer.compress, body.parts()), packer.flush()]
    return b"".join(packed)


def decode(data: bytes, max_size: int = MAX_SIZE) -> Batch:
    """The batch in these bytes; Truncated when they end too early, Unreadable when they are anything else."""
    body = _Reader(_unpack(data, max_size))
    body.read_texts()
    agent, sequence, snapshots, blocks, events = body.some_ints(5)
    if min(sequence, snapshots, blocks, events) < 0:
        raise Unreadable("batch with negative numbers in its head")
    if snapshots + blocks + events > MAX_PARTS:
        raise Unreadable(f"batch of {snapshots + blocks + events} parts; at most {MAX_PARTS} are accepted")
    batch = Batch(
        body.text(agent),
        sequence,
        [_read_snapshot(body) for _ in range(snapshots)],
        [_read_block(body) for _ in range(blocks)],
        [_read_event(body) for _ in range(events)],
    )
    body.end()
    return batch


def _write_snapshot(body: _Writer, snapshot: Snapshot) -> None:
    texts, jvm, histogram = body.texts, snapshot.jvm, snapshot.histogram
    body.ints(
        (texts[jvm.host], texts[jvm.jvm], jvm.pid, jvm.started, snapshot.time, texts[snapshot.mode]),
    )
    body.floats(nan if cost is None else cost for cost in (snapshot.pause, snapshot.duration))
    body.ints(map(texts.__getitem__, snapshot.heap))
    body.floats(snapshot.heap.values())
    body.labels(snapshot.labels)
    body.steps(array("q", map(texts.__getitem__, histogram.classes)))
    body.ints(histogram.instances)
    body.ints(histogram.bytes)
    body.ints(histogram.rows)
    body.steps(array("q", map(texts.__getitem__, histogram.modules)))
    body.ints(map(texts.__getitem__, histogram.modules.values()))


def _read_snapshot(body: _Reader) -> Snapshot:
    host, jvm, pid, started, time, mode = body.some_ints(6)
    pause, duration = _costs(body.floats())
    heap_names = body.texts_of(body.ints())
    heap = dict(zip(heap_names, body.floats(len(heap_names))))
    if len(heap) != len(heap_names) or not all(map(isfinite, heap.values())):
        raise Unreadable("snapshot with a heap counter that is given twice or is not a number")
    snapshot = Snapshot(
        JvmId(body.text(host), body.text(jvm), pid, _moment(started)),
        _moment(time),
        body.text(mode),
        labels=body.labels(),
        histogram=_read_histogram(body),
        pause=pause,
        duration=duration,
        heap=heap,
    )
    if pid < 0 or snapshot.mode not in (ALL, LIVE):
        raise Unreadable(f"snapshot of process {pid} in mode {snapshot.mode[:20]!r}")
    return snapshot


def _read_histogram(body: _Reader) -> Histogram:
    classes = body.texts_of(body.steps())
    count = len(classes)
    instances, sizes, rows = body.ints(count), body.ints(count), body.ints(count)
    if len(set(classes)) != count:
        raise Unreadable("histogram that names a class twice")
    for column in (instances, sizes, rows):
        if count and (min(column) < 0 or sum(column) >> 63):
            raise Unreadable("histogram with negative or overflowing numbers")
    owned = body.texts_of(body.steps())
    modules = dict(zip(owned, body.texts_of(body.ints(len(owned)))))
    return Histogram(classes, instances, sizes, rows, modules)


def _read_block(body: _Reader) -> MetricBlock:
    labels = body.labels()
    times = body.steps()
    if times and (times[0] < 0 or times[-1] > _LATEST or any(map(int.__ge__, times, times[1:]))):
        raise Unreadable("metrics whose times do not rise, or are out of range")
    names = body.texts_of(body.ints())
    values = {name: body.numbers(len(times)) for name in names}
    if len(values) != len(names):
        raise Unreadable("metrics that name a column twice")
    if any(any(map(isinf, column)) for column in values.values()):
        raise Unreadable("metrics with an infinite value")
    return MetricBlock(labels, times, values)


def _read_event(body: _Reader) -> Event:
    time, kind, text = body.some_ints(3)
    return Event(_moment(time), body.text(kind), body.labels(), body.text(text))


def _moment(time: int) -> int:
    if 0 <= time <= _LATEST:
        return time
    raise Unreadable(f"time out of range: {time}")


def _costs(found: Sequence[float]) -> Tuple[float | None, float | None]:
    if len(found) != 2 or any(cost < 0 or isinf(cost) for cost in found):
        raise Unreadable("snapshot whose pause or duration is not a time")
    pause, duration = (None if isnan(cost) else cost for cost in found)
    return pause, duration


def _unpack(data: bytes, max_size: int) -> bytes:
    if len(data) < 4:
        raise Truncated(f"batch of {len(data)} bytes")
    if data[:3] != _NAME:
        raise Unreadable(f"not a heapwatch batch: it begins with {data[:4]!r}")
    if data[3] != _VERSION:
        raise Unreadable(f"batch in version {data[3]} of the format; this heapwatch reads version {_VERSION}")
    stream = zlib.decompressobj()
    try:
        body = stream.decompress(data[4:], max_size + 1)
    except zlib.error as error:
        raise Unreadable(f"batch is damaged: {error}") from error
    if len(body) > max_size:
        raise Unreadable(f"batch holds more than {max_size} bytes")
    if not stream.eof:
        raise Truncated(f"batch ends after {len(data)} bytes, before its end")
    if stream.unused_data:
        raise Unreadable(f"{len(stream.unused_data)} bytes after the end of a batch")
    return body


class _Texts(Dict[str, int]):
    """Text to its index; a text that is asked for the first time gets the next one."""

    def __missing__(self, text: str) -> int:
        index = self[text] = len(self)
        return index


class _Writer:
    def __init__(self) -> None:
        self.texts = _Texts()
        self._parts: List[bytes] = []

    def parts(self) -> Iterable[bytes]:
        # What is no text (a lone half of a surrogate pair) is written as its escape: the wire is UTF-8.
        blobs = [text.encode("utf-8", "backslashreplace") for text in self.texts]
        body, self._parts = self._parts, []
        self.ints(map(len, blobs))
        return [*self._parts, b"".join(blobs), b"".join(body)]

    def ints(self, values: Iterable[int]) -> None:
        column = values if isinstance(values, array) else array("q", values)
        width = 1
        if column:
            low, high = min(column), max(column)
            while not -(1 << (8 * width - 1)) <= low <= high < 1 << (8 * width - 1):
                width *= 2
        self._parts.append(struct.pack("<IB", len(column), width))
        self._parts.append(_little(column if width == 8 else array(_CODES[width], column)))

    def steps(self, values: Sequence[int]) -> None:
        self.ints(values[:1])
        self.ints(map(sub, values[1:], values))

    def floats(self, values: Iterable[float]) -> None:
        column = array("d", values)
        self._parts.append(struct.pack("<I", len(column)))
        self._parts.append(_little(column))

    def numbers(self, values: array[float]) -> None:
        whole = _whole(values)
        if whole is None:
            self._parts.append(b"\0")
            self.floats(values)
        else:
            self._parts.append(b"\1")
            self.steps(whole)

    def labels(self, labels: Mapping[str, str]) -> None:
        self.ints(map(self.texts.__getitem__, labels))
        self.ints(map(self.texts.__getitem__, labels.values()))


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0
        self._texts: List[str] = []

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if self._at > len(self._body):
            raise Truncated("batch ends in the middle of a column")
        return self._body[start : self._at]

    def end(self) -> None:
        if self._at != len(self._body):
            raise Unreadable(f"{len(self._body) - self._at} bytes after the last part of a batch")

    def read_texts(self) -> None:
        lengths = self.ints()
        if len(lengths) > MAX_TEXTS:
            raise Unreadable(f"batch of {len(lengths)} texts; at most {MAX_TEXTS} are accepted")
        if lengths and min(lengths) < 0:
            raise Unreadable("text of negative length")
        blob = self._take(sum(lengths))
        ends = list(accumulate(lengths))
        try:
            self._texts = [str(blob[end - size : end], "utf-8") for size, end in zip(lengths, ends)]
        except UnicodeDecodeError as error:
            raise Unreadable(f"text that is not UTF-8: {error}") from error

    def text(self, index: int) -> str:
        if 0 <= index < len(self._texts):
            return self._texts[index]
        raise Unreadable(f"text {index} of {len(self._texts)}")

    def texts_of(self, indexes: Sequence[int]) -> List[str]:
        if indexes:
            self.text(min(indexes))
            self.text(max(indexes))
        return list(map(self._texts.__getitem__, indexes))

    def ints(self, expected: int | None = None) -> array[int]:
        count, width = struct.unpack("<IB", self._take(5))
        if width not in _CODES:
            raise Unreadable(f"integers {width} bytes wide")
        if expected is not None and count != expected:
            raise Unreadable(f"column of {count} where {expected} belong")
        column: array[int] = array(_CODES[width])
        column.frombytes(self._take(count * width))
        if _SWAP:
            column.byteswap()
        return column if width == 8 else array("q", column)

    def some_ints(self, count: int) -> List[int]:
        return list(self.ints(count))

    def steps(self, expected: int | None = None) -> array[int]:
        first = self.ints()
        try:
            column = array("q", accumulate(chain(first, self.ints())))
        except OverflowError as error:
            raise Unreadable("column whose steps lead out of range") from error
        if len(first) != min(1, len(column)) or expected not in (None, len(column)):
            raise Unreadable(f"column of {len(column)} that does not fit its neighbours")
        return column

    def floats(self, expected: int | None = None) -> array[float]:
        (count,) = struct.unpack("<I", self._take(4))
        if expected is not None and count != expected:
            raise Unreadable(f"column of {count} where {expected} belong")
        column: array[float] = array("d")
        column.frombytes(self._take(count * 8))
        if _SWAP:
            column.byteswap()
        return column

    def numbers(self, count: int) -> array[float]:
        kind = self._take(1)
        if kind == b"\0":
            return self.floats(count)
        if kind == b"\1":
            return array("d", self.steps(count))
        raise Unreadable(f"column of kind {kind!r}")

    def labels(self) -> Dict[str, str]:
        names = self.texts_of(self.ints())
        labels = dict(zip(names, self.texts_of(self.ints(len(names)))))
        if len(labels) != len(names):
            raise Unreadable("label that is given twice")
        return labels


def _whole(values: array[float]) -> array[int] | None:
    try:
        whole = array("q", map(int, values))
    except (ValueError, OverflowError):  # nan, infinite, too large
        return None
    if array("d", whole) != values or (whole and max(max(whole), -min(whole)) > _WHOLE):
        return None
    return whole


def _little(column: array[int] | array[float]) -> bytes:
    if _SWAP:
        column = column[:]
        column.byteswap()
    return column.tobytes()
