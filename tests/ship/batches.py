"""Small batches that tests can tell apart."""

from __future__ import annotations

import math
from array import array

from heapwatch.model import Batch, Event, Histogram, JvmId, MetricBlock, Snapshot


def batch(sequence: int, agent: str = "agent-1") -> Batch:
    """A snapshot of two classes, a block of one metric and an event, all at second `sequence`."""
    time = sequence * 1000
    histogram = Histogram(
        ["byte[]", "shop.Cart$Item"],
        array("q", [5, sequence]),
        array("q", [96, 24 * sequence]),
        array("q", [1, 2]),
    )
    jvm = JvmId("web1", "shop", 4711, 500)
    return Batch(
        agent,
        sequence,
        [Snapshot(jvm, time, "all", histogram, 8.5, 12.25, {"old_used": 1e6}, {"env": "prod"})],
        [MetricBlock({"host": "web1"}, array("q", [time]), {"jvm.heap.used": array("d", [math.nan])})],
        [Event(time, "start", {"host": "web1"}, "shop started")],
    )
