"""Begin runs, answer what they ask, stop them: what the API and the command line call."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from heapwatch.errors import Refused, UsageError
from heapwatch.workflow import records
from heapwatch.workflow.definition import Workflow
from heapwatch.workflow.engine import Engine
from heapwatch.workflow.running import House, body
from heapwatch.workflow.switch import Thrown


class Runs:
    """All runs of one server. Safe to use from any thread."""

    def __init__(self, house: House, engine: Engine) -> None:
        self._house = house
        self._engine = engine

    def start(self) -> None:
        """Go on with what was under way, and begin what was not yet."""
        self._engine.start(body(self._house))
        for run in self._house.records.open_runs():
            if run["state"] == records.QUEUED:
                self._engine.begin(run["id"])
            else:
                self._engine.wake(run["id"])  # an answer may have come just before the end

    def stop(self) -> None:
        self._engine.stop()

    def begin(
        self,
        definition: Mapping[str, Any],
        labels: Mapping[str, str],
        trigger: Mapping[str, Any],
        who: str,
    ) -> str:
        """The new run's id; Refused while all workflows are stopped. The definition is as in its file."""
        name = Workflow.model_validate(definition).workflow
        thrown = self._house.switch.thrown()
        run = uuid.uuid4().hex[:12]
        if thrown is not None:
            text = f"all workflows were stopped by {thrown.who}" + (f": {thrown.why}" if thrown.why else "")
            self._house.records.add(run, definition, labels, trigger, records.SKIPPED, text)
            self._house.audit.add(who, f"run:{run}", "run.begin", name, "refused", text)
            raise Refused(f"{text}; `heapwatch workflow start` lets them go on")
        self._house.records.add(run, definition, labels, trigger)
        self._house.audit.add(who, f"run:{run}", "run.begin", name, "done", _told(labels))
        self._engine.begin(run)
        return run

    def answer(self, run: str, step: str | None, who: str, name: str, *, yes: bool) -> None:
        """Say yes or no to what a run asks; the first answer counts."""
        asked = [each for each in self._house.records.waiting() if each["run"] == run]
        found = [each for each in asked if step in (None, each["step"])]
        if not found:
            raise UsageError(f"run {run} waits for no answer" + (f" at {step}" if step else ""))
        one = found[0]
        if one["users"] and name not in one["users"]:
            raise Refused(f"{one['step']} of run {run} is for {', '.join(one['users'])} to answer")
        state = "approved" if yes else records.DENIED
        if not self._house.records.answer(run, one["step"], state, who):
            raise Refused(f"{one['step']} of run {run} was answered already, or nobody answered in time")
        self._house.audit.add(who, f"run:{run}", "run.approve" if yes else "run.deny", one["step"])
        self._engine.wake(run)

    def cancel(self, run: str, who: str) -> None:
        """End a run: what runs of it now is ended, and nothing after it begins."""
        if not self._house.records.stop(run, who):
            raise UsageError(f"no run {run} is under way")
        self._house.audit.add(who, f"run:{run}", "run.cancel")
        self._house.stop_of(run).set()
        self._engine.wake(run)

    def throw_switch(self, who: str, why: str = "") -> None:
        """Stop everything, and refuse what is new until it is released; this holds over restarts."""
        self._house.switch.throw(Thrown(who, self._house.records.now(), why))
        self._house.audit.add(who, "", "workflows.stop", detail=why)
        for run in self._house.records.open_runs():
            self._house.stop_of(run["id"]).set()
            self._engine.wake(run["id"])

    def release_switch(self, who: str) -> None:
        self._house.switch.release()
        self._house.audit.add(who, "", "workflows.start")


def _told(labels: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
