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

SNAPSHOTS = f"SELECT incarnation, bucket, toUnixTimestamp64Milli(last) AS at FROM ({_LAST})"

RAW = f"""
SELECT @what, intDiv(toUnixTimestamp64Milli(time) - {{start:Int64}}, {{width:Int64}}) AS bucket,
       sum(instances) AS instances, sum(bytes) AS bytes
FROM class_sample
WHERE incarnation IN {{incarnations:Array(UInt64)}} AND mode = {{mode:String}} @classes
  AND time >= fromUnixTimestamp64Milli({{low:Int64}}) AND time < fromUnixTimestamp64Milli({{end:Int64}})
  AND (incarnation, time) IN (SELECT incarnation, last FROM ({_LAST}))
GROUP BY @what, bucket
"""

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


@dataclass(frozen=True)
class Moments:
    """Which buckets of which incarnation have a snapshot."""

    incarnations: list[Incarnation]
    buckets: Buckets
    mode: str
    present: NDArray[np.bool_]  # a row an incarnation

    def zeros(self) -> NDArray[np.float64]:
        """0 where there is a snapshot, nan elsewhere."""
        return np.where(self.present, 0.0, np.nan)


def moments(parts: Parts, incarnations: list[Incarnation], buckets: Buckets, mode: str) -> Moments:
    """Look up the snapshots that count; only incarnations that have some are kept."""
    present = np.zeros((len(incarnations), buckets.count), bool)
    if incarnations:
        found = parts.query(SNAPSHOTS, _bound(incarnations, buckets, mode))
        if len(found):
            present[places(found["incarnation"], ids(incarnations)), found["bucket"]] = True
    some = np.flatnonzero(present.any(axis=1))
    kept = [incarnations[row] for row in some.tolist()]
    return Moments(kept, buckets, mode, present[some])


def values(parts: Parts, found: Moments, what: Key, classes: Sequence[int] | None) -> list[Columns]:
    """Instances and bytes by `what` and bucket, of some classes or of all."""
    bound = _bound(found.incarnations, found.buckets, found.mode)
    chosen = "AND class IN {classes:Array(UInt64)}" if classes is not None else ""
    if classes is not None:
        bound["classes"] = list(classes)
    buckets = found.buckets
    low = buckets.start
    answers = []
    if buckets.width % HOUR_MS == 0:
        low = max(low, min(parts.raw_from(ids(found.incarnations)), buckets.end))
        low -= (low - buckets.start) % buckets.width  # a bucket is read from one of the two
        if low > buckets.start:
            answers.append(parts.query(_sql(HOURS, what, chosen), {**bound, "high": low}))
    if low < buckets.end:
        answers.append(parts.query(_sql(RAW, what, chosen), {**bound, "low": low}))
    return [answer for answer in answers if len(answer)]


def _sql(text: str, what: Key, classes: str) -> str:
    return text.replace("@what", what).replace("@classes", classes)


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
    shape = (len(classes), *found.present.shape)
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
