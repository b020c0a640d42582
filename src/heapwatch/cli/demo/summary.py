"""What the demo showed, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

from heapwatch.cli import human
from heapwatch.cli.client import Client
from heapwatch.cli.demo.figures import CHILD
from heapwatch.cli.demo.hosts import FAULTY, FIXED, Happening

TOP = 30
NAMED = 6


@dataclass(frozen=True)
class Rise:
    """One life of one JVM: by how much it rose, and which classes did."""

    host: str
    seconds: float
    total: int  # bytes
    classes: dict[str, int]  # class -> more instances, the TOP that grew most
    children: int


def lines(client: Client, hosts: Sequence[str], since: int, happenings: Sequence[Happening]) -> list[str]:
    jvms = [jvm for jvm in client.get("/api/v1/jvms", {"from": since})["jvms"] if jvm["host"] in hosts]
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
    answer = client.get(
        "/api/v1/classes",
        {
            "host": jvm["host"],
            "jvm": jvm["jvm"],
            "pid": jvm["pid"],
            "before": jvm["started"],
            "at": jvm["last_seen"],
            "sort": "delta_instances",
            "limit": TOP,
        },
    )
    before, after = answer["before"], answer["after"]
    if not before or not after or before["time"] >= after["time"]:
        return None
    columns = answer["columns"]
    grown = {name: n for name, n in zip(columns["class"], columns["delta_instances"]) if n and n > 0}
    child = client.get(
        "/api/v1/classes",
        {
            "host": jvm["host"],
            "jvm": jvm["jvm"],
            "pid": jvm["pid"],
            "before": before["time"],
            "at": after["time"],
            "filter": CHILD,
        },
    )["columns"]
    children = dict(zip(child["class"], child["delta_instances"])).get(CHILD) or 0
    seconds = (after["time"] - before["time"]) / 1000
    return Rise(jvm["host"], seconds, after["bytes"] - before["bytes"], grown, children)


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
