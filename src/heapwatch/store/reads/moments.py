"""The values of classes at the last snapshot of each bucket, wherever they are kept.

The snapshots that count are found first: the last one of each (incarnation, bucket). A class that such a
snapshot lacks has 0 there; a bucket without a snapshot is null. Buckets of an hour and more that are summed
up already are read from `class_hour`, a row per class and hour; the rest from `class_sample`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from heapwatch.store.dimensions import Incarnation
from heapwatch.store.native import Columns
from heapwatch.store.reads.intervals import Buckets, joined
from heapwatch.store.reads.parts import Parts, ids, places

HOUR_MS = 3_600_000

_LAST = """
    SELECT incarnation, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, {width:Int64}) AS bucket,
           max(time) AS last
    FROM snapshot
    WHERE incarnation IN {incarnations:Array(UInt64)} AND mode = {mode:String}
      AND time >= fromUnixTimestamp64Milli({start:Int64}) AND time < fromUnixTimestamp64Milli({end:Int64})
    GROUP BY incarnation, bucket
"""

SNAPSHOTS = """
SELECT incarnation, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, {width:Int64}) AS bucket,
       count() AS taken, argMax(bytes, time) AS bytes, argMax(instances, time) AS instances
FROM snapshot
WHERE incarnation IN {incarnations:Array(UInt64)} AND mode = {mode:String}
  AND time >= fromUnixTimestamp64Milli({start:Int64}) AND time < fromUnixTimestamp64Milli({end:Int64})
GROUP BY incarnation, bucket
"""

# The key has the hour, not the time, in front of the class: only conditions on the hour find their rows.
# Few rows survive the classes, so those are looked at first.
RAW = """
SELECT @what, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, {width:Int64}) AS bucket,
       sum(instances) AS instances, sum(bytes) AS bytes
FROM class_sample
PREWHERE incarnation IN {incarnations:Array(UInt64)} @classes
     AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({low:Int64}))
     AND toStartOfHour(time) <= toStartOfHour(fromUnixTimestamp64Milli({end:Int64}))
WHERE mode = {mode:String}
  AND time >= fromUnixTimestamp64Milli({low:Int64}) AND time < fromUnixTimestamp64Milli({end:Int64}) @last
GROUP BY @what, bucket
"""

LAST = f"AND (incarnation, time) IN (SELECT incarnation, last FROM ({_LAST}))"

HOURS = f"""
SELECT @what, intDiv(toUnixTimestamp(hour) * 1000 - {{start:Int64}}, {{width:Int64}}) AS bucket,
       sum(last) AS instances, sum(bytes) AS bytes
FROM class_hour FINAL
WHERE incarnation IN {{incarnations:Array(UInt64)}} AND mode = {{mode:String}} @classes
  AND hour >= fromUnixTimestamp(intDiv({{start:Int64}}, 1000))
  AND hour < fromUnixTimestamp(intDiv({{high:Int64}}, 1000))
  AND (incarnation, hour) IN (SELECT incarnation, toStartOfHour(last) FROM ({_LAST}))
