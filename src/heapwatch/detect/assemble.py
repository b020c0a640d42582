"""Histograms as agents and files give them, put into the columns of histories: one a life and a mode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from heapwatch.detect.history import Floats, History
from heapwatch.detect.kinds import application_of
from heapwatch.detect.statistics import or_zero
from heapwatch.model import JvmId, Snapshot

COUNTERS = {
    "young": "young_collections",
    "full": "old_collections",
    "concurrent": "concurrent_collections",
    "eden": "eden_used",
    "old": "old_used",
    "metaspace": "metaspace_used",
    "threads": "threads",
}
"""A detector's name of a counter, and the one in `Snapshot.heap`."""

LOADED = ("loaded_classes", "unloaded_classes")


def counters(heap: Mapping[str, Floats]) -> dict[str, Floats]:
    """A detector's counters from those of `Snapshot.heap`, each a column."""
    return {**{name: heap[counter] for name, counter in COUNTERS.items()}, "loaded": loaded(heap)}


def loaded(heap: Mapping[str, Floats]) -> Floats:
    """Classes that are loaded at each moment: those ever loaded less those unloaded."""
    return heap["loaded_classes"] - or_zero(heap["unloaded_classes"])


def histories(snapshots: Iterable[Snapshot]) -> list[History]:
    """One history an incarnation and mode: a restart or another mode never continues a series."""
    lives: dict[tuple[JvmId, str], list[Snapshot]] = {}
    for snapshot in snapshots:
        lives.setdefault((snapshot.jvm, snapshot.mode), []).append(snapshot)
    return [_history(who, mode, taken) for (who, mode), taken in lives.items()]


def _history(who: JvmId, mode: str, taken: list[Snapshot]) -> History:
    taken.sort(key=lambda snapshot: snapshot.time)
    places: dict[str, int] = {}
    for snapshot in taken:
        for name in snapshot.histogram.classes:
            places.setdefault(name, len(places))
    shape = len(taken), len(places)
    instances, sizes, rows = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for number, snapshot in enumerate(taken):
        own = [places[name] for name in snapshot.histogram.classes]
        instances[number, own] = snapshot.histogram.instances
        sizes[number, own] = snapshot.histogram.bytes
        rows[number, own] = snapshot.histogram.rows
    nan = float("nan")
    labels = taken[-1].labels
    return History(
        host=who.host,
        service=labels.get("service", who.jvm),
        times=np.array([snapshot.time / 1000 for snapshot in taken]),
        classes=list(places),
        instances=instances,
        bytes=sizes,
        rows=rows,
        counters=counters(
            {
                name: np.array([snapshot.heap.get(name, nan) for snapshot in taken])
                for name in (*COUNTERS.values(), *LOADED)
            }
        ),
        mode=mode,
        heap_max=taken[-1].heap.get("heap_max", nan),
        version=labels.get("version", ""),
        application=application_of(labels.get("command", "")),
    )
