"""`collect`: a histogram of every JVM of many hosts; those that failed are named, and fail the step."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from heapwatch.errors import UsageError
from heapwatch.model import ALL
from heapwatch.monitor.values import Span, Written
from heapwatch.workflow.steps.base import Job, Step, StepFailed, cut


class Parameters(Written):
    hosts: str = ""
    """A pattern of the inventory; empty: all of them."""
    jvms: list[str] = []
    """Names; empty: all of them."""
    mode: Literal["all", "live"] = ALL  # type: ignore[assignment]
    """live: reachable objects only, after a full collection: a pause."""
    each: Span = Field(default=60_000, gt=0)
    """How long one host may take."""
    allow_failed: int = Field(default=0, ge=0)
    """So many hosts may fail."""


def describe(given: Parameters) -> str:
    whose = f" of {', '.join(given.jvms)}" if given.jvms else ""
    return f"collect histograms{whose} from {given.hosts or 'all hosts'}"


def perform(given: Parameters, job: Job) -> dict[str, Any]:
    if job.hands is None:
        raise UsageError("nothing here reaches hosts: the server has no inventory")
    job.check()
    each_s = min(given.each / 1000, job.left_s())
    rows = job.hands.collect(given.hosts, given.jvms, given.mode, each_s, job.stop)
    if not rows:
        nothing = {"text": "", "hosts": [], "failed": [], "jvms": 0}
        raise StepFailed("the inventory has no hosts: the server's setting `inventory` names one", nothing)
    failed = [row for row in rows if row["failed"]]
    read = sum(jvm["outcome"] == "ok" for row in rows for jvm in row["jvms"])
    why = "; ".join(f"{row['host']}: {row['outcome']}: {row['why']}" for row in failed)
    output = {
        "text": cut(
            f"{len(rows) - len(failed)} of {len(rows)} hosts, {read} JVMs" + (f"; {why}" if why else "")
        ),
        "hosts": list(rows)[:1000],
        "failed": [row["host"] for row in failed],
        "jvms": read,
    }
    if len(failed) > given.allow_failed:
        raise StepFailed(f"{len(failed)} of {len(rows)} hosts failed: {cut(why)}", output)
    return output


STEP = Step(Parameters, describe, perform)
