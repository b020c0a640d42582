"""Histograms of live objects that the server asks for, to confirm that a class leaks or to clear it.

Each is a full collection, so there are two keys: the server asks only when it is set to (`confirm_suspects`),
and the agent does it only when it is set to (`probes`). One an hour for each JVM, whoever asks.
"""

from __future__ import annotations

from collections import deque
from typing import Deque, Dict, Iterable, Tuple

from heapwatch.model import Target

AGAIN_S = 3600.0
MOST = 32

Life = Tuple[int, int]
"""Process and its start in epoch ms, as the server knows a JVM of this host."""


class Probes:
    """What was asked for and is not done. The couriers' threads `ask`; the rest is the main one's."""

    def __init__(self, allowed: bool) -> None:
        self.allowed = allowed
        self.refused = 0
        self._asked: Deque[Life] = deque(maxlen=MOST)
        self._done: Dict[Life, float] = {}

    def ask(self, lives: Iterable[Life]) -> None:
        self._asked.extend(lives)

    def next(self, targets: Iterable[Target], now: float) -> Target | None:
        """The JVM to look at now; None when nothing is asked for, or nothing that may be done."""
        if not self._asked:
            return None
        known = {(target.pid, target.started): target for target in targets}
        while self._asked:
            life = self._asked.popleft()
            target = known.get(life)
            recent = now - self._done.get(life, -AGAIN_S) < AGAIN_S
            if target is None or recent or not self.allowed:
                self.refused += not self.allowed
                continue
            self._done = {each: at for each, at in self._done.items() if now - at < AGAIN_S}
            self._done[life] = now
            return target
        return None


def lives_of(answer: object) -> Tuple[Life, ...]:
    """What a server's answer asks for; nothing when it is anything else than expected."""
    wanted = answer.get("probe") if isinstance(answer, dict) else None
    found = []
    for each in wanted if isinstance(wanted, list) else ():
        if isinstance(each, dict):
            pid, started = each.get("pid"), each.get("started")
            if type(pid) is int and type(started) is int:
                found.append((pid, started))
    return tuple(found[:MOST])
