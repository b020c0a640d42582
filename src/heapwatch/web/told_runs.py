"""What the API says of workflows, their runs and what these ask: from the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heapwatch.workflow import records
from heapwatch.workflow.definition import Workflow
from heapwatch.workflow.records import Records
from heapwatch.workflow.running import ORDER, Leave
from heapwatch.workflow.switch import Switch

Row = Mapping[str, Any]
PENDING = "pending"
NOT_REACHED = "not reached"


def switch(of: Switch) -> dict[str, Any]:
    """Whether all workflows are stopped."""
    thrown = of.thrown()
    if thrown is None:
        return {"stopped": False, "by": "", "at": None, "note": ""}
    return {"stopped": True, "by": thrown.who, "at": thrown.time, "note": thrown.why}


def least(leave: Leave, workflow: Leave) -> Leave:
    """What destructive steps may do: the stricter of the server's word and the workflow's."""
    return ORDER[min(ORDER.index(leave), ORDER.index(workflow))]


def workflow(one: Workflow, file: str, text: str, leave: Leave, kept: Records, under_way: int) -> Row:
    last = kept.runs(1, one.workflow)
    return {
        "name": one.workflow,
        "description": one.description,
        "file": file,
        "text": text,
        "triggers": [one.on.sentence],
        "steps": [{"id": each.id, "do": each.do, "destructive": each.destructive} for each in one.steps],
        "destructive": least(leave, one.destructive),
        "running": under_way,
        "last": run(kept, last[0], leave, output=False) if last else None,
    }


def approval(row: Row, of: Row) -> dict[str, Any]:
    """What a run asks, or asked; `shows` is what it does after a yes."""
    return {
        "run": row["run"],
        "step": row["step"],
        "workflow": of["workflow"],
        "labels": of["labels"],
        "asked": row["asked"],
        "expires": row["expires"],
        "shows": row["text"].splitlines(),
        "users": row["users"],
        "state": row["state"],
        "by": row["who"],
    }


def run(kept: Records, row: Row, leave: Leave, *, output: bool = True) -> dict[str, Any]:
    """A run with its steps, then what was undone and who was told; each as it was when last tried."""
    one = Workflow.model_validate(row["definition"])
    attempts = {each["step"]: each for each in kept.attempts(row["id"])}
    asked = {each["step"]: approval(each, row) for each in kept.approvals(row["id"])}
    begun = [each["began"] for each in attempts.values()] + [each["asked"] for each in asked.values()]
    dos = {each.id: each.do for each in one.steps}
    dos.update((f"{each.id}:undo", each.undo.do) for each in one.steps if each.undo)
    names = [*dict.fromkeys([*(each.id for each in one.steps), *attempts])]
    steps = [_step(row, name, dos.get(name, "notify"), attempts.get(name), asked.get(name)) for name in names]
    sleeps = _sleeps(row, steps)
    if sleeps is not None:
        sleeps["state"] = records.RUNNING
    if not output:
        steps = [{**each, "output": None} for each in steps]
    return {
        "id": row["id"],
        "workflow": row["workflow"],
        "state": row["state"],
        "reason": row["text"],
        "trigger": row["trigger"],
        "labels": row["labels"],
        "dry_run": least(leave, one.destructive) == "dry_run",
        "created": row["began"],
        "started": min(begun, default=None),
        "ended": row["ended"],
        "steps": steps,
    }


def _sleeps(of: Row, steps: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The step in which a run waits for the time alone: nothing is written of it until it is over."""
    if of["state"] != records.RUNNING or any(each["state"] == records.RUNNING for each in steps):
        return None
    first = next((each for each in steps if each["state"] == PENDING), None)
    return first if first is not None and first["do"] == "sleep" else None


def _step(of: Row, name: str, do: str, row: Row | None, asked: Row | None) -> dict[str, Any]:
    over = of["state"] in records.ENDS
    if row is not None:
        ended = row["ended"]
        told = {
            "state": row["state"],
            "attempt": row["attempt"],
            "started": row["began"],
            "ended": ended,
            "duration_ms": None if ended is None else ended - row["began"],
            "parameters": row["parameters"],
            "output": row["output"],
            "error": row["error"],
        }
    else:
        waits = asked is not None and asked["state"] == "waiting" and not over
        state = records.WAITING if waits else records.SKIPPED if over else PENDING
        if asked is not None and asked["state"] in (records.DENIED, records.EXPIRED):
            state = asked["state"]
        told = {
            "state": state,
            "attempt": 0,
            "started": asked["asked"] if asked else None,
            "ended": None,
            "duration_ms": None,
            "parameters": {},
            "output": None,
            "error": NOT_REACHED if state == records.SKIPPED else "",
        }
    return {"id": name, "do": do, **told, "approval": asked}
