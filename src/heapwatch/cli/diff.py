"""`heapwatch diff A B`, `heapwatch diff PID --for 30s`, `heapwatch diff --jvm NAME --before -1h`"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from math import inf
from typing import Annotated, Literal

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli import complete
from heapwatch.cli.growth import ClassRow, arranged, rows
from heapwatch.cli.options import EVERYTHING, SERVER, TABLE, Seconds, Selection, ServerOptions, TableOutput
from heapwatch.cli.output import Column, growth_paint, number, write
from heapwatch.cli.visit import MAX_PAUSE_MS, Visitor, ask_leave
from heapwatch.errors import Unreadable, UsageError
from heapwatch.jvm.budget import Limits
from heapwatch.jvm.discover import find
from heapwatch.model import ALL, LIVE, Histogram

DEFAULT_WAIT_S = 30.0

COLUMNS = [
    number("delta_bytes", "+BYTES", human.size_change, paint=growth_paint),
    number("delta_instances", "+INSTANCES", human.count_change, paint=growth_paint),
    number("bytes_per_min", "PER MIN", human.size_change, rank=1),
    number("bytes", "BYTES", human.size),
    number("instances", "INSTANCES", human.count, rank=2),
    Column("class", "CLASS", elastic=True),
]


@dataclass(frozen=True)
class Side:
    """One of the two histograms, and what is known of its moment."""

    title: str
    histogram: Histogram
    time: int | None = None


def diff(
    *what: Annotated[str, Parameter(completer=complete.jvms_here)],
    for_: Seconds | None = None,
    live: bool = False,
    top: Annotated[int, Parameter(alias="-n")] = 25,
    sort: Literal["delta-bytes", "delta-instances", "bytes", "instances", "class"] = "delta-bytes",
    filter: str | None = None,  # noqa: A002 - the word of the command line
    yes: bool = False,
    allow_pause: bool = False,
    max_pause: float = MAX_PAUSE_MS,
    before: Annotated[str, Parameter(allow_leading_hyphen=True, metavar="TIME")] = "-1h",
    at: Annotated[str, Parameter(allow_leading_hyphen=True, metavar="TIME")] = "now",
    selection: Selection = EVERYTHING,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Print what grew between two histograms.

    Of two files (in any form that `heapwatch import` reads), of one running JVM
    now and --for later, or with --jvm of the histograms that a server has
    nearest to --before and --at.

    For example:

        heapwatch diff morning.txt evening.txt.gz
        heapwatch diff shop --for 1m --top 10
        heapwatch diff --host shop1 --jvm shop --before -6h

    Parameters
    ----------
    what
        Two files, one file with several histograms, or a running JVM.
    for_
        How long to wait between the two histograms of a running JVM.
    live
        Count only what is alive: a full collection before either.
    top
        How many classes; 0 is all.
    sort
        What stands first.
    filter
        Only classes with this in their name; with * or ? the whole name.
    yes
        Do not ask before --live.
    allow_pause
        Go on although a stop may be longer than --max-pause.
    max_pause
        The longest stop that is allowed, in ms.
    before
        The earlier moment, of a server's histograms.
    at
        The later moment, of a server's histograms.
    """
    if not what:
        return _of_server(selection, before, at, top, sort, filter, output, server)
    if len(what) > 2:
        raise UsageError("two files, or one JVM: more cannot be compared")
    if len(what) == 2 or os.path.exists(what[0]):
        a, b = _of_files(list(what))
    else:
        limits = Limits(max_pause_ms=inf if allow_pause else max_pause)
        with Visitor(find(what[0]), LIVE if live else ALL, limits) as visitor:
            ask_leave(visitor, yes)
            a, b = _of_jvm(visitor, DEFAULT_WAIT_S if for_ is None else for_)
    _show(a, b, arranged(_changed(a, b, sort), sort, filter, top or None), output.kind)
    return 0


def _of_server(
    selection: Selection,
    before: str,
    at: str,
    top: int,
    sort: str,
    pattern: str | None,
    output: TableOutput,
    server: ServerOptions,
) -> int:
    from heapwatch.cli.classes import show_classes

    if not selection.jvm and not selection.host:
        raise UsageError(
            "compare what? two files, a running JVM, or --host and --jvm of a server's histograms"
        )
    order = {"delta-bytes": "delta_bytes", "delta-instances": "delta_instances"}.get(sort, sort)
    params = {"before": before, "at": at, "sort": order, "filter": pattern, "limit": top or 100_000}
    return show_classes({**selection.params(), **params}, output.kind, server)


def _of_files(paths: list[str]) -> tuple[Side, Side]:
    found = [_sides(path) for path in paths]
    if len(paths) == 1 and len(found[0]) < 2:
        raise UsageError(f"{paths[0]} holds one histogram: name a second file")
    return found[0][0], found[-1][-1]


def _sides(path: str) -> list[Side]:
    from heapwatch.cli.archives import Inputs
    from heapwatch.cli.importing import Reader, Rules

    reader = Reader(Rules(every=0.0))
    found = [
        Side(os.path.basename(path), snapshot.histogram)
        for batch in reader.batches(Inputs([path]))
        for snapshot in batch.snapshots
    ]
    if reader.counts.bad:
        raise Unreadable(f"{reader.counts.bad[0].name}: {reader.counts.bad[0].reason}")
    if not found:
        raise Unreadable(f"{path}: there is no histogram in it")
    return found


def _of_jvm(visitor: Visitor, wait: float) -> tuple[Side, Side]:
    first = visitor.take(time.monotonic())
    time.sleep(wait)
    second = visitor.take(time.monotonic())
    name = f"{visitor.target.name} ({visitor.target.pid})"
    return Side(name, first.histogram, first.time), Side(name, second.histogram, second.time)


def _changed(a: Side, b: Side, sort: str) -> list[ClassRow]:
    found = rows(b.histogram, a.histogram)
    if sort.startswith("delta"):
        return [row for row in found if row.delta_bytes or row.delta_instances]
    return found


def _show(a: Side, b: Side, shown: list[ClassRow], kind: str) -> None:
    minutes = (b.time - a.time) / 60_000 if a.time is not None and b.time is not None else None
    cells = [
        {
            "class": row.name,
            "instances": row.instances,
            "bytes": row.bytes,
            "delta_instances": row.delta_instances,
            "delta_bytes": row.delta_bytes,
            "bytes_per_min": row.delta_bytes / minutes if minutes else None,
        }
        for row in shown
    ]
    document = {"before": _total(a), "after": _total(b), "classes": cells}
    grown = b.histogram.total_bytes - a.histogram.total_bytes
    more = b.histogram.total_instances - a.histogram.total_instances
    title = a.title if a.title == b.title else f"{a.title} → {b.title}"
    over = f" in {human.duration(minutes * 60)}" if minutes else ""
    head = [
        f"{title}{over}: {human.size_change(grown)}, {human.count_change(more)} objects "
        f"(now {human.size(b.histogram.total_bytes)}, {human.count(b.histogram.total_instances)})",
        "",
    ]
    write(COLUMNS, cells, kind, document, head, [] if cells else ["no class has changed"])


def _total(side: Side) -> dict[str, object]:
    found = side.histogram
    return {
        "title": side.title,
        "time": side.time,
        "instances": found.total_instances,
        "bytes": found.total_bytes,
        "classes": len(found),
    }
