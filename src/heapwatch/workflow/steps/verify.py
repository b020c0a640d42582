"""`verify`: whether a fix works: nothing that leaked before leaks after, and nothing leaks anew."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from heapwatch.detect.verify import FIXED
from heapwatch.errors import UsageError
from heapwatch.monitor.values import Span, Written
from heapwatch.workflow.steps.base import Job, Step, StepFailed, TimedOut

AGAIN_S = 30.0


class Parameters(Written):
    service: str
    before: str
    """A version, or a range such as -3h..-1h."""
    after: str
    classes: list[str] = []
    """These, whether they were found to leak or not; none: whatever leaked before."""
    within: Span = Field(default=0, ge=0)
    """How long to wait for the proof; 0: it is there now."""


def describe(given: Parameters) -> str:
    what = f" of {', '.join(given.classes)}" if given.classes else ""
    return f"see that {given.after} of {given.service} fixes the leaks{what} of {given.before}"


def perform(given: Parameters, job: Job) -> dict[str, Any]:
    if job.proofs is None:
        raise UsageError("there is no store here that could prove a fix")
    job.timeout_s = min(job.timeout_s, max(given.within / 1000, 1e-3)) if given.within else job.timeout_s
    while True:
        found = job.proofs.verified(given.service, given.before, given.after, given.classes)
        proofs = [
            {name: each.get(name) for name in ("class", "verdict", "sentence")} for each in found["proofs"]
        ]
        output = {"proofs": proofs, "new": list(found["new"]), "leaks": len(proofs)}
        wrong = [f"{each['class']}: {each['verdict']}" for each in proofs if each["verdict"] != FIXED]
        wrong += [f"{name}: new leak" for name in found["new"]]
        if not wrong:
            return output
        told = "; ".join(wrong)
        if not given.within:
            raise StepFailed(told, output)
        try:
            job.stop.wait(min(AGAIN_S, max(0.0, job.left_s())))
            job.check()
        except TimedOut as error:
            raise StepFailed(f"{told}, for {given.within / 1000:g} s", output) from error


STEP = Step(Parameters, describe, perform)
