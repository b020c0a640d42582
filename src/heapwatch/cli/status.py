"""`heapwatch status`"""

from __future__ import annotations

from typing import Any, Mapping

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.options import SERVER, TABLE, ServerOptions, TableOutput
from heapwatch.cli.output import Column, clean, colour, number, table, terminal_width, write, write_json

DOORS = [
    Column("name", "DOOR"),
    Column("address", "ADDRESS"),
    number("requests", "REQUESTS", human.count),
    number("samples", "SAMPLES", human.count),
    number("bytes", "RECEIVED", human.size),
    number("open", "OPEN", human.count, rank=2),
    Column("last", "LAST", human.moment, rank=1),
]
AGENTS = [
    Column("host", "AGENT OF", elastic=True),
    Column("version", "VERSION", rank=2),
    Column("last_seen", "LAST", human.moment),
    number("lag", "BEHIND", human.duration),
]


def status(*, output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """Show how the server, its doors and agents are.

    Exit code 1 when something is wrong. JSON is the API's answer with
    the counts of rejects, CSV the doors.

    For example:

        heapwatch status
        heapwatch status --json | jq .problems
    """
    with Client(server) as client:
        answer = client.get("/api/v1/status")
        rejects = client.get("/api/v1/ingest/rejects")
    if output.kind == "table":
        for line in _lines(client.url, answer, rejects):
            print(line)
    elif output.kind == "json":
        write_json({**answer, "rejects": rejects["counts"]})
    else:
        write(DOORS, answer["doors"], "csv")
    return 1 if answer["problems"] else 0


def _lines(url: str, answer: Mapping[str, Any], rejects: Mapping[str, Any]) -> list[str]:
    width, coloured = terminal_width(), colour()
    lines = [f"{url}  heapwatch {answer['version']}, up {human.duration(answer['uptime_s'])}"]
    lines += [f"problem: {clean(str(problem))}" for problem in answer["problems"]]
    lines += _store(answer)
    lines += ["", *table(DOORS, answer["doors"], width, coloured)]
    agents = [agent for agent in answer["agents"] if not str(agent["id"]).startswith("import:")]
    if agents:
        lines += ["", *table(AGENTS, agents, width, coloured)]
    else:
        lines += ["", "no agent has reported yet"]
    for door, reasons in rejects["counts"].items():
        told = ", ".join(f"{human.count(count)} x {reason}" for reason, count in reasons.items())
        lines += ["", f"refused by {door}: {clean(told)}"]
    return lines


def _store(answer: Mapping[str, Any]) -> list[str]:
    told = []
    if "disk_bytes" in answer:
        told.append(f"{human.size(answer['disk_bytes'])} on disk")
    rows = answer.get("rows") or {}
    for table_name, word in (
        ("snapshot", "histograms"),
        ("class_sample", "class samples"),
        ("sample", "points"),
    ):
        if rows.get(table_name):
            told.append(f"{human.count(rows[table_name])} {word}")
    return [f"store: {', '.join(told)}"] if told else []
