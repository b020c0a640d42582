"""Reports to look at: a leak as the API tells it, with curves."""

from __future__ import annotations

from typing import Any

from heapwatch.report.subject import Case, Curve, Judged, Report, Resource

START = 1_790_000_000_000  # 2026-09-21 14:13:20 UTC
MINUTE = 60_000
HOSTILE = "com.shop.<script>alert(1)</script>\"'&amp;<img src=http://evil.example/x onerror=y>"


def times(count: int = 24) -> list[float]:
    return [float(START + place * MINUTE) for place in range(count)]


def end(host: str = "h1", resource: str = "heap", in_s: float = 4800.0, **other: Any) -> dict[str, Any]:
    told = {"resource": resource, "host": host, "in_s": in_s, "between_s": [0.7 * in_s, 1.4 * in_s]}
    return {**told, "limit": 512e6, "level": 310e6, "slope_per_s": 39e3, **other}


def leak(name: str = "com.shop.Order", **other: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "class": name,
        "service": "shop",
        "family": {name: 1.0, "com.shop.Line": 3.0},
        "equals": [name],
        "kind": "heap",
        "state": "confirmed",
        "scope": "individual",
        "hosts": ["h1"],
        "clean": ["h2"],
        "undecided": [],
        "versions": {},
        "jvms": [
            {
                "host": "h1",
                "jvm": "shop",
                "pid": 4711,
                "state": "confirmed",
                "rate_per_s": 41.0,
                "rate_between": [39.0, 43.0],
                "since": START + 5 * MINUTE,
                "bytes_per_leak": 144.0,
                "balance": 0.25,
                "exhaustion": end(),
            }
        ],
        "since": START + 5 * MINUTE,
        "since_between": [START + 4 * MINUTE, START + 6 * MINUTE],
        "rate_per_s": 41.0,
        "rate_between": [39.0, 43.0],
        "bytes_per_leak": 144.0,
        "births_per_s": 55.0,
        "deaths_per_s": 14.0,
        "balance": 0.25,
        "exhaustion": end(),
        "sentence": f"{name} leaks on 1 of 2 hosts.",
        "evidence": [
            {
                "text": f"{name} grew by 44,280 objects",
                "query": f'metric=heap.instances class="{name}" | sum by host',
                "numbers": {"grown": 44280.0, "earliest": START / 1000 + 240, "leaking": ["h1"], "why": None},
            }
        ],
    }
    return {**told, **other}


def curve(host: str = "h1", slope: float = 2000.0, **other: Any) -> Curve:
    return Curve(**{"host": host, "times": times(), "counts": [slope * n for n in range(24)], **other})


def heap(**other: Any) -> Resource:
    told = {
        "resource": "heap",
        "host": "h1",
        "times": times(),
        "values": [200e6 + 5e6 * place for place in range(24)],
        "limit": 512e6,
        "end": end(),
        "service": "shop",
    }
    return Resource(**{**told, **other})


def report(*cases: Case, **other: Any) -> Report:
    judged = [
        Judged("h1", "shop", 240, START, START + 23 * MINUTE, "leaking", young=40, old=2, heap_max=512e6)
    ]
    return Report(**{"made": START + 30 * MINUTE, "cases": cases, "judged": judged, **other})
