"""`ssh.command`: a program of another host, by its words; no shell reads what they mean."""

from __future__ import annotations

import shlex
from typing import Any

from pydantic import Field

from heapwatch.errors import UsageError
from heapwatch.monitor.values import Written
from heapwatch.workflow.steps.base import Job, Step, StepFailed, cut


class Parameters(Written):
    host: str
    """As the inventory has it."""
    argv: list[str] = Field(min_length=1)
    """The program and its words, each quoted for the shell there."""
    codes: list[int] = [0]
    """The codes it ends with when all is well."""


def describe(given: Parameters) -> str:
    return f"run on {given.host}: {shlex.join(given.argv)}"


def perform(given: Parameters, job: Job) -> dict[str, Any]:
    if job.hands is None:
        raise UsageError("nothing here reaches hosts: the server has no inventory")
    job.check()
    done = job.hands.command(given.host, given.argv, job.left_s(), job.stop)
    output = {"code": done["code"], "text": cut(done["stdout"]), "errors": cut(done["stderr"])}
    if done["code"] not in given.codes:
        said = " ".join(done["stderr"].split())[-300:]
        raise StepFailed(
            f"{given.argv[0]} on {given.host} ended with code {done['code']}" + (f": {said}" if said else ""),
            output,
        )
    return output


STEP = Step(Parameters, describe, perform, destructive=True, idempotent=False)
