"""What each JVM's histograms have cost it so far, kept by whoever asks again and again.

The probe forgets; so a request tells it what the visit before took (for its prediction), and whether this one
would come too early to keep the share of time that the application may stand for us.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from heapwatch.fleet.results import OK, HostResult
from heapwatch.jvm.budget import Limits, PauseBudget

_Key = tuple[str, int, int]  # host, pid, started


@dataclass
class _Account:
    budget: PauseBudget
    visited: float = 0.0
    pause_ms: float = 0.0
    used: int | None = None


@dataclass
class Accounts:
    """One for each JVM life that was visited. Times are seconds of any clock that only moves forward."""

    limits: Limits = field(default_factory=Limits)
    _accounts: dict[_Key, _Account] = field(default_factory=dict)

    def known(self, host: str, now: float) -> dict[str, dict[str, Any]]:
        """What a request to this host has to say of its JVMs, by `pid-started`."""
        return {
            f"{pid}-{started}": {
                "pause_ms": account.pause_ms,
                "used": account.used,
                "early": now < account.visited + account.budget.interval_s(),
            }
            for (of, pid, started), account in self._accounts.items()
            if of == host
        }

    def note(self, result: HostResult, now: float) -> None:
        """A host was visited; the JVMs that it no longer has are forgotten."""
        seen = set()
        for jvm in result.jvms:
            key = (result.host, jvm.pid, jvm.started)
            seen.add(key)
            if jvm.outcome != OK or jvm.batch is None:
                continue
            account = self._accounts.get(key)
            if account is None:
                account = self._accounts[key] = _Account(PauseBudget(self.limits, jvm.collector))
            cost = jvm.pause_ms if jvm.pause_ms is not None else jvm.duration_ms or 0.0
            account.budget.visited(now, cost, jvm.heap_used)
            account.visited, account.pause_ms, account.used = now, cost, jvm.heap_used
        if not result.failed:
            for key in [key for key in self._accounts if key[0] == result.host and key not in seen]:
                del self._accounts[key]
