"""The classes that hold most, stacked over time, and all others as one."""

from __future__ import annotations

from typing import Any

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.store.reads.intervals import Buckets, joined, whole
from heapwatch.store.reads.moments import HOUR_MS, Moments, by_class, largest, moments, summed
from heapwatch.store.reads.parts import Parts, framed
from heapwatch.store.reads.selection import Selection

OTHER = "(other)"
LOOKS = 12
"""Snapshots over the range by which classes are ranked, where each would cost reading its hour."""
LONG_MS = 3 * HOUR_MS


def top(parts: Parts, selection: Selection, buckets: Buckets, mode: str, by: str, n: int) -> dict[str, Any]:
    """The n classes with the largest value in the range, summed over the incarnations selected.

    Ranked by what they have at up to 12 snapshots spread over the range (of more than three hours: at the
    end of each hour), so a class that flares up only between those may be missing.
    """
    if by not in ("bytes", "instances"):
        raise UsageError(f"by is bytes or instances, not {by!r}")
    if not 1 <= n <= 100:
        raise UsageError("n is between 1 and 100")
    chosen = selection.among(parts.names.jvms, buckets.start, buckets.end)
    found = moments(parts, chosen, buckets, mode)
    if not found.incarnations:
        return framed(buckets, [], [], "last")
    classes = largest(parts, _looks(found), by, n)
    instances, sizes = by_class(parts, found, classes)
    lines = sizes if by == "bytes" else instances
    lines = np.stack([summed(layer) for layer in lines]) if classes else lines[:, 0]
    other = summed(joined(found.bytes if by == "bytes" else found.instances)) - np.nan_to_num(lines).sum(
        axis=0
    )
    names = parts.names.classes.names
    series = [
        {"labels": {"class": names[each]}, "values": whole(line)}
        for each, line in zip(classes, lines, strict=True)
    ]
    series.append({"labels": {"class": OTHER}, "values": whole(np.maximum(other, 0))})
    return framed(buckets, series, [], "last")


def _looks(found: Moments) -> Moments:
    """The same range in few buckets; by the hour when it is long, since hours are summed up."""
    span = found.buckets.end - found.buckets.start
    width = -(-span // LOOKS)
    start = found.buckets.start
    if span > LONG_MS:
        width = max(HOUR_MS, -(-width // HOUR_MS) * HOUR_MS)
        start -= start % HOUR_MS
    count = -(-(found.buckets.end - start) // width)
    return Moments(
        found.incarnations,
        Buckets(start, width, count),
        found.mode,
        found.bytes,
        found.instances,
        every=False,
    )
