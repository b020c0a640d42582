"""`heapwatch ps`"""

from __future__ import annotations

import time
from typing import Any, Mapping

from heapwatch import human
from heapwatch.cli.options import TABLE, Seconds, TableOutput
from heapwatch.cli.output import Column, growth_paint, number, write
from heapwatch.cli.reach import obstacle
from heapwatch.errors import HeapwatchError, Unreadable
from heapwatch.jvm import counters, perfdata, process
from heapwatch.jvm.discover import discover
from heapwatch.model import Target

COLUMNS = [
    number("pid", "PID", str),
    Column("name", "NAME", elastic=True),
    Column("user", "USER", rank=3),
    number("age_s", "UP", human.duration, rank=4),
    Column("java", "JAVA", rank=2),
    Column("collector", "GC"),
    number("heap_used", "HEAP", human.size),
    number("heap_max", "MAX", human.size),
    number("gc_load", "GC LOAD", human.share),
    number("growth_per_min", "OLD/MIN", human.size_change, rank=1, paint=growth_paint),
    Column("container", "CONTAINER", rank=5),
    Column("attachable", "HISTO", lambda value: "yes" if value else "no"),
]

JSON_KEYS = (
    "pid", "name", "user", "started", "age_s", "java", "collector", "heap_used", "heap_committed", "heap_max",
    "old_used", "gc_load", "growth_per_min", "threads", "rss", "container", "command", "labels",
    "attachable", "why_not",
)  # fmt: skip


def ps(name: str | None = None, /, *, for_: Seconds = 0.0, output: TableOutput = TABLE) -> int:
    """List the JVMs of this machine.

    Reads what every JVM keeps for free; none of them is stopped or attached to.
    GC LOAD is the share of time spent collecting, since the start or during
    --for. With --for, OLD/MIN is how fast the old generation grew meanwhile.
    HISTO says whether histograms can be taken; if not, why is said below.

    For example:

        heapwatch ps
        heapwatch ps --for 10s
        heapwatch ps shop -o json

    Parameters
    ----------
    name
        Only JVMs with this in their name, command or pid.
    for_
        Read twice, this long apart, and show what changed.
    """
    targets = [target for target in discover() if name is None or _fits(target, name)]
    before = {target.pid: _reading(target) for target in targets} if for_ else {}
    if for_ and targets:
        time.sleep(for_)
    rows = [_row(target, _reading(target), before.get(target.pid)) for target in targets]
    if output.kind == "json":
        write([Column(key, key) for key in JSON_KEYS], rows, "json")
        return 0
    if not rows and output.kind == "table":
        print("no JVM runs here" if name is None else f"no JVM here has {name!r} in its name or command")
        return 0
    closed = [f"{row['pid']}: {row['why_not']}" for row in rows if row["why_not"]]
    write(COLUMNS, rows, output.kind, foot=["", *closed] if closed else [])
    return 0


def _fits(target: Target, text: str) -> bool:
    return text.lower() in f"{target.pid} {target.name} {target.command}".lower()


class _Reading:
    """What one JVM's counters say at one moment; empty when they are closed to us."""

    def __init__(self, heap: Mapping[str, float], gc_ms: float | None, why_not: str) -> None:
        self.at = time.monotonic()
        self.heap = heap
        self.gc_ms = gc_ms
        self.why_not = why_not


def _reading(target: Target) -> _Reading:
    try:
        with perfdata.open_for(target) as file:
            raw = file.read()
    except (perfdata.NoPerfData, Unreadable) as error:
        return _Reading({}, None, str(error))
    spent = [ms for name, ms in counters.metrics(raw).items() if name.startswith("jvm.gc.time_ms")]
    return _Reading(counters.heap_counters(raw), sum(spent) if spent else None, "")


def _row(target: Target, now: _Reading, before: _Reading | None) -> dict[str, Any]:
    age = process.age_s(target.start_ticks)
    why_not = obstacle(target)
    return {
        "pid": target.pid,
        "name": target.name,
        "user": target.user,
        "started": target.started,
        "age_s": round(age, 1),
        "java": target.java_version or None,
        "collector": target.collector or None,
        # JDK 25's Parallel and Serial count only at a collection: before the first one they say 0.
        "heap_used": _whole(now.heap.get("heap_used")) or None,
        "heap_committed": _whole(now.heap.get("heap_committed")),
        "heap_max": _whole(now.heap.get("heap_max")),
        "old_used": _whole(now.heap.get("old_used")),
        "threads": _whole(now.heap.get("threads")),
        "gc_load": _load(now, before, age),
        "growth_per_min": _growth(now, before),
        "rss": _rss(target),
        "container": target.container or None,
        "command": target.command,
        "labels": dict(target.labels),
        "attachable": not why_not,
        "why_not": why_not or now.why_not or None,
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _load(now: _Reading, before: _Reading | None, age: float) -> float | None:
    """The share of wall time spent in collections, since `before` or since the start."""
    if now.gc_ms is None:
        return None
    if before is None or before.gc_ms is None:
        return now.gc_ms / 1000 / age if age > 0 else None
    return (now.gc_ms - before.gc_ms) / 1000 / (now.at - before.at)


def _growth(now: _Reading, before: _Reading | None) -> float | None:
    if before is None or "old_used" not in now.heap or "old_used" not in before.heap:
        return None
    return (now.heap["old_used"] - before.heap["old_used"]) / (now.at - before.at) * 60


def _rss(target: Target) -> int | None:
    try:
        return process.status(target.pid).rss
    except (HeapwatchError, OSError):
        return None
