"""A batch as series of numbers, for stores that know metrics and no histograms.

    heapwatch.class.instances, .bytes                 of the classes that hold most, with class and mode
    heapwatch.histogram.instances, .bytes, .classes   of the whole histogram, with mode
    heapwatch.jvm.info                                1, with what it is: java, collector, user, container
    jvm.heap.used, ...                                the JVM's counters, as the reference of metrics has them

Such a store has an index entry for each series, and ten thousand classes in each JVM, times two, times each
restart, are more than they are made for: so a histogram is cut to its largest classes.
"""

from __future__ import annotations

from array import array
from dataclasses import replace
from heapq import nlargest
from math import isnan
from typing import Dict, Iterator, List, Mapping, NamedTuple, Tuple

from heapwatch.model import Batch, Histogram, MetricBlock, Snapshot

TOP = 100
"""Classes of a histogram that are sent, unless the setting `top` says otherwise."""

_ABOUT = ("started", "java", "collector", "user", "container")
_LEFT_OUT = ("command",)  # too long for a label

Sample = Tuple[int, float]
"""Epoch ms and value."""


class Numbers(NamedTuple):
    """One series: `facts` say what it is about, without telling it from another."""

    name: str
    labels: Mapping[str, str]
    samples: List[Sample]
    facts: Mapping[str, str] = {}


def largest(histogram: Histogram, top: int) -> Histogram:
    """The `top` classes that hold most bytes, in the order they had; 0 = all."""
    if not 0 < top < len(histogram):
        return histogram
    sizes = histogram.bytes
    places = sorted(nlargest(top, range(len(histogram)), key=sizes.__getitem__))

    def kept(column: array[int]) -> array[int]:
        return array("q", [column[place] for place in places])

    classes = [histogram.classes[place] for place in places]
    return Histogram(classes, kept(histogram.instances), kept(sizes), kept(histogram.rows))


def shortened(batch: Batch, top: int) -> Batch:
    """The batch with the largest classes of each histogram."""
    cut = [replace(each, histogram=largest(each.histogram, top)) for each in batch.snapshots]
    return replace(batch, snapshots=cut)


def series(batch: Batch, top: int = TOP) -> Iterator[Numbers]:
    """All numbers of a batch; events and log messages are none."""
    for snapshot in batch.snapshots:
        yield from _of_snapshot(snapshot, top)
    for block in batch.metrics:
        yield from _of_block(block)


def _of_snapshot(snapshot: Snapshot, top: int) -> Iterator[Numbers]:
    jvm, whole, time = snapshot.jvm, snapshot.histogram, snapshot.time
    identity = {"host": jvm.host, "jvm": jvm.jvm, "pid": str(jvm.pid)}
    facts = {"started": str(jvm.started), **{name: snapshot.labels.get(name, "") for name in _ABOUT[1:]}}
    labels = {**_without_facts(snapshot.labels), **identity}
    yield Numbers("heapwatch.jvm.info", {**labels, **facts}, [(time, 1.0)])
    labels["mode"] = snapshot.mode
    totals = {"instances": whole.total_instances, "bytes": whole.total_bytes, "classes": len(whole)}
    for what, total in totals.items():
        yield Numbers(f"heapwatch.histogram.{what}", labels, [(time, float(total))], facts)
    cut = largest(whole, top)
    for name, instances, size in zip(cut.classes, cut.instances, cut.bytes):
        of_class = {**labels, "class": name}
        yield Numbers("heapwatch.class.instances", of_class, [(time, float(instances))], facts)
        yield Numbers("heapwatch.class.bytes", of_class, [(time, float(size))], facts)


def _of_block(block: MetricBlock) -> Iterator[Numbers]:
    labels = _without_facts(block.labels)
    facts = {name: block.labels[name] for name in _ABOUT if block.labels.get(name)}
    for metric, column in block.values.items():
        name, _, tags = metric.partition(";")
        samples = [(time, value) for time, value in zip(block.times, column) if not isnan(value)]
        if samples:
            yield Numbers(name, {**labels, **_tags(tags)}, samples, facts)


def _without_facts(labels: Mapping[str, str]) -> Dict[str, str]:
    return {name: value for name, value in labels.items() if name not in (*_ABOUT, *_LEFT_OUT)}


def _tags(text: str) -> Dict[str, str]:
    return dict(cell.split("=", 1) for cell in text.split(";") if "=" in cell)
