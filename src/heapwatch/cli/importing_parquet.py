"""Histograms from the Parquet that `heapwatch export` writes: a row a class, rows of a histogram together.

The rows are looked through twice: by their keys, so that a file whose rows another program has put into
another order is refused before anything of it is taken, and then for what they hold.
"""

from __future__ import annotations

import shutil
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from heapwatch.errors import Unreadable
from heapwatch.model import ALL, LIVE, Histogram, JvmId, Snapshot

TIME = pa.timestamp("ms", "UTC")
TEXTS, NUMBERS = pa.map_(pa.string(), pa.string()), pa.map_(pa.string(), pa.float64())
KEYS = {"time": TIME, "host": pa.string(), "jvm": pa.string(), "pid": pa.int64()} | {
    "started": TIME,
    "mode": pa.string(),
}
NEEDED = {"class": pa.string(), "instances": pa.int64(), "bytes": pa.int64()}
MORE = {"rows": pa.int64(), "labels": TEXTS, "heap": NUMBERS} | {
    "pause_ms": pa.float64(),
    "duration_ms": pa.float64(),
}
"""What a file that was exported by an early version may lack."""
ROWS_AT_ONCE = 65_536


class Key(NamedTuple):
    """Whose a histogram is, and which of theirs: rows that say the same are one histogram."""

    time: int
    host: str
    jvm: str
    pid: int
    started: int
    mode: str


def snapshots(stream: IO[bytes]) -> Iterator[Snapshot]:
    """The histograms of a file, in its order; Unreadable says what is wrong with it."""
    with tempfile.TemporaryFile() as whole:  # what it holds is listed at its end
        shutil.copyfileobj(stream, whole)
        try:
            file = pq.ParquetFile(whole, page_checksum_verification=True)
            columns = _columns(file.schema_arrow.names)
            _check_order(file)
            yield from _read(file, columns)
        except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
            raise Unreadable(f"cannot be read as Parquet: {' '.join(str(error).split())[:200]}") from error


def _columns(there: Sequence[str]) -> dict[str, Any]:
    missing = [name for name in (*KEYS, *NEEDED) if name not in there]
    if missing:
        raise Unreadable(
            f"lacks the column {', '.join(missing)}: only Parquet that heapwatch export wrote can be imported"
        )
    return {**KEYS, **NEEDED, **{name: type_ for name, type_ in MORE.items() if name in there}}


def _check_order(file: pq.ParquetFile) -> None:
    seen: set[Key] = set()
    last: Key | None = None
    for batch in _batches(file, KEYS):
        for start in _starts(batch):
            key = _key(batch, start)
            if key != last and key in seen:
                raise Unreadable("the rows of a histogram are not together: another program has sorted them")
            seen.add(key)
            last = key


def _read(file: pq.ParquetFile, columns: dict[str, Any]) -> Iterator[Snapshot]:
    held: list[pa.Table] = []
    whose: Key | None = None
    for batch in _batches(file, columns):
        starts = _starts(batch)
        for start, end in zip(starts, [*starts[1:], batch.num_rows], strict=True):
            key = _key(batch, start)
            if whose is not None and key != whose:
                yield _snapshot(whose, pa.concat_tables(held))
                held.clear()
            whose = key
            held.append(batch.slice(start, end - start))
    if whose is not None:
        yield _snapshot(whose, pa.concat_tables(held))


def _batches(file: pq.ParquetFile, columns: dict[str, Any]) -> Iterator[pa.Table]:
    """Pieces with rows, their columns of these types; no cast may lose anything."""
    for batch in file.iter_batches(ROWS_AT_ONCE, columns=list(columns)):
        if not batch.num_rows:
            continue
        table = pa.table({name: batch.column(name).cast(type_) for name, type_ in columns.items()})
        for name in KEYS:
            if table[name].null_count:
                raise Unreadable(f"the column {name} has rows without a value")
        yield table


def _starts(table: pa.Table) -> list[int]:
    """The places of the rows that have another key than the row before."""
    new = np.zeros(table.num_rows, bool)
    new[0] = True
    for name, type_ in KEYS.items():
        column = table[name].combine_chunks()
        plain = column.dictionary_encode().indices if pa.types.is_string(type_) else column.cast(pa.int64())
        values = plain.to_numpy(zero_copy_only=False)
        new[1:] |= values[1:] != values[:-1]
    return [int(place) for place in np.flatnonzero(new)]


def _key(table: pa.Table, row: int) -> Key:
    times = {"time", "started"}
    cells = [table[name][row].value if name in times else table[name][row].as_py() for name in KEYS]
    return Key(*cells)


def _snapshot(key: Key, rows: pa.Table) -> Snapshot:
    first = {name: rows[name][0].as_py() if name in rows.column_names else None for name in MORE}
    classes = rows["class"].to_pylist()
    if classes == [None]:  # how a histogram without any class is written
        rows, classes = rows.slice(0, 0), []
    where = f"the histogram of {key.jvm} on {key.host} at {key.time} ms"
    if None in classes or len(set(classes)) != len(classes):
        raise Unreadable(f"{where} has a class twice, or one without a name")
    if key.mode not in (ALL, LIVE):
        raise Unreadable(f"{where} is of no mode that there is: {key.mode[:40]!r}")
    instances, size, many = (_counts(rows, name, where) for name in ("instances", "bytes", "rows"))
    return Snapshot(
        JvmId(key.host, key.jvm, key.pid, key.started),
        key.time,
        key.mode,
        Histogram(classes, instances, size, many),
        first["pause_ms"],
        first["duration_ms"],
        dict(first["heap"] or ()),
        dict(first["labels"] or ()),
    )


def _counts(rows: pa.Table, name: str, where: str) -> array[int]:
    if name not in rows.column_names:
        return array("q", [1] * len(rows))
    if rows[name].null_count:
        raise Unreadable(f"{where} has rows without {name}")
    return array("q", rows[name].to_pylist())
