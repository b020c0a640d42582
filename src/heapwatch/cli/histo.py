"""`heapwatch histo PID|NAME`"""

from __future__ import annotations

import sys
import time
from math import inf
from typing import Annotated, Literal

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli import complete
from heapwatch.cli.growth import ClassRow, arranged, rows
from heapwatch.cli.options import RAW, RawOutput
from heapwatch.cli.output import Column, number, plain, write
from heapwatch.cli.visit import MAX_PAUSE_MS, Visitor, ask_leave
from heapwatch.errors import UsageError
from heapwatch.jvm import histogram, names
from heapwatch.jvm.budget import Limits
from heapwatch.jvm.discover import find
from heapwatch.model import ALL, LIVE, Snapshot

COLUMNS = [
    number("rank", "", str),
    number("instances", "INSTANCES", human.count),
    number("bytes", "BYTES", human.size),
    number("share", "SHARE", human.share),
    Column("class", "CLASS", elastic=True),
    Column("module", "MODULE", rank=2),
    number("loaders", "LOADERS", plain, rank=1),
]


def histo(
    jvm: Annotated[str, Parameter(completer=complete.jvms_here)],
    /,
    *,
    all_: bool = False,
    live: bool = False,
    top: Annotated[int, Parameter(alias="-n")] = 25,
    sort: Literal["bytes", "instances", "class"] = "bytes",
    filter: str | None = None,  # noqa: A002 - the word of the command line
    yes: bool = False,
    allow_pause: bool = False,
    max_pause: float = MAX_PAUSE_MS,
    output: RawOutput = RAW,
) -> int:
    """Print the classes that take most of a heap.

    The JVM stops while it counts, as for `jmap -histo`; how long is predicted
    before (and refused above --max-pause) and measured after. Bytes are shallow:
    the objects themselves, not what they refer to.

    For example:

        heapwatch histo shop
        heapwatch histo 4711 --top 10 --filter 'com.shop.*'
        heapwatch histo 4711 -o raw > shop-4711.txt      (as jmap prints it)
        heapwatch histo shop --json | jq '.classes[0]'

    Parameters
    ----------
    jvm
        Process id, name, or a part of the name that fits no other.
    all_
        Count garbage too: one walk of the heap (the default).
    live
        Count only what is alive: forces a full collection first, 3 to 5 times the stop.
    top
        How many classes; 0 is all.
    sort
        What stands first.
    filter
        Only classes with this in their name; with * or ? the whole name.
    yes
        Do not ask before --live.
    allow_pause
        Go on although the stop may be longer than --max-pause.
    max_pause
        The longest stop that is allowed, in ms.
    """
    if all_ and live:
        raise UsageError("--all or --live, not both")
    with Visitor(
        find(jvm), LIVE if live else ALL, Limits(max_pause_ms=inf if allow_pause else max_pause)
    ) as visitor:
        ask_leave(visitor, yes)
        snapshot = visitor.take(time.monotonic())
    if output.kind == "raw":
        sys.stdout.write(histogram.render(snapshot.histogram))
        return 0
    shown = arranged(rows(snapshot.histogram), sort, filter, top or None)
    cells = [_row(rank, row, snapshot) for rank, row in enumerate(shown, 1)]
    document = {**_header(snapshot), "classes": cells}
    write(COLUMNS, cells, output.kind, document, _head(snapshot), _foot(shown, snapshot))
    return 0


def _row(rank: int, row: ClassRow, snapshot: Snapshot) -> dict[str, object]:
    found = snapshot.histogram
    loaders = found.rows[found.classes.index(row.name)]
    return {
        "rank": rank,
        "class": row.name,
        "instances": row.instances,
        "bytes": row.bytes,
        "share": row.bytes / found.total_bytes if found.total_bytes else None,
        "module": found.modules.get(row.name),
        "kind": names.kind(row.name, found.modules.get(row.name, "")),
        "loaders": loaders if loaders > 1 else None,
    }


def _header(snapshot: Snapshot) -> dict[str, object]:
    return {
        "host": snapshot.jvm.host,
        "jvm": snapshot.jvm.jvm,
        "pid": snapshot.jvm.pid,
        "started": snapshot.jvm.started,
        "time": snapshot.time,
        "mode": snapshot.mode,
        "instances": snapshot.histogram.total_instances,
        "bytes": snapshot.histogram.total_bytes,
        "pause_ms": snapshot.pause,
        "duration_ms": snapshot.duration,
        "heap": dict(snapshot.heap),
    }


def _head(snapshot: Snapshot) -> list[str]:
    found = snapshot.histogram
    pause = (
        f"stopped for {human.milliseconds(snapshot.pause)}" if snapshot.pause is not None else "stop unknown"
    )
    return [
        f"{snapshot.jvm.jvm} ({snapshot.jvm.pid})  {human.moment(snapshot.time)}  "
        f"{'live objects' if snapshot.mode == LIVE else 'all objects'}",
        f"{human.count(found.total_instances)} objects  {human.size(found.total_bytes)} shallow  "
        f"{len(found):,} classes  {pause}, took {human.milliseconds(snapshot.duration)}",
        "",
    ]


def _foot(shown: list[ClassRow], snapshot: Snapshot) -> list[str]:
    left = len(snapshot.histogram) - len(shown)
    if left <= 0:
        return []
    held = snapshot.histogram.total_bytes - sum(row.bytes for row in shown)
    count = snapshot.histogram.total_instances - sum(row.instances for row in shown)
    return ["", f"and {left:,} other classes: {human.count(count)} objects, {human.size(held)}"]
