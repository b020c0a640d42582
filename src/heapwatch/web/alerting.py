"""Telling others what leaks: Alertmanagers again and again, webhooks when something changes.

An Alertmanager forgets what is not repeated, so that alerts of a server that died end by themselves. A
webhook is told at least once of each change; what could not be delivered is tried again with the next look,
and after a restart of ours what fires is told anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2
import structlog

from heapwatch import __version__
from heapwatch.errors import HeapwatchError
from heapwatch.monitor import alert_rules
from heapwatch.monitor.alerts import Alert, Told, alerts, posted, webhook
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.web.alert_settings import AlertSettings

log = structlog.get_logger("heapwatch.alerting")

PATIENCE_S = 10.0
RESOLVED_MS = 900_000
"""How long an Alertmanager is told that an alert has ended."""
HOLDS = 4
"""Looks for alerts that an Alertmanager may miss before an alert of ours ends there."""


class Undelivered(HeapwatchError):
    """Somebody could not be told; they will be with the next look."""


@dataclass
class _Heard:
    """What one webhook was told of one leak: what fired then, and when."""

    firing: frozenset[str]
    at: int


@dataclass
class Delivery:
    """How telling one address went last."""

    url: str
    kind: str
    last: int | None = None
    told: int = 0
    failures: int = 0
    error: str = ""
    heard: dict[str, _Heard] = field(default_factory=dict)


class Alerter:
    """Tells with each `round`, which runs in a thread of its own, never twice at once."""

    def __init__(self, settings: AlertSettings, url: str, leaks: LeakWatch, clock: Callable[[], int]) -> None:
        self._settings = settings
        self._url = url
        self._leaks = leaks
        self._clock = clock
        self._known: dict[str, Alert] = {}
        self._ended: dict[str, tuple[Alert, int]] = {}
        self._http: httpx2.Client | None = None
        self.deliveries = [
            *(Delivery(each, "alertmanager") for each in settings.alertmanagers),
            *(Delivery(each, "webhook") for each in settings.alert_webhooks),
        ]

    def firing(self) -> list[Alert]:
        """What is an alert now."""
        newest = {who: each.newest for who, each in self._leaks.watched().items()}
        now = self._clock()
        return alerts(
            self._leaks.records(),
            lambda who: newest.get(who, now),
            suspects=self._settings.alert_suspects,
            ends_within_s=self._settings.alert_end_hours * 3600,
            now=now,
        )

    def told(self) -> list[dict[str, Any]]:
        """What is an alert now, as an Alertmanager hears it."""
        return posted([(alert, None) for alert in self.firing()], self._url, self._holds(self._clock()))

    def as_rules(self) -> list[dict[str, Any]]:
        """What can be an alert, and what is one now, as a group of Prometheus' rules."""
        return alert_rules.groups(
            self.firing(),
            self._url,
            suspects=self._settings.alert_suspects,
            within_s=self._settings.alert_end_hours * 3600,
            every_s=self._settings.alert_every,
            now=self._clock(),
        )

    def as_of_rules(self) -> list[dict[str, Any]]:
        """What is an alert now, as Prometheus tells of those of its rules."""
        return alert_rules.rows(self.firing(), self._url)

    def round(self) -> None:
        """Look, and tell everybody; Undelivered names those who could not be told."""
        now = self._clock()
        told = self._look(now)
        for each in self.deliveries:
            try:
                (self._post if each.kind == "alertmanager" else self._call)(each, told, now)
                each.error = ""
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
                each.failures += 1
                each.error = f"{error or type(error).__name__}"[:300]
        failed = [f"{shown(each.url)}: {each.error}" for each in self.deliveries if each.error]
        if failed:
            raise Undelivered("; ".join(failed))

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def rows(self) -> list[dict[str, Any]]:
        """Who is told, for the status."""
        return [
            {
                "url": shown(each.url),
                "kind": each.kind,
                "last": each.last,
                "told": each.told,
                "failures": each.failures,
                "error": each.error,
            }
            for each in self.deliveries
        ]

    def _look(self, now: int) -> list[Told]:
        """What fires, and what has ended lately."""
        firing = {each.fingerprint: each for each in self.firing()}
        for name, alert in self._known.items():
            if name not in firing:
                self._ended[name] = alert, now
        kept = max(RESOLVED_MS, int(2 * self._settings.alert_repeat_hours * 3_600_000))
        for name, (_, ends) in list(self._ended.items()):
            if name in firing or ends < now - kept:
                del self._ended[name]
        self._known = firing
        return [*((alert, None) for alert in firing.values()), *self._ended.values()]

    def _post(self, to: Delivery, told: list[Told], now: int) -> None:
        lately = [(alert, ends) for alert, ends in told if ends is None or ends >= now - RESOLVED_MS]
        if lately:
            body = posted(lately, self._url, self._holds(now))
            self._send(f"{to.url.rstrip('/')}/api/v2/alerts", body)
            to.told += len(lately)
            to.last = now

    def _call(self, to: Delivery, told: list[Told], now: int) -> None:
        """One request a leak of which something is new, or was told too long ago."""
        by_leak: dict[str, list[Told]] = {}
        for alert, ends in told:
            by_leak.setdefault(alert.labels["leak"], []).append((alert, ends))
        for leak, group in by_leak.items():
            firing = frozenset(alert.fingerprint for alert, ends in group if ends is None)
            heard = to.heard.get(leak)
            before = heard.firing if heard else frozenset()
            again = bool(firing) and heard and now - heard.at >= self._settings.alert_repeat_hours * 3_600_000
            if firing == before and not again:
                continue
            news = [each for each in group if each[1] is None or each[0].fingerprint in before]
            self._send(to.url, webhook(leak, news, self._url))
            to.heard[leak] = _Heard(firing, now)
            to.told += len(news)
            to.last = now
        for leak in set(to.heard) - set(by_leak):
            del to.heard[leak]

    def _holds(self, now: int) -> int:
        return now + int(HOLDS * self._settings.alert_every * 1000)

    def _send(self, url: str, body: object) -> None:
        if self._http is None:
            agent = {"User-Agent": f"heapwatch/{__version__}"}
            self._http = httpx2.Client(timeout=PATIENCE_S, trust_env=True, headers=agent)
        self._http.post(url, json=body).raise_for_status()


def shown(url: str) -> str:
    """An address without the secret in it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"***@{host}" if "@" in parts.netloc else host, parts.path, "", ""))
