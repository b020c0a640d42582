"""What the demo showed, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.demo.figures import CHILD
from heapwatch.cli.demo.hosts import FAULTY, FIXED, Happening

TOP = 50
NAMED = 6
QUIET_MS = 1500


@dataclass(frozen=True)
class Rise:
    """One life of one JVM: by how much it rose, and which classes did."""

    host: str
    seconds: float
    total: int  # bytes
    classes: dict[str, int]  # class -> more instances, the TOP that grew most
    children: int


def lines(client: Client, hosts: Sequence[str], since: int, happenings: Sequence[Happening]) -> list[str]:
    known = client.get("/api/v1/jvms")["jvms"]
    jvms = [jvm for jvm in known if jvm["host"] in hosts and jvm["last_seen"] >= since]
    faulty = _longest_rises(client, jvms, FAULTY.version)
    fixed = _longest_rises(client, jvms, FIXED.version)
    told = [*_leak(faulty), *_ends(happenings), *_fix(fixed, faulty)]
    return told or ["It ended before there were two histograms of a JVM to compare."]


def _longest_rises(client: Client, jvms: Sequence[dict[str, Any]], version: str) -> list[Rise]:
    """Of each host, the life in this version that was watched longest."""
    longest: dict[str, Rise] = {}
    for jvm in jvms:
        if jvm["labels"].get("version") != version:
            continue
        rise = _rise(client, jvm)
        if rise and (jvm["host"] not in longest or rise.seconds > longest[jvm["host"]].seconds):
            longest[jvm["host"]] = rise
    return [longest[host] for host in sorted(longest)]


def _rise(client: Client, jvm: dict[str, Any]) -> Rise | None:
    """From its first quiet histogram to its last."""
    which = {"host": jvm["host"], "jvm": jvm["jvm"]}
    taken = _histograms(client, jvm, which)
    first = next((one for one in taken if _quiet(one)), None)
    if first is None or first["time"] >= taken[-1]["time"]:
        return None
    ends = {**which, "pid": jvm["pid"], "before": first["time"], "at": taken[-1]["time"]}
    grown = _delta(client, {**ends, "sort": "delta_instances", "limit": TOP})
    child = _delta(client, {**ends, "filter": CHILD})
    return Rise(
        jvm["host"],
        (taken[-1]["time"] - first["time"]) / 1000,
        taken[-1]["bytes"] - first["bytes"],
        {name: n for name, n in grown.items() if n > 0},
        child.get(CHILD, 0),
    )


def _histograms(client: Client, jvm: dict[str, Any], which: dict[str, Any]) -> list[dict[str, Any]]:
    """What is stored of one life, in order of time."""
    columns = client.get(
        "/api/v1/snapshots", {**which, "from": jvm["first_seen"], "to": jvm["last_seen"] + 1, "limit": 10_000}
    )["columns"]
    rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
    return sorted((row for row in rows if row["pid"] == jvm["pid"]), key=lambda row: row["time"])


def _quiet(histogram: dict[str, Any]) -> bool:
    """Taken soon after a collection, when little garbage is counted, and not while everything is loaded."""
    since, collections = histogram.get("since_gc_ms"), histogram.get("young_collections")
    return (collections or 0) >= 3 and since is not None and since < QUIET_MS


def _delta(client: Client, params: dict[str, Any]) -> dict[str, int]:
    columns = client.get("/api/v1/classes", params)["columns"]
    return {name: n or 0 for name, n in zip(columns["class"], columns["delta_instances"])}


def _leak(rises: Sequence[Rise]) -> list[str]:
    if not rises:
        return []
    parts = [
        f"{rise.host} {human.size_change(rise.total)} in {human.duration(rise.seconds)}" for rise in rises
    ]
    told = [f"All objects together, from the first histogram to the last: {', '.join(parts)}."]
    common = set.intersection(*(set(rise.classes) for rise in rises))
    ranked = sorted(common, key=lambda name: -sum(rise.classes[name] for rise in rises))
    if ranked:
        told.append(f"What grew most by count, on {_all(rises)}:")
        told += [
            f"    {name}  " + ", ".join(human.count_change(rise.classes[name]) for rise in rises)
            for name in _worth_naming(ranked)
        ]
    counts = ", ".join(f"{human.count_change(rise.children)} on {rise.host}" for rise in rises)
    everywhere = len(rises) > 1 and all(rise.children > 0 for rise in rises)
    verdict = " It rises on every host: the fault is in the program, not in a machine." if everywhere else ""
    return [*told, f"{CHILD}: {counts}.{verdict}"]


def _all(rises: Sequence[Rise]) -> str:
    return f"all {len(rises)} hosts" if len(rises) > 1 else rises[0].host


def _worth_naming(ranked: Sequence[str]) -> list[str]:
    """The first few, and with them the tree and the actors' cells that tell the story."""
    telling = [name for name in ranked if "RedBlackTree" in name or name.endswith("ActorCell")]
    first = [name for name in ranked if name not in telling][: max(0, NAMED - len(telling))]
    return [name for name in ranked if name in {*first, *telling[:NAMED]}]


def _ends(happenings: Sequence[Happening]) -> list[str]:
    out = [happening.host for happening in happenings if happening.kind == "oom"]
    return [
        f"{host} ran out of memory {_times(out.count(host))} and was started again."
        for host in sorted(set(out))
    ]


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _fix(fixed: Sequence[Rise], faulty: Sequence[Rise]) -> list[str]:
    if not fixed:
        return []
    counts = ", ".join(
        f"{human.count_change(rise.children)} on {rise.host} in {human.duration(rise.seconds)}"
        for rise in fixed
    )
    flat = faulty and _per_second(fixed) < 0.1 * _per_second(faulty)
    verdict = " As many actors end as begin." if flat else ""
    return [f"With the fix ({FIXED.version}): {CHILD} {counts}.{verdict}"]


def _per_second(rises: Sequence[Rise]) -> float:
    return sum(rise.children for rise in rises) / sum(rise.seconds for rise in rises)
