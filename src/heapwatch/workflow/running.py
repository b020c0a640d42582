"""One run, step by step: what is to be done next is known from the definition and from what was remembered.

    when -> parameters -> (destructive: dry run, or leave) -> attempt, again and again -> outcome
    an attempt: intent written -> done -> outcome written -> remembered

A crash between intent and outcome of what does harm when done twice is `unknown`: it is not done again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from pydantic import ValidationError

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.human import duration
from heapwatch.monitor.values import Written
from heapwatch.workflow import records, templates
from heapwatch.workflow.audit import Audit
from heapwatch.workflow.closing import Closing
from heapwatch.workflow.definition import Action, Retry, StepLine, Workflow
from heapwatch.workflow.engine import Durable
from heapwatch.workflow.records import Records
from heapwatch.workflow.steps import STEPS, approval
from heapwatch.workflow.steps.base import Job, Stopped, TimedOut
from heapwatch.workflow.switch import Switch

Leave = Literal["dry_run", "approval", "allowed"]
ORDER: tuple[Leave, ...] = ("dry_run", "approval", "allowed")
INTERRUPTED = "interrupted, outcome unknown: the server ended in the middle of it, and it is not done twice"
DRY_RUN, LOOK_S = "dry_run", 60.0
Outcome = dict[str, Any]


class _Ended(Exception):
    """The run ends here, in this state."""

    def __init__(self, state: str, text: str) -> None:
        super().__init__(text)
        self.state = state
        self.text = text


@dataclass
class House:
    """What all runs share."""

    records: Records
    audit: Audit
    switch: Switch
    job: Callable[[float, threading.Event], Job]
    leave: Leave = "approval"
    """What destructive steps may do at most; a workflow can only be stricter."""
    changed: Callable[[str], None] = lambda _run: None
    ended: Callable[[], None] = lambda: None
    """One more may begin."""
    stops: dict[str, threading.Event] = field(default_factory=dict)
    closing: Closing = field(default_factory=Closing)

    def stop_of(self, run: str) -> threading.Event:
        return self.stops.setdefault(run, threading.Event())

    def break_off(self, run: str, why: str) -> None:
        """End a run that cannot go on; of what it was doing nobody knows the outcome."""
        row = self.records.run(run)
        if row is None or row["state"] in records.ENDS:
            return
        for each in self.records.attempts(run):
            if each["state"] == records.RUNNING:
                self.records.done(run, each["step"], each["attempt"], records.UNKNOWN, {}, why)
        self.records.state(run, records.FAILED, why)
        who = f"workflow:{row['workflow']}"
        self.audit.add(who, f"run:{run}", "run.end", row["workflow"], "failed", f"{records.FAILED}; {why}")
        self.changed(run)


def body(house: House) -> Callable[[str, Durable], None]:
    """What the engine runs, and runs again after a crash."""

    def work(run: str, durable: Durable) -> None:
        row = house.records.run(run)
        try:
            if row is not None:
                _Run(house, durable, row).go()
        except Exception as error:
            if not house.closing.closed:  # else it goes on with the next start
                house.break_off(run, f"a fault of the server: {type(error).__name__}: {error}"[:500])
            raise
        finally:
            house.stops.pop(run, None)
            house.ended()

    return work


class _Run:
    def __init__(self, house: House, durable: Durable, row: Mapping[str, Any]) -> None:
        self.house = house
        self.durable = durable
        self.id: str = row["id"]
        self.waits = row["state"] == records.WAITING  # as it did before a restart: it does so still
        self.workflow = Workflow.model_validate(row["definition"])
        self.ends = row["began"] + self.workflow.timeout
        self.names: dict[str, Any] = {
            "labels": templates.inert(row["labels"]),
            "trigger": templates.inert(row["trigger"]),
            "steps": {},
            "run": {"id": self.id, "workflow": self.workflow.workflow, "began": row["began"]},
        }
        self.leave = ORDER[min(ORDER.index(house.leave), ORDER.index(self.workflow.destructive))]
        self.granted: dict[str, str] = {}
        """The descriptions, by step, that an approval before them has shown."""

    def go(self) -> None:
        if not self.waits:
            self._state(records.RUNNING)
        done: list[StepLine] = []
        state, text = records.SUCCEEDED, ""
        for step in self.workflow.steps:
            try:
                outcome = self._step(step)
            except _Ended as end:
                state, text = end.state, end.text
                break
            self.names["steps"][step.id] = templates.inert(outcome)
            if outcome["state"] == records.SKIPPED:
                continue
            done.append(step)
            failed = outcome["state"] not in (records.SUCCEEDED, DRY_RUN)
            if failed and "continue" in step.on_fail:
                self._notify(step, f"{step.id}: {outcome['error']}; the run goes on")
            elif failed:
                state = records.TIMED_OUT if outcome["state"] == records.TIMED_OUT else records.FAILED
                text = f"{step.id}: {outcome['error']}"
                if "undo" in step.on_fail:
                    text += self._undo(done)
                self._notify(step, text)
                break
        self.durable.once("end", lambda: self._end(state, text))

    def _step(self, step: StepLine) -> Outcome:
        self._may_go_on(step.id)
        try:
            if step.when is not None and not templates.holds(step.when, self.names):
                return self._told(step.id, records.SKIPPED, f"{step.when} is not so")
            shown, given = self._parameters(step)
        except UsageError as error:
            return self._told(step.id, records.FAILED, str(error))
        if step.do == "sleep":
            return self._sleep(step, given)
        if step.do == "approval":
            return self._approval(step, given)
        if step.destructive and (dry := self._leave(step, given)) is not None:
            return dry
        return self._attempts(step.id, step, step, shown, given)

    def _may_go_on(self, step: str) -> None:
        """Whether nobody stopped the run, all runs, and its time is not over."""

        def look() -> list[str]:
            thrown = self.house.switch.thrown()
            if thrown is not None:
                return [records.CANCELLED, f"all workflows were stopped by {thrown.who}"]
            row = self.house.records.run(self.id)
            if row is not None and row["stopped_by"]:
                return [records.CANCELLED, f"stopped by {row['stopped_by']} before {step}"]
            if self.house.records.now() >= self.ends:
                return [records.TIMED_OUT, f"not done within {self.workflow.timeout / 1000:g} s"]
            return []

        found = self.durable.once(f"{step}: may it", look)
        if found:
            raise _Ended(*found)

    def _parameters(self, action: Action) -> tuple[dict[str, Any], Written]:
        """As they are shown, with secrets by reference."""
        shown = templates.render(action.with_, self.names)
        for word, raw in zip(shown.get("argv", []), action.with_.get("argv", []), strict=False):
            if str(word).startswith("-") and not str(raw).startswith("-"):
                raise UsageError(f"a template makes an option of {raw!r}: {word!r}")
        return shown, _read(action, shown)

    def _sleep(self, step: StepLine, given: Any) -> Outcome:
        until = self.durable.once(f"{step.id}: until", lambda: self.house.records.now() + given.for_)
        while True:
            left = self.durable.once(f"{step.id}: left", lambda: until - self.house.records.now())
            if left <= 0:
                return self._told(step.id, records.SUCCEEDED, "")
            self.durable.wait(left / 1000)
            self._may_go_on(step.id)

    def _approval(self, step: StepLine, given: Any) -> Outcome:
        """Shows what destructive steps after it would do; these then need no leave of their own."""
        shown = self._ahead(step)
        text = "\n".join([*([given.text] if given.text else []), *(f"{k}: {v}" for k, v in shown.items())])
        who = self._answered(step, given, text)
        self.granted.update(shown)
        return self._told(step.id, records.SUCCEEDED, "", {"by": who})

    def _ahead(self, step: StepLine) -> dict[str, str]:
        found = {}
        for later in self.workflow.steps[self.workflow.steps.index(step) + 1 :]:
            if later.destructive:
                try:
                    found[later.id] = STEPS[later.do].describe(self._parameters(later)[1])
                except UsageError:
                    continue  # it needs what steps before it say: it asks for itself
        return found

    def _leave(self, step: StepLine, given: Any) -> Outcome | None:
        """None when the step may be done; else the record of the dry run."""
        text = STEPS[step.do].describe(given)
        if self.leave == "dry_run":
            return self._told(step.id, DRY_RUN, "", {"would": text})
        if self.leave == "approval" and self.granted.get(step.id) != text:
            self._answered(step, approval.Parameters(), f"{step.id}: {text}")
        return None

    def _answered(self, line: StepLine, asked: approval.Parameters, text: str) -> str:
        """Who said yes; no answer in time is a no."""
        step = line.id

        def ask() -> None:
            kept = self.house.records
            kept.ask(self.id, step, asked.users, text, min(kept.now() + asked.expires, self.ends))
            kept.state(self.id, records.WAITING, f"{step} waits for leave")
            self.house.changed(self.id)

        self.durable.once(f"{step}: ask", ask)
        self._say_asked(line, asked, text)
        while True:
            state, who, left = self.durable.once(f"{step}: answer", lambda: self._answer(step))
            if state == "waiting":
                self.durable.wait(min(left / 1000, LOOK_S))  # an answer whose word was lost is seen then
                self._may_go_on(step)
                continue
            if state != "approved":
                says = "nobody answered in time" if state == records.EXPIRED else f"{who} said no"
                raise _Ended(state, f"{step}: {says}")
            self.durable.once(f"{step}: go on", lambda: self._state(records.RUNNING))
            return str(who)

    def _say_asked(self, step: StepLine, asked: approval.Parameters, text: str) -> None:
        """Tell whom it concerns what is asked, each once; that somebody cannot be is in the record."""
        once = step.model_copy(update={"retry": Retry(count=0)})
        only = f"only {' or '.join(asked.users)} may answer; " if asked.users else ""
        how = f"no answer within {duration(asked.expires / 1000)} is a no: heapwatch approve {self.id}"
        lines = [*([text] if text else []), f"{only}{how}, or heapwatch deny {self.id}"]
        title = f"{self.workflow.workflow} asks"
        self._say(f"{step.id}:asked", once, asked.to or self.workflow.notify, title, "\n".join(lines))

    def _answer(self, step: str) -> list[Any]:
        kept = self.house.records
        row = kept.approval(self.id, step)
        if row is not None and row["state"] == "waiting" and kept.now() >= row["expires"]:
            kept.answer(self.id, step, records.EXPIRED, "")
            row = kept.approval(self.id, step)
        if row is None:
            return [records.EXPIRED, "", 0]
        return [row["state"], row["who"], row["expires"] - kept.now()]

    def _attempts(self, key: str, step: StepLine, action: Action, shown: Any, given: Any) -> Outcome:
        delay = step.retry.delay / 1000
        for attempt in range(1, step.retry.count + 2):
            work = partial(self._uncut, key, attempt, step, action, shown, given)
            outcome: Outcome = self.durable.once(f"{key}: attempt {attempt}", work)
            final = outcome["state"] in (records.SUCCEEDED, records.UNKNOWN, records.CANCELLED)
            if final or attempt > step.retry.count:
                break
            self.durable.wait(delay)
            delay *= step.retry.backoff
            self._may_go_on(key)
        if outcome["state"] == records.CANCELLED:
            raise _Ended(records.CANCELLED, f"{key}: {outcome['error']}")
        return outcome

    def _uncut(
        self, key: str, attempt: int, step: StepLine, action: Action, shown: Any, given: Any
    ) -> Outcome:
        with self.house.closing.attempt(repeatable=action.repeatable):
            return self._attempt(key, attempt, step, action, shown, given)

    def _attempt(
        self, key: str, attempt: int, step: StepLine, action: Action, shown: Any, given: Any
    ) -> Outcome:
        kept = self.house.records
        text = STEPS[action.do].describe(given)
        output: dict[str, Any]
        before = kept.intend(self.id, key, attempt, shown, text)
        if before is not None and before["state"] != records.RUNNING:
            return {name: before[name] for name in ("state", "output", "error")}
        if before is not None and not action.repeatable:
            state, output, error = records.UNKNOWN, {}, INTERRUPTED
        else:
            self.house.changed(self.id)
            state, output, error = self._perform(step, action, shown)
        kept.done(self.id, key, attempt, state, output, error)
        self._note(key, attempt, action.do, shown, state, output, error)
        self.house.changed(self.id)
        return {"state": state, "output": output, "error": error}

    def _perform(self, step: StepLine, action: Action, shown: Any) -> tuple[str, dict[str, Any], str]:
        perform = STEPS[action.do].perform
        assert perform is not None
        left = max(0, min(step.timeout, self.ends - self.house.records.now())) / 1000
        output: dict[str, Any] = {}
        secrets: list[str] = []
        state, error = records.SUCCEEDED, ""
        try:
            used, secrets = templates.revealed(shown)
            output = perform(_read(action, used), self.house.job(left, self.house.stop_of(self.id)))
        except HeapwatchError as caught:
            state, error, output = records.FAILED, str(caught), getattr(caught, "output", {})
            if isinstance(caught, TimedOut):
                state = records.TIMED_OUT
            elif isinstance(caught, Stopped):
                state = records.CANCELLED
        return state, templates.redacted(output, secrets), templates.redacted(error, secrets)

    def _notify(self, step: StepLine, text: str) -> None:
        """Tell of a step that failed whom the workflow names; that nobody could be told changes nothing."""
        if "notify" in step.on_fail:
            title = f"{self.workflow.workflow} failed"
            self._say(f"{step.id}:notify", step, self.workflow.notify, title, text)

    def _say(self, key: str, step: StepLine, to: list[str], title: str, text: str) -> None:
        """Each by itself: a second try for one tells no other again."""
        labels = {**self.names["labels"], "workflow": self.workflow.workflow, "run": self.id}
        for receiver in to:
            shown = {"to": [receiver], "title": title, "text": templates.inert(text), "labels": labels}
            tell = Action.model_validate({"do": "notify", "with": shown})
            self._attempts(f"{key}:{receiver}", step, tell, shown, _read(tell, shown))

    def _undo(self, done: list[StepLine]) -> str:
        """The inverse of what was done, the last first; what of it failed, for the run's text."""
        failed = []
        for step in reversed(done):
            if step.undo is None:
                continue
            key = f"{step.id}:undo"
            try:
                shown, given = self._parameters(step.undo)
            except UsageError as error:
                outcome = self._told(key, records.FAILED, str(error))
            else:
                outcome = self._attempts(key, step, step.undo, shown, given)
            if outcome["state"] != records.SUCCEEDED:
                failed.append(f"{key}: {outcome['error']}")
        return "; undone" if not failed else "; not all undone: " + "; ".join(failed)

    def _told(self, key: str, state: str, error: str, output: dict[str, Any] | None = None) -> Outcome:
        """The record of a step for which nothing had to be done."""

        def write() -> Outcome:
            kept = self.house.records
            if kept.intend(self.id, key, 1, {}, "", state) is None:
                kept.done(self.id, key, 1, state, output or {}, error)
                self._note(key, 1, "", {}, state, output or {}, error)
            self.house.changed(self.id)
            return {"state": state, "output": output or {}, "error": error}

        found: Outcome = self.durable.once(f"{key}: told", write)
        return found

    def _state(self, state: str) -> None:
        self.house.records.state(self.id, state)
        self.house.changed(self.id)

    def _end(self, state: str, text: str) -> None:
        self.house.records.state(self.id, state, text)
        self._audit("run.end", self.workflow.workflow, state, text)
        self.house.changed(self.id)

    def _note(self, key: str, attempt: int, do: str, shown: Any, state: str, output: Any, error: str) -> None:
        """The whole output stays with the run; the audit has its hash."""
        hashed = hashlib.sha256(json.dumps(output, sort_keys=True).encode()).hexdigest()
        told = [f"attempt {attempt}", do, f"output sha256:{hashed}", error, json.dumps(shown)]
        self._audit("run.step", key, state, "; ".join(filter(None, told)))

    def _audit(self, what: str, target: str, state: str, detail: str) -> None:
        outcome = "done" if state in (records.SUCCEEDED, records.SKIPPED, DRY_RUN) else "failed"
        who = f"workflow:{self.workflow.workflow}"
        self.house.audit.add(who, f"run:{self.id}", what, target, outcome, f"{state}; {detail}")


def _read(action: Action, given: Mapping[str, Any]) -> Written:
    try:
        return STEPS[action.do].parameters.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise UsageError(f"{place}: {fault['msg'].removeprefix('Value error, ')}") from error
