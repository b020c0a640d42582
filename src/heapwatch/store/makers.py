"""Who made which series, JVMs and classes: the guard against one sender who makes too many.

A label with a number of its own in every value (a request, a time) makes a series a point, and memory ends
with it for everybody; so does a host or a class with a number in its name. So each sender may have so many of
them that were heard of within a day; what it makes beyond is refused and counted, what it has goes on, and
the others never notice.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.store.claims import ACTIVE_MS, Claimed, Claims
from heapwatch.store.dimensions import Names
from heapwatch.store.engine import Engine
from heapwatch.store.latest import Latest, PerSeries

AGAIN_MS = 60_000
"""How long a count of active series holds."""
EXAMPLES = 5
LOOKED_AT = 20_000
"""Series of a sender that are looked at for the label that has most values."""


@dataclass
class _Refused:
    count: int = 0
    last: int = 0  # epoch ms
    examples: deque[str] = field(default_factory=lambda: deque(maxlen=EXAMPLES))


class Makers:
    """Every sender that made a series, by the name that is stored with it: `graphite-tcp 10.0.0.5`."""

    def __init__(
        self, names: Names, latest: Latest, most: int, in_all: int, clock: Callable[[], int]
    ) -> None:
        self._names = names
        self.claims = Claims(names, in_all, clock)
        self._latest = latest
        self._most = most
        self._clock = clock
        self._numbers: dict[str, int] = {}
        self._of_series = PerSeries(np.uint32, names.ids.hashed)
        self._series: list[NDArray[Any]] = [np.empty(0, np.uint64)]
        self._lock = threading.Lock()
        self._active: Counter[int] = Counter()
        self._counted = 0
        self._refused: dict[str, _Refused] = {}

    def load(self, engine: Engine) -> None:
        found = engine.query("SELECT id, source FROM series FINAL")
        if len(found):
            self._add(found["id"], found["source"])
        self.claims.load(engine)

    def made(self, series: Mapping[int, str]) -> None:
        """These series are new, each with its maker."""
        if series:
            self._add(np.fromiter(series, np.uint64, len(series)), list(series.values()))

    def _add(self, series: NDArray[Any], makers: Sequence[str]) -> None:
        numbers = self._numbers
        for each in dict.fromkeys(makers):
            numbers.setdefault(each, len(numbers))
        column = np.fromiter(map(numbers.__getitem__, makers), np.uint32, len(makers))
        self._of_series.add(series, column)
        self._series.append(series.astype(np.uint64))
        self._active.update(_counts(column))

    def room(self, maker: str) -> int:
        """How many series, JVMs and classes this sender may still make."""
        if self._used(maker) >= self._most and self._clock() - self._counted >= AGAIN_MS:
            self._count()
        return max(0, self._most - self._used(maker))

    def _used(self, maker: str) -> int:
        return self._active[self._numbers.get(maker, -1)] + self.claims.held(maker)

    def claim(self, maker: str, names: Iterable[Claimed]) -> bool:
        """Whether this sender may name these lives of JVMs and these classes, as far as they are new."""
        new = [name for name in names if not self.claims.knows(name)]
        return not new or self.claims.claim(maker, self.room(maker), new)

    def refuse(self, maker: str, names: Sequence[str], count: int) -> None:
        """So many points, or lines of histograms, that there was no room for."""
        told = self._refused.setdefault(maker, _Refused())
        told.count += count
        told.last = self._clock()
        told.examples.extend(names[:EXAMPLES])

    def rows(self) -> list[dict[str, Any]]:
        """Each sender with what it made and what was refused of it; of the first few of what that is."""
        self._count()
        none = _Refused()
        rows: list[dict[str, Any]] = []
        for maker in list(dict.fromkeys([*self._numbers, *self.claims.makers(), *self._refused])):
            told, used = self._refused.get(maker, none), self._used(maker)
            if used or told.count:
                row = {"maker": maker, "series": used - self.claims.held(maker), "used": used}
                row |= {"refused": told.count, "metrics": [], "labels": [], **self.claims.what(maker).counts}
                rows.append({**row, "last_refused": told.last or None, "examples": list(told.examples)})
        rows.sort(key=lambda row: (-row["refused"], -row["used"], row["maker"]))
        for row in rows[:EXAMPLES]:
            row.update(self._what(str(row["maker"])))
        return rows

    def _what(self, maker: str) -> dict[str, Any]:
        """Of a sender's newest series: the metrics that have most, and the labels with most values."""
        number = self._numbers.get(maker)
        ids = self._all()
        mine = ids[self._of_series.of(ids) == number][-LOOKED_AT:] if number is not None else ids[:0]
        metrics: Counter[str] = Counter()
        labels: dict[str, set[str]] = {}
        for series in (self._names.series.by_id[id_] for id_ in mine.tolist()):
            metrics[series.metric] += 1
            for label, value in series.tags.items():
                labels.setdefault(label, set()).add(value)
        values = Counter({label: len(found) for label, found in labels.items()})
        values.update(self.claims.what(maker).values)
        widest = sorted(values, key=lambda label: (-values[label], label))[:EXAMPLES]
        return {
            "metrics": [{"name": name, "series": count} for name, count in metrics.most_common(EXAMPLES)],
            "labels": [{"name": label, "values": values[label]} for label in widest],
        }

    def _count(self) -> None:
        self.claims.count()
        ids = self._all()
        active = ids[self._latest.times(ids) >= self._clock() - ACTIVE_MS]
        self._active = Counter(_counts(self._of_series.of(active)))
        self._counted = self._clock()

    def _all(self) -> NDArray[Any]:
        """Every series, oldest first."""
        with self._lock:
            if len(self._series) > 1:
                self._series = [np.concatenate(self._series)]
            return self._series[0]


def _counts(numbers: NDArray[Any]) -> dict[int, int]:
    found, counts = np.unique(numbers, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
