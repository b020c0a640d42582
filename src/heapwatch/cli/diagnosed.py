"""The JVM that is diagnosed: one of this machine, or one of a host that the fleet reaches.

Both are asked the same things. From afar the host itself predicts a pause and refuses one that is too long; a
heap dump is fetched from there, and nothing of it stays.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping, Protocol

from heapwatch.cli.offline import progress
from heapwatch.errors import UsageError
from heapwatch.jvm import discover, operations, process
from heapwatch.jvm.commands import COMMANDS
from heapwatch.jvm.session import Session
from heapwatch.model import JvmId, Target

if TYPE_CHECKING:
    from heapwatch.fleet.hosts import Inventory
    from heapwatch.fleet.reach import Fleet
    from heapwatch.fleet.results import JvmResult

_BEYOND_S = 120.0
"""How long a host may take for a step, beside the time that the step itself lasts."""


class Diagnosed(Protocol):
    @property
    def target(self) -> Target: ...

    @property
    def identity(self) -> JvmId: ...

    def counters(self) -> dict[str, Any]:
        """What is known for nothing: `heap` (used, max and more) and `rss`."""

    def predicted_ms(self, name: str, options: Mapping[str, Any], /) -> float | None:
        """How long the application may stand, in ms; None where only the answer tells."""

    def carry_out(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]: ...


class Here:
    """A JVM of this machine."""

    def __init__(self, session: Session, host: str = "") -> None:
        self._session = session
        self.target = session.target
        self.identity = session.target.identity(host or socket.gethostname())

    def counters(self) -> dict[str, Any]:
        return {"heap": self._session.heap(), "rss": process.status(self.target.pid).rss}

    def predicted_ms(self, name: str, options: Mapping[str, Any]) -> float | None:
        return operations.predicted_ms(self._session, name, options)

    def carry_out(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        return operations.carry_out(self._session, name, options)


@dataclass(frozen=True)
class Afar:
    """A JVM of a host of the inventory, asked by way of the fleet."""

    fleet: Fleet
    host: str
    target: Target
    found: JvmResult

    @property
    def identity(self) -> JvmId:
        return self.target.identity(self.host)

    def counters(self) -> dict[str, Any]:
        known = {"heap_used": self.found.heap_used, "heap_max": self.found.heap_max}
        return {"heap": {name: value for name, value in known.items() if value is not None}, "rss": None}

    def predicted_ms(self, name: str, options: Mapping[str, Any]) -> float | None:
        """Asked of the host beforehand where it may be long; what is cheap is worth no visit of its own."""
        if name in COMMANDS:
            return None
        return self.fleet.predict(self.host, str(self.target.pid), name, options)

    def carry_out(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        if name == "heap_dump":
            path = str(options["path"])
            return self.fleet.heap_dump(self.host, str(self.target.pid), path, options, progress=progress)
        timeout_s = _BEYOND_S + float(options.get("seconds", 0.0))
        return self.fleet.operate(self.host, str(self.target.pid), name, options, timeout_s)


def afar(fleet: Fleet, host: str, text: str) -> Afar:
    """The JVM of this name or pid on a host; "" is the only one there."""
    from heapwatch.fleet.asked import LOOK
    from heapwatch.fleet.results import JVM_MISSING, JVM_REFUSED, NO_JVM, OK, PUT_OFF, HostFailed

    (result,) = fleet.results(host, fleet.asked(do=LOOK))
    if result.outcome not in (OK, NO_JVM, PUT_OFF, JVM_REFUSED, JVM_MISSING):
        raise HostFailed(result.outcome, f"{host}: {result.outcome}: {result.why}")
    targets = [
        Target(
            pid=jvm.pid,
            nspid=jvm.pid,
            start_ticks=0,
            started=jvm.started,
            name=jvm.name,
            uid=-1,
            gid=-1,
            user=jvm.user,
            vm="hotspot",
            command=jvm.name,
            java_version=jvm.java,
            collector=jvm.collector,
        )
        for jvm in result.jvms
    ]
    if not text and len(targets) != 1:
        raise UsageError(f"{len(targets)} JVMs run on {host}: write {host}:JVM")
    target = discover.find(text, targets) if text else targets[0]
    return Afar(fleet, host, target, result.jvms[targets.index(target)])


def parted(text: str, inventory: Inventory) -> tuple[str, str]:
    """`web1:shop` is a host of the inventory and a JVM; either may have a colon in its name."""
    for place in range(len(text) + 1):
        if text[place : place + 1] in (":", "") and inventory.find(text[:place]) is not None:
            return text[:place], text[place + 1 :]
    raise UsageError(f"{text!r}: write HOST:JVM, with a host of the inventory")
