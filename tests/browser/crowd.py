"""Thousands of JVMs that say little each: what a screen of rows must stand."""

from __future__ import annotations

from array import array

from heapwatch.model import ALL, Batch, Histogram, JvmId, MetricBlock, Snapshot

from .scene import MIB, block_labels


def crowd(now: int, count: int) -> Batch:
    """Very many JVMs with one small histogram each."""
    small = Histogram(
        ["byte[]", "java.lang.String"], array("q", [10, 20]), array("q", [1000, 480]), array("q", [1, 1])
    )
    taken, blocks = [], []
    for number in range(count):
        who = JvmId(f"host-{number // 4:04}", f"service-{number % 37:02}", 100 + number, now - 3_600_000)
        taken.append(
            Snapshot(who, now - 1000, ALL, small, 2.0, 3.0, {}, {"service": f"s{number % 37}", "env": "test"})
        )
        column = array("d", [float((number * 7919) % 900) * MIB])
        blocks.append(MetricBlock(block_labels(who), array("q", [now - 1000]), {"jvm.heap.used": column}))
    return Batch("agent:crowd", 1, snapshots=taken, metrics=blocks)
