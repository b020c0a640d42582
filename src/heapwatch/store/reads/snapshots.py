"""The histograms of a range, one of them whole, and all of them for export."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from math import isnan
from typing import Any

import numpy as np

from heapwatch.jvm.histogram import render
from heapwatch.model import HEAP_COUNTERS, Histogram, Snapshot
from heapwatch.store.dimensions import Incarnation
from heapwatch.store.errors import NoSnapshot
from heapwatch.store.live import Head, Table
from heapwatch.store.reads.intervals import floats
from heapwatch.store.reads.parts import Parts, ids, who
from heapwatch.store.reads.selection import Selection
from heapwatch.store.reads.tables import HEAD, MODES, head, nearest, one_with_histograms, spoken, table

LIST = f"""
SELECT incarnation, mode, {HEAD} FROM snapshot
WHERE incarnation IN {{incarnations:Array(UInt64)}}
  AND time >= fromUnixTimestamp64Milli({{from:Int64}}) AND time <= fromUnixTimestamp64Milli({{to:Int64}})
  AND mode IN {{modes:Array(String)}}
ORDER BY time {{order}}, incarnation LIMIT {{limit:UInt64}}
"""
EXPORT_HEADS = 1000
NUMBERS = ("bytes", "instances", "classes")
MEASURES = ("pause_ms", "duration_ms", *HEAP_COUNTERS)


def snapshots(
    parts: Parts, selection: Selection, from_: int, to: int, mode: str, limit: int
) -> dict[str, Any]:
    """The histograms of the range, newest first."""
    chosen = selection.among(parts.names.jvms, from_, to)
    found = _list(parts, chosen, from_, to, mode, limit, "DESC")
    owners = [parts.names.jvms.by_id[each].who for each in found["incarnation"].tolist()]
    return {
        "columns": {
            "time": found["at"].tolist(),
            "host": [each.host for each in owners],
            "jvm": [each.jvm for each in owners],
            "pid": [each.pid for each in owners],
            "started": [each.started for each in owners],
            "mode": [MODES[each] for each in found["mode"].tolist()],
            **{name: found[name].tolist() for name in NUMBERS},
            **{name: floats(found[name]) for name in MEASURES},
        }
    }


def snapshot(parts: Parts, selection: Selection, at: int, mode: str) -> dict[str, Any]:
    """The histogram nearest to a time, whole, largest class first."""
    incarnation, found = _nearest(parts, selection, at, mode)
    rows = table(parts, incarnation, mode, found.time)
    order = np.lexsort((rows.classes, -rows.bytes))
    names = parts.names.classes
    classes = rows.classes[order].tolist()
    return {
        **who(incarnation),
        **(spoken(found, mode) or {}),
        "labels": incarnation.labels,
        "columns": {
            "class": [names.names[each] for each in classes],
            "package": [names.packages[each] for each in classes],
            "kind": [names.kinds[each] for each in classes],
            "rows": rows.rows[order].tolist(),
            "instances": rows.instances[order].tolist(),
            "bytes": rows.bytes[order].tolist(),
        },
    }


def snapshot_text(parts: Parts, selection: Selection, at: int, mode: str) -> str:
    """The same as `jmap -histo` prints it."""
    return render(stored_snapshot(parts, selection, at, mode).histogram)


def stored_snapshot(parts: Parts, selection: Selection, at: int, mode: str) -> Snapshot:
    """The same as the noun that came in."""
    incarnation, found = _nearest(parts, selection, at, mode)
    return _noun(parts, incarnation, mode, found, table(parts, incarnation, mode, found.time))


def export(parts: Parts, selection: Selection, from_: int, to: int, mode: str) -> Iterator[Snapshot]:
    """Every histogram of the range, by time; one is in memory at a time."""
    chosen = selection.among(parts.names.jvms, from_, to)
    after = from_
    while chosen:
        found = _list(parts, chosen, after, to, mode, EXPORT_HEADS, "ASC")
        times = found["at"].tolist()
        last = len(times) if len(times) < EXPORT_HEADS else times.index(times[-1])
        for row in range(last or len(times)):
            incarnation = parts.names.jvms.by_id[int(found["incarnation"][row])]
            kind, each = MODES[found["mode"][row]], head(found, row)
            yield _noun(parts, incarnation, kind, each, table(parts, incarnation, kind, each.time))
        if len(times) < EXPORT_HEADS:
            return
        after = times[-1] if last else times[-1] + 1


def _nearest(parts: Parts, selection: Selection, at: int, mode: str) -> tuple[Incarnation, Head]:
    incarnation = one_with_histograms(parts, selection, at, mode)
    found = nearest(parts, incarnation, mode, at)
    if found is None:
        host, jvm, pid, _ = incarnation.who
        raise NoSnapshot(f"no histogram (mode {mode}) of {jvm} on {host} (pid {pid}) in the store", [])
    return incarnation, found


def _list(
    parts: Parts, chosen: list[Incarnation], from_: int, to: int, mode: str, limit: int, order: str
) -> Any:
    return parts.query(
        LIST.replace("{order}", order),
        {
            "incarnations": ids(chosen),
            "from": from_,
            "to": to,
            "modes": [mode] if mode else list(MODES),
            "limit": limit,
        },
    )


def _noun(parts: Parts, incarnation: Incarnation, mode: str, found: Head, rows: Table) -> Snapshot:
    names = parts.names.classes.names
    return Snapshot(
        incarnation.who,
        found.time,
        mode,
        Histogram(
            [names[each] for each in rows.classes.tolist()],
            array("q", rows.instances.tolist()),
            array("q", rows.bytes.tolist()),
            array("q", rows.rows.tolist()),
        ),
        None if isnan(found.pause_ms) else found.pause_ms,
        None if isnan(found.duration_ms) else found.duration_ms,
        dict(found.heap),
        dict(incarnation.labels),
    )
