"""`heapwatch jvms`"""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal, Mapping

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli.chart import sparkline
from heapwatch.cli.client import Client
from heapwatch.cli.options import (
    EVERYTHING,
    LAST_HOUR,
    SERVER,
    TABLE,
    Range,
    Selection,
    ServerOptions,
    TableOutput,
)
from heapwatch.cli.output import RED, Column, growth_paint, number, write

SPARK = 12

COLUMNS = [
    Column("host", "HOST", elastic=True),
    Column("jvm", "JVM", elastic=True),
    number("pid", "PID", str, rank=5),
    Column("state", "STATE", rank=4, paint=lambda state: "" if state == "up" else RED),
    number("heap", "HEAP", human.size),
    number("heap_max", "MAX", human.size, rank=3),
    Column("spark", "", rank=2),
    number("growth_per_hour", "PER HOUR", human.size_change, paint=growth_paint),
    number("gc_load", "GC LOAD", human.share, rank=7),
    number("seen_s", "SEEN", human.duration, rank=6),
    number("pause_ms", "STOPPED", human.milliseconds, rank=8),
    Column("top_class", "GROWS MOST", elastic=True, rank=1),
]


def jvms(
    *,
    filter: str = "",  # noqa: A002 - the word of the command line
    sort: Literal["growth", "heap", "gc-load", "bytes", "host", "jvm", "seen"] = "growth",
    top: Annotated[int, Parameter(alias="-n")] = 100,
    selection: Selection = EVERYTHING,
    range_: Range = LAST_HOUR,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """List the JVMs a server knows, and how they grow.

    HEAP is its use after collections where that is known, PER HOUR its growth in
    the range. JSON is the API's answer as it is.

    For example:

        heapwatch jvms
        heapwatch jvms --label service=shop --from -1d
        heapwatch jvms --sort gc-load --top 10

    Parameters
    ----------
    filter
        Only those with this in host, name, label, user or class.
    sort
        What stands first.
    top
        How many at most.
    """
    fields = {"growth": "growth_per_hour", "heap": "heap_after_gc", "gc-load": "gc_load", "seen": "last_seen"}
    params = {
        **selection.params(),
        **range_.params(),
        "filter": filter or None,
        "sort": fields.get(sort, sort),
        "order": "asc" if sort in ("host", "jvm") else "desc",
        "limit": top,
    }
    with Client(server) as client:
        answer = client.get("/api/v1/fleet", params)
    now = time.time() * 1000
    rows = [_row(row, now) for row in answer["rows"]]
    foot = [] if rows else ["no JVM has been seen; `heapwatch up` supervises those of this machine"]
    left = answer["total"] - len(rows)
    write(COLUMNS, rows, output.kind, answer, foot=["", f"and {left:,} more"] if left > 0 else foot)
    return 0


def _row(row: Mapping[str, Any], now: float) -> dict[str, Any]:
    after = row.get("heap_after_gc")
    top = row.get("top_class")
    rate = (top.get("bytes_per_min") or 0.0) if top else 0.0
    return {
        **row,
        "heap": after if after is not None else row.get("heap_used") or row.get("bytes"),
        "spark": sparkline(row["spark"]["values"], SPARK, low=0.0) or None,
        "seen_s": max(0.0, (now - row["last_seen"]) / 1000) if row.get("last_seen") else None,
        "top_class": f"{top['class']} {human.size_change(rate)}/min" if top and rate > 0 else None,
    }
