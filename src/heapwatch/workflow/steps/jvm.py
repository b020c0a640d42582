"""`jvm.*`: an operation on one JVM, by the names that `heapwatch diagnose` has for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import model_validator

from heapwatch.errors import UsageError
from heapwatch.jvm import operations
from heapwatch.monitor.values import Written
from heapwatch.workflow.steps.base import Job, Step
from heapwatch.workflow.templates import is_template

_BY = re.compile(r"\{\{\s*steps\.(\w+)\.output\.by\s*\}\}")


class Parameters(Written):
    host: str
    """As the inventory has it."""
    jvm: str = ""
    """A pid, or the JVM's name."""
    pid: int | None = None
    """Rather than its name: one of several of a name."""
    options: Mapping[str, Any] = {}
    """Of the operation, such as {mode: live} or {seconds: 60}."""

    @model_validator(mode="after")
    def _one(self) -> Parameters:
        if not self.jvm and self.pid is None:
            raise ValueError("give jvm or pid")
        return self

    @property
    def who(self) -> str:
        return str(self.pid) if self.pid is not None else self.jvm


class HeapDump(Parameters):
    suspect: str = ""
    """A class: the output says who holds its objects, and by which way from a root."""


def _dump(given: HeapDump, job: Job) -> dict[str, Any]:
    if job.hands is None:
        raise UsageError("nothing here reaches JVMs")
    job.check()
    asked = given.host, given.who, given.options, given.suspect
    return dict(job.hands.heap_dump(*asked, job.left_s(), job.stop))


def _described(given: HeapDump) -> str:
    options = {name: value for name, value in given.options.items() if name != "approved_by"}
    how = "".join(f" {name}={value}" for name, value in options.items())
    what = f", searched for {given.suspect}" if given.suspect else ""
    kept = f"kept in {options['path']}" if options.get("path") else "deleted once it is read"
    return f"heap_dump{how} on {given.who} of {given.host}{what}, {kept}"


def step(operation: str, *, destructive: bool = False, repeatable: bool | None = None) -> Step:
    """The step of one operation."""

    def describe(given: Parameters) -> str:
        how = "".join(f" {name}={value}" for name, value in given.options.items())
        return f"{operation}{how} on {given.who} of {given.host}"

    def perform(given: Parameters, job: Job) -> dict[str, Any]:
        if job.hands is None:
            raise UsageError("nothing here reaches JVMs")
        job.check()
        return dict(
            job.hands.operate(given.host, given.who, operation, given.options, job.left_s(), job.stop)
        )

    again = not destructive if repeatable is None else repeatable
    check = partial(_check, operation)
    return Step(Parameters, describe, perform, destructive=destructive, idempotent=again, check=check)


def _check(operation: str, given: Mapping[str, Any], approvals: Sequence[str]) -> None:
    options = given.get("options", {})
    if not isinstance(options, Mapping):
        return  # the parameters say so
    names = operations.chosen(operation, {})[1]
    for name, value in options.items():
        if name not in names or not is_template(value):
            operations.chosen(operation, {name: value})
    if operation == "heap_dump":
        found = _BY.fullmatch(str(options.get("approved_by", "")))
        if found is None or found[1] not in approvals:
            raise UsageError(
                "a heap dump holds what users typed, so somebody allows it: put an approval before it, and"
                ' options: {approved_by: "{{ steps.ID.output.by }}"} with its id'
            )


HEAP_DUMP = Step(
    HeapDump,
    _described,
    _dump,
    destructive=True,
    idempotent=False,
    check=partial(_check, "heap_dump"),
)
"""Fetched from the host, read here, and deleted on both sides; kept here only where `path` says so."""
