"""`heapwatch workflow check`, `list` and `show`: over files, no server is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from heapwatch import human
from heapwatch.cli.options import TABLE, TableOutput
from heapwatch.cli.output import Column, clean, write, write_json

if TYPE_CHECKING:
    from heapwatch.workflow.definition import On, Workflow

app = App(
    name="workflow",
    help="""Check files of workflows, and show what they would do.

For example:

    heapwatch workflow check workflows/
    heapwatch workflow list workflows/
    heapwatch workflow show workflows/evidence.yml
""",
)

COLUMNS = [
    Column("workflow", "WORKFLOW"),
    Column("on", "ON", clean),
    Column("steps", "STEPS", lambda steps: str(len(steps)), right=True),
    Column("destructive", "DESTRUCTIVE", lambda text: text or human.NONE),
    Column("description", "DESCRIPTION", lambda text: clean(text) or human.NONE, rank=1, elastic=True),
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
    foot = [f"{human.plural(len(rows), 'workflow')}, nothing is wrong with them"]
    write(COLUMNS, rows, output.kind, rows, foot=foot)
    return 0


@app.command(name="list")
def list_(path: Path, *, output: TableOutput = TABLE) -> int:
    """List the workflows of a file or folder, and what begins them.

    For example:

        heapwatch workflow list workflows/

    Parameters
    ----------
    path
        A file, or a folder whose *.yml and *.yaml are read.
    """
    from heapwatch.workflow.definition import load

    rows = [_row(each) for each in load(path).workflows.values()]
    write(COLUMNS, rows, output.kind, rows, foot=[] if rows else ["no workflow"])
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


def _row(one: Workflow) -> dict[str, Any]:
    return {
        "workflow": one.workflow,
        "on": _on(one.on),
        "steps": [each.id for each in one.steps],
        "destructive": one.destructive if one.acts else "",
        "description": one.description,
    }


def _steps(one: Workflow) -> list[dict[str, Any]]:
    from heapwatch.workflow.steps import STEPS

    return [
        {
            "workflow": one.workflow,
            "id": each.id,
            "do": each.do,
            "destructive": "yes" if STEPS[each.do].destructive else "no",
            "when": each.when,
            "timeout": each.timeout,
        }
        for each in one.steps
    ]


def _on(given: On) -> str:
    if given.monitor is not None:
        return f"monitor {given.monitor}: {', '.join(given.states)}"
    if given.every is not None:
        return f"every {given.every / 1000:g} s"
    if given.cron is not None:
        return f"cron {given.cron}"
    if given.leak is not None:
        return f"leak: {', '.join(given.leak)}"
    return "webhook" if given.webhook else "manual"
