"""One histogram with what it cost."""

from __future__ import annotations

import os
from typing import Dict, Mapping, Optional

from heapwatch.jvm.attach import Attachment
from heapwatch.jvm.cost import Cost
from heapwatch.jvm.histogram import Parser
from heapwatch.jvm.perfdata import PerfData, Value
from heapwatch.model import ALL, LIVE, Snapshot, Target


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
    with Cost(perfdata, collects=mode == LIVE) as cost:
        text = attachment.histogram_text(mode, timeout, parallel)
    histogram = (parser or Parser()).parse(text)
    return Snapshot(
        jvm=target.identity(host),
        time=int(cost.ended_ms),
        mode=mode,
        histogram=histogram,
        pause=cost.pause_ms,
        duration=cost.duration_ms,
        heap=_heap(perfdata, cost.after if mode == LIVE else cost.before, cost.began_ms),
        labels=dict(target.labels),
    )


def threads_for(target: Target) -> Optional[int]:
    """How many threads to ask for, for the walk of the heap; None leaves it to the VM (before 16 it must)."""
    feature = target.java_version.partition(".")[0]
    if not feature.isdigit() or int(feature) < 16:
        return None
    threads = min(4, len(os.sched_getaffinity(0)) // 2)
    return threads if threads > 1 else None


def _heap(
    perfdata: Optional[PerfData], raw: Optional[Mapping[str, Value]], now_ms: float
) -> Dict[str, float]:
    if perfdata is None or raw is None:
        return {}
    return perfdata.plan.heap_counters(raw, now_ms)
