"""What came of each host: one clear word, and a sentence where it is not `ok`."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Sequence

from heapwatch.errors import HeapwatchError
from heapwatch.model import Batch

OK = "ok"
NO_JVM = "no jvm"
PUT_OFF = "put off"
JVM_REFUSED = "jvm refused"
JVM_MISSING = "jvm missing"
UNREACHABLE = "unreachable"
KEY_CHANGED = "host key changed"
KEY_UNKNOWN = "host key unknown"
AUTH_REFUSED = "auth refused"
BECOME_REFUSED = "become refused"
TIMED_OUT = "timed out"
HUNG_UP = "hung up"
NO_TOOLS = "no python, no jcmd"
BAD_ANSWER = "bad answer"
TOO_MUCH = "too much output"
FAILED = "failed"
INVENTORY = "inventory"
STOPPED = "stopped"

FINE = (OK, NO_JVM, PUT_OFF)
"""Outcomes that are nobody's fault."""


class HostFailed(HeapwatchError):
    """A host could not be asked, or its answer not be used; `outcome` is one of the words above."""

    def __init__(self, outcome: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(frozen=True)
class JvmResult:
    """One JVM of a host. `outcome` is ok, put-off, or why it refused (the slugs of jvm/refusals.py)."""

    pid: int
    name: str
    outcome: str = OK
    why: str = ""
    user: str = ""
    java: str = ""
    collector: str = ""
    started: int = 0
    heap_used: int | None = None
    heap_max: int | None = None
    predicted_ms: float | None = None
    pause_ms: float | None = None
    duration_ms: float | None = None
    classes: int | None = None
    instances: int | None = None
    bytes: int | None = None
    batch: Batch | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class HostResult:
    """One host: how it went, by what it was asked, and its JVMs."""

    host: str
    outcome: str
    why: str = ""
    asked: str = ""  # "Python 3.11.2", "jcmd"
    user: str = ""
    took_s: float = 0.0
    clock_ahead_ms: int = 0
    jvms: Sequence[JvmResult] = ()

    @property
    def failed(self) -> bool:
        return self.outcome not in FINE

    @property
    def pause_ms(self) -> float | None:
        """The longest pause that was measured."""
        return max((jvm.pause_ms for jvm in self.jvms if jvm.pause_ms is not None), default=None)


def of_jvms(jvms: Sequence[JvmResult], expected: Sequence[str] = ()) -> tuple[str, str]:
    """The outcome of a host that answered, and why it is not `ok`; `expected` are names with * and ?."""
    jvms = [jvm for jvm in jvms if jvm.outcome != "gone"]  # that it ended meanwhile is no fault
    missing = [each for each in expected if not any(fnmatchcase(jvm.name, each) for jvm in jvms)]
    if missing:
        return JVM_MISSING, f"no JVM called {' or '.join(missing)} runs there"
    refused = [jvm for jvm in jvms if jvm.outcome not in (OK, "put-off")]
    late = [jvm for jvm in jvms if jvm.outcome == "put-off"]
    if not jvms:
        return NO_JVM, "no JVM runs there, or none that was asked for"
    if refused:
        return JVM_REFUSED, "; ".join(f"{jvm.name} ({jvm.pid}): {jvm.why or jvm.outcome}" for jvm in refused)
    told = "; ".join(f"{jvm.name} ({jvm.pid}): {jvm.why}" for jvm in late)
    return (PUT_OFF if len(late) == len(jvms) else OK), told
