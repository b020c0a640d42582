"""`heapwatch snapshots`"""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from heapwatch import human
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
from heapwatch.cli.output import Column, number, write
from heapwatch.cli.series import rows_of

COLUMNS = [
    Column("time", "TIME", human.moment),
    Column("host", "HOST", elastic=True),
    Column("jvm", "JVM", elastic=True),
    number("pid", "PID", str, rank=3),
    Column("mode", "MODE", rank=4),
    number("classes", "CLASSES", human.count, rank=2),
    number("instances", "INSTANCES", human.count),
    number("bytes", "BYTES", human.size),
    number("pause_ms", "STOPPED", human.milliseconds, rank=1),
]


def snapshots(
    *,
    top: Annotated[int, Parameter(alias="-n")] = 50,
    mode: Literal["all", "live"] = "all",
    selection: Selection = EVERYTHING,
    range_: Range = LAST_HOUR,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """List the stored histograms.

    Newest first, each with its totals and with how long it stopped the JVM.
    JSON is the API's answer as it is, with the heap's counters of that moment.

    For example:

        heapwatch snapshots --jvm shop
        heapwatch snapshots --from -1d --top 1000 -o csv

    Parameters
    ----------
    top
        How many at most.
    mode
        Histograms of everything, or those after a full collection.
    """
    params = {**selection.params(), **range_.params(), "limit": top, "mode": mode}
    with Client(server) as client:
        answer = client.get("/api/v1/snapshots", params)
    rows = rows_of(answer["columns"])
    columns = COLUMNS
    if output.kind == "csv":
        columns = [Column(name, name) for name in answer["columns"]]
    write(columns, rows, output.kind, answer, foot=[] if rows else ["nothing is stored for this range"])
    return 0
