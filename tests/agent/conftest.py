"""What the tests of the agent share: real JVMs, a server door, agents in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.ship.doors import HttpDoor

from heapwatch.model import Batch, Event, LogBlock, MetricBlock, Snapshot
from jvms.fixtures import classes, home_of, java  # noqa: F401

SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture
def home() -> Path:
    """A JVM that the tests of the agent run on; the matrix is the jvm room's business."""
    return home_of("17.0.9")


@pytest.fixture
def door() -> Iterator[HttpDoor]:
    with HttpDoor() as door:
        yield door


class Mail:
    """What has arrived at a door, in order; looks on until what is asked for is there."""

    def __init__(self, door: HttpDoor) -> None:
        self._door = door
        self.batches: list[Batch] = []

    def until(self, enough: Callable[[], Any]) -> Any:
        """The first true answer of `enough`, asked after every batch."""
        while not (found := enough()):
            self.batches += self._door.batches(1)
        return found

    @property
    def snapshots(self) -> list[Snapshot]:
        return [one for batch in self.batches for one in batch.snapshots]

    @property
    def blocks(self) -> list[MetricBlock]:
        return [one for batch in self.batches for one in batch.metrics]

    @property
    def events(self) -> list[Event]:
        return [one for batch in self.batches for one in batch.events]

    @property
    def logs(self) -> list[LogBlock]:
        """Messages by batch, each batch once: as a server stores them."""
        known = {(batch.agent, batch.sequence): batch for batch in self.batches}
        return [one for batch in known.values() for one in batch.logs]

    def event(self, kind: str) -> Event | None:
        return next((one for one in self.events if one.kind == kind), None)


@pytest.fixture
def mail(door: HttpDoor) -> Mail:
    return Mail(door)


class Running:
    """An agent in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], config: Path, spool: Path) -> None:
        self.process, self.config, self.spool = process, config, spool

    def set(self, **changes: Any) -> None:
        """Change its configuration file (None: take out); it does not look before it is told to."""
        settings = {**json.loads(self.config.read_text()), **changes}
        self.config.write_text(json.dumps({key: one for key, one in settings.items() if one is not None}))

    def hears(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def says(self, words: str) -> str:
        """The next line it writes that has these words."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if words in line:
                return line
        pytest.fail(f"the agent ended ({self.process.wait()}) without saying {words!r}")

    def ends(self) -> int:
        return self.process.wait(60)


@pytest.fixture
def agent(tmp_path: Path, door: HttpDoor) -> Iterator[Callable[..., Running]]:
    """`agent(only=["shop"])` starts an impatient agent that ships to the door, and stops it in the end."""
    running: list[Running] = []

    def start(variables: Mapping[str, str] | None = None, **settings: Any) -> Running:
        config = tmp_path / f"agent{len(running)}.json"
        spool = Path(settings.setdefault("spool", str(tmp_path / "spool")))
        config.write_text(json.dumps({**impatient(door.url), **settings}))
        command = [sys.executable, "-m", "heapwatch.agent", "run", "--config", str(config)]
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), **(variables or {})}
        environment["HEAPWATCH_RUNTIME_DIR"] = str(tmp_path)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        running.append(Running(process, config, spool))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.wait()
        assert one.process.stderr is not None
        one.process.stderr.close()


def impatient(url: str) -> dict[str, Any]:
    """Settings under which everything happens soon, also on a machine that is busy."""
    return {
        "host": "web1",
        "interval": "0.2s",
        "counters_every": "0.1s",
        "process_every": "0.2s",
        "rescan": "0.1s",
        "min_age": "0s",
        "listen": "127.0.0.1:0",
        "budget": {"share": "100%", "host_share": "100%", "max_pressure": "100%", "max_interval": "1s"},
        "sink": [{"kind": "heapwatch", "url": url}],
    }


def run_agent(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """One `heapwatch-agent` command, to its end."""
    command = [sys.executable, "-m", "heapwatch.agent", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **more.pop("variables", {})}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=120, check=False, **more
    )
