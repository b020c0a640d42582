"""Directories of recordings, and of plain histogram texts, as the histories that a detector reads.

A recording is files of one stem: `<run>.hist.parquet` (t_ms, cls, inst, bytes, nrow), `<run>.samples.parquet`
(t_ms and the counters read beside each histogram), and if they are there `<run>.probe.parquet` (the histogram
before and after one full collection at the end) and `<run>.meta.json` (host, service, mode, xmx_mb).
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from heapwatch.cli.importing import HIST, META, PROBE, SAMPLES
from heapwatch.detect.assemble import COUNTERS as IN_SNAPSHOTS
from heapwatch.detect.history import Floats, History
from heapwatch.errors import UsageError
from heapwatch.jvm.names import normalise
from heapwatch.model import Histogram, JvmId, Snapshot

COUNTERS = {
    "young": "yc",
    "full": "fc",
    "concurrent": "cc",
    "eden": "eden",
    "old": "old",
    "metaspace": "meta",
    "threads": "thr",
    "loaded": "cls",
    "unloaded": "ucls",
}
MIB = 1 << 20


def recordings(folder: Path) -> Iterator[History]:
    """Every recording of a directory, by name."""
    for path in sorted(folder.rglob(f"*{HIST}")):
        yield recording(path.with_name(path.name[: -len(HIST)]))


def recording(stem: Path) -> History:
    """One recording; UsageError says which file is not as it should be."""
    meta = _meta(stem)
    table = _table(stem, HIST, ("t_ms", "cls", "inst", "bytes"))
    times, rows = np.unique(_numbers(table, "t_ms"), return_inverse=True)
    names, columns = _classes(table["cls"])
    shape = len(times), len(names)

    def matrix(values: NDArray[Any]) -> Floats:
        found = np.zeros(shape)
        np.add.at(found, (rows, columns), values)
        return found

    nrow = _numbers(table, "nrow") if "nrow" in table.column_names else np.ones(len(rows))
    return History(
        host=str(meta.get("host", stem.name)),
        service=str(meta.get("service", stem.name)),
        times=times / 1000,
        classes=names,
        instances=matrix(_numbers(table, "inst")),
        bytes=matrix(_numbers(table, "bytes")),
        rows=matrix(nrow),
        counters=_counters(stem, times),
        mode=str(meta.get("mode", "all")),
        heap_max=float(meta["xmx_mb"]) * MIB if "xmx_mb" in meta else float("nan"),
        version=str(meta.get("version", "")),
        survivors=_survivors(stem),
    )


def snapshots(history: History, who: JvmId, labels: Mapping[str, str]) -> Iterator[Snapshot]:
    """A recording's histograms as agents send them."""
    told = {"service": history.service, **({"version": history.version} if history.version else {}), **labels}
    for number, moment in enumerate(history.times.tolist()):
        kept = np.flatnonzero(history.instances[number])
        heap = {name: float(history.counter(own)[number]) for own, name in IN_SNAPSHOTS.items()}
        heap["heap_max"] = history.heap_max
        yield Snapshot(
            who,
            who.started + round(moment * 1000),
            history.mode,
            Histogram(
                [history.classes[place] for place in kept],
                array("q", history.instances[number, kept].astype(int).tolist()),
                array("q", history.bytes[number, kept].astype(int).tolist()),
                array("q", history.rows[number, kept].astype(int).tolist()),
            ),
            heap={name: value for name, value in heap.items() if np.isfinite(value)},
            labels=told,
        )


def _meta(stem: Path) -> Mapping[str, Any]:
    path = stem.with_name(stem.name + META)
    try:
        found = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds no object")
    return found


def _table(stem: Path, suffix: str, needed: Sequence[str]) -> Any:
    path = stem.with_name(stem.name + suffix)
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path} cannot be read as Parquet: {error}") from error
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise UsageError(f"{path} lacks the column {', '.join(missing)}")
    return table


def _numbers(table: Any, name: str) -> NDArray[Any]:
    return np.asarray(table[name].to_numpy())


def _classes(column: Any) -> tuple[list[str], NDArray[np.intp]]:
    """Distinct normalised names, and the place of each row's."""
    encoded = column.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    known: dict[str, int] = {}
    places = [known.setdefault(normalise(name), len(known)) for name in encoded.dictionary.to_pylist()]
    return list(known), np.array(places, np.intp)[encoded.indices.to_numpy(zero_copy_only=False)]


def _counters(stem: Path, times: NDArray[Any]) -> dict[str, Floats]:
    """The counters at each histogram's time; nan where they were not read."""
    if not stem.with_name(stem.name + SAMPLES).exists():
        return {}
    table = _table(stem, SAMPLES, ("t_ms",))
    read = _numbers(table, "t_ms")
    order = np.argsort(read, kind="stable")
    place = np.searchsorted(read[order], times).clip(max=max(len(read) - 1, 0))
    same = read[order][place] == times if len(read) else np.zeros(len(times), bool)
    found = {}
    for name, column in COUNTERS.items():
        if column in table.column_names and len(read):
            values = _numbers(table, column).astype(float)[order][place]
            found[name] = np.where(same, values, np.nan)
    if "loaded" in found and "unloaded" in found:
        found["loaded"] = found["loaded"] - found.pop("unloaded")
    return found


def _survivors(stem: Path) -> dict[str, float] | None:
    if not stem.with_name(stem.name + PROBE).exists():
        return None
    table = _table(stem, PROBE, ("cls", "inst_live"))
    found: dict[str, float] = {}
    for name, count in zip(table["cls"].to_pylist(), table["inst_live"].to_pylist(), strict=True):
        found[normalise(name)] = found.get(normalise(name), 0.0) + float(count or 0)
    return found
