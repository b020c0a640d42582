"""When something was heard of the lives of JVMs, up to a moment in the past: what `missing` is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from heapwatch.store.dimensions import Incarnation
from heapwatch.store.native import Columns
from heapwatch.store.reads.parts import Parts
from heapwatch.store.rows import ENDS

FAILED = "collection_failed"
BESIDE = ("jvm.heap.used", "jvm.process.threads", "heapwatch.interval_s")
"""Metrics that come with every look at a JVM; the first that it has stands for all."""

_RANGE = "time >= fromUnixTimestamp64Milli({from:Int64}) AND time <= fromUnixTimestamp64Milli({to:Int64})"

HISTOGRAMS = f"""
SELECT incarnation, toUnixTimestamp64Milli(max(time)) AS at FROM snapshot WHERE {_RANGE} GROUP BY incarnation
"""

SAMPLES = f"""
SELECT series, toUnixTimestamp64Milli(max(time)) AS at FROM sample
WHERE series IN {{series:Array(UInt64)}} AND {_RANGE} GROUP BY series
"""

EVENTS = f"""
SELECT incarnation, kind, toUnixTimestamp64Milli(max(time)) AS at, argMax(text, time) AS text FROM event
WHERE {_RANGE} AND kind IN {{kinds:Array(String)}} GROUP BY incarnation, kind
"""


@dataclass
class Heard:
    """The newest of each of one life; epoch ms, 0: nothing in the range."""

    of: Incarnation
    histogram: int = 0
    metric: int = 0
    ended: int = 0
    failed: int = 0
    failure: str = ""


def heard(parts: Parts, from_: int, to: int) -> list[Heard]:
    """The lives of which something was heard in [from_, to]."""
    bound = {"from": from_, "to": to}
    lives = {
        each.id: Heard(each) for each in list(parts.names.jvms.by_id.values()) if each.last_seen >= from_
    }
    found = parts.query(HISTOGRAMS, bound)
    for id_, at in _pairs(found, "incarnation"):
        if id_ in lives:
            lives[id_].histogram = at
    series = _series(parts, lives)
    if series:
        for id_, at in _pairs(parts.query(SAMPLES, {**bound, "series": list(series)}), "series"):
            series[id_].metric = at
    found = parts.query(EVENTS, {**bound, "kinds": [*ENDS, FAILED]})
    for place, (id_, at) in enumerate(_pairs(found, "incarnation")):
        life = lives.get(id_)
        if life is None:
            continue
        if found["kind"][place] == FAILED:
            life.failed, life.failure = at, found["text"][place]
        else:
            life.ended = max(life.ended, at)
    return [each for each in lives.values() if max(each.histogram, each.metric, each.ended, each.failed)]


def _series(parts: Parts, lives: dict[int, Heard]) -> dict[int, Heard]:
    found = {}
    for id_, life in lives.items():
        known = (parts.names.series.by_name.get((id_, name)) for name in BESIDE)
        series = next((each for each in known if each is not None), None)
        if series is not None:
            found[series] = life
    return found


def _pairs(found: Columns, name: str) -> list[tuple[int, int]]:
    return list(zip(found[name].tolist(), found["at"].tolist(), strict=True))
