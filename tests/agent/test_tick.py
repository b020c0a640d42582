"""One round after the other beside a real JVM, with clocks that we set."""

from __future__ import annotations

import os
import random
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from heapwatch.agent import config, health
from heapwatch.agent.clock import Clock
from heapwatch.agent.exits import Exits
from heapwatch.agent.journal import Journal
from heapwatch.agent.spool import Spool
from heapwatch.agent.status import as_text
from heapwatch.agent.tick import Agent
from heapwatch.jvm.budget import Limits
from heapwatch.model import Batch, Event, Histogram, JvmId, Snapshot
from heapwatch.wire.batch import decode
from jvms.fixtures import Program

Java = Callable[..., Program]


class Rounds:
    """An agent whose rounds the test makes, and what it has put into its spool."""

    def __init__(self, directory: Path, pid: int, **changes: object) -> None:
        self.wall = time.time()
        self.spool = Spool(directory, ["test"])
        self.exits = Exits()
        settings = config.load(
            None, {"host": "web1", "only": [str(pid)], "interval": "0.1s", "min_age": 0}, {}
        )
        limits = Limits(share=1.0, min_interval_s=0.1, max_pressure=100.0)
        self.agent = Agent(
            replace(settings, **{"limits": limits, "counters_s": 0.1, "host_share": 1.0, **changes}),  # type: ignore[arg-type]
            "agent-1",
            self.spool,
            self.exits,
            clock=Clock(wall=lambda: self.wall + time.monotonic()),
            chance=random.Random(1).random,
            journal=Journal(quiet=True),
        )

    def until(self, enough: Callable[[list[Batch]], object]) -> list[Batch]:
        batches = self.waiting()
        while not enough(batches):
            self.agent.ended(self.exits.wait(self.agent.tick()))
            batches = self.waiting()
        return batches

    def waiting(self) -> list[Batch]:
        while (entry := self.spool.peek("test")) is not None:
            self._read = [*getattr(self, "_read", []), decode(entry.data)]
            self.spool.done("test", entry.sequence)
        return list(getattr(self, "_read", []))

    def close(self) -> None:
        self.agent.close()
        self.exits.close()
        self.spool.close()


@pytest.fixture
def rounds(tmp_path: Path) -> Iterator[Callable[..., Rounds]]:
    made: list[Rounds] = []

    def make(pid: int, **changes: object) -> Rounds:
        made.append(Rounds(tmp_path, pid, **changes))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(autouse=True)
def private_runtime_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEAPWATCH_RUNTIME_DIR", str(tmp_path))


def snapshots(batches: list[Batch]) -> list[Snapshot]:
    return [one for batch in batches for one in batch.snapshots]


def events(batches: list[Batch]) -> list[Event]:
    return [one for batch in batches for one in batch.events]


@pytest.mark.jvm
def test_a_clock_set_back_an_hour_leaves_no_series_running_backwards(
    java: Java, home: Path, rounds: Callable[..., Rounds]
) -> None:
    running = rounds(java(home).pid)
    running.until(lambda batches: len(snapshots(batches)) > 2)
    running.wall -= 3600
    before = len(running.waiting())
    batches = running.until(lambda batches: len(batches) > before + 5)
    times = [one.time for one in snapshots(batches)]
    assert all(earlier < later for earlier, later in zip(times, times[1:]))
    counters = [b for batch in batches for b in batch.metrics if "jvm.heap.used" in b.values]
    stamps = [stamp for block in counters for stamp in block.times]
    assert stamps == sorted(set(stamps))
    sequences = [batch.sequence for batch in batches]
    assert sequences == sorted(set(sequences))
    (step,) = [event for event in events(batches) if event.kind == "clock"]
    assert step.text == "the clock of web1 was set back by 3600 s"


@pytest.mark.jvm
def test_a_clock_set_forward_a_day_is_followed_and_told(
    java: Java, home: Path, rounds: Callable[..., Rounds]
) -> None:
    running = rounds(java(home).pid)
    first = snapshots(running.until(snapshots))[0]
    running.wall += 86400
    batches = running.until(lambda batches: snapshots(batches)[-1].time - first.time > 86_000_000)
    assert [event.text for event in events(batches)] == ["the clock of web1 was set forward by 86400 s"]


