"""What was found, for /metrics: the largest classes of each JVM, and what leaks. Off unless asked for.

Bounded, for every class is a series there: `n` classes a JVM that lives, and no more than MOST_CLASSES and
MOST_LEAKS in all; what is left out is counted. Names and labels stay as they are: rules rely on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from prometheus_client.core import GaugeMetricFamily, Metric

from heapwatch.model import JvmId
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.monitor.records import Record
from heapwatch.store.dimensions import Incarnation
from heapwatch.store.rows import mode_number
from heapwatch.web.figures import gauge, labelled

if TYPE_CHECKING:
    from heapwatch.store import Store

MOST_CLASSES = 5000
MOST_LEAKS = 1000
SILENT_MS = 900_000
"""A JVM of which nothing is heard for so long is not shown any more."""

JVM = ["host", "jvm", "pid"]
LEAK = ["leak", "service", "class", *JVM, "state", "acknowledged"]


def of_classes(store: Store, n: int) -> Iterator[Metric]:
    """The `n` classes with most bytes of the newest histogram of all objects of each JVM."""
    parts = store.parts
    sizes = GaugeMetricFamily(
        "heapwatch_class_bytes", "Shallow bytes of a JVM's largest classes", labels=[*JVM, "class"]
    )
    counts = GaugeMetricFamily(
        "heapwatch_class_instances", "Instances of a JVM's largest classes", labels=[*JVM, "class"]
    )
    left_out, shown = 0, 0
    number = mode_number("all")
    for each in _living(list(parts.names.jvms.by_id.values()), parts.clock()):
        table = parts.live.table((each.id, number))
        if table is None or shown >= MOST_CLASSES:
            left_out += (each.id, number) in parts.live.heads
            continue
        largest = np.argsort(-table.bytes, kind="stable")[: min(n, MOST_CLASSES - shown)]
        shown += len(largest)
        who = [each.who.host, each.who.jvm, str(each.who.pid)]
        for place in largest.tolist():
            told = [*who, parts.names.classes.names[int(table.classes[place])]]
            sizes.add_metric(told, float(table.bytes[place]))
            counts.add_metric(told, float(table.instances[place]))
    yield sizes
    yield counts
    yield gauge("heapwatch_class_jvms_left_out", "JVMs whose classes are not shown here", left_out)


def _living(known: list[Incarnation], now: int) -> list[Incarnation]:
    """The newest life of each process that was heard of lately."""
    newest: dict[tuple[str, str, int], Incarnation] = {}
    for each in known:
        if each.exited or each.last_seen < now - SILENT_MS:
            continue
        name = each.who.host, each.who.jvm, each.who.pid
        if name not in newest or newest[name].who.started < each.who.started:
            newest[name] = each
    return [newest[name] for name in sorted(newest)]


def of_leaks(watch: LeakWatch, now: int) -> Iterator[Metric]:
    """What is suspected or confirmed to leak, on each JVM where it grows."""
    growth = GaugeMetricFamily(
        "heapwatch_leak_bytes_per_hour", "Shallow bytes that a leak adds in an hour", labels=LEAK
    )
    end = GaugeMetricFamily(
        "heapwatch_leak_exhaustion_seconds",
        "Seconds until what a leak fills is full, at the growth of now",
        labels=[*LEAK, "resource"],
    )
    found: list[tuple[Record, Mapping[str, Any]]] = [
        (record, jvm) for record in watch.records() if record.is_open for jvm in record.told["jvms"]
    ]
    newest = {who: each.newest for who, each in watch.watched().items()}
    for record, jvm in found[:MOST_LEAKS]:
        told = _labels(record, jvm)
        per_hour = float(jvm["rate_per_s"]) * float(jvm["bytes_per_leak"]) * 3600
        growth.add_metric(told, per_hour)
        ends = jvm.get("exhaustion")
        if ends:
            judged = newest.get(JvmId(*(jvm[name] for name in JvmId._fields)), now)
            left = max(0.0, float(ends["in_s"]) - (now - judged) / 1000)
            end.add_metric([*told, str(ends["resource"])], left)
    yield growth
    yield end
    states = GaugeMetricFamily("heapwatch_leaks", "Leaks by state", labels=["state"])
    counts = {"suspect": 0, "confirmed": 0}
    for record in watch.records():
        if record.is_open:
            counts[record.state] += 1
    yield labelled(states, [((state,), number) for state, number in counts.items()])
    left_out = max(0, len(found) - MOST_LEAKS)
    yield gauge("heapwatch_leaks_left_out", "Leaks on JVMs that are not shown here", left_out)


def _labels(record: Record, jvm: Mapping[str, Any]) -> list[str]:
    seen = "yes" if record.acknowledged else "no"
    service, root = str(record.told["service"]), str(record.told["class"])
    who = [str(jvm["host"]), str(jvm["jvm"]), str(jvm["pid"])]
    return [record.id, service, root, *who, record.state, seen]
