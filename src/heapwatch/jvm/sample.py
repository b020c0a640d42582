"""One histogram with what it cost.

read counters -> ask for the histogram -> read counters
pause = difference of sun.rt.safepointTime: how long the application stood. It is what its own threads
feel to within some ms. Collections of its own in the same window are not ours and are taken off, where the
collector counts what they took; elsewhere the pause is an upper bound.
"""

from __future__ import annotations

import os
import time
from typing import Dict, Mapping, Optional

from heapwatch.errors import Unreadable
from heapwatch.jvm.attach import Attachment
from heapwatch.jvm.counters import safepoint_ms
from heapwatch.jvm.histogram import Parser
from heapwatch.jvm.perfdata import PerfData, Value
from heapwatch.model import ALL, LIVE, Snapshot, Target

_COUNTED_LATE = 20  # looks, a millisecond each, for a safepoint that ended but is not yet counted


def take(
    target: Target,
    mode: str = ALL,
    parser: Optional[Parser] = None,
    perfdata: Optional[PerfData] = None,
    host: str = "",
    attachment: Optional[Attachment] = None,
    timeout: Optional[float] = None,
    parallel: Optional[int] = None,
) -> Snapshot:
    """Stop the JVM once and count its objects. Without `perfdata` the pause stays unknown (None).

    A supervisor keeps one `attachment` and one `parser` for each JVM; both are made when absent.
    """
    attachment = attachment or Attachment(target)
    before = _counters(perfdata)
    began_at, began = time.time(), time.monotonic()
    text = attachment.histogram_text(mode, timeout, parallel)
    duration = (time.monotonic() - began) * 1000
    time_ms = int(time.time() * 1000)
    after = _counters_after(perfdata, before)
    histogram = (parser or Parser()).parse(text)
    return Snapshot(
        jvm=target.identity(host),
        time=time_ms,
        mode=mode,
        histogram=histogram,
        pause=_pause(perfdata, mode, before, after),
        duration=duration,
        heap=_heap(perfdata, after if mode == LIVE else before, began_at * 1000),
        labels=dict(target.labels),
    )


def threads_for(target: Target) -> Optional[int]:
    """How many threads to ask for, for the walk of the heap; None leaves it to the VM (before 16 it must)."""
    feature = target.java_version.partition(".")[0]
    if not feature.isdigit() or int(feature) < 16:
        return None
    threads = min(4, len(os.sched_getaffinity(0)) // 2)
    return threads if threads > 1 else None


def _counters(perfdata: Optional[PerfData]) -> Optional[Mapping[str, Value]]:
    if perfdata is None:
        return None
    try:
        return perfdata.sample()
    except Unreadable:
        return None


def _counters_after(
    perfdata: Optional[PerfData], before: Optional[Mapping[str, Value]]
) -> Optional[Mapping[str, Value]]:
    """The VM wakes its threads, ours too, a moment before it counts the safepoint."""
    after = _counters(perfdata)
    for _ in range(_COUNTED_LATE):
        if before is None or after is None or _safepoints(after) != _safepoints(before):
            break
        time.sleep(0.001)
        after = _counters(perfdata)
    return after


def _safepoints(raw: Mapping[str, Value]) -> Optional[Value]:
    return raw.get("sun.rt.safepoints")


def _pause(
    perfdata: Optional[PerfData],
    mode: str,
    before: Optional[Mapping[str, Value]],
    after: Optional[Mapping[str, Value]],
) -> Optional[float]:
    if perfdata is None or before is None or after is None:
        return None
    start, end = safepoint_ms(before), safepoint_ms(after)
    if start is None or end is None:
        return None
    stood = perfdata.plan.stood_for_collections_ms
    own = stood(after) - stood(before) if mode == ALL else 0.0  # a live histogram collects for us
    return max(0.0, end - start - max(0.0, own))


def _heap(
    perfdata: Optional[PerfData], raw: Optional[Mapping[str, Value]], now_ms: float
) -> Dict[str, float]:
    if perfdata is None or raw is None:
        return {}
    return perfdata.plan.heap_counters(raw, now_ms)