GROUP BY @what, bucket
"""

Key = Literal["incarnation", "class", "incarnation, class"]


LARGEST = "SELECT class, max(@by) AS most FROM (@values) GROUP BY class ORDER BY most DESC, class LIMIT @n"


@dataclass(frozen=True)
class Moments:
    """Which buckets of which incarnation have a snapshot, and its totals; nan where there is none."""

    incarnations: list[Incarnation]
    buckets: Buckets
    mode: str
    bytes: NDArray[np.float64]  # a row an incarnation
    instances: NDArray[np.float64]
    every: bool  # no bucket has two, so that every snapshot counts

    def zeros(self) -> NDArray[np.float64]:
        """0 where there is a snapshot, nan elsewhere."""
        return np.where(np.isnan(self.bytes), np.nan, 0.0)


def moments(parts: Parts, incarnations: list[Incarnation], buckets: Buckets, mode: str) -> Moments:
    """Look up the snapshots that count; only incarnations that have some are kept."""
    sizes, instances = buckets.matrix(len(incarnations)), buckets.matrix(len(incarnations))
    every = True
    if incarnations:
        found = parts.query(SNAPSHOTS, _bound(incarnations, buckets, mode))
        if len(found):
            rows = places(found["incarnation"], ids(incarnations))
            sizes[rows, found["bucket"]] = found["bytes"]
            instances[rows, found["bucket"]] = found["instances"]
            every = int(found["taken"].max()) == 1
    some = np.flatnonzero(~np.isnan(sizes).all(axis=1))
    kept = [incarnations[row] for row in some.tolist()]
    return Moments(kept, buckets, mode, sizes[some], instances[some], every)


def values(parts: Parts, found: Moments, what: Key, classes: Sequence[int]) -> list[Columns]:
    """Instances and bytes of some classes by `what` and bucket."""
    queries = _queries(parts, found, what, "AND class IN {classes:Array(UInt64)}")
    answers = [parts.query(sql, {**bound, "classes": list(classes)}) for sql, bound in queries]
    return [answer for answer in answers if len(answer)]


def largest(parts: Parts, found: Moments, by: str, n: int) -> list[int]:
    """The classes with the largest value in any bucket, summed over the incarnations; the largest first."""
    most: dict[int, float] = {}
    for sql, bound in _queries(parts, found, "class", ""):
        ranked = LARGEST.replace("@by", by).replace("@n", str(int(n))).replace("@values", sql)
        answer = parts.query(ranked, bound)
        for id_, value in zip(answer["class"].tolist(), answer["most"].tolist(), strict=True):
            most[id_] = max(value, most.get(id_, 0))
    return sorted(most, key=lambda id_: (-most[id_], id_))[:n]


def _queries(parts: Parts, found: Moments, what: Key, classes: str) -> list[tuple[str, dict[str, Any]]]:
    """What to ask of which table: a bucket is read from one of the two."""
    bound = _bound(found.incarnations, found.buckets, found.mode)
    buckets = found.buckets
    low = buckets.start
    queries = []
    if buckets.width % HOUR_MS == 0:
        low = max(low, min(parts.raw_from(ids(found.incarnations)), buckets.end))
        low -= (low - buckets.start) % buckets.width
        if low > buckets.start:
            queries.append((_sql(HOURS, what, classes, ""), {**bound, "high": low}))
    if low < buckets.end:
        last = "" if found.every else LAST
        queries.append((_sql(RAW, what, classes, last), {**bound, "low": low}))
    return queries


def _sql(text: str, what: Key, classes: str, last: str) -> str:
    return text.replace("@what", what).replace("@classes", classes).replace("@last", last)


def by_incarnation(
    parts: Parts, found: Moments, classes: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Instances and bytes of the classes together: a row an incarnation, a column a bucket."""
    instances, sizes = found.zeros(), found.zeros()
    for answer in values(parts, found, "incarnation", classes):
        rows = places(answer["incarnation"], ids(found.incarnations))
        instances[rows, answer["bucket"]] = answer["instances"]
        sizes[rows, answer["bucket"]] = answer["bytes"]
    return joined(instances), joined(sizes)


def by_class(
    parts: Parts, found: Moments, classes: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `by_incarnation`, with a layer a class: [class, incarnation, bucket]."""
    shape = (len(classes), *found.bytes.shape)
    instances = np.broadcast_to(found.zeros(), shape).copy()
    sizes = instances.copy()
    for answer in values(parts, found, "incarnation, class", classes):
        layers = places(answer["class"], list(classes))
        rows = places(answer["incarnation"], ids(found.incarnations))
        instances[layers, rows, answer["bucket"]] = answer["instances"]
        sizes[layers, rows, answer["bucket"]] = answer["bytes"]
    return joined(instances), joined(sizes)


def summed(values: NDArray[np.float64], axis: int = 0) -> NDArray[np.float64]:
    """The sum of what is known; nan where nothing is."""
    total: NDArray[np.float64] = np.nansum(values, axis=axis)
    total[np.isnan(values).all(axis=axis)] = np.nan
    return total


def _bound(incarnations: Sequence[Incarnation], buckets: Buckets, mode: str) -> dict[str, Any]:
    return {"incarnations": ids(incarnations), "mode": mode, **buckets.parameters}
