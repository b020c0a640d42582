"""What the demo shows of its hosts, asked of the server like everybody else does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

from heapwatch.cli.client import Client
from heapwatch.errors import Refused

CHILD = "memleak.Child"
"""The class that leaks: one instance a download."""


@dataclass(frozen=True)
class HostFigures:
    """Of the newest life of a host's JVM; None = not known yet."""

    heap_used: float | None = None
    heap_max: float | None = None
    growth_per_min: float | None = None  # bytes of heap after collections
    children: int | None = None
    children_per_min: float | None = None
    pause_ms: float | None = None
    snapshots: int = 0


def read(client: Client, hosts: Sequence[str], since: int) -> dict[str, HostFigures]:
    fleet = _newest(client.get("/api/v1/fleet", {"from": since, "limit": 1000})["rows"])
    history = _history(client)
    stored = client.get("/api/v1/snapshots", {"from": since, "limit": 100_000})["columns"]["host"]
    children = {host: _children(history, row["started"], host) for host, row in fleet.items()}
    return {
        host: HostFigures(
            heap_used=fleet[host]["heap_used"],
            heap_max=fleet[host]["heap_max"],
            growth_per_min=_per_minute(fleet[host]["growth_per_hour"]),
            children=children[host][0],
            children_per_min=children[host][1],
            pause_ms=fleet[host]["pause_ms"],
            snapshots=stored.count(host),
        )
        if host in fleet
        else HostFigures()
        for host in hosts
    }


def _history(client: Client) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = client.get("/api/v1/class", {"class": CHILD, "from": "-2m"})
    except Refused:  # no histogram has had the class yet
        return {"times": [], "series": []}
    return answer


def _newest(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    newest: dict[str, dict[str, Any]] = {}
    for row in rows:
        before = newest.get(row["host"])
        if before is None or int(row["started"]) > int(before["started"]):
            newest[row["host"]] = row
    return newest


def _children(history: dict[str, Any], started: Any, host: str) -> tuple[int | None, float | None]:
    """(instances now, change a minute over the points there are) of one life."""
    for series in history["series"]:
        labels = series["labels"]
        if labels["host"] == host and str(labels["started"]) == str(started):
            known = [(t, n) for t, n in zip(history["times"], series["instances"]) if n is not None]
            if not known:
                break
            (first_time, first), (last_time, last) = known[0], known[-1]
            if last_time == first_time:
                return int(last), None
            return int(last), (last - first) / (last_time - first_time) * 60_000
    return None, None


def _per_minute(per_hour: float | None) -> float | None:
    return None if per_hour is None else per_hour / 60
