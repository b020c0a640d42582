"""What happened: starts, ends, deploys, alerts."""

from __future__ import annotations

from typing import Any

from heapwatch.store.dimensions import NOBODY
from heapwatch.store.reads.parts import Parts, ids
from heapwatch.store.reads.selection import Selection, any_of

SQL = """
SELECT toUnixTimestamp64Milli(time) AS at, incarnation, kind, text, labels FROM event FINAL
WHERE time >= fromUnixTimestamp64Milli({from:Int64}) AND time <= fromUnixTimestamp64Milli({to:Int64})
  AND incarnation IN {incarnations:Array(UInt64)}
ORDER BY time DESC LIMIT {limit:UInt64}
"""


def events(parts: Parts, selection: Selection, from_: int, to: int, limit: int) -> dict[str, Any]:
    """The newest events of the range, oldest first: of the JVMs selected, and of their hosts."""
    chosen = ids(selection.among(parts.names.jvms))
    if selection.pid is None:
        chosen.append(NOBODY)
    found = parts.query(SQL, {"from": from_, "to": to, "incarnations": chosen, "limit": limit})
    hosts, jvms = any_of(selection.host), any_of(selection.jvm)
    rows = [
        {"time": time, "kind": kind, "labels": labels, "text": text}
        for time, incarnation, kind, text, labels in zip(
            found["at"].tolist(),
            found["incarnation"].tolist(),
            found["kind"],
            found["text"],
            found["labels"],
            strict=True,
        )
        if incarnation or (hosts(labels.get("host", "")) and jvms(labels.get("jvm", "")))
    ]
    return {"events": rows[::-1]}
