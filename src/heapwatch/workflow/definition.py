"""Files of workflows: YAML, read strictly; a fault is told with file, line and column.

workflow: evidence
on: {monitor: heap-after-gc, states: [critical]}
match: [{label: env, op: eq, value: prod}]
throttle: {once_within: 30m, by: [service]}
limits: {concurrency: 1, by: [service], on_full: queue, max_runs_per_day: 4}
steps:
  - {id: look, do: jvm.histogram, with: {host: "{{ labels.host }}", jvm: "{{ labels.jvm }}"}, timeout: 60s}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from cronsim import CronSim, CronSimError
from pydantic import Field, ValidationError, field_validator, model_validator

from heapwatch.errors import UsageError
from heapwatch.monitor import marked
from heapwatch.monitor.load import files
from heapwatch.monitor.states import STATES
from heapwatch.monitor.values import Span, Written
from heapwatch.query.logs.parse import parse
from heapwatch.workflow import templates
from heapwatch.workflow.steps import STEPS

Name = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
_ANY_DAY = datetime(2026, 1, 1)
SOURCES = ("monitor", "every", "cron", "webhook", "leak", "collection_failed", "log", "manual")
SHORT = ("manual", "webhook", "collection_failed")


class On(Written):
    """What begins a run: exactly one of these."""

    monitor: str | None = None
    """A monitor's name, or a kind of monitors."""
    states: list[Literal[STATES]] = ["critical"]  # type: ignore[valid-type]
    """Which of the monitor's states begin a run."""
    every: Span | None = Field(default=None, ge=1000)
    """By the clock, the first at once."""
    cron: str | None = None
    """Five fields, in the time zone of the server."""
    webhook: Literal[True] | None = None
    """`POST /api/v1/hooks/NAME`."""
    leak: list[Literal["suspect", "confirmed", "stopped", "fixed"]] | None = None
    """The states of a leak that begin a run, once for each of its JVMs."""
    collection_failed: Literal[True] | None = None
    """A host that was to be collected from failed; its labels are host and outcome."""
    log: str | None = None
    """Each message that this log query finds, or each row of its table."""
    look: Span = Field(default=60_000, ge=1000)
    """How often the log is looked at."""
    delay: Span = Field(default=10_000, ge=0)
    """How long after its time a message is looked at: what arrives later than that begins nothing."""
    manual: Literal[True] | None = None
    """Only a person."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {value: True} if value in SHORT else value

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                CronSim(value, _ANY_DAY)
        except CronSimError as error:
            raise ValueError(f"{value!r} is no line of cron: {error}") from error
        return value

    @field_validator("log")
    @classmethod
    def _is_query(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                parse(value)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _one(self) -> On:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give one of {', '.join(SOURCES)}" + (f"; not {' and '.join(given)}" * bool(given))
            )
        if self.monitor is None and "states" in self.model_fields_set:
            raise ValueError("states are of a monitor")
        if self.log is None and (odd := {"look", "delay"} & self.model_fields_set):
            raise ValueError(f"{min(odd)} is of a log")
        return self

    @property
    def sentence(self) -> str:
        """What begins a run, in words."""
        if self.monitor is not None:
            return f"monitor {self.monitor} becomes {' or '.join(self.states)}"
        if self.every is not None:
            return f"every {self.every / 1000:g} s"
        if self.cron is not None:
            return f"cron {self.cron}"
        if self.leak is not None:
            return f"a leak is {' or '.join(self.leak)}"
        if self.log is not None:
            return f"log {self.log}"
        if self.collection_failed:
            return "a host cannot be collected from"
        return "a webhook" if self.webhook else "by hand"


class Match(Written):
    """A run begins only when this is so of a label; a label that is not there is empty."""

    label: str
    op: Literal["eq", "ne", "in", "not_in", "re", "not_re"] = "eq"
    value: str | list[str]
    """A list with `in` and `not_in`."""

    @model_validator(mode="after")
    def _fits(self) -> Match:
        if isinstance(self.value, list) != (self.op in ("in", "not_in")):
            raise ValueError(f"{self.op} takes {'a list' if self.op in ('in', 'not_in') else 'one value'}")
        if self.op in ("re", "not_re"):
            try:
                re.compile(str(self.value))
            except re.error as error:
                raise ValueError(f"{self.value!r} is no regular expression: {error}") from error
        return self

    def __call__(self, labels: Mapping[str, str]) -> bool:
        found = labels.get(self.label, "")
        if self.op in ("re", "not_re"):
            so = re.search(str(self.value), found) is not None
        else:
            so = found in self.value if isinstance(self.value, list) else found == self.value
        return so if self.op in ("eq", "in", "re") else not so


class AtLeast(Written):
    """So many triggers within a time."""

    count: int = Field(ge=2, le=10_000)
    within: Span = Field(gt=0)


class Throttle(Written):
    """Fewer runs than triggers: per set of labels. Nothing of it holds up who begins a run by hand."""

    once_within: Span | None = Field(default=None, gt=0)
    """One run at the first trigger, none for those that follow in this time."""
    once_after: Span | None = Field(default=None, gt=0)
    """One run so long after the first trigger, for all that came until then."""
    at_least: AtLeast | None = None
    """A run only when there were so many triggers; then they are counted anew."""
    by: list[str] = []
    """Labels: each set of their values is throttled by itself."""

    @model_validator(mode="after")
    def _one(self) -> Throttle:
        if self.once_within is not None and self.once_after is not None:
            raise ValueError("give once_within or once_after")
        return self


class Limits(Written):
    """How many runs there may be at a time, and in a day."""

    concurrency: int = Field(default=1, ge=1)
    """So many at a time."""
    by: list[str] = []
    """Labels: each set of their values is limited by itself."""
    on_full: Literal["queue", "drop"] = "queue"
    """Whether one more waits, or does not begin."""
    max_runs_per_day: int | None = Field(default=None, ge=1)


class Retry(Written):
    """What becomes of a step that failed."""

    count: int = Field(default=1, ge=0, le=100)
    """So many more attempts."""
    delay: Span = 10_000
    """How long before the next one."""
    backoff: float = Field(default=1.0, ge=1.0, le=10.0)
    """How many times longer before each one after it."""


class Action(Written):
    """What is to be done, and with what; `with` is read by the step itself."""

    do: str
    """One of the steps below."""
    with_: dict[str, Any] = Field(default={}, alias="with")
    """Its parameters; texts may be templates."""

    @field_validator("do")
    @classmethod
    def _is_step(cls, value: str) -> str:
        if value not in STEPS:
            raise ValueError(f"there is no step {value!r}; there are {', '.join(STEPS)}")
        return value

    @property
    def destructive(self) -> bool:
        return STEPS[self.do].destructive and not STEPS[self.do].harmless(self.with_)

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice does no harm."""
        return STEPS[self.do].idempotent or STEPS[self.do].harmless(self.with_)


