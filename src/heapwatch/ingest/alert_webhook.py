"""Alerts of others as events: webhooks of Alertmanager (version 4) and of Grafana, which took the same form.

An event stands at the moment an alert began or ended, so that one which is told again is the same event. What
begins and ends on charts of a host are alerts with the label `host`, `instance`, `node`, `nodename` or `pod`.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone

from pydantic import BaseModel, Field, ValidationError

from heapwatch.errors import Unreadable
from heapwatch.model import Event

KIND = "alert"
MOST_ALERTS = 10_000
LONGEST = 1000
_HOSTS = ("host", "instance", "node", "nodename", "pod")
_TEXTS = ("summary", "message", "description")
_NUMBERS = ("pid", "started")  # of JVMs; elsewhere they may be anything
_PORT = re.compile(r":\d+$")


class _Alert(BaseModel):
    status: str = Field(pattern="^(firing|resolved)$")
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: datetime  # noqa: N815 - as it is spelled there
    endsAt: datetime | None = None  # noqa: N815
    generatorURL: str = ""  # noqa: N815


class _Webhook(BaseModel):
    alerts: list[_Alert] = Field(max_length=MOST_ALERTS)


def events(body: bytes, now_ms: int) -> list[Event]:
    """An event an alert; Unreadable when it is no such webhook."""
    try:
        told = _Webhook.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the body"
        raise Unreadable(
            f"not an alert webhook of Alertmanager or Grafana: {place}: {fault['msg']}"
        ) from error
    return [_event(each, now_ms) for each in told.alerts]


def _event(alert: _Alert, now_ms: int) -> Event:
    resolved = alert.status == "resolved"
    at = alert.endsAt if resolved and alert.endsAt is not None else alert.startsAt
    host = next((alert.labels[name] for name in _HOSTS if alert.labels.get(name)), "")
    labels = {**alert.labels, "status": alert.status}
    if host:
        labels["host"] = _PORT.sub("", host)
    name = alert.labels.get("alertname", "an alert")
    why = next((alert.annotations[each] for each in _TEXTS if alert.annotations.get(each)), "")
    text = f"{name} {alert.status}" + (f": {why}" if why else "")
    kept = {
        key: value for key, value in labels.items() if value and (key not in _NUMBERS or value.isdecimal())
    }
    return Event(min(_ms(at), now_ms), KIND, kept, text[:LONGEST])


def _ms(moment: datetime) -> int:
    told = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return int(told.timestamp() * 1000)
