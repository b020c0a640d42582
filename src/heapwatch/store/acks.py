"""Which batches are stored already: ranges of sequence numbers by agent.

An agent counts its batches, so what it sent is nearly always one range, and remembering a year of batches
costs one row. This is the quick answer to a replay, and no more than that: what makes a replay harmless is
that content is recognised by itself (writer.py), because a crash can come just before this is written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

import numpy as np

from heapwatch.store.engine import Engine
from heapwatch.store.native import HOUR, Column

MOST_RANGES = 1000
"""Per agent; beyond it the oldest are forgotten, and their replays found by content."""


class Acks:
    def __init__(self) -> None:
        self._ranges: dict[str, list[tuple[int, int]]] = {}

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

    def add(self, batches: Iterable[tuple[str, int]], now_ms: int, engine: Engine) -> None:
        """Remember the batches, durably."""
        ranges: dict[str, list[tuple[int, int]]] = {}
        changed: dict[tuple[str, int], int] = {}
        for agent, sequence in batches:
            if agent not in ranges:
                ranges[agent] = list(self._ranges.get(agent, []))
            first, last = _join(ranges[agent], sequence)
            changed[agent, first] = last
        if not changed:
            return
        engine.insert(
            "ack",
            [
                Column("agent", "String", [agent for agent, _ in changed]),
                Column("first", "UInt64", np.array([first for _, first in changed], np.uint64)),
                Column("last", "UInt64", np.array(list(changed.values()), np.uint64)),
                Column("time", HOUR, np.full(len(changed), now_ms // 1000, np.uint32)),
            ],
        )
        self._ranges.update(ranges)

    def newest(self) -> dict[str, int]:
        """The highest sequence number of each agent."""
        return {agent: ranges[-1][1] for agent, ranges in self._ranges.items() if ranges}


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
