"""Rows of a histogram's text to its classes: rows of one name are one class, in the place of the first.

The next text of a JVM has the same names, a few of them in each other's places: then next to nothing is
worked out anew.
"""

from __future__ import annotations

from array import array
from itertools import compress
from operator import is_not, ne
from typing import List, NamedTuple, Optional, Tuple, TypeVar

from heapwatch.model import Histogram

Name = Tuple[str, str]
"""A class and its module, which is "" for the application's own."""

_Column = TypeVar("_Column", "array[int]", "List[str]")


class _Again(NamedTuple):
    """Rows from `start` up to `end` that have the name of an earlier one."""

    first: int
    start: int
    end: int


class Sums:
    """Which rows make which classes, for all texts whose rows have these names."""

    def __init__(self, names: List[Name]) -> None:
        self.names = names
        texts, modules = zip(*names) if names else ((), ())
        self._texts = list(texts)
        self._modules = dict(compress(zip(texts, modules), modules))
        self._again = _again(self._texts)
        rows = array("q", [1]) * len(names)
        for first, start, end in self._again:
            rows[first] += end - start
        self._rows = self._kept(rows)
        self._classes = self._kept(self._texts)

    def of(self, names: List[Name]) -> Sums:
        """The sums for these names; the more they are like our own, the sooner."""
        if names is self.names:
            return self
        return self._moved(names) or Sums(names)

    def histogram(self, instances: array[int], sizes: array[int]) -> Histogram:
        """The histogram of rows with these numbers."""
        if self._again:
            instances, sizes = self._added(instances), self._added(sizes)
        return Histogram(self._classes, instances, sizes, self._rows, self._modules)

    def _added(self, column: array[int]) -> array[int]:
        column = column[:]
        for first, start, end in self._again:
            column[first] += sum(column[start:end])
        return self._kept(column)

    def _kept(self, column: _Column) -> _Column:
        """A column without the rows that were added to others."""
        if not self._again:
            return column
        kept, at = column[:0], 0
        for _, start, end in self._again:
            kept += column[at:start]
            at = end
        kept += column[at:]
        return kept

    def _moved(self, names: List[Name]) -> Optional[Sums]:
        """As our own, but some rows that are classes by themselves have changed places; else None."""
        if len(names) != len(self.names):
            return None
        places = list(compress(range(len(names)), map(is_not, names, self.names)))
        places = [at for at in places if names[at] != self.names[at]]
        if sorted(names[at] for at in places) != sorted(self.names[at] for at in places):
            return None
        shared = {self._texts[first] for first, _, _ in self._again}
        if any(self._texts[at] in shared for at in places):
            return None
        moved = Sums.__new__(Sums)
        moved.names = names
        moved._modules, moved._again, moved._rows = self._modules, self._again, self._rows
        moved._texts = self._texts[:]
        for at in places:
            moved._texts[at] = names[at][0]
        moved._classes = moved._kept(moved._texts)
        return moved


def _again(texts: List[str]) -> List[_Again]:
    count = len(texts)
    first = dict(zip(reversed(texts), range(count - 1, -1, -1)))
    found: List[_Again] = []
    if len(first) == count:
        return found
    for place in compress(range(count), map(ne, map(first.__getitem__, texts), range(count))):
        one = first[texts[place]]
        if found and found[-1].first == one and found[-1].end == place:
            found[-1] = _Again(one, found[-1].start, place + 1)
        else:
            found.append(_Again(one, place, place + 1))
    return found
