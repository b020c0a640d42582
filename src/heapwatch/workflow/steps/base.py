"""What a step is: its parameters, what it would do, and how it does it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from heapwatch.errors import HeapwatchError
from heapwatch.monitor.values import Written
from heapwatch.workflow.ports import Answers, Hands, Proofs, Voice

OUTPUT = 64 << 10
"""So many characters of an output are kept."""


class StepFailed(HeapwatchError):
    """A step did not do what it should; `output` is what it said."""

    def __init__(self, message: str, output: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.output = output or {}


class TimedOut(StepFailed):
    """A step was not done in its time, and was ended."""


class Stopped(StepFailed):
    """Somebody stopped the run in the middle of a step."""


@dataclass
class Job:
    """One attempt: until when it may take, who helps, and whether to stop."""

    timeout_s: float
    hands: Hands | None = None
    answers: Answers | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    proofs: Proofs | None = None
    voice: Voice | None = None
    began: float = field(default_factory=time.monotonic)

    def left_s(self) -> float:
        return self.timeout_s - (time.monotonic() - self.began)

    def check(self) -> None:
        """Raise if it is to end now."""
        if self.stop.is_set():
            raise Stopped("stopped while it ran")
        if self.left_s() <= 0:
            raise TimedOut(f"not done within {self.timeout_s:g} s")


Perform: TypeAlias = Callable[[Any, Job], dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """One row of the table of steps."""

    parameters: type[Written]
    describe: Callable[[Any], str]
    perform: Perform | None
    """None: the run itself waits (sleep, approval)."""
    destructive: bool = False
    idempotent: bool = True
    """Whether doing it once more, when nobody knows whether it was done, does no harm."""
    harmless: Callable[[Mapping[str, Any]], bool] = lambda _with: False
    """Whether it is neither destructive nor harmful when done twice, with what its file says."""
    check: Callable[[Mapping[str, Any], Sequence[str]], None] = lambda _with, _approvals: None
    """UsageError for what its file says and cannot be, templates or not; `approvals` stand before it."""


def cut(text: str) -> str:
    """As much of an output as is kept."""
    return text if len(text) <= OUTPUT else f"{text[:OUTPUT]}\n[{len(text) - OUTPUT} characters more]"
