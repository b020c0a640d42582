"""One histogram of a JVM of this machine, as a person asks for it: predicted, permitted, measured."""

from __future__ import annotations

import socket
import sys
from types import TracebackType

from heapwatch import human
from heapwatch.errors import UsageError
from heapwatch.jvm import sample
from heapwatch.jvm.budget import Limits, PauseBudget
from heapwatch.jvm.histogram import Parser
from heapwatch.jvm.session import Session
from heapwatch.model import ALL, LIVE, Snapshot, Target

MAX_PAUSE_MS = 500.0


class Visitor:
    """Takes histograms of one JVM, one after the other, and keeps account of what they cost it."""

    def __init__(self, target: Target, mode: str, limits: Limits) -> None:
        self.target = target
        self.mode = mode
        self.budget = PauseBudget(limits, target.collector, mode, target.java_version)
        self.host = socket.gethostname()
        self._parser = Parser()
        self._session = Session(target)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.__exit__()

    def heap(self) -> dict[str, float]:
        """The heap's counters now; free. Empty when the JVM keeps none."""
        return self._session.heap()

    def used(self) -> float:
        """Bytes on the heap, as well as they are known without asking."""
        return self._session.used()

    def predicted_ms(self) -> float:
        """How long the next histogram may stop the application, on the safe side."""
        return self.budget.prediction_ms(self.used())

    def take(self, now: float) -> Snapshot:
        """Stop the JVM once; the budget hears what it cost."""
        used = self.used()
        snapshot = sample.take(
            self.target,
            self.mode,
            self._parser,
            self._session.perfdata,
            self.host,
            attachment=self._session.attachment,
            parallel=sample.threads_for(self.target),
        )
        self.budget.visited(now, cost_ms(snapshot), used)
        return snapshot


def cost_ms(snapshot: Snapshot) -> float:
    """The pause; where it could not be measured, the whole request is an upper bound."""
    return snapshot.pause if snapshot.pause is not None else snapshot.duration or 0.0


def ask_leave(visitor: Visitor, yes: bool) -> None:
    """Refuse a histogram that may stop the JVM for longer than its limits; ask before a full collection."""
    expected = visitor.predicted_ms()
    name, limit = visitor.target.name, visitor.budget.limits.max_pause_ms
    if visitor.mode == LIVE and not yes:
        told = (
            f"--live forces a full collection of {name}, which may stop it for {human.milliseconds(expected)}"
        )
        if sys.stdin.isatty() and sys.stderr.isatty():
            print(f"{told}. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
            if sys.stdin.readline().strip().lower() not in ("y", "yes"):
                raise UsageError("nothing was done")
            return
        if expected > limit:
            raise UsageError(f"{told}, {human.milliseconds(limit)} are allowed; say --yes if it may")
        print(f"heapwatch: {told}", file=sys.stderr)
    elif visitor.mode == ALL and expected > limit:
        raise UsageError(
            f"a histogram may stop {name} for {human.milliseconds(expected)}, "
            f"{human.milliseconds(limit)} are allowed; say --allow-pause if it may"
        )
