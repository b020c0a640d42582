"""`log`: a line in the server's log."""

from __future__ import annotations

from typing import Any, Literal

import structlog
from pydantic import Field

from heapwatch.monitor.values import Written
from heapwatch.workflow.steps.base import Job, Step

log = structlog.get_logger("heapwatch.workflow")


class Parameters(Written):
    text: str = Field(min_length=1)
    level: Literal["info", "warning", "error"] = "info"
    fields: dict[str, str] = {}


def describe(given: Parameters) -> str:
    return f"log as {given.level}: {given.text}"


def perform(given: Parameters, job: Job) -> dict[str, Any]:
    job.check()
    getattr(log, given.level)("workflow says", text=given.text, fields=given.fields)
    return {"text": given.text}


STEP = Step(Parameters, describe, perform)
