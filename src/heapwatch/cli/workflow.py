"""`heapwatch workflow check`, `list` and `show` over files; `run`, `stop` and `start` on a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.options import SERVER, TABLE, ServerOptions, TableOutput
from heapwatch.cli.output import Column, clean, write, write_json

if TYPE_CHECKING:
    from heapwatch.workflow.definition import Workflow

app = App(
    name="workflow",
    help="""Check workflows, begin runs of them, and stop them all.

For example:

    heapwatch workflow check workflows/
    heapwatch workflow list
    heapwatch workflow show workflows/evidence.yml
    heapwatch workflow run evidence --label host=web1 --dry-run
    heapwatch workflow stop --note "maintenance"
""",
)

COLUMNS = [
    Column("workflow", "WORKFLOW"),
    Column("on", "ON", clean),
    Column("steps", "STEPS", lambda steps: str(len(steps)), right=True),
    Column("destructive", "DESTRUCTIVE", lambda text: text or human.NONE),
    Column("description", "DESCRIPTION", lambda text: clean(text) or human.NONE, rank=1, elastic=True),
]
OF_A_SERVER = [
    Column("running", "RUNNING", str, right=True),
    Column("last", "LAST RUN", lambda run: run["state"] if run else "never"),
]


@app.command
def check(path: Path, *, output: TableOutput = TABLE) -> int:
    """Read workflows strictly; a fault is told with file, line and column.

    Keys and steps that are not known, names that stand twice, templates and
    conditions that cannot hold, parameters a step does not take. Exit code 2
    when something is wrong.

    For example:

        heapwatch workflow check workflows/
        heapwatch workflow check evidence.yml -o json

    Parameters
    ----------
    path
        A file, or a folder whose *.yml and *.yaml are read.
    """
    from heapwatch.workflow.definition import load

    book = load(path)
    rows = [_row(each) for each in book.workflows.values()]
    foot = [f"{human.plural(len(rows), 'workflow')}, nothing is wrong"]
    write(COLUMNS, rows, output.kind, rows, foot=foot)
    return 0


@app.command(name="list")
def list_(path: Path | None = None, *, output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """List the workflows of the server, or of files, and what begins them.

    For example:

        heapwatch workflow list
        heapwatch workflow list workflows/

    Parameters
    ----------
    path
        A file, or a folder whose *.yml and *.yaml are read, rather than a server.
    """
    if path is not None:
        from heapwatch.workflow.definition import load

        rows = [_row(each) for each in load(path).workflows.values()]
        write(COLUMNS, rows, output.kind, rows, foot=[] if rows else ["no workflow"])
        return 0
    with Client(server) as client:
        found = client.get("/api/v1/workflows")
    rows = [_served(each) for each in found["workflows"]]
    foot = [] if rows else ["no workflow; the server's setting `workflows` names a file or folder of them"]
    if found["switch"]["stopped"]:
        foot.append(f"all workflows are stopped by {clean(found['switch']['by'])}")
    write([*COLUMNS[:-1], *OF_A_SERVER, COLUMNS[-1]], rows, output.kind, found["workflows"], foot=foot)
    return 0


@app.command
def show(path: Path, *, output: TableOutput = TABLE) -> int:
    """Show the steps of the workflows of a file, and which of them are destructive.

    For example:

        heapwatch workflow show evidence.yml

    Parameters
    ----------
    path
        A file, or a folder whose *.yml and *.yaml are read.
    """
    from heapwatch.workflow.definition import load

    found = list(load(path).workflows.values())
    if output.kind == "json":
        write_json([each.model_dump(by_alias=True, exclude_defaults=True) for each in found])
        return 0
    columns = [
        Column("workflow", "WORKFLOW"),
        Column("id", "STEP"),
        Column("do", "DO"),
        Column("destructive", "DESTRUCTIVE"),
        Column("when", "WHEN", lambda text: clean(text) if text else human.NONE, rank=1),
        Column("timeout", "TIMEOUT", lambda span: f"{span / 1000:g} s", right=True),
    ]
    write(columns, [row for each in found for row in _steps(each)], output.kind)
    return 0


@app.command
def run(
    name: str,
    *,
    label: Annotated[tuple[str, ...], Parameter(name=["--label", "-l"], negative="")] = (),
    dry_run: bool = False,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Begin a run of a workflow on the server, by hand.

    For example:

        heapwatch workflow run evidence --label host=web1 --label jvm=shop
        heapwatch workflow run restart --label host=web1 --dry-run

    Parameters
    ----------
    name
        The workflow's name.
    label
        name=value; several times for several labels.
    dry_run
        Say what destructive steps would do, and do not do it.
    """
    from heapwatch.cli.runs import labels_of, tell

    body = {"labels": labels_of(label), "dry_run": dry_run or None}
    with Client(server) as client:
        found = client.post(f"/api/v1/workflows/{quote(name, safe='')}/runs", body)
    tell(found, output.kind)
    return 0


@app.command
def stop(*, note: str = "", output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """Stop all workflows of the server: runs are ended, and none begins until `start`.

    This holds over restarts of the server.

    Parameters
    ----------
    note
        Why; whoever is refused reads it, and the audit keeps it.
    """
    return _switch(True, note, output, server)


@app.command
def start(*, note: str = "", output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """Let workflows begin again after `stop`.

    Parameters
    ----------
    note
        Why.
    """
    return _switch(False, note, output, server)


def _switch(stopped: bool, note: str, output: TableOutput, server: ServerOptions) -> int:
    with Client(server) as client:
        found = client.put("/api/v1/switch", {"stopped": stopped, "note": note})
    if output.kind == "json":
        write_json(found)
    elif found["stopped"]:
        print(
            f"all workflows are stopped by {clean(found['by'])}; `heapwatch workflow start` lets them begin"
        )
    else:
        print("workflows begin again")
    return 0


def _row(one: Workflow) -> dict[str, Any]:
    return {
        "workflow": one.workflow,
        "on": one.on.sentence,
        "steps": [each.id for each in one.steps],
        "destructive": one.destructive if one.acts else "",
        "description": one.description,
    }


def _served(one: dict[str, Any]) -> dict[str, Any]:
    acts = any(each["destructive"] for each in one["steps"])
    return {
        **one,
        "workflow": one["name"],
        "on": "; ".join(one["triggers"]),
        "destructive": one["destructive"] if acts else "",
    }


def _steps(one: Workflow) -> list[dict[str, Any]]:
    return [
        {
            "workflow": one.workflow,
            "id": each.id,
            "do": each.do,
            "destructive": "yes" if each.destructive else "no",
            "when": each.when,
            "timeout": each.timeout,
        }
        for each in one.steps
    ]
