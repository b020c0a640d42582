"""One JVM that is asked several things in a row, each with what it should and what it did cost.

A prediction begins with the used heap and the collector (jvm/budget.py). Once a walk of this heap has been
measured, what the next ones may take is scaled by it: real heaps are often several times cheaper.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Dict, List, Optional

from heapwatch.errors import Unreadable
from heapwatch.jvm import perfdata, process
from heapwatch.jvm.attach import JCMD_TIMEOUT_S, Attachment
from heapwatch.jvm.budget import prior_ms
from heapwatch.jvm.cost import Cost
from heapwatch.model import ALL, LIVE, Target

_MARGIN = 1.5
_FLOOR_MS = 2.0
_COLLECTION_FLOOR_MS = 30.0  # of an empty heap, and much the same for its dump


class Session:
    """Holds the JVM's counters open, nothing else; valid for one life of the process."""

    def __init__(self, target: Target, proc: str = "/proc") -> None:
        self.target = target
        self.proc = proc
        self.attachment = Attachment(target, proc)
        self._costs: List[Cost] = []
        self._scale: Optional[float] = None
        self._open = ExitStack()
        try:
            self.perfdata: Optional[perfdata.PerfData] = self._open.enter_context(
                perfdata.open_for(target, proc)
            )
        except (perfdata.NoPerfData, Unreadable):
            self.perfdata = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    # -- what is known without asking -----------------------------------------------------------------

    def heap(self) -> Dict[str, float]:
        """The heap's counters now; free. Empty when the JVM keeps none."""
        if self.perfdata is None:
            return {}
        try:
            return self.perfdata.plan.heap_counters(self.perfdata.sample())
        except Unreadable:
            return {}

    def used(self) -> float:
        """Bytes on the heap: by the JVM's counters, else no more than the process has in memory."""
        used = self.heap().get("heap_used")
        if used:
            return used
        try:
            return float(process.status(self.target.pid, self.proc).rss or 0)
        except ProcessLookupError:
            return 0.0

    # -- asking ---------------------------------------------------------------------------------------

    def jcmd(self, text: str, timeout: float = JCMD_TIMEOUT_S, collects: bool = False) -> str:
        """A diagnostic command, its cost measured."""
        with self.cost(collects):
            return self.attachment.jcmd(text, timeout)

    def cost(self, collects: bool = False) -> Cost:
        """Measures a request in its block; all costs since `forget_costs` are summed by `pause_ms`."""
        cost = Cost(self.perfdata, collects)
        self._costs.append(cost)
        return cost

    def forget_costs(self) -> None:
        self._costs = []

    def pause_ms(self) -> Optional[float]:
        """How long the application stood for what was asked; None when that could not be measured."""
        pauses = [cost.pause_ms for cost in self._costs]
        known = [pause for pause in pauses if pause is not None]
        return sum(known) if pauses and len(known) == len(pauses) else None

    # -- predictions ----------------------------------------------------------------------------------

    def walk_ms(self, factor: float = 1.0, mode: str = ALL) -> float:
        """The pause of something that takes `factor` times as long as a histogram of this mode."""
        prior = prior_ms(self.used(), self.target.collector, mode, self.target.java_version)
        least = _COLLECTION_FLOOR_MS if mode == LIVE or factor > 1 else _FLOOR_MS
        return max(prior * factor * (self._scale or 1.0), least)

    def collection_ms(self) -> float:
        """The pause of a full collection: what a live histogram takes beyond the walk."""
        return max(self.walk_ms(mode=LIVE) - self.walk_ms(), _COLLECTION_FLOOR_MS)

    def learn(self, pause_ms: Optional[float], used: float, mode: str) -> None:
        """A histogram of this heap stopped the application for `pause_ms`."""
        if pause_ms is None or not used:
            return
        prior = prior_ms(used, self.target.collector, mode, self.target.java_version)
        scale = pause_ms * _MARGIN / prior
        self._scale = scale if self._scale is None else max(self._scale, scale)
