"""`heapwatch correlate`"""

from __future__ import annotations

from typing import Any

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

COLUMNS = [
    Column("what", "WHAT"),
    number("count", "NOW", human.count),
    number("before", "HOUR BEFORE", human.count, rank=2),
    number("score", "SCORE", lambda value: human.NONE if value is None else f"{value:.0f}", rank=3),
    Column("first", "FIRST", human.moment, rank=1),
    Column("on", "HOST", rank=4),
    Column("text", "MESSAGE", elastic=True),
]


def correlate(
    *,
    selection: Selection = EVERYTHING,
    range_: Range = LAST_HOUR,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Show what logs said that they had not said before.

    Kinds of messages that appeared, vanished or changed their rate in a stretch of time, against the hour
    before it, and the events in it. What is least likely chance stands first.

    For example:

        heapwatch correlate --host shop1 --from -15m
        heapwatch correlate --jvm shop --from 2026-11-22T10:00:00Z --to 2026-11-22T10:10:00Z -o json
    """
    with Client(server) as client:
        answer = client.get("/api/v1/correlate", {**selection.params(), **range_.params()})
    rows = [*_events(answer["events"])]
    for what in ("appeared", "changed", "vanished"):
        rows += [
            {**each, "what": what, "on": ", ".join(each["hosts"]), "text": each["signature"]}
            for each in answer[what]
        ]
    foot = [warning["message"] for warning in answer["warnings"]]
    write(COLUMNS, rows, output.kind, answer, foot=foot if rows else [*foot, "nothing unusual in this range"])
    return 0


def _events(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "what": each["kind"],
            "first": each["time"],
            "on": each["labels"].get("host", ""),
            "text": each["text"],
            "count": None,
            "before": None,
            "score": None,
        }
        for each in events
    ]
