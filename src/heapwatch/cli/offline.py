"""`heapwatch jfr FILE` and `heapwatch hprof FILE`: what recordings and heap dumps on file say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli.options import TABLE, TableOutput
from heapwatch.cli.output import Column, clean, number, write
from heapwatch.errors import Unreadable
from heapwatch.jvm import holders, hprof
from heapwatch.jvm import jfr as format_

COLUMNS = [
    number("instances", "INSTANCES", human.count),
    number("bytes", "CONTENT", human.size),
    Column("class", "CLASS", elastic=True),
]
WAYS = [
    number("objects", "OBJECTS", human.count),
    Column("class", "CLASS", elastic=True),
    Column("root", "HELD FROM", elastic=True),
]


def jfr(file: Path, /, *, suspect: str = "", output: TableOutput = TABLE) -> int:
    """Print who holds what stays, by a flight recording.

    Reads the event jdk.OldObjectSample of a .jfr file, without a JDK. Record it
    by `heapwatch diagnose`, or with a cutoff: the time to search for ways.

    For example:

        heapwatch jfr shop.jfr
        heapwatch jfr shop.jfr --suspect com.shop.Session
        heapwatch jfr shop.jfr --json | jq '.groups[0].chain'

    Parameters
    ----------
    file
        The recording.
    suspect
        Only ways on which there is an object of this class.
    """
    groups = holders.grouped(holders.of_recording(_read(file)))
    if suspect:
        groups = holders.with_class(groups, suspect)
    rows = [group.document() for group in groups]
    if output.kind == "table":
        text = "no object in this recording is held by that class" if suspect and not groups else ""
        for line in (text or holders.told(groups, suspect)).splitlines():
            print(clean(line))
        return 0
    write(WAYS, rows, output.kind, {"file": str(file), "groups": rows})
    return 0


def dump(
    file: Path,
    /,
    *,
    holders_: Annotated[str, Parameter(name="--holders")] = "",
    top: Annotated[int, Parameter(alias="-n")] = 25,
    output: TableOutput = TABLE,
) -> int:
    """Print the classes of a heap dump, and who holds one.

    Reads .hprof files, gzipped or not, without loading them: memory stays small
    however large the heap was. Sizes are of contents, without headers.

    For example:

        heapwatch hprof heap.hprof
        heapwatch hprof heap.hprof.gz --holders com.shop.Session

    Parameters
    ----------
    file
        The heap dump.
    holders_
        A class: who holds its objects, and by which way from a root.
    top
        How many classes; 0 is all.
    """
    found = hprof.scan(str(file), holders_, progress)
    rows = [{"class": row.name, "instances": row.instances, "bytes": row.bytes} for row in found.rows]
    shown = rows[:top] if top else rows
    document = {"file": str(file), "classes": shown, **document_of(found)}
    write(COLUMNS, shown, output.kind, document, foot=text_of(found, holders_))
    return 0


def document_of(found: hprof.Found) -> dict[str, object]:
    """Who holds the suspect, for JSON."""
    return {
        "suspects": found.suspects,
        "direct": [{"class": c, "field": f, "objects": n} for c, f, n in found.direct],
        "ways": [way.document() for way in found.ways],
    }


def text_of(found: hprof.Found, suspect: str) -> list[str]:
    """Who holds the suspect, in lines."""
    if not suspect:
        return []
    lines = ["", f"{human.count(found.suspects)} objects of {suspect} are held by"]
    for holder, field, objects in found.direct:
        name = holder if field == holders.ELEMENT else f"{holder}.{holders.short_field(field)}"
        lines.append(f"{human.count(objects):>10}  {name}")
    if not found.ways:
        return [*lines, "", "no way from a root was found"]
    lines += ["", "shortest ways from a root:"]
    for way in found.ways:
        lines += holders.tree([way], suspect=suspect)
    return lines


def _read(file: Path) -> bytes:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from error
    if not format_.is_recording(data):
        raise Unreadable(f"{file} is no flight recording")
    return data


def progress(share: float) -> None:
    """How far it is, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{share:4.0%}" if share < 1 else "\r    \r", end="", file=sys.stderr, flush=True)
