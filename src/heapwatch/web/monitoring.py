"""Monitors in the server: their files, their rounds, who hears of them, and what the API says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric

from heapwatch.errors import HeapwatchError
from heapwatch.model import Event
from heapwatch.monitor.alerts import moment
from heapwatch.monitor.kinds.base import Monitor
from heapwatch.monitor.kinds.exhaustion import Exhaustion
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.monitor.load import Rulebook, load
from heapwatch.monitor.replay import Replay
from heapwatch.monitor.sight import Sight
from heapwatch.monitor.silences import Silence, silence
from heapwatch.monitor.states import (
    CRITICAL,
    FIRING,
    OK,
    PENDING,
    RECOVERING,
    STATES,
    WARNING,
    State,
    Transition,
)
from heapwatch.monitor.stretch import tried
from heapwatch.monitor.verdicts import LiveVerdicts, PastVerdicts
from heapwatch.monitor.watch import MonitorWatch, Watched
from heapwatch.store.errors import NotFound
from heapwatch.web.notifying import Notifier
from heapwatch.web.settings import Settings
from heapwatch.web.timers import Task

if TYPE_CHECKING:
    from heapwatch.store import Store

log = structlog.get_logger("heapwatch.monitoring")

EVERY_S = 1.0
NOTIFY_S = 5.0
MOST_METRICS = 1000
_GRAVEST = (CRITICAL, WARNING, "error", "no_data", RECOVERING, PENDING, OK)
_NUMBERS = ("pid", "started")

Listener = Callable[[Transition], None]


class Monitoring:
    """One server's monitors."""

    def __init__(
        self, store: Store, settings: Settings, leaks: LeakWatch, note: Callable[[list[Event]], None]
    ) -> None:
        self._store = store
        self._settings = settings
        self._leaks = leaks
        self._note = note
        self.listeners: list[Listener] = []
        clock = store.parts.clock
        self.watch = MonitorWatch(store.kept, Sight(store, LiveVerdicts(leaks)), clock, self._tell)
        self.notifier = Notifier(store.kept, self.watch, settings.own_url, clock)
        self.watch.use(self.read())

    def read(self) -> Rulebook:
        """The files as they are now; UsageError for the first fault, and nothing has changed."""
        return load(self._settings.monitors) if self._settings.monitors else Rulebook()

    def tasks(self) -> list[Task]:
        return [
            Task("monitors", EVERY_S, self.watch.round, first=EVERY_S),
            Task("notifications", NOTIFY_S, self.notifier.round, first=2 * EVERY_S),
        ]

    def _tell(self, transitions: Sequence[Transition]) -> None:
        self._note([_event(each) for each in transitions if each.level != each.was_level])
        for each in transitions:
            for listener in self.listeners:
                try:
                    listener(each)
                except HeapwatchError as error:
                    log.error("a transition was not taken", monitor=each.monitor, error=str(error))

    # ---- answers

    def all(self) -> dict[str, Any]:
        """`GET /api/v1/monitors`: every monitor with the gravest state of its groups."""
        rows = [self._row(monitor, watched) for monitor, watched in self.watch.watched()]
        return {"monitors": rows, "files": list(self.watch.book.files)}

    def one(self, name: str) -> dict[str, Any]:
        """One with its groups."""
        for monitor, watched in self.watch.watched():
            if monitor.name == name:
                groups = [
                    self._group(monitor, state) for state in (watched.states if watched else {}).values()
                ]
                said = monitor.model_dump(mode="json", by_alias=True, exclude_none=True)
                return {
                    **self._row(monitor, watched),
                    "groups": sorted(groups, key=_gravity),
                    "settings": said,
                }
        raise self._unknown(name)

    def history(self, name: str, from_: int, to: int, limit: int) -> dict[str, Any]:
        if name:
            self._named(name)
        return {"transitions": self.watch.history(name, from_, to, limit)}

    def backtest(self, name: str, from_: int, to: int, query_id: str | None) -> dict[str, Any]:
        """Over the store's history, with the eyes of the live monitor."""
        monitor = self._named(name)
        leaks = self._leaks
        if not isinstance(monitor, Exhaustion):
            sight = Sight(self._store, PastVerdicts(leaks.records()), query_id)
            return tried(monitor, sight, from_, to).spoken(monitor, from_, to)
        first, last = from_ - monitor.delay, to - monitor.delay
        replay = Replay(self._store, leaks.settings, leaks.window_ms, first, last, monitor.match, query_id)
        sight = Sight(self._store, PastVerdicts([], replay), query_id)
        return tried(monitor, sight, from_, to, replay.going_on).spoken(monitor, from_, to)

    def silences(self) -> dict[str, Any]:
        known = self.watch.silences.known.values()
        return {"silences": [asdict(each) for each in sorted(known, key=lambda each: -each.ends)]}

    def silence(
        self, monitor: str, match: Mapping[str, str], starts: int, ends: int, by: str, note: str
    ) -> dict[str, Any]:
        return asdict(self.watch.silence(silence(monitor, match, starts, ends, by, note)))

    def unsilence(self, id_: str) -> Silence:
        if id_ not in self.watch.silences.known:
            raise NotFound(f"there is no silence {id_!r}", list(self.watch.silences.known)[:3])
        return self.watch.unsilence(id_)

    def _named(self, name: str) -> Monitor:
        monitor = self.watch.book.monitor(name)
        if monitor is None:
            raise self._unknown(name)
        return monitor

    def _unknown(self, name: str) -> NotFound:
        return NotFound(f"there is no monitor {name!r}", [each.name for each in self.watch.book.monitors[:3]])

    def _row(self, monitor: Monitor, watched: Watched | None) -> dict[str, Any]:
        states = list(watched.states.values()) if watched else []
        gravest = min(states, key=lambda each: _GRAVEST.index(each.state), default=None)
        return {
            "name": monitor.name,
            "kind": monitor.kind,
            "description": monitor.description,
            "enabled": monitor.enabled,
            "query": monitor.asked,
            "state": gravest.state if gravest else OK,
            "since": gravest.since if gravest else None,
            "counts": {state: sum(each.state == state for each in states) for state in STATES},
            "looked": watched.tick or None if watched else None,
            "every_s": monitor.every / 1000,
            "error": watched.error if watched else "",
        }

    def _group(self, monitor: Monitor, state: State) -> dict[str, Any]:
        return {
            "labels": dict(state.labels),
            "state": state.state,
            "level": state.level,
            "since": state.since,
            "seen": state.seen,
            "value": state.value,
            "text": state.text,
            "silenced": self.watch.quiet(monitor, {**monitor.labels, **state.labels}),
        }

    # ---- for others

    def metrics(self) -> Iterator[Metric]:
        """Groups by monitor and state; of so many monitors at most."""
        family = GaugeMetricFamily(
            "heapwatch_monitor_groups", "Groups of a monitor by state", labels=["monitor", "state"]
        )
        for monitor, watched in self.watch.watched()[:MOST_METRICS]:
            states = [each.state for each in watched.states.values()] if watched else []
            for state in STATES:
                family.add_metric([monitor.name, state], states.count(state))
        yield family

    def as_rules(self) -> list[dict[str, Any]]:
        """A group of Prometheus' rules, one a monitor."""
        rules = []
        for monitor, watched in self.watch.watched():
            if watched is None:
                continue
            alerts = _alerts(monitor, watched)
            states = {each["state"] for each in alerts}
            rules.append(
                {
                    "state": "firing" if "firing" in states else "pending" if states else "inactive",
                    "name": monitor.name,
                    "query": monitor.asked,
                    "duration": monitor.for_ / 1000,
                    "keepFiringFor": monitor.recovery / 1000,
                    "labels": dict(monitor.labels),
                    "annotations": {"summary": monitor.description},
                    "alerts": alerts,
                    "health": "err" if watched.error else "ok",
                    "lastError": watched.error,
                    "evaluationTime": 0,
                    "lastEvaluation": moment(watched.tick),
                    "type": "alerting",
                }
            )
        newest = moment(max((each.tick for _, each in self.watch.watched() if each), default=0))
        group = {"name": "monitors", "file": "monitors", "rules": rules, "interval": EVERY_S, "limit": 0}
        return [{**group, "evaluationTime": 0, "lastEvaluation": newest}] if rules else []

    def as_of_rules(self) -> list[dict[str, Any]]:
        return [
            row for monitor, watched in self.watch.watched() if watched for row in _alerts(monitor, watched)
        ]


def _alerts(monitor: Monitor, watched: Watched) -> list[dict[str, Any]]:
    found = []
    for each in watched.states.values():
        if each.level in FIRING or each.state == PENDING:
            severity = each.level if each.level in FIRING else WARNING
            labels = {**monitor.labels, **each.labels, "alertname": monitor.name, "severity": severity}
            found.append(
                {
                    "labels": labels,
                    "annotations": {"summary": each.text},
                    "state": "firing" if each.level in FIRING else "pending",
                    "activeAt": moment(each.since),
                    "value": f"{each.value or 0:e}",
                }
            )
    return found


def _event(each: Transition) -> Event:
    labels = {**each.labels, "alertname": each.monitor, "monitor": each.monitor}
    labels["status"] = "firing" if each.level in FIRING else "resolved"
    labels["severity"] = each.level
    kept = {
        name: text for name, text in labels.items() if text and (name not in _NUMBERS or text.isdecimal())
    }
    return Event(each.time, "alert", kept, f"{each.monitor} {each.after}: {each.text}"[:1000])


def _gravity(group: Mapping[str, Any]) -> tuple[int, str]:
    return _GRAVEST.index(group["state"]), str(sorted(group["labels"].items()))
