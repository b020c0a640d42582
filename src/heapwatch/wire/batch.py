"""What an agent sends at once, as bytes: `encode(batch)` and `decode(data)`.

    magic "hwb", version                  4 bytes: 2 when there are log messages, else 1
    zlib stream, to the end, of:
      texts      ints: their lengths in characters; u32: the bytes of all; then all in UTF-8, end to end
      head       ints: agent, sequence, number of snapshots, of metric blocks, of events, in 2 of log blocks
      snapshot   ints: host, jvm, pid, started, time, mode      floats: pause, duration (nan = not measured)
                 heap: ints (names), floats                     labels: ints (names), ints (values)
                 classes         0x00, ints; or 0x01, ints (first, count): texts that follow each other
                 ints: instances, bytes, rows
                 ints: the classes that have a module      ints: their modules
      block      labels      ints: first time, steps to the others
                 ints: metric names      floats: the values, metric by metric
      event      ints: time, kind, text      labels
      log block  labels      ints: first time, steps to the others      ints: messages
                 ints: levels, or none of them

A text is named by its index; how columns lie is told in columns.py.

Lengths and counts are checked against what is there, and against limits, before anything is made of them,
so hostile bytes cost at most a few times `max_size` in memory and end in `Unreadable`.
"""

from __future__ import annotations

import zlib
from array import array
from itertools import accumulate
from math import isfinite, isinf, isnan, nan
from operator import sub
from typing import Iterator, List, Sequence, Tuple

from heapwatch.errors import Truncated, Unreadable
from heapwatch.model import ALL, LIVE, Batch, Event, Histogram, JvmId, LogBlock, MetricBlock, Snapshot
from heapwatch.wire.columns import Reader, Writer

CONTENT_TYPE = "application/x-heapwatch-batch"
MAX_SIZE = 16 << 20
"""Largest batch, decompressed, that `decode` accepts unless told otherwise: some 300,000 class samples."""

MAX_PARTS = 20_000
"""Most snapshots, metric and log blocks and events that one batch may hold together."""

_NAME = b"hwb"
_WITHOUT_LOGS, _WITH_LOGS = 1, 2  # a server that is older than its agents goes on reading what it knows
_LEVEL = 1  # a fifth larger than level 6 on real histograms, for a third of its time
_PIECE = 32 << 10  # bytes
_LATEST = 10_413_792_000_000  # the year 2300: the last time that every store of ours can hold


def encode(batch: Batch) -> bytes:
    """The batch as self-contained bytes."""
    body = Writer()
    texts = body.texts
    version = _WITH_LOGS if batch.logs else _WITHOUT_LOGS
    counts = [len(batch.snapshots), len(batch.metrics), len(batch.events), len(batch.logs)]
    body.ints((texts[batch.agent], batch.sequence, *counts[: 2 + version]))
    for snapshot in batch.snapshots:
        _write_snapshot(body, snapshot)
    for block in batch.metrics:
        _write_block(body, block)
    for event in batch.events:
        body.ints((event.time, texts[event.kind], texts[event.text]))
        body.labels(event.labels)
    for log in batch.logs:
        _write_log(body, log)
    packer = zlib.compressobj(_LEVEL)
    packed = [bytes((*_NAME, version)), *map(packer.compress, _pieces(body.parts())), packer.flush()]
    return b"".join(packed)


def decode(data: bytes, max_size: int = MAX_SIZE) -> Batch:
    """The batch in these bytes; Truncated when they end too early, Unreadable when they are anything else."""
    body = Reader(_unpack(data, max_size), room=8 * max_size)
    body.read_texts()
    head = body.ints(6 if data[3] == _WITH_LOGS else 5)
    agent, sequence, snapshots, blocks, events = head[:5]
    logs = sum(head[5:])
    if min(head[1:]) < 0:
        raise Unreadable("batch with negative numbers in its head")
    if snapshots + blocks + events + logs > MAX_PARTS:
        raise Unreadable(f"batch of {sum(head[2:])} parts; at most {MAX_PARTS} are accepted")
    batch = Batch(
        body.text(agent),
        sequence,
        [_read_snapshot(body) for _ in range(snapshots)],
        [_read_block(body) for _ in range(blocks)],
        [_read_event(body) for _ in range(events)],
        _read_logs(body, logs, 8 * max_size),
    )
    body.end()
    return batch


