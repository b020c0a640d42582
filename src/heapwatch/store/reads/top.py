"""The classes that hold most, stacked over time, and all others as one."""

from __future__ import annotations

from typing import Any

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.store.dimensions import Incarnation
from heapwatch.store.reads.intervals import Buckets, joined, whole
from heapwatch.store.reads.moments import HOUR_MS, Moments, by_class, moments, summed, values
from heapwatch.store.reads.parts import Parts, framed, ids, places
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
    classes = _largest(parts, found, by, n)
    instances, sizes = by_class(parts, found, classes)
    lines = sizes if by == "bytes" else instances
    lines = np.stack([summed(layer) for layer in lines]) if classes else lines[:, 0]
    other = summed(_totals(parts, found, by)) - np.nan_to_num(lines).sum(axis=0)
    names = parts.names.classes.names
    series = [
        {"labels": {"class": names[each]}, "values": whole(line)}
        for each, line in zip(classes, lines, strict=True)
    ]
    series.append({"labels": {"class": OTHER}, "values": whole(np.maximum(other, 0))})
    return framed(buckets, series, [], "last")


def _largest(parts: Parts, found: Moments, by: str, n: int) -> list[int]:
    """Class ids, the largest first."""
    largest: dict[int, float] = {}
    for answer in values(parts, _looks(found), "class", None):
        for id_, value in zip(answer["class"].tolist(), answer[by].tolist(), strict=True):
            if value > largest.get(id_, 0):
                largest[id_] = value
    return sorted(largest, key=lambda id_: (-largest[id_], id_))[:n]


def _looks(found: Moments) -> Moments:
    """The same range in few buckets; by the hour when it is long, since hours are summed up."""
    span = found.buckets.end - found.buckets.start
    width = -(-span // LOOKS)
    start = found.buckets.start
    if span > LONG_MS:
        width = max(HOUR_MS, -(-width // HOUR_MS) * HOUR_MS)
        start -= start % HOUR_MS
    count = -(-(found.buckets.end - start) // width)
    return Moments(found.incarnations, Buckets(start, width, count), found.mode, found.present)


TOTALS = """
SELECT incarnation, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, {width:Int64}) AS bucket,
       argMax(bytes, time) AS bytes, argMax(instances, time) AS instances
FROM snapshot
WHERE incarnation IN {incarnations:Array(UInt64)} AND mode = {mode:String}
  AND time >= fromUnixTimestamp64Milli({start:Int64}) AND time < fromUnixTimestamp64Milli({end:Int64})
GROUP BY incarnation, bucket
"""


def _totals(parts: Parts, found: Moments, by: str) -> Any:
    lines = found.zeros()
    incarnations: list[Incarnation] = found.incarnations
    answer = parts.query(
        TOTALS, {"incarnations": ids(incarnations), "mode": found.mode, **found.buckets.parameters}
    )
    lines[places(answer["incarnation"], ids(incarnations)), answer["bucket"]] = answer[by]
    return joined(lines)
