"""Every way in with what came through it, and what is not used with what would turn it on.

`GET /api/v1/status` tells this; who looks because nothing arrives finds here which door it should have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from heapwatch.ingest.doors import Door, Pace
from heapwatch.web.ports import PORTS
from heapwatch.web.settings import Settings

PATHS = {
    "histogram": "POST /api/v1/histogram",
    "batch": "POST /api/v1/batch",
    "logs": "POST /api/v1/logs",
    "prometheus": "POST /api/v1/import/prometheus",
    "sumo": "POST /receiver/v1/http/",
    "collectd-http": "POST /api/v1/collectd",
    "remote-write": "POST /api/v1/write",
    "otlp-metrics": "POST /v1/metrics",
    "otlp-logs": "POST /v1/logs",
    "alert-webhook": "POST /api/v1/webhook/alerts",
}
SETTINGS = {
    "scrape": "scrape",
    **{f"{port.name}-{transport}": f"{port.name}_listen" for port in PORTS for transport in ("tcp", "udp")},
}


def rows(doors: Sequence[Door], rejects: Mapping[str, Mapping[str, int]], pace: Pace) -> list[dict[str, Any]]:
    """Doors that are open: their counters, their pace, and why they turned something away."""
    found = []
    for door in doors:
        reasons = rejects.get(door.name, {})
        refused = sum(reasons.values())
        per_minute = pace.per_minute(door.name, door.counters(refused))
        how = PATHS.get(door.name, "")
        setting = SETTINGS.get(door.name, "")
        more = {"reasons": dict(reasons), "per_minute": per_minute, "how": how, "setting": setting}
        found.append({**door.status(refused), **more})
    return found


def reading(doors: Iterable[Door], rejects: Mapping[str, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    """The counters of every door, for its pace."""
    return {door.name: door.counters(sum(rejects.get(door.name, {}).values())) for door in doors}


def unused(doors: Iterable[Door], settings: Settings) -> list[dict[str, str]]:
    """Ways in that are off, with their setting, or that nobody has come by yet, with where to send."""
    seen = {door.name for door in doors}
    paths = [{"name": name, "how": how, "setting": ""} for name, how in PATHS.items() if name not in seen]
    off = [port.name for port in PORTS if port.address(settings) is None]
    ports = [{"name": name, "how": "", "setting": f"{name}_listen"} for name in off]
    scrape = [] if "scrape" in seen else [{"name": "scrape", "how": "", "setting": "scrape"}]
    return [*paths, *ports, *scrape]
