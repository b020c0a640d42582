"""What flows between operators: series as the rows of one matrix, under their common times.

`values[s, t]` is series s at `times[t]`, NaN where it has no point. A time is the start of a bucket of
`interval` ms. `labels` are what an answer shows. `hidden` are labels that can be asked for (`by pid`) and
that keep series apart, but are not shown: a restarted JVM gives two rows with equal `labels`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Times = NDArray[np.int64]
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Frame:
    times: Times
    interval: int
    labels: Sequence[Labels]
    hidden: Sequence[Labels]
    values: Values
    rollup: str = "avg"

    @property
    def start(self) -> int:
        return int(self.times[0]) if len(self.times) else 0

    @property
    def end(self) -> int:
        """The first moment after the last bucket."""
        return int(self.times[-1]) + self.interval if len(self.times) else 0

    def __len__(self) -> int:
        return len(self.labels)

    def label(self, series: int, name: str) -> str | None:
        """A label's value, shown or hidden; None when the series does not have it."""
        found = self.labels[series].get(name)
        return self.hidden[series].get(name) if found is None else found

    def with_values(self, values: Values, times: Times | None = None) -> Frame:
        """The same series with other points."""
        return replace(self, values=values, times=self.times if times is None else times)

    def rows(self, chosen: Sequence[int] | NDArray[Any]) -> Frame:
        """Some of the series, in the order given."""
        places = [int(place) for place in chosen]
        return replace(
            self,
            labels=[self.labels[place] for place in places],
            hidden=[self.hidden[place] for place in places],
            values=self.values[np.asarray(places, np.int64)],
        )

    def known(self) -> Frame:
        """Only series that have a point."""
        some = ~np.isnan(self.values).all(axis=1)
        return self if some.all() else self.rows(np.flatnonzero(some))


def series_order(frame: Frame) -> list[int]:
    """The rows by their labels: the order in which equals rank, and in which an answer lists them."""
    keys = [
        (sorted(frame.labels[row].items()), sorted(frame.hidden[row].items())) for row in range(len(frame))
    ]
    return sorted(range(len(frame)), key=keys.__getitem__)


def joined(frames: Sequence[Frame]) -> Frame:
    """Frames of the same times, below one another."""
    if len(frames) == 1:
        return frames[0]
    return replace(
        frames[0],
        labels=[labels for frame in frames for labels in frame.labels],
        hidden=[hidden for frame in frames for hidden in frame.hidden],
        values=np.concatenate([frame.values for frame in frames]),
    )
