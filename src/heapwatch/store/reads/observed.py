"""Histograms of one life as a detector wants them: thinned in time, and only the classes that moved.

Of a range that has more histograms than are looked at, each of its equal blocks gives the one with the least
eden in use, which holds the least garbage, and the one after it: what came between the two is what was
born. Classes whose count stayed the same within `least` are most of a heap; the engine leaves them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heapwatch.model import ALL, HEAP_COUNTERS, LIVE, JvmId
from heapwatch.store.dimensions import Incarnation
from heapwatch.store.native import Columns
from heapwatch.store.reads.jvms import newest as latest
from heapwatch.store.reads.jvms import state
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.selection import Selection

BLOCKS = 96
HOUR_MS = 3_600_000
PROBE_MS = 3_600_000
"""A histogram of live objects is a probe when one of all objects is not older than it by more."""
PROBE_WITHIN = 0.25  # of the range, at its end
LIMITS = {
    "metaspace": "jvm.metaspace.limit",
    "threads": "jvm.process.threads_limit",
    "container": "cgroup.memory.limit",
}
CONTAINER_USED = "cgroup.memory.used"

HEADS = f"""
SELECT toUnixTimestamp64Milli(time) AS at, classes, bytes, {", ".join(HEAP_COUNTERS)} FROM snapshot
WHERE incarnation = {{incarnation:UInt64}} AND mode = {{mode:String}}
  AND time >= fromUnixTimestamp64Milli({{from:Int64}}) AND time <= fromUnixTimestamp64Milli({{to:Int64}})
ORDER BY time
"""

_THESE = """
incarnation = {incarnation:UInt64} AND mode = {mode:String}
  AND toStartOfHour(time) IN (SELECT fromUnixTimestamp64Milli(arrayJoin({hours:Array(Int64)})))
  AND time IN (SELECT fromUnixTimestamp64Milli(arrayJoin({times:Array(Int64)})))
"""

MOVING = f"""
SELECT class, toUnixTimestamp64Milli(time) AS at, instances, bytes, rows FROM class_sample
WHERE {_THESE} AND class IN (
    SELECT class FROM class_sample WHERE {_THESE} GROUP BY class
    HAVING max(instances) - if(count() < {{number:UInt64}}, 0, min(instances)) >= {{least:Float64}}
)
"""

ONE = f"""
SELECT class, toUnixTimestamp64Milli(time) AS at, instances, bytes, rows FROM class_sample
WHERE {_THESE} AND class IN {{classes:Array(UInt64)}}
"""


HIGHEST = """
SELECT class, max(if(present < n, 0, min)) AS highest FROM class_hour FINAL
WHERE incarnation = {incarnation:UInt64} AND mode = {mode:String} AND class IN {classes:Array(UInt64)}
  AND hour + 3600 <= fromUnixTimestamp(intDiv({before:Int64}, 1000))
GROUP BY class
"""

SAMPLES = """
SELECT toUnixTimestamp64Milli(time) AS at, value FROM sample
WHERE series = {series:UInt64}
  AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time <= fromUnixTimestamp64Milli({to:Int64})
