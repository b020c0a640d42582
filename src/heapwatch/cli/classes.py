"""`heapwatch classes`"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Mapping

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.options import EVERYTHING, SERVER, TABLE, Selection, ServerOptions, TableOutput
from heapwatch.cli.output import Column, growth_paint, number, plain, write
from heapwatch.cli.series import rows_of

MOST = 100_000

_NOW = [
    number("bytes", "BYTES", human.size),
    number("instances", "INSTANCES", human.count, rank=2),
]
_CHANGE = [
    number("delta_bytes", "+BYTES", human.size_change, paint=growth_paint),
    number("delta_instances", "+INSTANCES", human.count_change, rank=1, paint=growth_paint),
    number("bytes_per_min", "PER MIN", human.size_change, rank=3),
]
_CLASS = [Column("class", "CLASS", elastic=True), number("rows", "LOADERS", plain, rank=4)]

_TIME = Parameter(allow_leading_hyphen=True, metavar="TIME")


def classes(
    *,
    at: Annotated[str, _TIME] = "now",
    before: Annotated[str | None, _TIME] = None,
    top: Annotated[int, Parameter(alias="-n")] = 25,
    sort: Literal["bytes", "instances", "delta_bytes", "delta_instances", "rate", "class"] | None = None,
    filter: str | None = None,  # noqa: A002 - the word of the command line
    package: str | None = None,
    pid: int | None = None,
    mode: Literal["all", "live"] = "all",
    selection: Selection = EVERYTHING,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Show the classes of one JVM, or their change.

    Of the histogram nearest to --at; with --before of the difference between
    two. Bytes are shallow. JSON is the API's answer as it is.

    For example:

        heapwatch classes --host shop1 --jvm shop
        heapwatch classes --jvm shop --before -6h --top 10
        heapwatch classes --jvm shop --filter 'com.shop.*' -o csv

    Parameters
    ----------
    at
        The histogram nearest to this moment.
    before
        Compare with the histogram nearest to this moment.
    top
        How many classes; 0 is all.
    sort
        What stands first [else growth with --before, bytes without].
    filter
        Only classes with this in their name; with * or ? the whole name.
    package
        Only this package and those below it.
    pid
        Only this process.
    mode
        Histograms of everything, or those after a full collection.
    """
    params = {
        **selection.params(),
        "at": at,
        "before": before,
        "limit": top or MOST,
        "sort": sort or ("delta_bytes" if before else "bytes"),
        "order": "asc" if sort == "class" else "desc",
        "filter": filter,
        "package": package,
        "pid": pid,
        "mode": mode,
    }
    return show_classes(params, output.kind, server)


def show_classes(params: Mapping[str, Any], kind: str, server: ServerOptions) -> int:
    """Ask for classes with these parameters and print them."""
    with Client(server) as client:
        answer = client.get("/api/v1/classes", params)
    rows = rows_of(answer["columns"])
    columns = [*(_CHANGE if answer["before"] else []), *_NOW, *_CLASS]
    if not answer["before"]:
        columns = [column for column in columns if not column.key.startswith("delta_")]
    for row in rows:
        row["rows"] = None if kind == "table" and row.get("rows") == 1 else row.get("rows")
    write(columns, rows, kind, answer, head=_head(answer), foot=_foot(answer, len(rows)))
    return 0


def _head(answer: Mapping[str, Any]) -> list[str]:
    before, after = answer["before"], answer["after"]
    if after is None:
        return []
    told = f"{human.moment(after['time'])}  {human.size(after['bytes'])} shallow"
    told += f"  {human.count(after['instances'])} objects"
    if after.get("pause_ms") is not None:
        told += f"  stopped for {human.milliseconds(after['pause_ms'])}"
    if before is None:
        return [told, ""]
    grown = human.size_change(after["bytes"] - before["bytes"])
    over = human.duration((after["time"] - before["time"]) / 1000)
    return [told, f"since {human.moment(before['time'])} ({over}): {grown}", ""]


def _foot(answer: Mapping[str, Any], shown: int) -> list[str]:
    left = answer["total"] - shown
    return ["", f"and {left:,} other classes"] if left > 0 else []