@pytest.mark.jvm
def test_a_heap_too_large_for_the_allowed_pause_is_not_visited_and_said(
    java: Java, home: Path, rounds: Callable[..., Rounds]
) -> None:
    program = java(home, "Lab", "-XX:+UseSerialGC")
    program.tell("hold 1000000")
    running = rounds(program.pid, limits=Limits(max_pause_ms=1.0, min_interval_s=0.1, max_pressure=100.0))
    batches = running.until(lambda _: running.agent.put_offs > 0)
    assert snapshots(batches) == []
    (watch,) = running.agent.watches.values()
    assert "ms is expected, 1 ms are allowed" in watch.trouble


@pytest.mark.jvm
def test_a_full_heap_is_told_before_the_jvm_dies_of_it(
    java: Java, home: Path, rounds: Callable[..., Rounds]
) -> None:
    program = java(home, "Lab", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Xmx16m")
    running = rounds(program.pid)
    running.until(snapshots)
    program.process.stdin.write("hold 200000\n" * 100)  # type: ignore[union-attr]
    program.process.stdin.flush()  # type: ignore[union-attr]
    batches = running.until(lambda batches: [one for one in events(batches) if one.kind in ("exit", "oom")])
    assert program.process.wait(60) != 0
    kinds = [event.kind for event in events(batches)]
    # It may also die between two readings, or while its histogram is asked for.
    assert kinds in (["heap_full", "oom"], ["exit"], ["collection_failed", "exit"])


@pytest.mark.jvm
def test_a_class_that_seems_to_leak_is_told_once_counted_and_shown(
    java: Java, home: Path, rounds: Callable[..., Rounds]
) -> None:
    program = java(home, "Lab", "-XX:+UseSerialGC", "-Xmn8m")
    program.tell("churn 60")
    running = rounds(program.pid)

    def leaks(batches: list[Batch]) -> list[Event]:
        program.tell("hold 20")
        return [one for one in events(batches) if one.kind == "suspect"]

    batches = running.until(leaks)
    (told,) = leaks(batches)
    assert told.text.startswith("Lab: Lab$Node seems to leak: ")
    assert told.labels["pid"] == str(program.pid)
    counts = [
        one for batch in batches for b in batch.metrics for one in b.values.get("heapwatch.suspects", [])
    ]
    assert {0.0, 1.0} <= set(counts), "at first none, then one"

    found = health.report(running.agent, [])
    (shown,) = found["jvms"][0]["suspects"]
    assert (shown["class"], found["jvms"][0]["suspected"]) == ("Lab$Node", 1)
    assert health.problems(found) == [], "it is no trouble of the agent's"
    assert f"? Lab ({program.pid}): Lab$Node seems to leak: " in as_text(found)
    assert 'heapwatch_agent_jvm_suspects{jvm="Lab"' in health.prometheus(found)


@pytest.mark.jvm
def test_whoever_does_not_want_suspects_turns_them_off(
    java: Java, home: Path, rounds: Callable[..., Rounds]
) -> None:
    running = rounds(java(home).pid, suspects=False)
    running.until(snapshots)
    (jvm,) = health.report(running.agent, [])["jvms"]
    assert (jvm["suspected"], jvm["suspects"]) == (None, [])
    assert "is off" in jvm["undecided"]


@pytest.mark.jvm
@pytest.mark.parametrize("allowed", [True, False])
def test_a_probe_that_a_server_asks_for_is_taken_only_with_leave(
    java: Java, home: Path, rounds: Callable[..., Rounds], allowed: bool
) -> None:
    running = rounds(java(home).pid, probes=allowed)
    first = snapshots(running.until(snapshots))[0]
    running.agent.probes.ask([(first.jvm.pid, first.jvm.started)])
    count = len(snapshots(running.waiting()))
    batches = running.until(lambda batches: len(snapshots(batches)) > count + 3)
    probes = [one for one in snapshots(batches) if one.mode == "live"]
    told = [event.text for event in events(batches) if event.kind == "probe"]
    assert len(probes) == len(told) == int(allowed)
    if allowed:
        assert probes[0].jvm == first.jvm
        assert "live objects were counted" in told[0]


def test_many_large_histograms_become_several_batches(rounds: Callable[..., Rounds]) -> None:
    running = rounds(os.getpid())
    names = [f"c{n}" for n in range(30_000)]
    columns = [array("q", bytes(8 * len(names))) for _ in "ibr"]
    histogram = Histogram(names, *columns)
    running.agent._snapshots = [Snapshot(JvmId("h", "j", pid, 1), 1, "all", histogram) for pid in range(7)]
    running.agent.ship()
    batches = running.waiting()
    assert [len(batch.snapshots) for batch in batches] == [3, 3, 1]
    assert len({batch.sequence for batch in batches}) == 3