class StepLine(Action):
    """One step of a workflow."""

    id: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,49}$")
    """Its name for templates after it: `steps.ID.state`, `.output` and `.error`."""
    timeout: Span = Field(default=300_000, gt=0)
    """For each attempt."""
    retry: Retry = Retry(count=0)
    """None, unless it says so."""
    when: str | None = None
    """A condition, such as `labels.env == 'prod'`; else the step is skipped."""
    on_fail: list[Literal["undo", "continue", "notify"]] = []
    """Undo what was done, go on, tell the workflow's receivers; the run fails unless it goes on."""
    undo: Action | None = None
    """The inverse of this step."""
    idempotent: bool | None = None
    """That doing it twice does no harm, or does: else as is usual for this step."""

    @property
    def repeatable(self) -> bool:
        return super().repeatable if self.idempotent is None else self.idempotent


class Workflow(Written):
    """A file is one workflow."""

    workflow: str = Name
    """Its name."""
    description: str = ""
    on: On
    """What begins a run."""
    match: list[Match] = []
    """All of them must be so of the labels."""
    throttle: Throttle = Throttle()
    """Fewer runs than triggers."""
    limits: Limits = Limits()
    """How many runs at a time."""
    notify: list[str] = []
    """The receivers that are told what a run asks, and where a step says `on_fail: [notify]`."""
    destructive: Literal["dry_run", "approval", "allowed"] = "approval"
    """What destructive steps may do; the server's setting of this name can only be stricter."""
    timeout: Span = Field(default=86_400_000, gt=0)
    """For a whole run."""
    steps: list[StepLine] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _sensible(self) -> Workflow:
        if not self.notify and any("notify" in each.on_fail for each in self.steps):
            raise ValueError("on_fail: [notify] tells whom? Give notify: [RECEIVER, ...]")
        limited = self.throttle.once_within or self.throttle.once_after or self.limits.max_runs_per_day
        if self.on.collection_failed and not limited and any(each.do == "collect" for each in self.steps):
            raise ValueError(
                "a failure of its own collect would begin it again: give throttle or limits.max_runs_per_day"
            )
        return self

    @property
    def acts(self) -> bool:
        """Whether anything in it is destructive."""
        return any(each.destructive for each in self.steps)


