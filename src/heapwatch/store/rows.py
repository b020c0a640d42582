"""Snapshots and events as columns of their tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.model import HEAP_COUNTERS, LIVE, Event, Snapshot
from heapwatch.store.ids import Ids
from heapwatch.store.live import Head, Table
from heapwatch.store.native import LABELS, MODE, TIME, Column

ENDS = ("exit", "oom")
"""Kinds of events after which nothing more is expected of a JVM."""
OF_US = ("leak", "run")
"""Kinds of events that we say of a JVM: it was not heard, and their labels are not its own."""


@dataclass(frozen=True)
class Prepared:
    """A snapshot with its numbers for names, ready to be written."""

    incarnation: int
    mode: int
    head: Head
    table: Table

    @property
    def key(self) -> tuple[int, int, int]:
        return self.incarnation, self.head.time, self.mode


def mode_number(mode: str) -> int:
    return 1 if mode == LIVE else 0


def prepared(snapshot: Snapshot, incarnation: int, classes: NDArray[Any]) -> Prepared:
    """The snapshot with its class ids, sorted by them: the order of the table."""
    histogram = snapshot.histogram
    order = np.argsort(classes)
    instances, sizes, rows = (
        np.frombuffer(column, np.int64)[order] if len(column) else np.empty(0, np.int64)
        for column in (histogram.instances, histogram.bytes, histogram.rows)
    )
    head = Head(
        snapshot.time,
        int(sizes.sum()),
        int(instances.sum()),
        len(histogram),
        nan if snapshot.pause is None else snapshot.pause,
        nan if snapshot.duration is None else snapshot.duration,
        {name: value for name, value in snapshot.heap.items() if name in HEAP_COUNTERS},
    )
    table = Table(snapshot.time, classes[order], instances, sizes, rows.astype(np.uint32))
    return Prepared(incarnation, mode_number(snapshot.mode), head, table)


def class_samples(snapshots: Sequence[Prepared], ids: Ids) -> list[Column]:
    """All classes of all snapshots, one row each."""
    lengths = [len(each.table) for each in snapshots]
    instances = np.concatenate([each.table.instances for each in snapshots])
    sizes = np.concatenate([each.table.bytes for each in snapshots])
    unit = sizes // np.maximum(instances, 1)
    unit[instances == 0] = 0
    return [
        Column("time", TIME, np.repeat(np.array([each.head.time for each in snapshots], np.int64), lengths)),
        Column(
            "incarnation", ids.type, np.repeat(ids.array(each.incarnation for each in snapshots), lengths)
        ),
        Column("class", ids.type, np.concatenate([each.table.classes for each in snapshots])),
        Column("mode", MODE, np.repeat(np.array([each.mode for each in snapshots], np.int8), lengths)),
        Column("instances", "UInt64", instances.astype(np.uint64)),
        Column("unit", "UInt64", unit.astype(np.uint64)),
        Column("rest", "UInt64", (sizes - unit * instances).astype(np.uint64)),
        Column("rows", "UInt32", np.concatenate([each.table.rows for each in snapshots])),
    ]


def snapshot_rows(snapshots: Sequence[Prepared], ids: Ids) -> list[Column]:
    """The head of each snapshot."""
    heads = [each.head for each in snapshots]

    def floats(values: Iterable[float]) -> NDArray[np.float64]:
        return np.fromiter(values, np.float64)

    return [
        Column("time", TIME, np.array([head.time for head in heads], np.int64)),
        Column("incarnation", ids.type, ids.array(each.incarnation for each in snapshots)),
        Column("mode", MODE, np.array([each.mode for each in snapshots], np.int8)),
        Column("classes", "UInt32", np.array([head.classes for head in heads], np.uint32)),
        Column("instances", "UInt64", np.array([head.instances for head in heads], np.uint64)),
        Column("bytes", "UInt64", np.array([head.bytes for head in heads], np.uint64)),
        Column("pause_ms", "Float64", floats(head.pause_ms for head in heads)),
        Column("duration_ms", "Float64", floats(head.duration_ms for head in heads)),
        *(
            Column(name, "Float64", floats(head.heap.get(name, nan) for head in heads))
            for name in HEAP_COUNTERS
        ),
    ]


def event_rows(events: Sequence[tuple[int, Event]], ids: Ids) -> list[Column]:
    """Events with their incarnations; the labels' text is a part of the key, so that replays collapse."""
    return [
        Column("time", TIME, np.array([event.time for _, event in events], np.int64)),
        Column("incarnation", ids.type, ids.array(incarnation for incarnation, _ in events)),
        Column("kind", "String", [event.kind for _, event in events]),
        Column("text", "String", [event.text for _, event in events]),
        Column(
            "labels_key",
            "String",
            [json.dumps(event.labels, sort_keys=True, ensure_ascii=False) for _, event in events],
        ),
        Column("labels", LABELS, [event.labels for _, event in events]),
    ]
