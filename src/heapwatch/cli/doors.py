"""`heapwatch doors`"""

from __future__ import annotations

from typing import Annotated, Any, Mapping, Sequence

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli import complete
from heapwatch.cli.client import Client
from heapwatch.cli.options import SERVER, TABLE, ServerOptions, TableOutput
from heapwatch.cli.output import RED, Column, clean, number, write
from heapwatch.errors import UsageError

MOST = 500
"""As many rejects as a server keeps."""


def _pace(value: float | None) -> str:
    return human.NONE if value is None else f"{value:,.1f}" if 0 < value < 10 else human.count(value)


DOORS = [
    Column("name", "DOOR"),
    Column("address", "ADDRESS", elastic=True, rank=4),
    number("open", "OPEN", human.count, rank=5),
    number("requests", "REQUESTS", human.count, rank=3),
    number("bytes", "RECEIVED", human.size, rank=2),
    number("samples", "SAMPLES", human.count),
    number("samples_per_minute", "PER MIN", _pace),
    Column("last", "LAST", human.moment, rank=1),
    number("rejects", "REFUSED", human.count, paint=lambda count: RED if count else ""),
]
REJECTS = [
    Column("time", "TIME", human.moment),
    Column("door", "DOOR"),
    Column("peer", "FROM", rank=2),
    Column("reason", "REASON"),
    Column("sample", "WHAT CAME", lambda text: clean(text).rstrip() or human.NONE, elastic=True),
    Column("detail", "DETAIL", rank=1),
]
SENDERS = [
    Column("maker", "DOOR AND SENDER", elastic=True),
    number("series", "SERIES", human.count),
    number("jvms", "JVMS", human.count, rank=3),
    number("classes", "CLASSES", human.count, rank=3),
    number("used", "IN ALL", human.count, rank=4),
    number("refused", "REFUSED", human.count, paint=lambda count: RED if count else ""),
    Column("last_refused", "LAST REFUSED", human.moment, rank=1),
    Column("label", "WIDEST LABEL", rank=2),
    number("values", "ITS VALUES", human.count, rank=2),
]
AGENTS = [
    Column("id", "AGENT", elastic=True),
    Column("host", "HOST", elastic=True),
    Column("version", "VERSION", rank=3),
    Column("last_seen", "LAST", human.moment, rank=1),
    number("lag", "BEHIND", human.duration),
    number("spool_bytes", "SPOOL", lambda size: human.size(size) if size else human.NONE),
    number(
        "spool_batches", "BATCHES", lambda waiting: human.count(waiting) if waiting else human.NONE, rank=2
    ),
]
TARGETS = [
    Column("job", "JOB"),
    Column("instance", "INSTANCE", elastic=True),
    Column("health", "HEALTH", paint=lambda health: RED if health == "down" else ""),
    Column("last", "LAST", human.moment, rank=2),
    number("seconds", "TOOK", human.duration, rank=1),
    number("samples", "SAMPLES", human.count),
    Column("error", "ERROR", elastic=True),
]


def doors(
    *,
    rejects: Annotated[bool, Parameter(negative="")] = False,
    senders: Annotated[bool, Parameter(negative="")] = False,
    targets: Annotated[bool, Parameter(negative="")] = False,
    agents: Annotated[bool, Parameter(negative="")] = False,
    door: Annotated[str, Parameter(completer=complete.doors)] = "",
    reason: Annotated[str, Parameter(completer=complete.reasons)] = "",
    limit: Annotated[int, Parameter(alias="-n")] = 20,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Show what arrives by which door, and what is refused and why.

    Counts are since the server started. JSON is the API's answer.

    For example:

        heapwatch doors
        heapwatch doors --rejects --door graphite-tcp
        heapwatch doors --senders
        heapwatch doors --targets -o csv
        heapwatch doors --agents

    Parameters
    ----------
    rejects
        The newest that were refused, the newest first, with what came.
    senders
        Who made how many series, JVMs and classes, and with which label.
    targets
        What is scraped, and how that goes.
    agents
        Who sends batches, how far behind, and what waits in each spool.
    door
        With --rejects: of this door only.
    reason
        With --rejects: for this reason only.
    limit
        With --rejects: at most so many.
    """
    if rejects + senders + targets + agents > 1:
        raise UsageError(
            "--rejects, --senders, --targets and --agents are different tables: give one of them"
        )
    if (door or reason) and not rejects:
        raise UsageError("--door and --reason choose from what was refused: give --rejects, too")
    if not 0 <= limit <= MOST:
        raise UsageError(f"--limit is from 0 to {MOST}, as many as a server keeps")
    with Client(server) as client:
        if rejects:
            wanted = {"door": door, "reason": reason, "limit": limit}
            _rejects(client.get("/api/v1/ingest/rejects", wanted), output.kind)
        elif senders:
            _senders(client.get("/api/v1/cardinality"), output.kind)
        elif targets:
            found = client.get("/api/v1/targets")
            foot = [] if found["targets"] else ["nothing is scraped: the setting scrape names targets"]
            write(TARGETS, found["targets"], output.kind, found, foot=foot)
        elif agents:
            rows = client.get("/api/v1/status")["agents"]
            write(
                AGENTS,
                rows,
                output.kind,
                {"agents": rows},
                foot=[] if rows else ["no agent has sent anything"],
            )
        else:
            _doors(client.get("/api/v1/status"), output.kind)
    return 0


def _doors(answer: Mapping[str, Any], kind: str) -> None:
    rows = [
        {
            **door,
            "address": door["address"] or door["how"] or door["setting"],
            "samples_per_minute": (door["per_minute"] or {}).get("samples"),
        }
        for door in answer["doors"]
    ]
    foot = [f"{door['name']} refused: {_counted(door['reasons'])}" for door in rows if door["reasons"]]
    off = [f"{door['name']} ({door['setting']})" for door in answer["unused"] if door["setting"]]
    foot += [f"shut (the setting that opens it): {', '.join(off)}"] if off else []
    document = {"doors": answer["doors"], "unused": answer["unused"]}
    write(DOORS, rows, kind, document, foot=["", *foot] if foot else [])


def _rejects(answer: Mapping[str, Any], kind: str) -> None:
    rows: Sequence[Mapping[str, Any]] = answer["rejects"]
    shown = dict.fromkeys(row["reason"] for row in rows)
    foot = [f"{reason}: {answer['words'].get(reason, '')}" for reason in shown]
    write(REJECTS, rows, kind, answer, foot=["", *foot] if rows else ["nothing like that was refused"])


def _senders(answer: Mapping[str, Any], kind: str) -> None:
    rows = []
    for maker in answer["makers"]:
        widest = maker["labels"][0] if maker["labels"] else {"name": None, "values": None}
        rows.append({**maker, "label": widest["name"], "values": widest["values"]})
    foot = [
        f"{human.count(answer['series'])} series, {human.count(answer['jvms'])} JVMs and "
        f"{human.count(answer['classes'])} classes: {human.count(answer['used'])} of "
        f"{human.count(answer['max_series'])} (max_series); "
        f"{human.count(answer['sender_series'])} a sender (sender_series)"
    ]
    foot += [f"refused of {row['maker']}: {row['examples'][-1]}" for row in rows if row["examples"]]
    write(SENDERS, rows, kind, answer, foot=["", *foot])


def _counted(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{human.count(count)} x {reason}" for reason, count in reasons.items())
