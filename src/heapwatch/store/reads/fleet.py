"""The first screen: a row a JVM, with how it stands now and how its heap went over the range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.model import JvmId
from heapwatch.store.dimensions import Incarnation
from heapwatch.store.reads import metrics
from heapwatch.store.reads.events import events
from heapwatch.store.reads.intervals import Buckets, buckets, floats, joined, number
from heapwatch.store.reads.jvms import description, newest, state
from heapwatch.store.reads.parts import Parts, ids, places
from heapwatch.store.reads.selection import Selection, containing
from heapwatch.store.reads.totals import SQL as TOTALS
from heapwatch.store.reads.warming import warm_tables

POINTS = 48
JUDGED: Mapping[str, Any] = {
    "verdict": "",
    "verdict_reason": "",
    "leaks": [],
    "full_in_s": None,
    "full_between_s": None,
    "full_of": None,
}
LOOKS = 4
LEAST_FOR_GROWTH = 4
AFTER_GC = "jvm.heap.after_gc"
VALUES = {
    "heap_used": "jvm.heap.used",
    "heap_after_gc": AFTER_GC,
    "heap_max": "jvm.heap.max",
    "gc_load": "jvm.gc.load",
    "pause_ms": "heapwatch.pause_ms",
    "pause_share": "heapwatch.pause_share",
    "pause_budget": "heapwatch.pause_budget",
    "interval_s": "heapwatch.interval_s",
}
SORTS = (
    *("host", "jvm", "state", "last_seen", *VALUES, "growth_per_hour", "bytes", "instances", "classes"),
    *("verdict", "full_in_s"),
    *("restarts", "java", "collector", "user", "container", "started", "pid"),
)


@dataclass(frozen=True)
class Wish:
    """Which rows, in which order; rows of one value of the label `group` stand together."""

    filter: str = ""
    sort: str = "growth_per_hour"
    order: str = "desc"
    limit: int = 200
    offset: int = 0
    group: str = ""
    beside: Mapping[JvmId, Mapping[str, Any]] = field(default_factory=dict)
    """What others say of these JVMs, to be shown and sorted by beside the rest: `JUDGED`."""


def fleet(parts: Parts, selection: Selection, from_: int, to: int, wish: Wish) -> dict[str, Any]:
    """A row for each JVM that lives, and for each that is gone its last life."""
    if wish.sort not in SORTS:
        raise UsageError(f"no sort order {wish.sort!r}; there are {', '.join(SORTS)}")
    if wish.order not in ("asc", "desc"):
        raise UsageError(f"an order is asc or desc, not {wish.order!r}")
    everyone = selection.among(parts.names.jvms, None, to)
    shown = _lives(parts, [each for each in everyone if each.last_seen >= from_])
    if wish.filter:
        fits = containing(wish.filter)
        shown = [each for each in shown if any(map(fits, _texts(each)))]
    rows = _rows(parts, shown, from_, to)
    for row, each in zip(rows, shown, strict=True):
        row.update(wish.beside.get(each.who, JUDGED))
    _restarts(rows, everyone, from_, to)
    rows.sort(key=lambda row: _sort_key(row["growth_per_hour"], descending=True))  # of equals what grows most
    rows.sort(key=lambda row: _sort_key(row[wish.sort], wish.order == "desc"))
    answer: dict[str, Any] = {"total": len(rows)}
    if wish.group:
        answer["groups"] = _groups(rows, wish.group)
    answer["rows"] = rows[wish.offset : wish.offset + wish.limit]
    _top_classes(parts, answer["rows"])
    _last_events(parts, answer["rows"], selection, from_, to)
    return answer


def _lives(parts: Parts, found: Iterable[Incarnation]) -> list[Incarnation]:
    by_name: dict[tuple[str, str], list[Incarnation]] = {}
    for each in found:
        by_name.setdefault((each.who.host, each.who.jvm), []).append(each)
    shown = []
    for lives in by_name.values():
        up = [each for each in lives if state(parts, each) == "up"]
        shown += up or [max(lives, key=lambda each: (each.last_seen, each.who.started))]
    return shown


def _texts(each: Incarnation) -> list[str]:
    labels = [*each.labels.values(), *(f"{name}={value}" for name, value in each.labels.items())]
    return [each.who.host, each.who.jvm, str(each.who.pid), *labels]


def _rows(parts: Parts, shown: list[Incarnation], from_: int, to: int) -> list[dict[str, Any]]:
    frame = buckets(from_, to, most=POINTS)
    sparks = _sparks(parts, shown, frame)
    rows = []
    for each, spark, growth in zip(shown, sparks, _growths(frame, sparks), strict=True):
        head = parts.live.heads.get((each.id, 0)) or parts.live.heads.get((each.id, 1))
        values = {name: number(newest(parts, each, metric)) for name, metric in VALUES.items()}
        if head is not None:
            for name, own in (("heap_used", "heap_used"), ("heap_max", "heap_max")):
                values[name] = number(head.heap.get(own)) if values[name] is None else values[name]
            values["pause_ms"] = number(head.pause_ms) if values["pause_ms"] is None else values["pause_ms"]
        rows.append(
            {
                **description(parts, each),
                **values,
                "growth_per_hour": growth,
                "bytes": head.bytes if head else None,
                "instances": head.instances if head else None,
                "classes": head.classes if head else None,
                "spark": {"times": frame.times, "values": floats(spark)},
                "top_class": None,
                "last_event": None,
            }
        )
    return rows


def _sparks(parts: Parts, shown: list[Incarnation], frame: Buckets) -> Any:
    """Heap after collection by bucket, else the total of the histograms."""
    lines = frame.matrix(len(shown))
    series = {
        row: parts.names.series.by_name[each.id, AFTER_GC]
        for row, each in enumerate(shown)
        if (each.id, AFTER_GC) in parts.names.series.by_name
    }
    if series:
        sampled, _ = metrics.sampled(parts, list(series.values()), frame, "last")
        lines[list(series)] = sampled
    bare = [row for row in range(len(shown)) if np.isnan(lines[row]).all()]
    if bare:
        chosen = ids([shown[row] for row in bare])
        found = parts.query(TOTALS, {"incarnations": chosen, "mode": "all", **frame.parameters})
        if len(found):
            rows = np.array(bare)[places(found["incarnation"], chosen)]
            lines[rows, found["bucket"]] = found["bytes"]
    return joined(lines)


def _growths(frame: Buckets, sparks: Any) -> list[float | None]:
    """Bytes an hour by a straight line through the points of each row."""
    known = ~np.isnan(sparks)
    count = known.sum(axis=1)
    hours = np.where(known, np.arange(frame.count) * (frame.width / 3_600_000), 0.0)
    values = np.where(known, sparks, 0.0)
    enough = np.maximum(count, 1)[:, None]
    off = np.where(known, hours - hours.sum(axis=1, keepdims=True) / enough, 0.0)
    up = np.where(known, values - values.sum(axis=1, keepdims=True) / enough, 0.0)
    slopes = (off * up).sum(axis=1) / np.maximum((off * off).sum(axis=1), 1e-12)
    return floats(np.where(count >= LEAST_FOR_GROWTH, slopes, np.nan))


def _top_classes(parts: Parts, rows: list[dict[str, Any]]) -> None:
    """What grows fastest now in each JVM of the page; a few a time are looked up after a start."""
    looks = LOOKS
    for row in rows:
        each = parts.names.jvms.by_who[JvmId(row["host"], row["jvm"], row["pid"], row["started"])]
        if looks and not parts.live.holds(each.id):
            warm_tables(parts, each, 0)
            looks -= 1
        row["top_class"] = _top_class(parts, each)


def _top_class(parts: Parts, each: Incarnation) -> dict[str, Any] | None:
    found = parts.live.fastest((each.id, 0)) or parts.live.fastest((each.id, 1))
    if found is None:
        return None
    return {"class": parts.names.classes.names[found[0]], "bytes_per_min": found[1]}


def _restarts(rows: list[dict[str, Any]], everyone: Iterable[Incarnation], from_: int, to: int) -> None:
    """How often each JVM was started again within the range."""
    starts: dict[tuple[str, str], list[int]] = {}
    for each in everyone:
        starts.setdefault((each.who.host, each.who.jvm), []).append(each.who.started or each.first_seen)
    for row in rows:
        later = sorted(starts[row["host"], row["jvm"]])[1:]
        row["restarts"] = sum(from_ <= start <= to for start in later)


def _last_events(parts: Parts, rows: list[dict[str, Any]], selection: Selection, from_: int, to: int) -> None:
    newest_of: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events(parts, selection, from_, to, 1000)["events"]:
        newest_of[event["labels"].get("host", ""), event["labels"].get("jvm", "")] = event
    for row in rows:
        row["last_event"] = newest_of.get((row["host"], row["jvm"]))


def _sort_key(value: Any, descending: bool) -> tuple[bool, Any]:
    """Rows without a value come last, whichever the order."""
    if value is None:
        return True, 0
    if isinstance(value, str):
        return False, [-ord(sign) for sign in value] + [1] if descending else [ord(sign) for sign in value]
    return False, -value if descending else value


def _groups(rows: list[dict[str, Any]], label: str) -> list[dict[str, Any]]:
    """Put rows of one label value together, in the order in which the values appear; sums of each."""
    members: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        value = (
            row[label]
            if label in ("host", "jvm", "java", "collector", "user", "container", "state")
            else None
        )
        members.setdefault(row["labels"].get(label, "") if value is None else value, []).append(row)
    rows[:] = [row for group in members.values() for row in group]
    return [
        {
            "value": value,
            "jvms": len(group),
            "bytes": sum(row["bytes"] or 0 for row in group),
            "heap_used": sum(row["heap_used"] or 0 for row in group),
            "growth_per_hour": sum(row["growth_per_hour"] or 0 for row in group),
        }
        for value, group in members.items()
    ]
