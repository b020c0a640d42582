"""Maintenance by the clock: a failure is counted each time and said once."""

from __future__ import annotations

import asyncio
import threading

import pytest
from structlog.testing import capture_logs

from heapwatch.web.timers import Task, Timers

pytestmark = pytest.mark.anyio


async def test_a_task_runs_again_and_again() -> None:
    runs = asyncio.Queue[int]()
    loop = asyncio.get_running_loop()
    timers = Timers(
        [Task("t", 0.001, lambda: loop.call_soon_threadsafe(runs.put_nowait, 1))], lambda _name: None
    )
    timers.start()
    async with asyncio.timeout(20):
        for _ in range(3):
            await runs.get()
    await timers.stop()


async def test_a_task_that_keeps_failing_is_counted_each_time_and_logged_when_it_begins_and_ends() -> None:
    failures: list[str] = []
    outcomes = iter([OSError("no"), OSError("still no"), None])

    def work() -> None:
        outcome = next(outcomes)
        if outcome:
            raise outcome

    task = Task("retention", 60, work)
    timers = Timers([task], failures.append)
    with capture_logs() as logs:
        for _ in range(3):
            await timers.once(task)
    assert failures == ["retention", "retention"]
    assert [entry["event"] for entry in logs] == ["maintenance failed", "maintenance works again"]
    assert timers.failing == {}


async def test_stopping_waits_for_what_runs() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(20)
        ended.set()

    timers = Timers([Task("t", 60, work)], lambda _name: None)
    timers.start()
    await asyncio.to_thread(begun.wait)
    stopping = asyncio.create_task(timers.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    may_end.set()
    await stopping
    assert ended.is_set()
