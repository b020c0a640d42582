"""`sleep`: wait for some time; a restart of the server does not begin it anew."""

from __future__ import annotations

from pydantic import Field

from heapwatch.monitor.values import Span, Written
from heapwatch.workflow.steps.base import Step


class Parameters(Written):
    for_: Span = Field(alias="for", gt=0)
    """How long; also over a restart of the server."""


def describe(given: Parameters) -> str:
    return f"wait {given.for_ / 1000:g} s"


STEP = Step(Parameters, describe, None)