ORDER BY time
"""


@dataclass(frozen=True)
class Life:
    """One incarnation, as much of it as says whether it has to be looked at again."""

    id: int
    who: JvmId
    labels: Mapping[str, str]
    state: str  # up, silent, exited
    mode: str  # of its newest histogram
    newest: int  # epoch ms, when that was taken
    limits: Mapping[str, float] = field(default_factory=dict)
    """What it may have beside the heap: metaspace and container in bytes, threads."""


@dataclass(frozen=True)
class Observed:
    """n histograms of one life and the C classes that moved in them."""

    life: Life
    mode: str
    times: NDArray[np.int64]  # n, epoch ms, rising
    classes: list[str]  # C
    instances: NDArray[np.float64]  # n x C
    bytes: NDArray[np.float64]  # n x C, shallow
    rows: NDArray[np.float64]  # n x C
    present: NDArray[np.float64]  # n, how many classes each histogram had
    total_bytes: NDArray[np.float64]  # n, of all classes
    heap: Mapping[str, NDArray[np.float64]]  # HEAP_COUNTERS -> n; nan = not known
    population: int  # classes in all
    container: NDArray[np.float64] | None = None  # n, bytes that the control group has in use
    survivors: Mapping[str, float] | None = None
    """Instances of these classes after a full collection near the end of the range, if there was one."""
    probed: int | None = None
    """When that was, epoch ms."""


def lives(parts: Parts, selection: Selection, since: int) -> list[Life]:
    """The incarnations that fit and have a histogram since then."""
    found = []
    for each in selection.among(parts.names.jvms, since):
        heads = [parts.live.heads.get((each.id, mode)) for mode in (0, 1)]
        all_, live = (0 if head is None else head.time for head in heads)
        mode, newest = mode_of(all_, live)
        if newest >= since and newest > 0:
            found.append(_life(parts, each, mode, newest))
    return found


def observed(
    parts: Parts, life: Life, from_: int, to: int, least: float, only: list[str] | None = None
) -> Observed | None:
    """The life's histograms of the range in its newest one's mode; None when there is none.

    With `only` the columns are those classes, whether they moved or not.
    """
    bound = {"incarnation": life.id, "mode": life.mode}
    heads = parts.query(HEADS, {**bound, "from": from_, "to": to})
    if not len(heads):
        return None
    kept = chosen(heads["at"], heads["eden_used"])
    times = heads["at"][kept]
    hours = sorted({int(time) // HOUR_MS * HOUR_MS for time in times})
    given = {**bound, "times": times.tolist(), "hours": hours}
    if only is None:
        rows = parts.query(MOVING, {**given, "number": len(times), "least": least})
    else:
        by_name = parts.names.classes.by_name
        known = [by_name[name] for name in only if name in by_name]
        rows = parts.query(ONE, {**given, "classes": known})
    return _columns(parts, life, heads, kept, rows)


def highest(parts: Parts, life: Life, classes: list[str], before: int) -> dict[str, float]:
    """How high these classes stood before a time, by the cleanest histogram of each hour summed up."""
    by_name = parts.names.classes.by_name
    known = [by_name[name] for name in classes if name in by_name]
    bound = {"incarnation": life.id, "mode": life.mode, "classes": known, "before": before}
    found = parts.query(HIGHEST, bound) if known else None
    if found is None:
        return {}
    names = parts.names.classes.names
    counts = zip(found["class"].tolist(), found["highest"].tolist(), strict=True)
    return {names[each]: float(count) for each, count in counts}


def mode_of(all_: int, live: int) -> tuple[str, int]:
    """The mode a life is looked at in, with its newest histogram; given are those of both modes (0: none).

    Some histograms of live objects among the others are probes; without others they are what there is.
    """
    return (ALL, all_) if all_ > live - PROBE_MS else (LIVE, live)


def chosen(times: NDArray[np.int64], eden: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places of the histograms to look at: all of them, or two of each block."""
    if len(times) <= 2 * BLOCKS:
        return np.arange(len(times))
    span = max(int(times[-1] - times[0]), 1)
    block = np.minimum((times - times[0]) * BLOCKS // span, BLOCKS - 1)
    order = np.lexsort((times, np.where(np.isnan(eden), np.inf, eden), block))
    _, first = np.unique(block[order], return_index=True)
    cleanest = order[first]
    return np.unique(np.concatenate([cleanest, np.minimum(cleanest + 1, len(times) - 1)]))


def _life(parts: Parts, each: Incarnation, mode: str, newest: int) -> Life:
    limits = {
        name: value for name, metric in LIMITS.items() if (value := latest(parts, each, metric)) is not None
    }
    return Life(each.id, each.who, dict(each.labels), state(parts, each), mode, newest, limits)


def _columns(parts: Parts, life: Life, heads: Columns, kept: NDArray[np.intp], rows: Columns) -> Observed:
    times = heads["at"][kept]
    classes = np.unique(rows["class"])
    shape = len(times), len(classes)
    place = np.searchsorted(times, rows["at"]), np.searchsorted(classes, rows["class"])

    def matrix(name: str) -> NDArray[np.float64]:
        found = np.zeros(shape)
        found[place] = rows[name]
        return found

    names = parts.names.classes.names
    probed = _probed(parts, life, times)
    return Observed(
        life=life,
        mode=life.mode,
        times=times,
        classes=[names[each] for each in classes.tolist()],
        instances=matrix("instances"),
        bytes=matrix("bytes"),
        rows=matrix("rows"),
        present=heads["classes"][kept].astype(float),
        total_bytes=heads["bytes"][kept].astype(float),
        heap={name: heads[name][kept] for name in HEAP_COUNTERS},
        population=int(heads["classes"].max()),
        container=_container(parts, life, times) if "container" in life.limits else None,
        survivors=None if probed is None else _survivors(parts, life, probed, classes.tolist()),
        probed=probed,
    )


def _probed(parts: Parts, life: Life, times: NDArray[np.int64]) -> int | None:
    """When the newest histogram of live objects was taken, if it belongs to the end of these."""
    head = parts.live.heads.get((life.id, 1))
    return head.time if head is not None and is_probe(life.mode, head.time, times) else None


def is_probe(mode: str, live: int, times: NDArray[np.int64]) -> bool:
    """Whether a histogram of live objects was taken near the end of these (0: there is none)."""
    if mode != ALL or not live or not len(times):
        return False
    first, last = int(times[0]), int(times[-1])
    block = (last - first) / BLOCKS
    return last - PROBE_WITHIN * (last - first) <= live <= last + 4 * block


def _survivors(parts: Parts, life: Life, probed: int, classes: list[int]) -> dict[str, float]:
    """Instances in the histogram of live objects of this time."""
    given = {"incarnation": life.id, "mode": "live", "times": [probed], "classes": classes}
    found = parts.query(ONE, {**given, "hours": [probed // HOUR_MS * HOUR_MS]})
    counts = dict(zip(found["class"].tolist(), found["instances"].tolist(), strict=True))
    return {parts.names.classes.names[each]: float(counts.get(each, 0)) for each in classes}


def _container(parts: Parts, life: Life, times: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """What its control group used at these times, between the samples of the metric."""
    series = parts.names.series.by_name.get((life.id, CONTAINER_USED))
    if series is None:
        return None
    found = parts.query(SAMPLES, {"series": series, "from": int(times[0]), "to": int(times[-1])})
    return used_at(times, found["at"], found["value"])


def used_at(
    times: NDArray[np.int64], at: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """A metric at these times, between its samples; None where there are too few of them."""
    return np.interp(times, at, values) if len(at) >= len(times) / 2 else None
