"""After a start: what is newest, from the columns into memory."""

from __future__ import annotations

from heapwatch.store.dimensions import Incarnation
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.tables import HEAD, MODES, head, nearest, table
from heapwatch.store.rows import ENDS

HEADS = f"""
SELECT incarnation, mode, {HEAD} FROM snapshot ORDER BY time DESC LIMIT 1 BY incarnation, mode
"""
VALUES = """
SELECT series, max(time) AS newest, toUnixTimestamp64Milli(newest) AS at, argMax(value, time) AS last
FROM sample WHERE time >= fromUnixTimestamp64Milli({since:Int64}) GROUP BY series
"""
NEWEST_SAMPLE = "SELECT toUnixTimestamp64Milli(max(time)) AS at FROM sample"
EXITS = """
SELECT incarnation, toUnixTimestamp64Milli(max(time)) AS at FROM event
WHERE kind IN {kinds:Array(String)} AND incarnation != 0 GROUP BY incarnation
"""
VALUES_MS = 86_400_000


def warm(parts: Parts) -> None:
    """Newest heads, newest values, when each JVM was heard of, and which are known to have ended."""
    jvms, live = parts.names.jvms.by_id, parts.live
    heads = parts.query(HEADS, {})
    for row in range(len(heads)):
        incarnation, mode = int(heads["incarnation"][row]), int(heads["mode"][row])
        live.heads[incarnation, mode] = head(heads, row)
        jvms[incarnation].heard(int(heads["at"][row]))
    since = int(parts.query(NEWEST_SAMPLE, {})["at"][0]) - VALUES_MS
    values = parts.query(VALUES, {"since": since})
    live.values.took(values["series"], values["at"], values["last"])
    for series, at in zip(values["series"].tolist(), values["at"].tolist(), strict=True):
        owner = jvms.get(parts.names.series.by_id[series].incarnation)
        if owner is not None:
            owner.heard(at)
    exits = parts.query(EXITS, {"kinds": list(ENDS)})
    for incarnation, at in zip(exits["incarnation"].tolist(), exits["at"].tolist(), strict=True):
        jvms[incarnation].last_seen = max(jvms[incarnation].last_seen, at)
        if at == jvms[incarnation].last_seen:
            jvms[incarnation].exited = at


BASELINE_MS = 900_000


def warm_tables(parts: Parts, incarnation: Incarnation, mode: int) -> None:
    """The newest snapshot of a JVM and one of a quarter of an hour before, for what grows fastest."""
    newest = parts.live.heads.get((incarnation.id, mode))
    if newest is None or parts.live.table((incarnation.id, mode)) is not None:
        return
    before = nearest(parts, incarnation, MODES[mode], newest.time - BASELINE_MS)
    if before is not None and before.time < newest.time:
        parts.live.warm(
            (incarnation.id, mode),
            table(parts, incarnation, MODES[mode], before.time),
            table(parts, incarnation, MODES[mode], newest.time),
        )