def _pieces(parts: Sequence[bytes]) -> Iterator[bytes]:
    """Parts joined up to some size: most have a few bytes, and every call of the packer takes a while."""
    piece: List[bytes] = []
    size = 0
    for part in parts:
        piece.append(part)
        size += len(part)
        if size >= _PIECE:
            yield b"".join(piece)
            piece, size = [], 0
    yield b"".join(piece)


def _write_snapshot(body: Writer, snapshot: Snapshot) -> None:
    texts, jvm = body.texts, snapshot.jvm
    body.ints(
        (texts[jvm.host], texts[jvm.jvm], jvm.pid, jvm.started, snapshot.time, texts[snapshot.mode]),
    )
    body.floats([nan if cost is None else cost for cost in (snapshot.pause, snapshot.duration)])
    body.references(snapshot.heap)
    body.floats(snapshot.heap.values())
    body.labels(snapshot.labels)
    _write_histogram(body, snapshot.histogram)


def _write_histogram(body: Writer, histogram: Histogram) -> None:
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


def _write_block(body: Writer, block: MetricBlock) -> None:
    times = block.times
    body.labels(block.labels)
    body.ints(_steps(times))
    body.references(block.values)
    values = array("d")
    for column in block.values.values():
        if len(column) != len(times):
            raise ValueError(f"metric block of {len(times)} times with a column of {len(column)}")
        values.extend(column)
    body.floats(values)


def _write_log(body: Writer, block: LogBlock) -> None:
    if len(block.texts) != len(block.times) or len(block.levels) not in (0, len(block.texts)):
        raise ValueError(f"log block of {len(block.times)} times with {len(block.texts)} messages")
    body.labels(block.labels)
    body.ints(_steps(block.times))
    body.references(block.texts)
    body.references(block.levels)


def _steps(times: array[int]) -> array[int]:
    return times[:1] + array("q", map(sub, times[1:], times))


def _read_snapshot(body: Reader) -> Snapshot:
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


def _read_histogram(body: Reader) -> Histogram:
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


def _read_block(body: Reader) -> MetricBlock:
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


def _read_event(body: Reader) -> Event:
    time, kind, text = body.ints(3)
    return Event(_moment(time), body.text(kind), body.labels(), body.text(text))


def _read_logs(body: Reader, count: int, room: int) -> List[LogBlock]:
    """`room` is for characters: a long message that is repeated is little on the wire."""
    found = []
    for _ in range(count):
        found.append(_read_log(body))
        room -= sum(map(len, found[-1].texts))
        if room < 0:
            raise Unreadable("batch holds more log messages than its size allows")
    return found


def _read_log(body: Reader) -> LogBlock:
    labels = body.labels()
    steps = body.ints()
    if steps and (min(steps) < -_LATEST or max(steps) > _LATEST):  # so that their sums fit a column
        raise Unreadable("log messages whose times are out of range")
    times = list(accumulate(steps))
    if times:
        _moment(min(times))
        _moment(max(times))
    texts = body.texts_of(body.ints(len(times)))
    levels = body.texts_of(body.ints())
    if len(levels) not in (0, len(texts)):
        raise Unreadable(f"{len(levels)} levels of {len(texts)} log messages")
    return LogBlock(labels, array("q", times), texts, levels)


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
    if data[3] not in (_WITHOUT_LOGS, _WITH_LOGS):
        raise Unreadable(
            f"batch in version {data[3]} of the format; this heapwatch reads up to version {_WITH_LOGS}"
        )
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
