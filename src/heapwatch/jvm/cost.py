"""What a request costs a JVM, told by the JVM itself.

read counters -> ask -> read counters
pause = difference of sun.rt.safepointTime: how long the application stood. It is what its own threads
feel to within some ms. Collections of its own in the same window are not ours and are taken off, where the
collector counts what they took; elsewhere the pause is an upper bound.
"""

from __future__ import annotations

import time
from typing import Mapping, Optional

from heapwatch.errors import Unreadable
from heapwatch.jvm.counters import safepoint_ms
from heapwatch.jvm.perfdata import PerfData, Value

_COUNTED_LATE = 20  # looks, a millisecond each, for a safepoint that ended but is not yet counted


class Cost:
    """Within the block the JVM is asked; afterwards `pause_ms` and `duration_ms` say what that took.

    `collects` says that the request makes the JVM collect, so that its collections are of our doing.
    Without `perfdata` the pause stays unknown (None).
    """

    def __init__(self, perfdata: Optional[PerfData], collects: bool = False) -> None:
        self._perfdata = perfdata
        self._collects = collects
        self.before: Optional[Mapping[str, Value]] = None
        self.after: Optional[Mapping[str, Value]] = None
        self.began_ms = self.ended_ms = 0.0  # epoch
        self.duration_ms = 0.0
        self.pause_ms: Optional[float] = None

    def __enter__(self) -> Cost:
        self.before = self._counters()
        self.began_ms, self._began = time.time() * 1000, time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.duration_ms = (time.monotonic() - self._began) * 1000
        self.ended_ms = time.time() * 1000
        self.after = self._counters_after()
        self.pause_ms = self._pause()

    def _counters(self) -> Optional[Mapping[str, Value]]:
        if self._perfdata is None:
            return None
        try:
            return self._perfdata.sample()
        except Unreadable:
            return None

    def _counters_after(self) -> Optional[Mapping[str, Value]]:
        """The VM wakes its threads, ours too, a moment before it counts the safepoint."""
        after = self._counters()
        for _ in range(_COUNTED_LATE):
            if self.before is None or after is None or _safepoints(after) != _safepoints(self.before):
                break
            time.sleep(0.001)
            after = self._counters()
        return after

    def _pause(self) -> Optional[float]:
        if self._perfdata is None or self.before is None or self.after is None:
            return None
        start, end = safepoint_ms(self.before), safepoint_ms(self.after)
        if start is None or end is None:
            return None
        stood = self._perfdata.plan.stood_for_collections_ms
        own = 0.0 if self._collects else stood(self.after) - stood(self.before)
        return max(0.0, end - start - max(0.0, own))


def _safepoints(raw: Mapping[str, Value]) -> Optional[Value]:
    return raw.get("sun.rt.safepoints")
