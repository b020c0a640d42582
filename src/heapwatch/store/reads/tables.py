"""Whole snapshots: finding the one nearest to a time, and its classes."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from heapwatch.model import HEAP_COUNTERS
from heapwatch.store.dimensions import Incarnation
from heapwatch.store.live import Head, Table
from heapwatch.store.native import Columns
from heapwatch.store.reads.intervals import number
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.selection import Selection
from heapwatch.store.rows import mode_number

MODES = ("all", "live")
HEAD = ", ".join(
    [
        "toUnixTimestamp64Milli(time) AS at",
        "bytes",
        "instances",
        "classes",
        "pause_ms",
        "duration_ms",
        *HEAP_COUNTERS,
    ]
)

NEAREST = f"""
SELECT {HEAD} FROM snapshot
WHERE incarnation = {{incarnation:UInt64}} AND mode = {{mode:String}}
  AND time >= fromUnixTimestamp64Milli({{low:Int64}}) AND time <= fromUnixTimestamp64Milli({{high:Int64}})
ORDER BY abs(at - {{at:Int64}}), at LIMIT 1
"""
NEAR_MS = (300_000, 86_400_000, 1 << 42)
"""How far around a time it is looked for one: histograms are minutes apart, but JVMs have pauses."""

CLASSES = """
SELECT class, instances, bytes, rows FROM class_sample
WHERE incarnation = {incarnation:UInt64} AND mode = {mode:String}
  AND time = fromUnixTimestamp64Milli({at:Int64})
  AND toStartOfHour(time) = toStartOfHour(fromUnixTimestamp64Milli({at:Int64}))
"""


def one_with_histograms(parts: Parts, selection: Selection, at: int, mode: str) -> Incarnation:
    """The one incarnation that lived at a time or nearest to it; one that has histograms, if any has."""
    heads, number_ = parts.live.heads, mode_number(mode)
    return selection.one(parts.names.jvms, at, lambda each: (each.id, number_) in heads)


def nearest(parts: Parts, incarnation: Incarnation, mode: str, at: int) -> Head | None:
    """The head of the snapshot whose time is nearest to `at`; the earlier of two."""
    newest = parts.live.heads.get((incarnation.id, mode_number(mode)))
    if newest is None or newest.time <= at:
        return newest
    bound = {"incarnation": incarnation.id, "mode": mode, "at": at}
    for around in NEAR_MS:
        found = parts.query(NEAREST, {**bound, "low": max(0, at - around), "high": at + around})
        if len(found):
            return head(found, 0)
    return None


def head(found: Columns, row: int) -> Head:
    heap = {name: float(found[name][row]) for name in HEAP_COUNTERS}
    return Head(
        int(found["at"][row]),
        int(found["bytes"][row]),
        int(found["instances"][row]),
        int(found["classes"][row]),
        float(found["pause_ms"][row]),
        float(found["duration_ms"][row]),
        {name: value for name, value in heap.items() if value == value},
    )


def table(parts: Parts, incarnation: Incarnation, mode: str, time: int) -> Table:
    """All classes of the snapshot taken at exactly this time."""
    newest = parts.live.table((incarnation.id, mode_number(mode)))
    if newest is not None and newest.time == time:
        return newest
    found = parts.query(CLASSES, {"incarnation": incarnation.id, "mode": mode, "at": time})
    order = np.argsort(found["class"])
    return Table(
        time,
        found["class"][order],
        found["instances"][order].astype(np.int64),
        found["bytes"][order].astype(np.int64),
        found["rows"][order],
    )


def spoken(head: Head | None, mode: str) -> dict[str, Any] | None:
    """A head for JSON."""
    if head is None:
        return None
    return {
        "time": head.time,
        "bytes": head.bytes,
        "instances": head.instances,
        "classes": head.classes,
        "pause_ms": number(head.pause_ms),
        "duration_ms": number(head.duration_ms),
        "mode": mode,
        "heap": {name: head.heap.get(name, nan) for name in HEAP_COUNTERS if name in head.heap},
    }
