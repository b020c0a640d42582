"""What undoes a run that has ended: a workflow of the `undo` of each of its steps, the last first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.workflow import records, templates
from heapwatch.workflow.definition import Workflow
from heapwatch.workflow.records import Over


def inverse(row: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Its definition, the parameters filled in from what the run said; Over when there is nothing to undo."""
    one = Workflow.model_validate(row["definition"])
    done = {each["step"]: each for each in attempts}
    said = {name: {key: each[key] for key in ("state", "output", "error")} for name, each in done.items()}
    about = {"id": row["id"], "workflow": row["workflow"], "began": row["began"]}
    names = templates.inert({"labels": row["labels"], "trigger": row["trigger"], "steps": said, "run": about})
    steps = []
    for step in reversed(one.steps):
        known = done.get(step.id)
        undone = done.get(f"{step.id}:undo", {}).get("state") == records.SUCCEEDED
        if step.undo is None or known is None or undone or known["state"] in (records.SKIPPED, "dry_run"):
            continue
        given = templates.render(step.undo.with_, names)
        if templates.is_template(given):
            raise UsageError(f"{step.id}: what it said holds a template; undo it by hand")
        steps.append({"id": f"undo_{step.id}"[:50], "do": step.undo.do, "with": given})
    if not steps:
        raise Over(f"run {row['id']} did nothing that it knows how to undo")
    kept = {"workflow": row["workflow"], "destructive": one.destructive, "notify": one.notify}
    return {**kept, "on": "manual", "steps": steps}
