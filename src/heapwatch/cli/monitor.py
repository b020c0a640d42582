"""`heapwatch monitor list|show|check|backtest|silence|unsilence|history`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.options import LAST_HOUR, SERVER, TABLE, Range, ServerOptions, TableOutput
from heapwatch.cli.output import Column, clean, number, write
from heapwatch.errors import UsageError

app = App(
    name="monitor",
    help="""Show what monitors say, try them on the past, and silence them.

For example:

    heapwatch monitor list
    heapwatch monitor check monitors.yml
    heapwatch monitor backtest heap-after-gc --from -7d
    heapwatch monitor silence heap-after-gc --for 2h --note "deploy"
""",
)

QUIET = ("ok", "pending", "recovering")


def _labels(labels: dict[str, str]) -> str:
    return clean(" ".join(f"{name}={value}" for name, value in sorted(labels.items()))) or human.NONE


def _value(value: float | None) -> str:
    return human.NONE if value is None else f"{value:.6g}"


STATE = Column("state", "STATE")
CHANGES = [
    Column("time", "TIME", human.moment),
    Column("monitor", "MONITOR", clean),
    Column("labels", "GROUP", _labels, elastic=True),
    Column("before", "BEFORE"),
    Column("after", "AFTER"),
    number("value", "VALUE", _value, rank=2),
    Column("text", "WHY", clean, rank=1),
]


@app.command(name="list")
def list_(*, output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """List all monitors, each with the gravest state of its groups.

    Exit code 1: something is warning, critical, without data or in error.
    """
    with Client(server) as client:
        found = client.get("/api/v1/monitors")
    columns = [
        STATE,
        Column("name", "MONITOR", clean),
        Column("kind", "KIND", rank=2),
        number("groups", "GROUPS", human.count),
        Column("since", "SINCE", human.moment, rank=1),
        Column("query", "QUERY", lambda text: clean(" ".join(text.split())), elastic=True, rank=3),
    ]
    rows = [{**each, "groups": sum(each["counts"].values())} for each in found["monitors"]]
    foot = [] if rows else ["No monitors: the setting `monitors` names their file or folder."]
    write(columns, rows, output.kind, found["monitors"], foot=foot)
    return 1 if any(each["state"] not in QUIET for each in rows) else 0


@app.command
def show(name: str, *, output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """Show a monitor and its groups, the gravest first.

    Exit code 1: one of them is warning, critical, without data or in error.
    """
    with Client(server) as client:
        found = client.get(f"/api/v1/monitors/{quote(name, safe='')}")
    columns = [
        STATE,
        Column("labels", "GROUP", _labels, elastic=True),
        number("value", "VALUE", _value),
        Column("since", "SINCE", human.moment, rank=2),
        Column("text", "WHY", clean, rank=1),
        Column("silenced", "SILENCED", rank=3),
    ]
    head = [f"{clean(name)} ({found['kind']}): {clean(found['query'])}", ""]
    write(columns, found["groups"], output.kind, found, head=head if output.kind == "table" else [])
    return 1 if any(each["state"] not in QUIET for each in found["groups"]) else 0


@app.command
def check(*paths: Path) -> int:
    """Say whether files of monitors can be read; a fault is told with line and column.

    No server is needed. Several files are checked together, as a server reads
    those of a folder.
    """
    from heapwatch.monitor import marked
    from heapwatch.monitor.load import combined, files

    if not paths:
        raise UsageError("name files of monitors, or folders of them")
    book = combined([marked.read(each) for path in paths for each in files(path)])
    print(f"{human.plural(len(book.monitors), 'monitor')} in {human.plural(len(book.files), 'file')}: fine")
    return 0


@app.command
def history(
    name: str = "",
    *,
    limit: Annotated[int, Parameter(alias="-n")] = 100,
    range_: Range = LAST_HOUR,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Show how monitors changed, the newest last.

    Parameters
    ----------
    name
        Only of this one.
    limit
        At most so many.
    """
    path = f"/api/v1/monitors/{quote(name, safe='')}/history" if name else "/api/v1/monitors/history"
    with Client(server) as client:
        found = client.get(path, {"from": range_.from_, "to": range_.to, "limit": limit})
    rows = list(reversed(found["transitions"]))
    write(CHANGES, rows, output.kind, rows, foot=[] if rows else ["no change in this time"])
    return 0


@app.command
def backtest(
    name: str, *, range_: Range = LAST_HOUR, output: TableOutput = TABLE, server: ServerOptions = SERVER
) -> int:
    """Try a monitor on stored history: when it would have fired, and how often.

    It looks exactly as the server's monitor would have looked.

    Exit code 1: it would have fired.

    For example:

        heapwatch monitor backtest heap-after-gc --from -24h
    """
    with Client(server) as client:
        path = f"/api/v1/monitors/{quote(name, safe='')}/backtest"
        found = client.get(path, {"from": range_.from_, "to": range_.to})
    times = "once" if found["fired"] == 1 else f"{found['fired']} times"
    first = f", first at {human.moment(found['first'])}" if found["fired"] else ""
    failed = f"; {human.plural(found['errors'], 'look')} failed" if found["errors"] else ""
    said = f"{name} would have fired {times}{first} ({human.plural(found['looks'], 'look')}{failed})."
    write(CHANGES, found["transitions"], output.kind, found, foot=["", said])
    return 1 if found["fired"] else 0


@app.command
def silence(
    monitor: str | None = None,
    *,
    match: Annotated[list[str], Parameter(alias="-l")] = [],  # noqa: B006 - cyclopts reads it
    for_: Annotated[str, Parameter(name="--for")] = "1h",
    starts: str | None = None,
    note: str = "",
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Silence monitors for some time, or list silences when none is named.

    Parameters
    ----------
    monitor
        Its name; a glob.
    match
        Only groups with this label, as NAME=GLOB; may be given several times.
    for_
        How long.
    starts
        From when on [else now].
    note
        Why.
    """
    with Client(server) as client:
        if monitor is None:
            return _list(client, output)
        labels = dict(_pair(each) for each in match)
        body = {"monitor": monitor, "match": labels, "lasts": for_, "starts": starts, "note": note}
        found = client.post("/api/v1/monitors/silences", body)
    print(f"{found['id']}: {clean(monitor)} is silent until {human.moment(found['ends'])}")
    return 0


@app.command
def unsilence(id_: Annotated[str, Parameter(name="id")], *, server: ServerOptions = SERVER) -> int:
    """End a silence, by its id."""
    with Client(server) as client:
        client.delete(f"/api/v1/monitors/silences/{quote(id_, safe='')}")
    print(f"{id_} has ended")
    return 0


def _list(client: Client, output: TableOutput) -> int:
    found: list[dict[str, Any]] = client.get("/api/v1/monitors/silences")["silences"]
    columns = [
        Column("id", "ID"),
        Column("monitor", "MONITOR", clean),
        Column("match", "GROUPS", _labels, elastic=True),
        Column("starts", "FROM", human.moment, rank=1),
        Column("ends", "UNTIL", human.moment),
        Column("by", "BY", clean, rank=2),
        Column("note", "NOTE", clean, rank=3),
    ]
    write(columns, found, output.kind, found, foot=[] if found else ["no silence"])
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"{text!r} is not NAME=GLOB, such as host=web*")
    return name, value
