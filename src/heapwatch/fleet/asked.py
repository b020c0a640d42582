"""What every host is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Mapping, Sequence

from heapwatch.fleet.doors import MOST
from heapwatch.fleet.hosts import Host
from heapwatch.jvm.budget import Limits
from heapwatch.model import ALL

COLLECT, LOOK = "collect", "look"


@dataclass(frozen=True)
class Asked:
    """To look at its JVMs, or to take a histogram of each; `jvms` are names with * and ?, or pids."""

    do: str = COLLECT
    mode: str = ALL
    jvms: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    timeout_s: float = 60.0
    most: int = MOST
    agent: str = "collect"

    def expected(self, host: Host) -> Sequence[str]:
        """The JVMs that must be there: those of the inventory, unless others are asked for."""
        return () if self.jvms else host.jvms

    def request(self, host: Host, known: Mapping[str, Any]) -> dict[str, Any]:
        """As the probe reads it; `known` is what earlier visits cost (accounts.py)."""
        most = self.limits.max_pause_ms
        return {
            "do": self.do,
            "host": host.name,
            "agent": self.agent,
            "mode": self.mode,
            "jvms": list(self.jvms),
            "only": list(host.jvms),
            "limits": {"max_pause_ms": most if isfinite(most) else None},
            "labels": dict(host.labels),
            "known": known,
            "deadline_s": self.timeout_s,
        }
