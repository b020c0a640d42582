"""The total of each JVM's heap over time: a line per incarnation."""

from __future__ import annotations

from typing import Any

from heapwatch.store.reads.intervals import Buckets, joined, whole
from heapwatch.store.reads.parts import Parts, framed, ids, places, who
from heapwatch.store.reads.selection import Selection

FIELDS = ("bytes", "instances", "classes")

SQL = """
SELECT incarnation,
       intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, {width:Int64}) AS bucket,
       argMax(bytes, time) AS bytes, argMax(instances, time) AS instances, argMax(classes, time) AS classes
FROM snapshot
WHERE incarnation IN {incarnations:Array(UInt64)} AND mode = {mode:String}
  AND time >= fromUnixTimestamp64Milli({start:Int64}) AND time < fromUnixTimestamp64Milli({end:Int64})
GROUP BY incarnation, bucket
"""


def totals(parts: Parts, selection: Selection, buckets: Buckets, mode: str) -> dict[str, Any]:
    """Bytes, instances and classes of every incarnation that had a histogram in the range."""
    chosen = selection.among(parts.names.jvms, buckets.start, buckets.end)
    if not chosen:
        return framed(buckets, [], [], "last")
    found = parts.query(SQL, {"incarnations": ids(chosen), "mode": mode, **buckets.parameters})
    if not len(found):
        return framed(buckets, [], [], "last")
    rows = places(found["incarnation"], ids(chosen))
    lines = {}
    for field in FIELDS:
        lines[field] = buckets.matrix(len(chosen))
        lines[field][rows, found["bucket"]] = found[field]
        joined(lines[field])
    present = set(rows.tolist())
    series: list[dict[str, Any]] = [
        {
            "labels": {**who(each), "mode": mode},
            "bytes": whole(lines["bytes"][row]),
            "instances": whole(lines["instances"][row]),
            "classes": whole(lines["classes"][row]),
        }
        for row, each in enumerate(chosen)
        if row in present
    ]
    return framed(buckets, series, [], "last")
