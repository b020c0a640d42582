"""Leaks as alerts: what is sent to an Alertmanager, and to whoever takes Alertmanager's webhooks (version 4).

One alert a leak of a service, with its hosts, and one for each JVM whose heap ends within `ends_within_s`.
Their names are those of the rules in deploy/prometheus. What is acknowledged is no alert any more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from heapwatch.model import JvmId
from heapwatch.monitor.records import CONFIRMED, Record

RECEIVER = "heapwatch"
CONFIRMED_LEAK, SUSPECTED_LEAK = "HeapwatchLeakConfirmed", "HeapwatchLeakSuspected"
HEAP_ENDS = "HeapwatchHeapEnds"


@dataclass(frozen=True)
class Alert:
    """One that fires; its labels are what it is known by."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts: int  # epoch ms
    value: float  # bytes an hour, or seconds that are left

    @property
    def fingerprint(self) -> str:
        told = json.dumps(sorted(self.labels.items()))
        return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def alerts(
    records: Iterable[Record],
    newest: Callable[[JvmId], int],
    *,
    suspects: bool,
    ends_within_s: float,
    now: int,
) -> list[Alert]:
    """What fires now; `newest` says when a JVM was looked at last, from where its forecast counts."""
    found = []
    for record in records:
        if not record.is_open or record.acknowledged:
            continue
        if record.state == CONFIRMED or suspects:
            found.append(_leak(record))
        for jvm in record.told["jvms"]:
            found += _end(record, jvm, newest, ends_within_s, now)
    return found


def _leak(record: Record) -> Alert:
    confirmed = record.state == CONFIRMED
    told = record.told
    labels = {
        "alertname": CONFIRMED_LEAK if confirmed else SUSPECTED_LEAK,
        "severity": "warning" if confirmed else "info",
        "leak": record.id,
        "service": str(told["service"]),
        "class": str(told["class"]),
    }
    annotations = {"summary": str(told["sentence"]), "hosts": ", ".join(told["hosts"])}
    since = next((each["time"] for each in record.history if each["state"] == record.state), record.opened)
    per_hour = sum(float(each["rate_per_s"]) * float(each["bytes_per_leak"]) * 3600 for each in told["jvms"])
    return Alert(labels, annotations, int(since), per_hour)


def _end(
    record: Record, jvm: Mapping[str, Any], newest: Callable[[JvmId], int], within_s: float, now: int
) -> list[Alert]:
    end = jvm.get("exhaustion")
    if not end:
        return []
    who = JvmId(*(jvm[name] for name in JvmId._fields))
    left = float(end["in_s"]) - (now - newest(who)) / 1000
    if left > within_s:
        return []
    labels = {
        "alertname": HEAP_ENDS,
        "severity": "critical",
        "leak": record.id,
        "service": str(record.told["service"]),
        "class": str(record.told["class"]),
        "host": who.host,
        "jvm": who.jvm,
        "pid": str(who.pid),
        "resource": str(end["resource"]),
    }
    minutes, what = max(0, round(left / 60)), f"{who.jvm} on {who.host} runs out of {end['resource']}"
    summary = f"{what} in about {minutes} min: {record.told['class']}"
    return [Alert(labels, {"summary": summary}, record.opened, max(0.0, left))]


Told = tuple[Alert, "int | None"]
"""An alert, and when it ended; None while it fires."""


def posted(told: Sequence[Told], url: str, holds_until: int) -> list[dict[str, Any]]:
    """The body of `POST /api/v2/alerts`: what fires holds until then, unless it is sent again."""
    return [
        {
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "startsAt": moment(alert.starts),
            "endsAt": moment(holds_until if ends is None else ends),
            "generatorURL": link(url, alert),
        }
        for alert, ends in told
    ]


def webhook(of: str, told: Sequence[Told], url: str, by: str = "leak") -> dict[str, Any]:
    """A webhook of version 4 about one leak or monitor: alerts, each with its end where it has one."""
    rows = [
        {
            "status": "firing" if ends is None else "resolved",
            "labels": dict(each.labels),
            "annotations": dict(each.annotations),
            "startsAt": moment(each.starts),
            "endsAt": "0001-01-01T00:00:00Z" if ends is None else moment(ends),
            "generatorURL": link(url, each),
            "fingerprint": each.fingerprint,
        }
        for each, ends in told
    ]
    return {
        "version": "4",
        "groupKey": f'{{}}:{{{by}="{of}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if any(row["status"] == "firing" for row in rows) else "resolved",
        "receiver": RECEIVER,
        "groupLabels": {by: of},
        "commonLabels": _common(each.labels for each, _ in told),
        "commonAnnotations": _common(each.annotations for each, _ in told),
        "externalURL": url,
        "alerts": rows,
    }


def link(url: str, alert: Alert) -> str:
    """The page of the run, of the monitor, or of the leak, whatever it is about; else that of workflows."""
    for label, pages in (("run", "runs"), ("monitor", "monitors"), ("leak", "leaks")):
        if label in alert.labels:
            return f"{url.rstrip('/')}/{pages}/{alert.labels[label]}"
    return f"{url.rstrip('/')}/workflows"


def moment(time: int) -> str:
    """RFC 3339, with milliseconds."""
    return (
        datetime.fromtimestamp(time / 1000, timezone.utc)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _common(several: Iterable[Mapping[str, str]]) -> dict[str, str]:
    first, *others = several
    return {name: text for name, text in first.items() if all(each.get(name) == text for each in others)}
