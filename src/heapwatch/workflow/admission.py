"""Which runs may begin: a run that is not admitted waits, or is left out, and says why.

Two limits are nobody's to lift: what is destructive runs for one replica of a service at a time, whatever
workflow it is of, and nothing begins while all workflows are stopped (runs.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from heapwatch.workflow.definition import Workflow
from heapwatch.workflow.records import DELAYED, QUEUED, SKIPPED

DAY_MS = 86_400_000
Row = Mapping[str, Any]


def left_out(one: Workflow, labels: Mapping[str, str], lately: Iterable[Row], now: int) -> str:
    """Why a run is not to be at all; empty when it may. `lately` are the runs of its workflow in a day."""
    counted = [row for row in lately if row["state"] != SKIPPED]
    most = one.limits.max_runs_per_day
    if most is not None and sum(row["began"] > now - DAY_MS for row in counted) >= most:
        return f"{most} runs in 24 hours are the limit"
    within = one.throttle.once_within
    if within is not None and any(
        row["began"] > now - within and _same(one.throttle.by, labels, row["labels"]) for row in counted
    ):
        return f"once within {within / 1000:g} s is the limit" + _of(one.throttle.by, labels)
    return ""


def too_few(one: Workflow, labels: Mapping[str, str], triggers: Sequence[int], now: int) -> str:
    """Why these triggers, by their times and the newest among them, are not enough; empty when they are."""
    wanted = one.throttle.at_least
    if wanted is None:
        return ""
    came = sum(time > now - wanted.within for time in triggers)
    if came >= wanted.count:
        return ""
    return f"{came} of {wanted.count} triggers within {wanted.within / 1000:g} s" + _of(
        one.throttle.by, labels
    )


def due(row: Row) -> int:
    """When a delayed run may begin, epoch ms."""
    return int(row["began"]) + (Workflow.model_validate(row["definition"]).throttle.once_after or 0)


def joins(one: Workflow, labels: Mapping[str, str], open_runs: Iterable[Row]) -> Row | None:
    """The delayed run that is for this trigger, too."""
    for row in open_runs:
        same = row["state"] == DELAYED and row["workflow"] == one.workflow
        if same and _same(one.throttle.by, labels, row["labels"]):
            return row
    return None


def key(one: Workflow, labels: Mapping[str, str]) -> str:
    """By what triggers are counted together."""
    return json.dumps([labels.get(name, "") for name in one.throttle.by])


def waits_for(one: Workflow, labels: Mapping[str, str], under_way: Sequence[Row]) -> str:
    """What a run has to wait for; empty when it may begin. `under_way` are all runs that began."""
    same = [
        row
        for row in under_way
        if row["workflow"] == one.workflow and _same(one.limits.by, labels, row["labels"])
    ]
    if len(same) >= one.limits.concurrency:
        return f"{len(same)} of {one.limits.concurrency} are under way" + _of(one.limits.by, labels)
    service = labels.get("service", "")
    if one.acts and service:
        for row in under_way:
            other = row["labels"].get("service", "") == service
            if other and Workflow.model_validate(row["definition"]).acts:
                return f"run {row['id']} acts on {service}: one replica at a time"
    return ""


def first(queued: Sequence[Row], under_way: Sequence[Row]) -> Row | None:
    """The oldest of those that wait which may begin now."""
    for row in queued:
        assert row["state"] == QUEUED
        if not waits_for(Workflow.model_validate(row["definition"]), row["labels"], under_way):
            return row
    return None


def _same(by: Sequence[str], one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return all(one.get(name, "") == other.get(name, "") for name in by)


def _of(by: Sequence[str], labels: Mapping[str, str]) -> str:
    return " for " + " ".join(f"{name}={labels.get(name, '')}" for name in by) if by else ""
