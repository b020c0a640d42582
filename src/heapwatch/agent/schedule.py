"""Whose turn it is to be stopped for a histogram. Pure: time and chance are arguments.

Each JVM has its pause budget (jvm/budget.py), which says when its next visit is due and whether it may be.

    due ... overdue    a visit happens as soon as a collection has ended: fewer objects, no garbage
    overdue            it happens anyway, if the budget still allows it
    refused, failed    it is put off: by what the budget or the JVM said, or by a time that doubles

Two JVMs of one host are never stopped at once, because visits happen one by one in one thread. The host has
a share of its own: after a pause of P nobody is visited for P / share, whose turn it may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Generic, Hashable, TypeVar

from heapwatch.jvm.budget import PauseBudget

Key = TypeVar("Key", bound=Hashable)

FIRST_RETRY_S = 10.0
LAST_RETRY_S = 600.0
FRESH_S = 1.5
"""For how long after a collection the heap counts as just collected."""

_HOPELESS_FAILURES = 6  # as good as six in a row: the longest wait at once


@dataclass
class Turn:
    """One JVM's place in the schedule."""

    budget: PauseBudget
    due: float
    collected_at: float = float("-inf")  # when a collection was last seen to end
    failures: int = 0

    @property
    def overdue(self) -> float:
        return self.budget.overdue(self.due)


class Schedule(Generic[Key]):
    """The turns of all JVMs of a host. `chance` yields numbers in [0, 1)."""

    def __init__(self, chance: Callable[[], float], host_share: float = 0.05) -> None:
        self._chance = chance
        self._host_share = host_share
        self.turns: Dict[Key, Turn] = {}
        self._host_free_at = float("-inf")

    def add(self, key: Key, budget: PauseBudget, now: float) -> None:
        """A JVM that was just found. Its first visit is spread over a quarter of the interval."""
        self.turns[key] = Turn(budget, now + budget.interval_s() / 4 * self._chance())

    def remove(self, key: Key) -> None:
        self.turns.pop(key, None)

    def turn(self, key: Key) -> Turn:
        return self.turns[key]

    def saw_collection(self, key: Key, now: float) -> None:
        """A collection has just ended in this JVM."""
        self.turns[key].collected_at = now

    def next(self, now: float, watched: Callable[[Key], bool]) -> Key | None:
        """Who is to be visited now: of those whose moment has come the one that is due longest.

        `watched(key)` tells whether its collections are seen; a JVM without counters need not wait for one.
        """
        if now < self._host_free_at:
            return None
        ready = [
            (turn.due, place, key)
            for place, (key, turn) in enumerate(self.turns.items())
            if turn.due <= now
            and (now - turn.collected_at <= FRESH_S or now >= turn.overdue or not watched(key))
        ]
        return min(ready)[2] if ready else None

    def visited(self, key: Key, now: float, pause_ms: float, used_bytes: float | None) -> None:
        """A histogram was taken; the JVM stood for `pause_ms`."""
        turn = self.turns[key]
        turn.budget.visited(now, pause_ms, used_bytes)
        turn.failures = 0
        self._host_free_at = now + pause_ms / 1000 / self._host_share
        turn.due = turn.budget.next_visit(now, self._chance())

    def put_off(self, key: Key, now: float, wait: float) -> None:
        """The budget did not allow the visit."""
        self.turns[key].due = now + max(wait, 1.0)

    def failed(self, key: Key, now: float, *, temporary: bool, retry_after: float | None = None) -> float:
        """The visit gave nothing. Returns after how many seconds it is tried again."""
        turn = self.turns[key]
        turn.budget.failed(now)
        turn.failures += 1
        doublings = min(turn.failures - 1 if temporary else _HOPELESS_FAILURES, _HOPELESS_FAILURES)
        wait: float = min(FIRST_RETRY_S * 2**doublings, LAST_RETRY_S) * (0.75 + 0.5 * self._chance())
        wait = max(wait, retry_after or 0.0)
        turn.due = now + wait
        return wait
