"""Workflows in the server: their files, what begins runs of them, and what the API asks of them.

Imported only when the setting `workflows` is there: the engine and the templates take time and memory.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from cronsim import CronSim

from heapwatch.errors import HeapwatchError, Refused, UsageError
from heapwatch.model import Event
from heapwatch.monitor import marked
from heapwatch.monitor.load import files
from heapwatch.monitor.states import Transition
from heapwatch.store.errors import NotFound
from heapwatch.web import told_runs
from heapwatch.web.acting_ports import Collected, StoreAnswers
from heapwatch.web.settings import Settings
from heapwatch.web.timers import Task
from heapwatch.workflow import records
from heapwatch.workflow.admission import DAY_MS
from heapwatch.workflow.audit import Audit
from heapwatch.workflow.definition import Book, Workflow, combined
from heapwatch.workflow.durable import DbosEngine
from heapwatch.workflow.hands import FleetHands
from heapwatch.workflow.inverse import inverse
from heapwatch.workflow.ports import Voice
from heapwatch.workflow.records import Over, Records
from heapwatch.workflow.running import House
from heapwatch.workflow.runs import Runs
from heapwatch.workflow.steps.base import Job
from heapwatch.workflow.switch import Switch
from heapwatch.workflow.triggers import Fires, Listening, collection_failed

if TYPE_CHECKING:
    import threading

    from heapwatch.monitor.leaks import LeakWatch
    from heapwatch.store import Store

log = structlog.get_logger("heapwatch.acting")

EVERY_S = 1.0
MOST_BODY = 64 << 10
Files = tuple[Book, Mapping[str, str]]
"""Workflows, and each of their files as text."""
_OF_A_JVM = ("host", "jvm", "pid", "started")


class Acting:
    """One server's workflows. Safe to use from any thread."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        leaks: LeakWatch,
        audit: Audit,
        note: Callable[[list[Event]], None],
        tell: Callable[[Mapping[str, Any]], None],
        voice: Voice,
    ) -> None:
        self._store = store
        self._settings = settings
        self._note = note
        self._tell = tell
        self._records = Records(settings.data / "runs.db")
        self._fires: deque[Fires] = deque()
        self._hands = FleetHands(settings.inventory, Collected(store).keep, failed=self._on_failed)
        self._answers = StoreAnswers(store, leaks)
        self._voice = voice
        self._listening = Listening(self._answers)
        self._switch = Switch(settings.data)
        self._house = House(
            self._records, audit, self._switch, self._job, settings.destructive, self._changed
        )
        engine = (
            DbosEngine(settings.workflows_dsn.get_secret_value())
            if settings.workflows_dsn
            else DbosEngine.of_folder(settings.data)
        )
        self._runs = Runs(self._house, engine)
        self._told: dict[str, str] = {}
        self._next: dict[str, float] = {}
        self._book, self._texts = self.read()

    def start(self) -> None:
        """Go on with the runs that were under way."""
        self._runs.start()

    def stop(self) -> None:
        """May take as long as the setting `workflows_patience` says."""
        self._runs.stop(self._settings.workflows_patience)
        self._hands.close()
        self._records.close()

    def read(self) -> Files:
        """The files as they are now; UsageError for the first fault, and nothing has changed."""
        assert self._settings.workflows is not None
        documents = [marked.read(path) for path in files(self._settings.workflows)]
        texts = {each.name: Path(each.name).read_text(encoding="utf-8") for each in documents}
        return combined(documents), texts

    def use(self, fresh: Files) -> None:
        """These from now on; runs that began go on as they are."""
        (self._book, self._texts), self._next = fresh, {}
        self._hands.reload()

    def tasks(self) -> list[Task]:
        return [
            Task("workflows", EVERY_S, self.tick, first=EVERY_S),
            Task("workflows that hear logs", EVERY_S, self.listen, first=EVERY_S),
            Task("runs", 3600.0, self.tidy, first=180.0),
        ]

    def tidy(self) -> int:
        """Delete old runs, but none that a throttle still has to know of."""
        throttles = (one.throttle.once_within or 0 for one in self._book.workflows.values())
        now, days = self._records.now(), self._settings.run_days
        before = now - days * DAY_MS if days else 0
        return self._runs.tidy(before, self._settings.max_runs, now - max(DAY_MS, *throttles))

    def _job(self, seconds: float, stop: threading.Event) -> Job:
        return Job(seconds, self._hands, self._answers, stop, self._answers, self._voice)

    # ---- what begins runs

    def on_transition(self, change: Transition) -> None:
        """A monitor's group has become something else; what is silenced begins nothing."""
        if change.silenced:
            return
        trigger = {
            "kind": "monitor",
            "monitor": change.monitor,
            "state": change.after,
            "before": change.before,
            "time": change.time,
            "value": change.value,
            "text": change.text,
            "query": change.query,
        }
        for one in self._book.workflows.values():
            if one.on.monitor in (change.monitor, change.kind) and change.after in one.on.states:
                self._fire(one, change.labels, trigger)

    def on_events(self, events: Sequence[Event]) -> None:
        """A leak has another state; told once a JVM."""
        for event in events:
            if event.kind != "leak":
                continue
            trigger = {"kind": "leak", "time": event.time, "text": event.text, "state": event.labels["state"]}
            for one in self._book.workflows.values():
                if one.on.leak is not None and event.labels["state"] in one.on.leak:
                    self._fire(one, event.labels, {**trigger, "leak": event.labels["leak"]})

    def _on_failed(self, row: Mapping[str, Any]) -> None:
        """A host could not be collected from; `tick` begins the run, as a run cannot begin another."""
        self._fires.extend(collection_failed(self._book.workflows.values(), row, self._records.now()))

    def tick(self) -> None:
        """Begin what is due by the clock. What was missed while the server was away is not made up."""
        while self._fires:
            self._fire(*self._fires.popleft())
        now = self._records.now() / 1000
        for one in list(self._book.workflows.values()):
            if one.on.every is None and one.on.cron is None:
                continue
            due = self._next.get(one.workflow)
            if due is None:
                due = self._next[one.workflow] = self._first(one, now)
            if due > now:
                continue
            self._next[one.workflow] = self._after(one, now)
            waiting = self._records.runs(1, one.workflow, records.QUEUED)
            if not waiting:
                kind = "every" if one.on.every is not None else "cron"
                self._fire(one, {}, {"kind": kind, "time": int(due * 1000)})

    def listen(self) -> None:
        """Begin what a log calls for; a query that fails keeps no other workflow from hearing."""
        failed = []
        for one in list(self._book.workflows.values()):
            try:
                found = list(self._listening.look([one], self._records.now()))
            except HeapwatchError as error:
                failed.append(f"{one.workflow}: {error}")
                continue
            for _, labels, trigger in found:
                self._fire(one, labels, trigger)
        if failed:
            raise HeapwatchError("; ".join(failed))

    def _first(self, one: Workflow, now: float) -> float:
        last = self._records.runs(1, one.workflow)
        if one.on.every is None:
            return self._after(one, now)
        return last[0]["began"] / 1000 + one.on.every / 1000 if last else now

    def _after(self, one: Workflow, now: float) -> float:
        if one.on.every is not None:
            return now + one.on.every / 1000
        assert one.on.cron is not None
        return next(CronSim(one.on.cron, datetime.fromtimestamp(now))).timestamp()

    def _fire(self, one: Workflow, labels: Mapping[str, str], trigger: Mapping[str, Any]) -> tuple[str, str]:
        """The run that began, or why none did."""
        for rule in one.match:
            if not rule(labels):
                return "", f"the label {rule.label} is {labels.get(rule.label, '')!r}: it does not match"
        try:
            return self._begin(one.workflow, labels, trigger, f"trigger:{trigger['kind']}"), ""
        except Refused as error:
            log.info("no run", workflow=one.workflow, why=str(error))
            return "", str(error)

    def _begin(
        self,
        name: str,
        labels: Mapping[str, str],
        trigger: Mapping[str, Any],
        who: str,
        definition: Mapping[str, Any] | None = None,
    ) -> str:
        run = self._runs.begin(definition or self._book.written[name], dict(labels), dict(trigger), who)
        self._changed(run)
        return run

    # ---- what is told of a run

    def _changed(self, run: str) -> None:
        row = self._records.run(run)
        if row is None:
            return
        before, state = self._told.get(run), row["state"]
        self._tell({"id": run, "workflow": row["workflow"], "state": state, "labels": row["labels"]})
        if state == before:
            return
        self._told[run] = state
        if state == records.RUNNING and before in (None, records.QUEUED):
            self._noted(row, f"{row['workflow']} began")
        elif state in records.ENDS:
            self._told.pop(run, None)
            self._noted(row, f"{row['workflow']} {state}" + (f": {row['text']}" if row["text"] else ""))

    def _noted(self, row: Mapping[str, Any], text: str) -> None:
        given = row["labels"]
        numbers = all(given[name].isdecimal() for name in ("pid", "started") if name in given)
        labels = {name: given[name] for name in _OF_A_JVM if given.get(name)} if numbers else {}
        labels |= {"run": row["id"], "workflow": row["workflow"], "state": row["state"]}
        if given.get("service"):
            labels["service"] = given["service"]
        try:
            self._note([Event(self._records.now(), "run", labels, text[:1000])])
        except HeapwatchError as error:  # the run is in its own records
            log.error("a run is not among the events", run=row["id"], error=str(error))

    # ---- what is asked of us

    def all(self) -> dict[str, Any]:
        """`GET /api/v1/workflows`"""
        under_way = [each["workflow"] for each in self._records.open_runs()]
        book, texts = self._book, self._texts
        rows = [
            told_runs.workflow(
                one, file, texts.get(file, ""), self._house.leave, self._records, under_way.count(name)
            )
            for (name, one), file in zip(book.workflows.items(), book.files, strict=True)
        ]
        return {"workflows": rows, "switch": self.switch(), "configured": True}

    def runs(self, workflow: str, state: str, limit: int) -> dict[str, Any]:
        rows = self._records.runs(limit, workflow, state)
        return {"runs": [self._spoken(row, output=False) for row in rows]}

    def run(self, run: str) -> dict[str, Any]:
        return self._spoken(self._row(run))

    def _spoken(self, row: Mapping[str, Any], *, output: bool = True) -> dict[str, Any]:
        return told_runs.run(self._records, row, self._house.leave, output=output)

    def _row(self, run: str) -> dict[str, Any]:
        row = self._records.run(run)
        if row is None:
            raise NotFound(f"there is no run {run!r}", [])
        return row

    def _named(self, name: str) -> Workflow:
        if name not in self._book.workflows:
            raise NotFound(f"there is no workflow {name!r}", list(self._book.workflows)[:3])
        return self._book.workflows[name]

    def begin(self, name: str, labels: Mapping[str, str], dry: bool | None, who: str) -> dict[str, Any]:
        """Begin a run by hand, whatever else begins runs of this workflow."""
        self._named(name)
        written = dict(self._book.written[name])
        if dry:
            written["destructive"] = "dry_run"
        try:
            run = self._begin(name, labels, {"kind": "manual", "by": who}, who, written)
        except Refused as error:
            raise Over(f"{name} does not begin: {error}") from error
        return self.run(run)

    def hook(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A webhook came: its `labels`, else an Alertmanager's, else its texts, are the run's labels."""
        one = self._named(name)
        if one.on.webhook is None:
            raise UsageError(f"{name} is not begun by a webhook, but {one.on.sentence}")
        if len(json.dumps(body)) > MOST_BODY:
            raise UsageError(f"a webhook's body is more than {MOST_BODY >> 10} KiB")
        given = next(
            (body[key] for key in ("labels", "commonLabels") if isinstance(body.get(key), dict)), body
        )
        labels = {key: value for key, value in given.items() if isinstance(value, str)}
        run, why = self._fire(one, labels, {"kind": "webhook", "time": int(time.time() * 1000), "body": body})
        return {"run": run or None, "why": why or "began"}

    def approvals(self) -> dict[str, Any]:
        waiting = [(each, self._row(each["run"])) for each in self._records.waiting()]
        return {
            "approvals": [
                told_runs.approval(each, of)
                for each, of in waiting
                if of["state"] not in records.ENDS and each["expires"] > self._records.now()
            ]
        }

    def answer(
        self, run: str, step: str | None, who: str, name: str, note: str, *, yes: bool
    ) -> dict[str, Any]:
        self._row(run)
        try:
            self._runs.answer(run, step, who, name, yes=yes, note=note)
        except UsageError as error:
            raise Over(str(error)) from error
        return self.run(run)

    def cancel(self, run: str, who: str, note: str) -> dict[str, Any]:
        row = self._row(run)
        if row["state"] in records.ENDS:
            raise Over(f"run {run} has ended: {row['state']}")
        try:
            self._runs.cancel(run, who, note)
        except UsageError as error:
            raise Over(str(error)) from error
        return self.run(run)

    def undo(self, run: str, who: str, note: str) -> dict[str, Any]:
        """A new run of the inverse of what an ended one did, the last first."""
        row = self._row(run)
        if row["state"] not in records.ENDS:
            raise Over(f"run {run} is under way: cancel it first")
        written = inverse(row, self._records.attempts(run))
        trigger = {"kind": "undo", "by": who, "run": run, "note": note}
        try:
            return self.run(self._begin(row["workflow"], row["labels"], trigger, who, written))
        except Refused as error:
            raise Over(f"run {run} is not undone: {error}") from error

    def switch(self) -> dict[str, Any]:
        return told_runs.switch(self._switch)

    def set_switch(self, who: str, note: str, *, stopped: bool) -> dict[str, Any]:
        """The kill switch."""
        if stopped:
            self._runs.throw_switch(who, note)
        else:
            self._runs.release_switch(who)
        return self.switch()
