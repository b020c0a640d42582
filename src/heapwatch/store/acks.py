"""Which batches are stored already: ranges of sequence numbers by agent.

An agent counts its batches, so what it sent is nearly always one range, and remembering a year of batches
costs one row. This is the quick answer to a replay, and no more than that: it is written every few seconds,
since what makes a replay harmless is that content is recognised by itself (writer.py).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

import numpy as np

from heapwatch.store.engine import Engine
from heapwatch.store.native import HOUR, Column

WRITTEN_EVERY_MS = 5000
MOST_RANGES = 1000
"""Per agent; beyond it the oldest are forgotten, and their replays found by content."""


class Acks:
    def __init__(self) -> None:
        self._ranges: dict[str, list[tuple[int, int]]] = {}
        self._unwritten: dict[tuple[str, int], int] = {}
        self._written = 0

    def load(self, engine: Engine) -> None:
        found = engine.query(
            "SELECT agent, first, max(last) last FROM ack GROUP BY agent, first ORDER BY agent, first"
        )
        for agent, first, last in zip(
            found["agent"], found["first"].tolist(), found["last"].tolist(), strict=True
        ):
            ranges = self._ranges.setdefault(agent, [])
            if ranges and first <= ranges[-1][1] + 1:
                ranges[-1] = ranges[-1][0], max(last, ranges[-1][1])
            else:
                ranges.append((first, last))

    def __contains__(self, batch: tuple[str, int]) -> bool:
        agent, sequence = batch
        ranges = self._ranges.get(agent, [])
        place = bisect_right(ranges, sequence, key=lambda found: found[0])
        return place > 0 and sequence <= ranges[place - 1][1]

    def add(self, batches: Iterable[tuple[str, int]]) -> None:
        """Remember the batches."""
        for agent, sequence in batches:
            first, last = _join(self._ranges.setdefault(agent, []), sequence)
            self._unwritten[agent, first] = last

    def write(self, now_ms: int, engine: Engine, *, at_once: bool = False) -> None:
        """Make what is remembered durable, when it has not been for a while."""
        if not self._unwritten or (not at_once and abs(now_ms - self._written) < WRITTEN_EVERY_MS):
            return
        ranges = self._unwritten
        engine.insert(
            "ack",
            [
                Column("agent", "String", [agent for agent, _ in ranges]),
                Column("first", "UInt64", np.array([first for _, first in ranges], np.uint64)),
                Column("last", "UInt64", np.array(list(ranges.values()), np.uint64)),
                Column("time", HOUR, np.full(len(ranges), now_ms // 1000, np.uint32)),
            ],
        )
        self._unwritten, self._written = {}, now_ms

    def newest(self) -> dict[str, int]:
        """The highest sequence number of each agent."""
        return {agent: ranges[-1][1] for agent, ranges in self._ranges.copy().items() if ranges}


def _join(ranges: list[tuple[int, int]], sequence: int) -> tuple[int, int]:
    """Put a number among sorted ranges; returns the range that now has it."""
    place = bisect_right(ranges, sequence, key=lambda found: found[0])
    first = last = sequence
    start = end = place
    if place and ranges[place - 1][1] >= sequence - 1:
        start = place - 1
        first, last = ranges[start][0], max(ranges[start][1], sequence)
    if place < len(ranges) and ranges[place][0] == sequence + 1:
        end = place + 1
        last = ranges[place][1]
    ranges[start:end] = [(first, last)]
    del ranges[:-MOST_RANGES]
    return first, last
