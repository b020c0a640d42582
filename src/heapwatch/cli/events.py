"""`heapwatch events`"""

from __future__ import annotations

from typing import Annotated

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
from heapwatch.cli.output import Column, write

COLUMNS = [
    Column("time", "TIME", human.moment),
    Column("kind", "KIND"),
    Column("host", "HOST"),
    Column("jvm", "JVM"),
    Column("text", "WHAT", elastic=True),
]


def events(
    *,
    top: Annotated[int, Parameter(alias="-n")] = 100,
    selection: Selection = EVERYTHING,
    range_: Range = LAST_HOUR,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """List starts, exits, deploys and other events.

    What charts mark. JSON is the API's answer as it is.

    For example:

        heapwatch events
        heapwatch events --host shop1 --from -7d -o csv

    Parameters
    ----------
    top
        How many at most.
    """
    with Client(server) as client:
        answer = client.get("/api/v1/events", {**selection.params(), **range_.params(), "limit": top})
    rows = [{**event["labels"], **event} for event in answer["events"]]
    write(COLUMNS, rows, output.kind, answer, foot=[] if rows else ["nothing happened in this range"])
    return 0
