"""Alerts as Prometheus tells of its rules: `/api/v1/rules` and `/api/v1/alerts`, for screens that list them.

The detector is no rule of Prometheus'. What can fire is shown as one group of alerting rules all the same,
named as those of deploy/prometheus and with their expressions over the figures of /metrics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from heapwatch.monitor.alerts import CONFIRMED_LEAK, HEAP_ENDS, SUSPECTED_LEAK, Alert, link, moment

GROUP = "heapwatch"


class Rule(NamedTuple):
    """One kind of alert."""

    severity: str
    query: str
    summary: str


RULES: Mapping[str, Rule] = {
    CONFIRMED_LEAK: Rule(
        "warning",
        'heapwatch_leak_bytes_per_hour{acknowledged="no",state="confirmed"} > 0',
        "A leak that is confirmed",
    ),
    HEAP_ENDS: Rule(
        "critical",
        'heapwatch_leak_exhaustion_seconds{{acknowledged="no"}} < {within:g}',
        "A JVM whose memory ends soon",
    ),
    SUSPECTED_LEAK: Rule(
        "info",
        'heapwatch_leak_bytes_per_hour{acknowledged="no",state="suspect"} > 0',
        "A leak that is suspected",
    ),
}


def rows(found: Sequence[Alert], url: str) -> list[dict[str, Any]]:
    """The alerts of `GET /api/v1/alerts`: all of them fire."""
    return [
        {
            "labels": dict(alert.labels),
            "annotations": {**alert.annotations, "link": link(url, alert)},
            "state": "firing",
            "activeAt": moment(alert.starts),
            "value": np.format_float_scientific(alert.value, trim="-", exp_digits=2),  # as Go writes it
        }
        for alert in found
    ]


def groups(
    found: Sequence[Alert], url: str, *, suspects: bool, within_s: float, every_s: float, now: int
) -> list[dict[str, Any]]:
    """The one group of `GET /api/v1/rules`; each rule fires or is inactive."""
    rules = []
    for name, rule in RULES.items():
        if name == SUSPECTED_LEAK and not suspects:
            continue
        mine = [alert for alert in found if alert.labels["alertname"] == name]
        rules.append(
            {
                "state": "firing" if mine else "inactive",
                "name": name,
                "query": rule.query.format(within=within_s) if name == HEAP_ENDS else rule.query,
                "duration": 0,
                "keepFiringFor": 0,
                "labels": {"severity": rule.severity},
                "annotations": {"summary": rule.summary},
                "alerts": rows(mine, url),
                "health": "ok",
                "evaluationTime": 0,
                "lastEvaluation": moment(now),
                "type": "alerting",
            }
        )
    return [
        {
            "name": GROUP,
            "file": GROUP,
            "rules": rules,
            "interval": every_s,
            "limit": 0,
            "evaluationTime": 0,
            "lastEvaluation": moment(now),
        }
    ]


def chosen(
    all_groups: Sequence[Mapping[str, Any]],
    *,
    kind: str,
    names: Sequence[str],
    groups_: Sequence[str],
    files: Sequence[str],
) -> list[dict[str, Any]]:
    """The rules that a client asks for; groups of which nothing is left go."""
    found = []
    for group in all_groups:
        if (groups_ and group["name"] not in groups_) or (files and group["file"] not in files):
            continue
        rules = [
            rule for rule in group["rules"] if kind in ("", "alert") and (not names or rule["name"] in names)
        ]
        if rules:
            found.append({**group, "rules": rules})
    return found
