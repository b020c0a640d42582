"""Answers as Parquet, for notebooks and data lakes: the rows that CSV has, with their types.

Times are timestamps (UTC, ms), whole numbers int64, others float64; what is missing is null, and what is not
one value is JSON text.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from heapwatch.model import Snapshot

MEDIA_TYPE = "application/vnd.apache.parquet"
TIMES = frozenset(
    {"time", "_time", "_timeslice", "started", "first_seen", "last_seen", "exited", "since", "until"}
    | {"created", "expires", "last_used"}
)
"""Columns whose whole numbers are epoch ms."""

CODEC = "zstd"
SNAPSHOTS_AT_ONCE = 50
_INT64 = 1 << 63


def written(header: Sequence[str], rows: Iterable[Sequence[Any]], plain: Callable[[Any], str]) -> bytes:
    """A table as one file; `plain` is how a list or an object becomes text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = list(rows)
    names = _distinct(header)
    columns = [_column(name, [row[place] for row in cells], plain) for place, name in enumerate(header)]
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(zip(names, columns, strict=True))), sink, compression=CODEC)
    return sink.getvalue()


def _distinct(names: Sequence[str]) -> list[str]:
    """A label may have the name of another column."""
    found: list[str] = []
    for name in names:
        free, number = name, 2
        while free in found:
            free, number = f"{name}_{number}", number + 1
        found.append(free)
    return found


def _column(name: str, values: list[Any], plain: Callable[[Any], str]) -> Any:
    import pyarrow as pa

    known = [None if value is None or value != value else value for value in values]
    kinds = {type(value) for value in known if value is not None}
    if not kinds:
        return pa.array(known, pa.float64())
    if kinds == {bool}:
        return pa.array(known, pa.bool_())
    if kinds == {int} and all(value is None or -_INT64 <= value < _INT64 for value in known):
        return pa.array(known, pa.timestamp("ms", "UTC") if name in TIMES else pa.int64())
    if kinds <= {int, float}:
        return pa.array([None if value is None else float(value) for value in known], pa.float64())
    told = [value if value is None or isinstance(value, str) else plain(value) for value in known]
    return pa.array(
        [None if each is None else each.encode("utf-8", "backslashreplace").decode() for each in told],
        pa.string(),
    )


def snapshots(found: Iterable[Snapshot]) -> Iterator[bytes]:
    """Histograms as one file in pieces: a row a class, with all that is stored of the histogram.

    One without any class has a row without one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("time", pa.timestamp("ms", "UTC")),
            ("host", pa.string()),
            ("jvm", pa.string()),
            ("pid", pa.int64()),
            ("started", pa.timestamp("ms", "UTC")),
            ("mode", pa.string()),
            ("labels", pa.map_(pa.string(), pa.string())),
            ("class", pa.string()),
            ("instances", pa.int64()),
            ("bytes", pa.int64()),
            ("rows", pa.int64()),
            ("pause_ms", pa.float64()),
            ("duration_ms", pa.float64()),
            ("heap", pa.map_(pa.string(), pa.float64())),
        ]
    )
    sink = _Pieces()
    with pq.ParquetWriter(sink, schema, compression=CODEC, write_page_checksum=True) as writer:
        held: list[Any] = []
        for snapshot in found:
            held.append(pa.RecordBatch.from_pydict(_rows(snapshot), schema=schema))
            if len(held) == SNAPSHOTS_AT_ONCE:
                writer.write_table(pa.Table.from_batches(held, schema))
                held.clear()
                yield sink.taken()
        if held:
            writer.write_table(pa.Table.from_batches(held, schema))
    yield sink.taken()


def _rows(snapshot: Snapshot) -> Mapping[str, Sequence[Any]]:
    histogram, jvm = snapshot.histogram, snapshot.jvm
    empty = not histogram.classes
    count = 1 if empty else len(histogram.classes)
    none: list[Any] = [None]
    return {
        "time": [snapshot.time] * count,
        "host": [jvm.host] * count,
        "jvm": [jvm.jvm] * count,
        "pid": [jvm.pid] * count,
        "started": [jvm.started] * count,
        "mode": [snapshot.mode] * count,
        "labels": [list(snapshot.labels.items())] * count,
        "class": none
        if empty
        else [name.encode("utf-8", "backslashreplace").decode() for name in histogram.classes],
        "instances": none if empty else histogram.instances,
        "bytes": none if empty else histogram.bytes,
        "rows": none if empty else histogram.rows,
        "pause_ms": [snapshot.pause] * count,
        "duration_ms": [snapshot.duration] * count,
        "heap": [list(snapshot.heap.items())] * count,
    }


class _Pieces(io.RawIOBase):
    """What is written, handed out piece by piece; it knows how far it has come."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._place = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._buffer += part
        self._place += len(part)
        return len(part)

    def taken(self) -> bytes:
        part = bytes(self._buffer)
        self._buffer.clear()
        return part
