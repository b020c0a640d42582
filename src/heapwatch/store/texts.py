"""Names of series as they lie in a block of lines, and the ids of those that come again in their order.

Who sends lines sends the same names in the same order minute by minute. So a stretch of names is compared as
bytes with what came before, a few nanoseconds each, where a text of Python and its place in a dictionary cost
some four hundred. Where the order changes all the time, each name is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MOST_BYTES = 64 * 1024 * 1024
"""Of names that are held to be recognised; they are held as texts besides, which is many times as much."""
ROUNDS, SOME = 2, 300_000
"""So many rounds of all names, and a few more, are held: more come only where the order changes."""
STEP, LONGEST_STEP = 1024, 16_384
"""So many names are compared at once; more where they agree."""
SHORTEST = 64
"""Stretches of fewer names than this are looked up sooner than they are found."""
AWRY = 4
"""So many stretches may be shorter: where a round of names ends, and where one of them is new."""


class Texts(Sequence[str]):
    """Texts behind each other: the i-th is `data[starts[i]:starts[i + 1]]`, in UTF-8."""

    def __init__(self, data: NDArray[np.uint8], starts: NDArray[Any]) -> None:
        self.data = data
        self.starts = starts

    @classmethod
    def joined(cls, parts: Sequence[Texts]) -> Texts:
        """All of them, behind each other."""
        sizes = np.cumsum([0, *(len(part.own) for part in parts)]).tolist()
        starts = [
            part.starts[:-1].astype(np.int64) + (size - int(part.starts[0]))
            for part, size in zip(parts, sizes, strict=False)
        ]
        return cls(
            np.concatenate([NO_BYTES, *(part.own for part in parts)]),
            np.concatenate([*starts, np.array(sizes[-1:], np.int64)]),
        )

    @property
    def own(self) -> NDArray[np.uint8]:
        """The bytes of all of them."""
        return self.data[int(self.starts[0]) : int(self.starts[-1])]

    def mention(self, *words: bytes) -> bool:
        """Whether one of these, of two letters or more, is in them or across two of them.

        By the last two letters first, of all places at once: several times as fast as `word in own`.
        """
        own = self.own
        for word in words:
            found = (own[1:] == word[-1]) & (own[:-1] == word[-2])
            if not found.any():
                continue
            ends = np.flatnonzero(found) + 1
            for back, letter in enumerate(reversed(word[:-2]), 2):
                ends = ends[ends >= back]
                ends = ends[own[ends - back] == letter]
            if len(ends):
                return True
        return False

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return list(self)[place]
        place = range(len(self))[place]
        return self.data[int(self.starts[place]) : int(self.starts[place + 1])].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        starts = pa.py_buffer(np.ascontiguousarray(self.starts, np.int64))
        column = pa.LargeStringArray.from_buffers(len(self), starts, pa.py_buffer(self.data))
        return iter(column.to_pylist())


NO_BYTES = np.empty(0, np.uint8)


class Trail:
    """Names in the order in which they came, each with its id."""

    def __init__(self, dtype: Any) -> None:
        self._names = Texts(NO_BYTES, np.zeros(1, np.int64))
        self._ids: NDArray[Any] = np.empty(0, dtype)

    def __len__(self) -> int:
        return len(self._ids)

    def learn(self, names: Texts, ids: NDArray[Any], known: int) -> None:
        """These came, and have these ids, of so many names that are known."""
        too_many = len(self._ids) + len(ids) > ROUNDS * known + SOME
        if too_many or len(self._names.own) + len(names.own) > MOST_BYTES:
            self._names, self._ids = Texts(NO_BYTES, np.zeros(1, np.int64)), self._ids[:0]
        if len(names.own) <= MOST_BYTES:
            self._names = Texts.joined([self._names, names])
            self._ids = np.concatenate([self._ids, ids])

    def ids(self, names: Texts, known: Mapping[str, int]) -> NDArray[Any] | None:
        """The id of each name where all came before, in stretches that are worth it; otherwise None."""
        found = np.empty(len(names), self._ids.dtype)
        at = turns = 0
        shortest = SHORTEST + len(self._ids) // 500  # finding where a stretch begins is a walk over all ids
        while at < len(names):
            if at < (turns - AWRY) * shortest:
                return None
            turns += 1
            id_ = known.get(names[at])
            here = self._ids == id_ if id_ is not None else self._ids[:0]
            place = int(np.argmax(here)) if len(here) else 0
            count = self._agreeing(names, at, place) if len(here) and here[place] else 0
            if not count:
                return None
            found[at : at + count] = self._ids[place : place + count]
            at += count
        return found

    def _agreeing(self, names: Texts, at: int, place: int) -> int:
        """How many names from `at` on are those of the trail from `place` on."""
        most = min(len(names) - at, len(self._names) - place)
        done, step = 0, STEP
        while done < most:
            count = min(step, most - done)
            same = _same(names, at + done, self._names, place + done, count)
            done += same
            if same < count:
                break
            step = min(4 * step, LONGEST_STEP)
        return done


def _same(one: Texts, at: int, other: Texts, place: int, count: int) -> int:
    """How many of so many texts are the same, from the first on."""
    ends, ends_there = one.starts[at : at + count + 1], other.starts[place : place + count + 1]
    begin, begin_there = int(ends[0]), int(ends_there[0])
    alike = ends + (begin_there - begin) == ends_there
    if not alike.all():
        count = int(np.argmin(alike)) - 1  # this one is longer or shorter
    size = int(ends[count]) - begin
    alike = one.data[begin : begin + size] == other.data[begin_there : begin_there + size]
    if not alike.all():
        count = int(np.searchsorted(ends, begin + int(np.argmin(alike)), "right")) - 1
    return count
