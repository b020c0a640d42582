"""What functions work on: a line is a name and values at evenly spaced times, NaN where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from heapwatch.errors import UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """`values[i]` is at `start + i * step` epoch seconds; `path` is where it came from."""

    name: str
    start: int
    step: int
    values: Floats
    path: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    consolidate: str = "average"

    def named(self, name: str) -> Line:
        return replace(self, name=name)

    def of(self, values: Floats, name: str | None = None) -> Line:
        return replace(self, values=values, name=self.name if name is None else name)

    @property
    def end(self) -> int:
        return self.start + self.step * len(self.values)


def stacked(lines: Sequence[Line]) -> Floats:
    """Their values below one another; they must have their points at the same times."""
    first = lines[0]
    for each in lines:
        if (each.start, each.step, len(each.values)) != (first.start, first.step, len(first.values)):
            raise UsageError(
                f"{first.name[:80]} has a point each {first.step} s and {each.name[:80]} each {each.step} s; "
                "summarize both alike, or neither"
            )
    return np.vstack([each.values for each in lines])


def number(value: float) -> str:
    """As Graphite writes numbers in names: `%g`."""
    return f"{value:g}"


def expressions(lines: Sequence[Line]) -> str:
    """The paths that lines came from, each once."""
    return ",".join(dict.fromkeys(each.path for each in lines))
