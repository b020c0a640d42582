"""`heapwatch runs list|show|follow|cancel|undo`, `heapwatch approve` and `deny`: runs on a server."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.options import SERVER, TABLE, ServerOptions, TableOutput
from heapwatch.cli.output import Column, clean, write
from heapwatch.errors import UsageError

app = App(
    name="runs",
    help="""Show runs of workflows, stop them, and undo what they did.

For example:

    heapwatch runs list --workflow evidence
    heapwatch runs show 3f9c12ab8d01
    heapwatch runs follow 3f9c12ab8d01
    heapwatch runs undo 3f9c12ab8d01 --note "wrong host"
""",
)

AGAIN_S = 1.0
UNDER_WAY = ("queued", "delayed", "running", "waiting_approval")
GOOD = ("succeeded", "skipped")
Note = Annotated[str, Parameter(name=["--note"])]


def _labels(labels: dict[str, str]) -> str:
    return clean(" ".join(f"{name}={value}" for name, value in sorted(labels.items()))) or human.NONE


def _text(text: str) -> str:
    return clean(text) or human.NONE


LISTED = [
    Column("id", "RUN"),
    Column("workflow", "WORKFLOW", clean),
    Column("state", "STATE"),
    Column("created", "BEGAN", human.moment),
    Column("ended", "ENDED", lambda at: human.NONE if at is None else human.moment(at), rank=3),
    Column("by", "BY", rank=2),
    Column("labels", "LABELS", _labels, rank=1, elastic=True),
    Column("reason", "WHY", _text, rank=1, elastic=True),
]
STEPS = [
    Column("id", "STEP"),
    Column("do", "DO"),
    Column("state", "STATE"),
    Column("attempt", "TRIES", str, right=True, rank=3),
    Column("duration_ms", "MS", lambda ms: human.NONE if ms is None else str(ms), right=True, rank=2),
    Column("error", "WHY", _text, elastic=True, rank=1),
]


def _row(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "by": run["trigger"].get("kind", "")}


def path_of(run: str, verb: str = "") -> str:
    return f"/api/v1/runs/{quote(run, safe='')}" + (f"/{verb}" if verb else "")


def tell(run: dict[str, Any], kind: str) -> int:
    """Print a run with its steps; 1 when it ended otherwise than well."""
    dry = ", a dry run" if run["dry_run"] else ""
    head = [f"run {run['id']} of {run['workflow']}{dry}: {run['state']}"]
    head += [run["reason"]] if run["reason"] else []
    foot = []
    for step in run["steps"]:
        asked = step["approval"]
        if asked is not None and asked["state"] == "waiting" and run["state"] == "waiting_approval":
            foot += [f"{step['id']} waits for a yes:", *(f"  {line}" for line in asked["shows"])]
            foot += [f"  heapwatch approve {run['id']} {step['id']}"]
    table = kind == "table"
    write(STEPS, run["steps"], kind, run, head=[*head, ""] if table else [], foot=foot if table else [])
    return 1 if run["state"] not in (*GOOD, *UNDER_WAY) else 0


@app.command(name="list")
def list_(
    *,
    workflow: str = "",
    state: str = "",
    limit: int = 50,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """List runs, the newest first.

    Parameters
    ----------
    workflow
        Only runs of this workflow.
    state
        Only runs in this state, such as waiting_approval or failed.
    limit
        So many at most.
    """
    with Client(server) as client:
        found = client.get("/api/v1/runs", {"workflow": workflow, "state": state, "limit": limit})["runs"]
    write(LISTED, [_row(each) for each in found], output.kind, found, foot=[] if found else ["No runs."])
    return 0


@app.command
def show(run: str, *, output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """Show a run step by step; -o json has parameters and output, too.

    Exit code 1: it ended otherwise than well.
    """
    with Client(server) as client:
        return tell(client.get(path_of(run)), output.kind)


@app.command
def follow(run: str, *, output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """Say how a run goes on until it has ended, then show it.

    Exit code 1: it ended otherwise than well.
    """
    told: set[tuple[str, str]] = set()
    with Client(server) as client:
        while True:
            found = client.get(path_of(run))
            if output.kind == "table":
                for step in found["steps"]:
                    key = step["id"], step["state"]
                    if key not in told and step["state"] != "pending":
                        print(f"{step['id']}: {clean(step['state'])}", flush=True)
                    told.add(key)
            if found["state"] not in UNDER_WAY:
                return tell(found, output.kind)
            time.sleep(AGAIN_S)


@app.command
def cancel(run: str, *, note: Note = "", output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """Stop a run: what runs of it now is ended, and nothing after it begins.

    Parameters
    ----------
    note
        Why; the audit keeps it.
    """
    return _told("cancel", run, {"note": note}, output, server)


@app.command
def undo(run: str, *, note: Note = "", output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """Undo what an ended run did, the last step first, by a run of its own.

    Parameters
    ----------
    note
        Why; the audit keeps it.
    """
    return _told("undo", run, {"note": note}, output, server)


def approve(
    run: str,
    step: str | None = None,
    *,
    note: Note = "",
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Say yes to what a run of a workflow asks.

    For example:

        heapwatch runs list --state waiting_approval
        heapwatch approve 3f9c12ab8d01

    Parameters
    ----------
    run
        Its id.
    step
        Which of its questions; absent: the one it asks now.
    note
        Why; the audit keeps it.
    """
    return _told("approve", run, {"step": step, "note": note}, output, server)


def deny(
    run: str,
    step: str | None = None,
    *,
    note: Note = "",
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Say no to what a run of a workflow asks; it ends.

    For example:

        heapwatch deny 3f9c12ab8d01 --note "not during the sale"

    Parameters
    ----------
    run
        Its id.
    step
        Which of its questions; absent: the one it asks now.
    note
        Why; the audit keeps it.
    """
    return _told("deny", run, {"step": step, "note": note}, output, server)


def _told(verb: str, run: str, body: dict[str, Any], output: TableOutput, server: ServerOptions) -> int:
    with Client(server) as client:
        found = client.post(path_of(run, verb), body)
    tell(found, output.kind)
    return 0


def labels_of(words: tuple[str, ...]) -> dict[str, str]:
    """Labels as they are written on a command line."""
    pairs = [word.partition("=") for word in words]
    for word, (name, equals, _) in zip(words, pairs, strict=True):
        if not name or not equals:
            raise UsageError(f"--label {word}: write it as name=value")
    return {name: value for name, _, value in pairs}
