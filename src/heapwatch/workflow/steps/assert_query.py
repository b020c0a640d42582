"""`assert.query`: every value that a query answers with is within bounds, before a time is over."""

from __future__ import annotations

import math
from typing import Any

from pydantic import model_validator

from heapwatch.errors import UsageError
from heapwatch.monitor.values import Amount, Span, Written
from heapwatch.query.parse import parse
from heapwatch.workflow.steps.base import Job, Step, StepFailed, TimedOut

AGAIN_S = 5.0


class Parameters(Written):
    query: str
    """A query of metrics; it has to answer with something."""
    above: Amount | None = None
    """All newest values are above this."""
    below: Amount | None = None
    """All newest values are below this."""
    within: Span = 0
    """How long to wait for it; 0: it has to be so at once."""
    last: Span = 300_000
    """How old a value may be."""

    @model_validator(mode="after")
    def _bounded(self) -> Parameters:
        if self.above is None and self.below is None:
            raise ValueError("give above or below")
        parse(self.query)
        return self

    def wrong(self, value: float) -> bool:
        return (
            math.isnan(value)
            or (self.above is not None and not value > self.above)
            or (self.below is not None and not value < self.below)
        )


def describe(given: Parameters) -> str:
    bounds = [f"above {given.above:g}"] if given.above is not None else []
    bounds += [f"below {given.below:g}"] if given.below is not None else []
    return f"see that {given.query!r} is {' and '.join(bounds)} within {given.within / 1000:g} s"


def perform(given: Parameters, job: Job) -> dict[str, Any]:
    if job.answers is None:
        raise UsageError("there is no store here that a query could ask")
    job.timeout_s = min(job.timeout_s, max(given.within / 1000, 1e-3)) if given.within else job.timeout_s
    while True:
        found = job.answers.values(given.query, given.last)
        wrong = [value for value in found if given.wrong(value)]
        output = {"values": found[:100], "rows": len(found), "wrong": len(wrong)}
        if found and not wrong:
            return output
        told = f"{len(wrong)} of {len(found)} rows are not: {wrong[0]:g}" if found else "no row at all"
        if not given.within:
            raise StepFailed(told, output)
        try:
            job.stop.wait(min(AGAIN_S, max(0.0, job.left_s())))
            job.check()
        except TimedOut as error:
            raise StepFailed(f"{told}, for {given.within / 1000:g} s", output) from error


STEP = Step(Parameters, describe, perform)
