"""The shapes of answers about workflows and their runs. Times are epoch ms."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from heapwatch.web.answers import Model


class Switch(Model):
    stopped: bool = Field(description="whether no workflow begins, and none goes on")
    by: str
    at: int | None
    note: str


class Approval(Model):
    run: str
    step: str
    workflow: str
    labels: dict[str, str]
    asked: int
    expires: int = Field(description="no answer by then is a no")
    shows: list[str] = Field(description="what is done after a yes")
    users: list[str] = Field(description="who may answer; empty: whoever has the scope act")
    state: str = Field(description="waiting, approved, denied or expired")
    by: str


class Approvals(Model):
    approvals: list[Approval]


class RunStep(Model):
    id: str
    do: str
    state: str = Field(
        description="pending, running, waiting_approval, succeeded, failed, timed_out, cancelled, denied,"
        " expired, skipped, dry_run, or unknown: it was interrupted"
    )
    attempt: int
    started: int | None
    ended: int | None
    duration_ms: int | None
    parameters: dict[str, Any]
    output: dict[str, Any] | None
    error: str
    approval: Approval | None


class Run(Model):
    id: str
    workflow: str
    state: str = Field(
        description="queued, delayed, running, waiting_approval, succeeded, failed, timed_out, cancelled,"
        " denied, expired or skipped"
    )
    reason: str
    trigger: dict[str, Any]
    labels: dict[str, str]
    dry_run: bool
    created: int
    started: int | None
    ended: int | None
    steps: list[RunStep]


class Runs(Model):
    runs: list[Run]


class Step(Model):
    id: str
    do: str
    destructive: bool


class Workflow(Model):
    name: str
    description: str
    file: str
    text: str
    triggers: list[str]
    steps: list[Step]
    destructive: str = Field(description="what its destructive steps do: dry_run, approval or allowed")
    running: int
    last: Run | None


class Workflows(Model):
    workflows: list[Workflow]
    switch: Switch
    configured: bool


class Hooked(Model):
    run: str | None
    why: str
