"""What a run needs so that a crash in the middle loses nothing: the port that durable.py fills in.

A body is run again from its beginning after a crash, and everything it was told before is told again: so it
may ask the clock, a file or the world only by `once`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias


class Durable(Protocol):
    """One run's memory."""

    def once(self, name: str, work: Callable[[], Any]) -> Any:
        """What `work` answers, as JSON has it. A crash in `work` has it called again."""

    def wait(self, seconds: float) -> bool:
        """Sleep, also over a restart; True when somebody woke it by `wake`."""


Body: TypeAlias = Callable[[str, Durable], None]


class Engine(Protocol):
    """Runs bodies by the run's id; a run that was under way at a crash goes on with the next start."""

    def start(self, body: Body) -> None: ...

    def begin(self, run: str) -> None:
        """Begin a run, unless it began before."""

    def wake(self, run: str) -> None: ...

    def drop_foreign(self, run: str) -> bool:
        """Whether a run was begun by a version that remembers otherwise; it is then never taken up again."""

    def forget(self, runs: Sequence[str]) -> None:
        """Delete what was remembered of runs that have ended."""

    def stop(self) -> None: ...
