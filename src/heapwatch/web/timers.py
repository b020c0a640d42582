"""What the server does by the clock: each task in a thread, never twice at once, a failure said once.

A task that fails is tried again at its next time. It is logged when it begins to fail and when it works
again, not each time in between; the counter has every failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger("heapwatch.maintenance")


@dataclass(frozen=True)
class Task:
    """Run `work` every `every` seconds, first after `first` seconds."""

    name: str
    every: float
    work: Callable[[], object]
    first: float = 0.0


class Timers:
    """All tasks, each in its own loop."""

    def __init__(self, tasks: Sequence[Task], on_failure: Callable[[str], None]) -> None:
        self._tasks = tasks
        self._on_failure = on_failure
        self._loops: list[asyncio.Task[None]] = []
        self._runs: set[asyncio.Task[None]] = set()
        self.failing: dict[str, str] = {}

    def start(self) -> None:
        self._loops = [asyncio.create_task(self._repeat(task), name=task.name) for task in self._tasks]

    async def stop(self) -> None:
        """No task begins any more; one that runs is waited for."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, *self._runs, return_exceptions=True)

    async def _repeat(self, task: Task) -> None:
        await asyncio.sleep(task.first)
        while True:
            run = asyncio.create_task(self.once(task))
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)
            await asyncio.shield(run)
            await asyncio.sleep(task.every)

    async def once(self, task: Task) -> None:
        """One run of one task."""
        try:
            await asyncio.to_thread(task.work)
        except Exception as error:
            self._on_failure(task.name)
            if task.name not in self.failing:
                log.error("maintenance failed", task=task.name, error=str(error), exc_info=True)
            self.failing[task.name] = str(error)
        else:
            if self.failing.pop(task.name, None) is not None:
                log.info("maintenance works again", task=task.name)
