"""`verify`: whether a fix works: nothing that leaked before leaks after, and nothing leaks anew.

`output.still` has the classes that leak for certain: a step may fail because there is no proof yet, and that
is no reason to take a deployment back.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from heapwatch.detect.verify import FIXED, NOT_FIXED, PARTLY
from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.monitor.values import Span, Written
from heapwatch.workflow.ports import Proofs
from heapwatch.workflow.steps.base import Job, Step, StepFailed, TimedOut

AGAIN_S = 30.0


class Parameters(Written):
    service: str
    """The label `service`, or the name of its JVMs."""
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
        wrong, output = _seen(given, job.proofs)
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


def _seen(given: Parameters, by: Proofs) -> tuple[list[str], dict[str, Any]]:
    """What keeps it from being proved, and the step's output."""
    try:
        found = by.verified(given.service, given.before, given.after, given.classes)
    except UsageError:
        raise
    except HeapwatchError as error:  # such as no histograms of the new version yet
        return [str(error)], {"proofs": [], "new": [], "leaks": 0, "still": []}
    proofs = [{name: each.get(name) for name in ("class", "verdict", "sentence")} for each in found["proofs"]]
    new = [str(name) for name in found["new"]]
    still = [str(each["class"]) for each in proofs if each["verdict"] in (NOT_FIXED, PARTLY)] + new
    wrong = [f"{each['class']}: {each['verdict']}" for each in proofs if each["verdict"] != FIXED]
    wrong += [f"{name}: new leak" for name in new]
    return wrong, {"proofs": proofs, "new": new, "leaks": len(proofs), "still": still}


STEP = Step(Parameters, describe, perform)
