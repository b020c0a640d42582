"""Begin runs, answer what they ask, stop them: what the API and the command line call."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from heapwatch.errors import Refused, UsageError
from heapwatch.workflow import admission, records
from heapwatch.workflow.admission import DAY_MS
from heapwatch.workflow.definition import Workflow
from heapwatch.workflow.engine import Engine
from heapwatch.workflow.records import NotAsked, Over
from heapwatch.workflow.running import House, body
from heapwatch.workflow.switch import Thrown

BY_HAND = ("manual", "undo")
"""Triggers of people: they do not wait for more of them."""
_NOT_BEGUN = (records.QUEUED, records.DELAYED)
FOREIGN = "another version of the server began this run and cannot hand it over: it was ended; begin it anew"


class Runs:
    """All runs of one server. Safe to use from any thread."""

    def __init__(self, house: House, engine: Engine) -> None:
        self._house = house
        self._engine = engine
        self._admitting = threading.Lock()
        self._alarm: threading.Timer | None = None
        self._aside = ThreadPoolExecutor(1, "workflow-admission")
        house.ended = self._admit_later

    def start(self) -> None:
        """Go on with what was under way, and begin what was not yet."""
        self._engine.start(body(self._house))
        for run in self._house.records.open_runs():
            if run["state"] not in _NOT_BEGUN:
                if self._engine.drop_foreign(run["id"]):
                    self._house.break_off(run["id"], FOREIGN)
                    continue
                self._engine.begin(run["id"])
                self._engine.wake(run["id"])  # an answer may have come just before the end
        self._admit()

    def stop(self, patience_s: float = 0.0) -> None:
        """No step begins any more; one that may not be done twice has so many seconds to be done.

        One that is not is `unknown` with the next start; all others go on, or are done anew.
        """
        with self._admitting:
            if self._alarm is not None:
                self._alarm.cancel()
        self._house.closing.close(patience_s)
        self._aside.shutdown()
        self._engine.stop()

    def tidy(self, before: int, most: int, since: int) -> int:
        """Delete old runs, as `Records.old` has them; how many."""
        number = 0
        while found := self._house.records.old(before, most, since):
            self._engine.forget(found)
            self._house.records.drop(found)
            number += len(found)
        return number

    def _admit_later(self) -> None:
        """Not from within the run that ends: what it begins would be remembered as a part of it."""
        with contextlib.suppress(RuntimeError):  # we stop; the next start admits
            self._aside.submit(self._admit)

    def begin(
        self,
        definition: Mapping[str, Any],
        labels: Mapping[str, str],
        trigger: Mapping[str, Any],
        who: str,
    ) -> str:
        """The new run's id; Refused when it is not to be. The definition is as in its file."""
        one = Workflow.model_validate(definition)
        kept, run = self._house.records, uuid.uuid4().hex[:12]
        with self._admitting:
            reason = self._refusal(one, labels)
            state = records.SKIPPED if reason else records.QUEUED
            if not reason and trigger.get("kind") not in BY_HAND:
                self._enough(one, labels)
                state = records.DELAYED if one.throttle.once_after else state
            kept.add(run, definition, labels, trigger, state, reason)
        outcome = "refused" if reason else "done"
        detail = f"{reason}; {_told(labels)}" if reason else _told(labels)
        self._house.audit.add(who, f"run:{run}", "run.begin", one.workflow, outcome, detail)
        if reason:
            raise Refused(reason)
        self._admit()
        return run

    def _enough(self, one: Workflow, labels: Mapping[str, str]) -> None:
        """Refused where a trigger only counts, or belongs to a run that is to begin later."""
        kept, now, key = self._house.records, self._house.records.now(), admission.key(one, labels)
        if (wanted := one.throttle.at_least) is not None:
            few = admission.too_few(one, labels, kept.heard(one.workflow, key, now, wanted.within), now)
            if few:
                raise Refused(few)
            kept.forget(one.workflow, key)
        joined = admission.joins(one, labels, kept.open_runs()) if one.throttle.once_after else None
        if joined is not None:
            left = max(0, admission.due(joined) - now) / 1000
            raise Refused(f"run {joined['id']}, which begins in {left:.0f} s, is for this trigger too")

    def _refusal(self, one: Workflow, labels: Mapping[str, str]) -> str:
        kept, now = self._house.records, self._house.records.now()
        thrown = self._house.switch.thrown()
        if thrown is not None:
            return f"all workflows were stopped by {thrown.who}" + (f": {thrown.why}" if thrown.why else "")
        span = max(DAY_MS, one.throttle.once_within or 0)
        reason = admission.left_out(one, labels, kept.lately(one.workflow, now - span), now)
        if not reason and one.limits.on_full == "drop":
            others = [run for run in kept.open_runs() if run["state"] != records.DELAYED]
            reason = admission.waits_for(one, labels, others)
        return reason

    def _admit(self) -> None:
        """Begin, the oldest first, whatever need not wait."""
        while True:
            with self._admitting:
                if self._house.switch.thrown() is not None:
                    return
                self._due()
                found = self._house.records.open_runs()
                queued = [run for run in found if run["state"] == records.QUEUED]
                began = [run for run in found if run["state"] not in _NOT_BEGUN]
                one = admission.first(queued, began)
                if one is None:
                    return
                self._house.records.state(one["id"], records.RUNNING)
            self._engine.begin(one["id"])

    def _due(self) -> None:
        """Delayed runs whose time has come are queued; for the next of the others an alarm is set."""
        kept, now = self._house.records, self._house.records.now()
        delayed = [
            (admission.due(run), run["id"]) for run in kept.open_runs() if run["state"] == records.DELAYED
        ]
        for due, run in delayed:
            if due <= now:
                kept.state(run, records.QUEUED)
        later = [due for due, _ in delayed if due > now]
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if later:
            self._alarm = threading.Timer((min(later) - now) / 1000, self._admit_later)
            self._alarm.daemon = True
            self._alarm.start()

    def answer(self, run: str, step: str | None, who: str, name: str, *, yes: bool, note: str = "") -> None:
        """Say yes or no to what a run asks; the first answer counts."""
        asked = [each for each in self._house.records.waiting() if each["run"] == run]
        found = [each for each in asked if step in (None, each["step"])]
        if not found:
            raise UsageError(f"run {run} waits for no answer" + (f" at {step}" if step else ""))
        one = found[0]
        if one["users"] and name not in one["users"]:
            raise NotAsked(f"{one['step']} of run {run} is for {', '.join(one['users'])} to answer")
        state = "approved" if yes else records.DENIED
        if not self._house.records.answer(run, one["step"], state, who):
            raise Over(f"{one['step']} of run {run} was answered already, or nobody answered in time")
        self._house.audit.add(
            who, f"run:{run}", "run.approve" if yes else "run.deny", one["step"], detail=note
        )
        self._engine.wake(run)

    def cancel(self, run: str, who: str, note: str = "") -> None:
        """End a run: what runs of it now is ended, and nothing after it begins."""
        if not self._house.records.stop(run, who):
            raise UsageError(f"no run {run} is under way")
        self._house.audit.add(who, f"run:{run}", "run.cancel", detail=note)
        self._end(run, who)

    def throw_switch(self, who: str, why: str = "") -> None:
        """Stop everything, and refuse what is new until it is released; this holds over restarts."""
        self._house.switch.throw(Thrown(who, self._house.records.now(), why))
        self._house.audit.add(who, "", "workflows.stop", detail=why)
        for run in self._house.records.open_runs():
            self._end(run["id"], who)

    def _end(self, run: str, who: str) -> None:
        with self._admitting:
            row = self._house.records.run(run)
            if row is not None and row["state"] in _NOT_BEGUN:
                self._house.records.state(run, records.CANCELLED, f"stopped by {who} before it began")
                self._house.changed(run)
                return
        self._house.stop_of(run).set()
        self._engine.begin(run)
        self._engine.wake(run)

    def release_switch(self, who: str) -> None:
        self._house.switch.release()
        self._admit()
        self._house.audit.add(who, "", "workflows.start")


def _told(labels: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
