"""What a detector sees of one life of one JVM: columns, no store and no clock.

times        n seconds, rising
instances    n x C, of `classes`; garbage included when `mode` is `all`
counters     name -> n values read beside each histogram (nan = not known): young, full, concurrent
             (collections so far), eden (bytes in use), old, metaspace, threads
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect.kinds import FILLERS
from heapwatch.detect.statistics import or_zero
from heapwatch.model import ALL

Floats = NDArray[np.float64]

FULL = 0.9
DYING = 3
"""Histograms in a row of a full heap, from which on it is dying."""


@dataclass(frozen=True)
class History:
    """One incarnation's histograms, oldest first."""

    host: str
    service: str
    times: Floats
    classes: list[str]
    instances: Floats
    bytes: Floats
    rows: Floats
    counters: Mapping[str, Floats] = field(default_factory=dict)
    mode: str = ALL
    heap_max: float = float("nan")
    version: str = ""
    left_out: int = 0
    """Classes that are not in the columns, since they never changed by enough to matter."""
    survivors: Mapping[str, float] | None = None
    """Instances by class after one full collection at the end (a `-live` probe), when there was one."""
    heap: Floats | None = None
    """n bytes of all classes, where some are left out of the columns."""
    present: Floats | None = None
    """n, how many classes each histogram had, where some are left out of the columns."""
    application: tuple[str, ...] = ()
    """Prefixes of the application's own classes, where they are known."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """What ends at how much, beside the heap: metaspace and container in bytes, threads."""

    def __len__(self) -> int:
        return len(self.times)

    @property
    def population(self) -> int:
        """How many classes the JVM has."""
        return len(self.classes) + self.left_out

    @property
    def span(self) -> float:
        return float(self.times[-1] - self.times[0]) if len(self) else 0.0

    @property
    def heap_bytes(self) -> Floats:
        """Bytes of all classes in each histogram."""
        return self.bytes.sum(axis=1) if self.heap is None else self.heap

    @property
    def eden(self) -> Floats:
        """Bytes of eden in use: what of a histogram may be garbage. Zero after a full collection."""
        if self.mode != ALL:
            return np.zeros(len(self))
        return self.counter("eden")

    @property
    def old_collections(self) -> Floats:
        """Collections so far that may have freed old objects; some collectors have only one of the kinds."""
        full, concurrent = self.counter("full"), self.counter("concurrent")
        neither = np.isnan(full) & np.isnan(concurrent)
        return np.where(neither, np.nan, or_zero(full) + or_zero(concurrent))

    @property
    def classes_present(self) -> Floats:
        """How many classes each histogram had."""
        return (self.instances > 0).sum(axis=1).astype(float) if self.present is None else self.present

    def counter(self, name: str) -> Floats:
        """A column; all nan when it was not read."""
        found = self.counters.get(name)
        return np.full(len(self), np.nan) if found is None else found

    def between(self, first: float, last: float) -> History:
        """The part taken in this closed span of time."""
        low, high = np.searchsorted(self.times, [first, last], side="left")
        high += int(high < len(self) and self.times[high] == last)
        return self.cut(slice(int(low), int(high)))

    def cut(self, which: slice | NDArray[np.intp]) -> History:
        """These histograms alone, in this order."""
        return replace(
            self,
            times=self.times[which],
            instances=self.instances[which],
            bytes=self.bytes[which],
            rows=self.rows[which],
            counters={name: column[which] for name, column in self.counters.items()},
            heap=None if self.heap is None else self.heap[which],
            present=None if self.present is None else self.present[which],
        )

    def moving(self, least: float) -> History:
        """Only the classes whose count changed by so many; nearly all of a JVM's never do."""
        if not len(self):
            return self
        moved = np.ptp(self.instances, axis=0) >= least
        for filler in FILLERS.intersection(self.classes):
            moved[self.classes.index(filler)] = False
        return self if moved.all() else self._of(np.flatnonzero(moved))

    def only(self, name: str) -> History:
        """One class alone; none when the JVM never had it."""
        known = [self.classes.index(name)] if name in self.classes else []
        return self._of(np.array(known, np.intp))

    def _of(self, kept: NDArray[np.intp]) -> History:
        return replace(
            self,
            classes=[self.classes[place] for place in kept.tolist()],
            instances=self.instances[:, kept],
            bytes=self.bytes[:, kept],
            rows=self.rows[:, kept],
            left_out=self.left_out + len(self.classes) - len(kept),
            heap=self.heap_bytes,
            present=self.classes_present,
        )

    def settled(self) -> History:
        """Without warm-up: from when nine of ten of its classes are there, a quarter in at the latest."""
        if len(self) < 4:
            return self
        seen = self.classes_present
        ready = int(np.argmax(seen >= 0.9 * seen.max()))
        quarter = int(np.searchsorted(self.times, self.times[0] + self.span / 4))
        return self.cut(slice(min(ready, quarter), None))

    def until_full(self) -> History:
        """Without its death: what grows stops growing when the heap stays full whatever is collected."""
        if not np.isfinite(self.heap_max) or not len(self):
            return self
        room = np.flatnonzero(self.heap_bytes < FULL * self.heap_max)
        last = int(room[-1]) if len(room) else len(self) - 1
        return self.cut(slice(0, last + 1)) if last + DYING < len(self) else self

    def distinct(self) -> History:
        """In order of time, each time once: what came twice or late counts once and in its place."""
        _, places = np.unique(self.times, return_index=True)
        if len(places) == len(self) and bool((places == np.arange(len(self))).all()):
            return self
        return self.cut(places)
