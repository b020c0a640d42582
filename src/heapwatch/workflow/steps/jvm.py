"""`jvm.*`: an operation on one JVM, by the names that `heapwatch diagnose` has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.monitor.values import Written
from heapwatch.workflow.steps.base import Job, Step


class Parameters(Written):
    host: str
    jvm: str
    """A pid, or the JVM's name."""
    options: Mapping[str, Any] = {}


def step(operation: str, *, destructive: bool = False) -> Step:
    """The step of one operation."""

    def describe(given: Parameters) -> str:
        how = "".join(f" {name}={value}" for name, value in given.options.items())
        return f"{operation}{how} on {given.jvm} of {given.host}"

    def perform(given: Parameters, job: Job) -> dict[str, Any]:
        if job.hands is None:
            raise UsageError("nothing here reaches JVMs")
        return dict(job.hands.operate(given.host, given.jvm, operation, given.options))

    return Step(Parameters, describe, perform, destructive=destructive, idempotent=not destructive)
