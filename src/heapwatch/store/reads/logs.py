"""Log messages as they came in, for export. (Questions about them are the query language's.)"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from heapwatch.store.log_sources import LogSource
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.selection import Selection, any_of

AT_ONCE = 5000

# The place of a message is (time, seq): a page begins behind the last one of the page before.
PAGE = """
SELECT toUnixTimestamp64Milli(time) AS at, source, level, text, seq FROM log
WHERE source IN {sources:Array(UInt64)}
  AND time BETWEEN fromUnixTimestamp64Milli({after:Int64}) AND fromUnixTimestamp64Milli({to:Int64})
  AND (time > fromUnixTimestamp64Milli({after:Int64}) OR seq > {seq:UInt64})
ORDER BY time, seq LIMIT {limit:UInt32}
"""


class Message(NamedTuple):
    time: int  # epoch ms
    source: LogSource
    level: str
    text: str


def sources(parts: Parts, selection: Selection) -> list[LogSource]:
    """The log sources that fit; none is no error, since most hosts send no logs."""
    hosts, names = any_of(selection.host), any_of(selection.jvm)
    wanted: dict[str, Any] = {**selection.labels}
    for name in ("pid", "started"):
        if getattr(selection, name) is not None:
            wanted[name] = str(getattr(selection, name))
    return [
        source
        for source in list(parts.names.logs.by_id.values())
        if hosts(source.host)
        and names(source.labels.get("jvm", ""))
        and all(any_of([value])(source.labels.get(name, "")) for name, value in wanted.items())
    ]


def export(parts: Parts, selection: Selection, from_: int, to: int) -> Iterator[Message]:
    """Every message of the range, by time and arrival; a page is in memory at a time."""
    chosen = {source.id: source for source in sources(parts, selection)}
    after, seq = from_, 0
    while chosen:
        found = parts.query(
            PAGE, {"sources": list(chosen), "after": after, "to": to, "seq": seq, "limit": AT_ONCE}
        )
        if not len(found):
            return
        columns = (found["at"].tolist(), found["source"].tolist(), found["level"], found["text"])
        for at, source, level, text in zip(*columns, strict=True):
            yield Message(at, chosen[source], level, text)
        if len(found) < AT_ONCE:
            return
        after, seq = int(found["at"][-1]), int(found["seq"][-1])
