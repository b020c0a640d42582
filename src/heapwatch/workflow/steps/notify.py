"""`notify`: tell receivers, by the names that the files of monitors have for them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.monitor.values import Written
from heapwatch.workflow.steps.base import Job, Step, StepFailed


class Parameters(Written):
    to: list[str] = Field(min_length=1)
    """Receivers, by their names in the files of monitors."""
    text: str = Field(min_length=1)
    title: str = ""
    labels: dict[str, str] = {}


def describe(given: Parameters) -> str:
    return f"tell {', '.join(given.to)}: {given.title + ': ' if given.title else ''}{given.text}"


def perform(given: Parameters, job: Job) -> dict[str, Any]:
    """Everybody who can be told is told, also after one who cannot."""
    if job.voice is None:
        raise UsageError("nobody can be told here: the server has no file of monitors with receivers")
    told, failed = [], []
    for receiver in given.to:
        job.check()
        try:
            job.voice.tell(receiver, given.title or "workflow", given.text, given.labels)
            told.append(receiver)
        except HeapwatchError as error:
            failed.append(f"{receiver}: {error}")
    if failed:
        raise StepFailed("; ".join(failed), {"told": told})
    return {"told": told}


STEP = Step(Parameters, describe, perform)
