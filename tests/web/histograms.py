"""Histogram texts and batches as tests send them."""

from __future__ import annotations

import time
from array import array

from heapwatch.model import Batch, Event, Histogram, JvmId, MetricBlock, Snapshot

HEADER = "\n num     #instances         #bytes  class name (module)\n" + "-" * 55 + "\n"


def text(rows: dict[str, tuple[int, int]], pid: int | None = None) -> str:
    """As jmap -histo prints it, or jcmd with its pid line."""
    lines = [
        f"{number:4d}: {count:13d}  {size:13d}  {name}\n"
        for number, (name, (count, size)) in enumerate(rows.items(), 1)
    ]
    total = [sum(column) for column in zip(*rows.values(), strict=True)] or [0, 0]
    head = f"{pid}:" if pid is not None else ""
    return head + HEADER + "".join(lines) + f"Total {total[0]:13d}  {total[1]:13d}\n"


ROWS = {
    "[B (java.base@17)": (1200, 96_000),
    "java.lang.String (java.base@17)": (900, 21_600),
    "shop.Cart$Item": (40, 1280),
}
TEXT = text(ROWS)


def now() -> int:
    return int(time.time() * 1000)


def snapshot(when: int, host: str = "web1", jvm: str = "shop", pid: int = 4711, leak: int = 40) -> Snapshot:
    """Three classes, of which one leaks."""
    histogram = Histogram(
        ["byte[]", "java.lang.String", "shop.Cart$Item"],
        array("q", [1200, 900, leak]),
        array("q", [96_000, 21_600, 32 * leak]),
        array("q", [1, 1, 1]),
        {"byte[]": "java.base", "java.lang.String": "java.base"},
    )
    heap = {"heap_used": 5e7, "heap_max": 2e8, "old_used": 3e7}
    return Snapshot(
        JvmId(host, jvm, pid, 1_790_000_000_000), when, "all", histogram, 8.5, 12.0, heap, {"env": "prod"}
    )


def batch(
    sequence: int, when: int | None = None, agent: str = "agent-1", host: str = "web1", leak: int = 40
) -> Batch:
    """One snapshot, two metrics and now and then an event."""
    moment = when if when is not None else now()
    labels = {"host": host, "jvm": "shop", "pid": "4711", "started": "1790000000000"}
    values = {"jvm.heap.used": array("d", [5e7]), "jvm.heap.after_gc": array("d", [3e7 + 1000 * leak])}
    events = [Event(moment, "start", labels, "shop started")] if sequence == 1 else []
    return Batch(
        agent,
        sequence,
        [snapshot(moment, host, leak=leak)],
        [MetricBlock(labels, array("q", [moment]), values)],
        events,
    )
