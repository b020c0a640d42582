"""What `heapwatch top` knows: the histograms so far, and from them the rows to show. No screen, no clock."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from heapwatch.agent.suspects import Suspects
from heapwatch.cli.growth import matching
from heapwatch.jvm import names
from heapwatch.model import Histogram, Snapshot

WINDOW_MS = 120_000
"""The rate per minute is over at most so long, and over two histograms at least."""

SUSPECT, COMPANION = "!", "+"

SERIES = 240
"""How many readings of the heap the sparkline remembers."""


class BoardRow(NamedTuple):
    name: str
    instances: int
    bytes: int
    delta_instances: int  # since the mark, or since the start
    delta_bytes: int
    bytes_per_min: float | None
    mark: str = ""  # SUSPECT, or COMPANION of one


SORTS = {
    "bytes": lambda row: (-row.bytes, row.name),
    "instances": lambda row: (-row.instances, row.name),
    "growth": lambda row: (-row.delta_bytes, -row.bytes, row.name),
    "rate": lambda row: (-(row.bytes_per_min or 0.0), -row.bytes, row.name),
    "class": lambda row: (row.name,),
}


class Board:
    """The state behind the screen."""

    def __init__(self, sort: str = "bytes", pattern: str = "") -> None:
        self.sort = sort
        self.pattern = pattern
        self.only_app = False
        self.only_suspects = False
        self.suspects = Suspects()
        self.main_class = ""  # by which the application's own classes are known
        self.latest: Snapshot | None = None
        self.first: Snapshot | None = None
        self.mark: Snapshot | None = None
        self.visits = 0
        self.paused_ms = 0.0
        self.heap_series: deque[float] = deque(maxlen=SERIES)
        self._window: deque[Snapshot] = deque()

    def add(self, snapshot: Snapshot, cost_ms: float) -> None:
        """One more histogram."""
        if self.latest is not None and self.latest.jvm != snapshot.jvm:
            self._restart()
        self.first = self.first or snapshot
        self.latest = snapshot
        self.visits += 1
        self.paused_ms += cost_ms
        self.suspects.add(snapshot, self.main_class)
        self._window.append(snapshot)
        while len(self._window) > 2 and snapshot.time - self._window[1].time >= WINDOW_MS:
            self._window.popleft()

    def observe(self, heap_used: float) -> None:
        """One more reading of the heap's use."""
        self.heap_series.append(heap_used)

    def set_mark(self) -> None:
        """From now on growth counts from the histogram on the screen."""
        self.mark = self.latest

    def clear_mark(self) -> None:
        self.mark = None

    @property
    def base(self) -> Snapshot | None:
        """What growth is measured from."""
        return self.mark or self.first

    def rows(self) -> list[BoardRow]:
        """The classes to show, in order."""
        latest, base = self.latest, self.base
        if latest is None or base is None:
            return []
        wanted = matching(self.pattern)
        marks = self._marks()
        before = _table(base.histogram)
        oldest = self._window[0]
        minutes = (latest.time - oldest.time) / 60_000
        window = _table(oldest.histogram) if minutes > 0 else {}
        found, modules = latest.histogram, latest.histogram.modules
        rows = []
        for name, instances, held in zip(found.classes, found.instances, found.bytes):
            old_instances, old_bytes = before.pop(name, (0, 0))
            mark = marks.get(name, "")
            if wanted(name) and self._is_shown(name, modules.get(name, ""), mark):
                rate = (held - window.get(name, (0, 0))[1]) / minutes if minutes > 0 else None
                rows.append(
                    BoardRow(name, instances, held, instances - old_instances, held - old_bytes, rate, mark)
                )
        for name, (instances, held) in before.items():
            if wanted(name) and self._is_shown(name, modules.get(name, ""), marks.get(name, "")):
                rows.append(BoardRow(name, 0, 0, -instances, -held, None))
        return sorted(rows, key=SORTS[self.sort])

    def _marks(self) -> dict[str, str]:
        marks = dict.fromkeys(self.suspects.companions(), COMPANION)
        marks.update((suspect.name, SUSPECT) for suspect in self.suspects.found)
        return marks

    def _is_shown(self, name: str, module: str, mark: str) -> bool:
        if self.only_suspects and not mark:
            return False
        return not self.only_app or names.kind(name, module) == "app"

    def _restart(self) -> None:
        """Another life of the JVM: nothing is compared across it."""
        self.first = self.mark = None
        self._window.clear()
        self.heap_series.clear()


def _table(histogram: Histogram) -> dict[str, tuple[int, int]]:
    return {
        name: (instances, held)
        for name, instances, held in zip(histogram.classes, histogram.instances, histogram.bytes)
    }
