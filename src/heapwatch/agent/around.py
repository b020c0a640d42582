"""Looking around for JVMs without reading all of /proc each time.

    every `every_s`        the list of pids: has anything begun but the kernel's own threads?
    then, or at the ages   the whole look (jvm/discover.py); a JVM is known as one some ms after exec, and
    when more is known     is only of interest when it has lived for `min_age_s`
    once a minute          what old processes may have become since

A look that took long (thousands of processes) is not repeated before it weighs less than 0.05 % of a core,
or eight times `every_s` have passed.
"""

from __future__ import annotations

import os
import time
from fnmatch import fnmatchcase
from typing import FrozenSet, List, Mapping, Optional, Sequence, Set

from heapwatch.jvm import process
from heapwatch.jvm.discover import Discovery
from heapwatch.model import Target

_AGES_S = (1.0, 5.0, 30.0)
_WEIGHT = 0.0005
_SELDOM = 8
_THOROUGH_EVERY_S = 60.0


class Lookout:
    """Which JVMs of this machine are ours to watch, now and whenever that may have changed."""

    def __init__(
        self,
        *,
        every_s: float = 5.0,
        min_age_s: float = 30.0,
        only: Sequence[str] = (),
        ignore: Sequence[str] = (),
        names: Mapping[str, str] | None = None,
        proc: str = "/proc",
    ) -> None:
        self._every_s = every_s
        self._ages = sorted({age for age in (*_AGES_S, min_age_s + 0.1) if age > 0})
        self._only, self._ignore = only, ignore
        self._names = names or {}
        self._proc = proc
        self._discovery = Discovery(proc, min_age_s, self._name_of)
        self._pids: FrozenSet[str] = frozenset()
        self._workers: Set[str] = set()  # pids of kernel threads: they come and go all the time
        self._looks: List[float] = []  # when to look although no pid has come or gone
        self._listed_at = self._not_before = self._thorough_at = float("-inf")

    def due(self, now: float) -> bool:
        """Whether a look around could find something new."""
        if now < self._not_before:
            return False
        if (self._looks and now >= self._looks[0]) or now >= self._thorough_at + _THOROUGH_EVERY_S:
            return True
        if now < self._listed_at + self._every_s:
            return False
        self._listed_at = now
        listed = {name for name in os.listdir(self._proc) if name.isdigit()}
        self._workers &= listed
        self._workers.update(pid for pid in listed - self._pids - self._workers if self._is_worker(pid))
        pids = frozenset(listed - self._workers)
        before, self._pids = self._pids, pids
        if pids - before:
            self._looks = [now + age for age in self._ages]
        return pids != before

    def next(self) -> float:
        """When to ask again."""
        soonest = min(
            self._listed_at + self._every_s, self._thorough_at + _THOROUGH_EVERY_S, *self._looks[:1]
        )
        return max(soonest, self._not_before)

    def look(self, now: float) -> List[Target]:
        """The JVMs to watch."""
        began = time.thread_time()
        thorough = now >= self._thorough_at + _THOROUGH_EVERY_S
        if thorough:
            self._thorough_at = now
        found = [target for target in self._discovery.scan(thorough) if self._wanted(target)]
        cost = time.thread_time() - began
        self._not_before = now + min(cost / _WEIGHT, _SELDOM * self._every_s)
        self._looks = [moment for moment in self._looks if moment > now]
        return found

    def _is_worker(self, pid: str) -> bool:
        try:
            return process.is_kernel_thread(int(pid), self._proc)
        except (ProcessLookupError, PermissionError):
            return False

    def _wanted(self, target: Target) -> bool:
        if self._only and not any(_fits(target, text) for text in self._only):
            return False
        return not any(_fits(target, text) for text in self._ignore)

    def _name_of(self, target: Target) -> Optional[str]:
        for pattern, name in self._names.items():
            if fnmatchcase(target.command, pattern):
                return name
        return None


def _fits(target: Target, text: str) -> bool:
    """A pid, or a name with * and ?."""
    return str(target.pid) == text if text.isdigit() else fnmatchcase(target.name, text)
