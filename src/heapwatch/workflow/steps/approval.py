"""`approval`: somebody has to say yes; no answer is a no."""

from __future__ import annotations

from pydantic import Field

from heapwatch.monitor.values import Span, Written
from heapwatch.workflow.steps.base import Step


class Parameters(Written):
    users: list[str] = []
    """Who may; empty: whoever has the scope act."""
    expires: Span = Field(default=900_000, gt=0)
    """No answer until then is a no."""
    text: str = ""
    to: list[str] = []
    """The receivers that are told what is asked; empty: those of the workflow's notify."""


def describe(given: Parameters) -> str:
    whom = " or ".join(given.users) if given.users else "an operator"
    return f"ask {whom} for {given.expires / 1000:g} s at most" + (f": {given.text}" if given.text else "")


STEP = Step(Parameters, describe, None)