@dataclass(frozen=True)
class Book:
    """All workflows of a server."""

    workflows: Mapping[str, Workflow]
    written: Mapping[str, Mapping[str, Any]]
    """Each as it stands in its file: what a run keeps of it."""
    files: tuple[str, ...] = ()


def load(path: Path) -> Book:
    """A file, or all files of a folder; UsageError names the first fault."""
    return combined(marked.read(each) for each in files(path))


def combined(documents: Iterable[marked.Document]) -> Book:
    """Documents together: a name is there once in all of them."""
    found: dict[str, Workflow] = {}
    written: dict[str, Mapping[str, Any]] = {}
    where: dict[str, str] = {}
    for document in documents:
        one = read(document)
        if one.workflow in found:
            raise document.error(
                ("workflow",), f"{one.workflow!r} stands twice; the first is in {where[one.workflow]}"
            )
        found[one.workflow], where[one.workflow] = one, document.name
        written[one.workflow] = document.value
    return Book(found, written, tuple(where.values()))


def read(document: marked.Document) -> Workflow:
    """One document as a workflow; whatever can be known to be wrong with it is a fault now."""
    one = document.validated(Workflow)
    before: list[str] = []
    approvals: list[str] = []
    for at, step in enumerate(one.steps):
        path: tuple[marked.Key, ...] = ("steps", at)
        if step.id in before:
            raise document.error((*path, "id"), f"{step.id!r} stands twice")
        if step.when is not None:
            _checked(document, (*path, "when"), step.when, before, condition=True)
        _check_action(document, path, step, before, approvals)
        before.append(step.id)
        approvals += [step.id] if step.do == "approval" else []
        if step.undo is not None:
            if STEPS[step.undo.do].perform is None:
                raise document.error((*path, "undo", "do"), f"{step.undo.do} undoes nothing")
            _check_action(document, (*path, "undo"), step.undo, before, approvals)
    return one


def _check_action(
    document: marked.Document,
    path: tuple[marked.Key, ...],
    action: Action,
    before: list[str],
    approvals: list[str],
) -> None:
    for place, text in _texts((*path, "with"), action.with_):
        if templates.is_template(text):
            _checked(document, place, text, before)
    try:
        STEPS[action.do].parameters.model_validate(action.with_)
    except ValidationError as error:
        for fault in error.errors():
            loc = fault["loc"]
            if loc and templates.is_template(action.with_.get(str(loc[0]))):
                continue  # known when it runs
            if not loc and templates.is_template(action.with_):
                continue
            text = fault["msg"].removeprefix("Value error, ")
            if fault["type"] == "extra_forbidden":
                text = f"{action.do} does not know this"
            raise document.error((*path, "with", *loc), text) from error
    except UsageError as error:
        if not templates.is_template(action.with_):
            raise document.error((*path, "with"), str(error)) from error
    try:
        STEPS[action.do].check(action.with_, approvals)
    except UsageError as error:
        raise document.error((*path, "with"), str(error)) from error


def _checked(
    document: marked.Document,
    path: tuple[marked.Key, ...],
    text: str,
    before: list[str],
    *,
    condition: bool = False,
) -> None:
    try:
        templates.check(text, before, condition=condition)
    except UsageError as error:
        raise document.error(path, str(error)) from error


def _texts(path: tuple[marked.Key, ...], value: Any) -> Iterable[tuple[tuple[marked.Key, ...], str]]:
    if isinstance(value, str):
        yield path, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield from _texts((*path, key), each)
