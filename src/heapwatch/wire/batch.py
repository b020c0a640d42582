"""What an agent sends at once, as bytes: `encode(batch)` and `decode(data)`.

    magic "hwb", version 1                4 bytes
    zlib stream, to the end, of:
      texts      ints: their lengths in characters; u32: the bytes of all; then all in UTF-8, end to end
      head       ints: agent, sequence, number of snapshots, of metric blocks, of events
      snapshot   ints: host, jvm, pid, started, time, mode      floats: pause, duration (nan = not measured)
                 heap: ints (names), floats                     labels: ints (names), ints (values)
                 classes         0x00, ints; or 0x01, ints (first, count): texts that follow each other
                 ints: instances, bytes, rows
                 ints: the classes that have a module      ints: their modules
      block      labels      ints: first time, steps to the others
                 ints: metric names      floats: the values, metric by metric
      event      ints: time, kind, text      labels

    ints, floats   count u32, then as many int64 or float64, little-endian; but from 32 on: mask u8, then for
                   each bit set in the mask, lowest first, that byte of all numbers in turn; a byte that is
                   0 in all of them is left out

A text is named by its index. Long columns lie byte by byte because that packs better than number by number,
and because cutting them up so costs a tenth of finding a width for each.

Lengths and counts are checked against what is there, and against limits, before anything is made of them,
so hostile bytes cost at most a few times `max_size` in memory and end in `Unreadable`.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from itertools import accumulate
from math import isfinite, isinf, isnan, nan
from operator import itemgetter, sub
from typing import Dict, Iterable, List, Mapping, Sequence, Tuple

from heapwatch.errors import Truncated, Unreadable
from heapwatch.model import ALL, LIVE, Batch, Event, Histogram, JvmId, MetricBlock, Snapshot

CONTENT_TYPE = "application/x-heapwatch-batch"
MAX_SIZE = 16 << 20
"""Largest batch, decompressed, that `decode` accepts unless told otherwise: some 300,000 class samples."""

MAX_PARTS = 20_000
"""Most snapshots, metric blocks and events that one batch may hold together."""

MAX_TEXTS = 1 << 20
"""Most different texts that one batch may hold."""

_NAME, _VERSION = b"hwb", 1
_LEVEL = 1  # a fifth larger than level 6 on real histograms, for a third of its time
_LATEST = 10_413_792_000_000  # the year 2300: the last time that every store of ours can hold
_LONG = 32  # numbers from which on a column lies byte by byte
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
        _write_block(body, block)
    for event in batch.events:
        body.ints((event.time, texts[event.kind], texts[event.text]))
        body.labels(event.labels)
    packer = zlib.compressobj(_LEVEL)
    packed = [bytes((*_NAME, _VERSION)), *map(packer.compress, body.parts()), packer.flush()]
    return b"".join(packed)


def decode(data: bytes, max_size: int = MAX_SIZE) -> Batch:
    """The batch in these bytes; Truncated when they end too early, Unreadable when they are anything else."""
    body = _Reader(_unpack(data, max_size), room=8 * max_size)
    body.read_texts()
    agent, sequence, snapshots, blocks, events = body.ints(5)
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
    texts, jvm = body.texts, snapshot.jvm
    body.ints(
        (texts[jvm.host], texts[jvm.jvm], jvm.pid, jvm.started, snapshot.time, texts[snapshot.mode]),
    )
    body.floats([nan if cost is None else cost for cost in (snapshot.pause, snapshot.duration)])
    body.references(snapshot.heap)
    body.floats(snapshot.heap.values())
    body.labels(snapshot.labels)
    _write_histogram(body, snapshot.histogram)


def _write_histogram(body: _Writer, histogram: Histogram) -> None:
    classes, known = histogram.classes, len(body.texts)
    references = body.lookup(classes)
    if len(body.texts) == known + len(classes):
        body.raw(b"\1")
        body.ints((known, len(classes)))
    else:
        body.raw(b"\0")
        body.ints(references)
    body.ints(histogram.instances)
    body.ints(histogram.bytes)
    body.ints(histogram.rows)
    modules = histogram.modules
    place = {module: body.texts[module] for module in set(modules.values())}
    body.ints(body.lookup(list(modules)))
    body.ints(list(map(place.__getitem__, modules.values())))


def _write_block(body: _Writer, block: MetricBlock) -> None:
    times = block.times
    body.labels(block.labels)
    body.ints(times[:1] + array("q", map(sub, times[1:], times)))
    body.references(block.values)
    values = array("d")
    for column in block.values.values():
        if len(column) != len(times):
            raise ValueError(f"metric block of {len(times)} times with a column of {len(column)}")
        values.extend(column)
    body.floats(values)


def _read_snapshot(body: _Reader) -> Snapshot:
    host, jvm, pid, started, time, mode = body.ints(6)
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
    classes = body.classes()
    count = len(classes)
    instances, sizes, rows = body.ints(count), body.ints(count), body.ints(count)
    if len(set(classes)) != count:
        raise Unreadable("histogram that names a class twice")
    for column in (instances, sizes, rows):
        if count and (min(column) < 0 or sum(column) >> 63):
            raise Unreadable("histogram with negative or overflowing numbers")
    owned = body.texts_of(body.ints())
    modules = dict(zip(owned, body.texts_of(body.ints(len(owned)))))
    return Histogram(classes, instances, sizes, rows, modules)


def _read_block(body: _Reader) -> MetricBlock:
    labels = body.labels()
    steps = body.ints()
    if steps and (steps[0] < 0 or sum(steps) > _LATEST or (len(steps) > 1 and min(steps[1:]) <= 0)):
        raise Unreadable("metrics whose times do not rise, or are out of range")
    times = array("q", accumulate(steps))
    names = body.texts_of(body.ints())
    numbers = body.floats(len(names) * len(times))
    if any(map(isinf, numbers)):
        raise Unreadable("metrics with an infinite value")
    size = len(times)
    values = {name: numbers[at * size : (at + 1) * size] for at, name in enumerate(names)}
    if len(values) != len(names):
        raise Unreadable("metrics that name a column twice")
    return MetricBlock(labels, times, values)


def _read_event(body: _Reader) -> Event:
    time, kind, text = body.ints(3)
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

    def parts(self) -> List[bytes]:
        texts = list(self.texts)
        try:
            blob = "".join(texts).encode()
        except UnicodeEncodeError:  # half a surrogate pair is no text: it is written as its escape
            texts = [text.encode("utf-8", "backslashreplace").decode() for text in texts]
            blob = "".join(texts).encode()
        body, self._parts = self._parts, []
        self.ints(list(map(len, texts)))
        return [*self._parts, struct.pack("<I", len(blob)), blob, b"".join(body)]

    def raw(self, data: bytes) -> None:
        self._parts.append(data)

    def ints(self, values: Sequence[int]) -> None:
        if not isinstance(values, array):
            packed = struct.pack(f"={len(values)}q", *values)  # faster than array("q", values)
            values = array("q")
            values.frombytes(packed)
        self._planes(values)

    def floats(self, values: Iterable[float]) -> None:
        self._planes(values if isinstance(values, array) else array("d", values))

    def lookup(self, texts: Sequence[str]) -> Sequence[int]:
        if len(texts) < 2:
            return [self.texts[text] for text in texts]
        found: Sequence[int] = itemgetter(*texts)(self.texts)  # twice as fast as a comprehension
        return found

    def references(self, texts: Iterable[str]) -> None:
        self.ints([self.texts[text] for text in texts])

    def labels(self, labels: Mapping[str, str]) -> None:
        self.references(labels)
        self.references(labels.values())

    def _planes(self, column: array[int] | array[float]) -> None:
        if _SWAP:
            column = column[:]
            column.byteswap()
        count, mask = len(column), 0
        self._parts.append(struct.pack("<I", count))
        if count < _LONG:
            self._parts.append(column.tobytes())
            return
        cells = memoryview(column).cast("B")
        small = cells.cast("i")[1::2].tobytes().count(0) == 4 * count
        planes = []
        for place in range(4 if small else 8):
            plane = cells[place::8].tobytes()
            if plane.count(0) != count:
                planes.append(plane)
                mask |= 1 << place
        self._parts.append(bytes((mask,)))
        self._parts += planes


class _Reader:
    def __init__(self, body: bytes, room: int) -> None:
        self._body = body
        self._room = room  # bytes that columns may still take: one of zeros is nothing on the wire
        self._at = 0
        self._texts: List[str] = []

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if self._at > len(self._body):
            raise Truncated("batch ends in the middle of a column")
        return self._body[start : self._at]

    def _use(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise Unreadable("batch holds more numbers than its size allows")

    def end(self) -> None:
        if self._at != len(self._body):
            raise Unreadable(f"{len(self._body) - self._at} bytes after the last part of a batch")

    def read_texts(self) -> None:
        lengths = self.ints()
        if len(lengths) > MAX_TEXTS:
            raise Unreadable(f"batch of {len(lengths)} texts; at most {MAX_TEXTS} are accepted")
        if lengths and min(lengths) < 0:
            raise Unreadable("text of negative length")
        (size,) = struct.unpack("<I", self._take(4))
        try:
            blob = str(self._take(size), "utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable(f"text that is not UTF-8: {error}") from error
        ends = list(accumulate(lengths))
        if (ends[-1] if ends else 0) != len(blob):
            raise Unreadable(f"{len(blob)} characters of text where {sum(lengths)} belong")
        self._texts = [blob[end - size : end] for size, end in zip(lengths, ends)]

    def text(self, index: int) -> str:
        if 0 <= index < len(self._texts):
            return self._texts[index]
        raise Unreadable(f"text {index} of {len(self._texts)}")

    def texts_of(self, indexes: Sequence[int]) -> List[str]:
        if indexes:
            self.text(min(indexes))
            self.text(max(indexes))
        return list(map(self._texts.__getitem__, indexes))

    def classes(self) -> List[str]:
        kind = self._take(1)
        if kind == b"\0":
            return self.texts_of(self.ints())
        first, count = self.ints(2)
        if kind != b"\1" or first < 0 or count < 0 or first + count > len(self._texts):
            raise Unreadable(f"classes of kind {kind!r}, {count} from text {first} of {len(self._texts)}")
        self._use(8 * count)
        return self._texts[first : first + count]

    def ints(self, expected: int | None = None) -> array[int]:
        column: array[int] = array("q")
        self._planes(column, expected)
        return column

    def floats(self, expected: int | None = None) -> array[float]:
        column: array[float] = array("d")
        self._planes(column, expected)
        return column

    def _planes(self, column: array[int] | array[float], expected: int | None) -> None:
        (count,) = struct.unpack("<I", self._take(4))
        if expected is not None and count != expected:
            raise Unreadable(f"column of {count} where {expected} belong")
        self._use(8 * count)
        if count < _LONG:
            column.frombytes(self._take(8 * count))
        else:
            (mask,) = self._take(1)
            cells = bytearray(8 * count)
            for place in range(8):
                if mask >> place & 1:
                    cells[place::8] = self._take(count)
            column.frombytes(cells)
        if _SWAP:
            column.byteswap()

    def labels(self) -> Dict[str, str]:
        names = self.texts_of(self.ints())
        labels = dict(zip(names, self.texts_of(self.ints(len(names)))))
        if len(labels) != len(names):
            raise Unreadable("label that is given twice")
        return labels
