"""Chromium before a real server: a process of its own, its store in a temporary folder, filled by HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from heapwatch.model import Batch
from heapwatch.wire import batch as wire

from . import crowd, scene, story

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "heapwatch" / "web" / "static"
CHROMIUM = "/usr/bin/chromium-headless-shell"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CROWD = 2000
SAMPLE_EVERY_S = 20
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Server:
    """A running `heapwatch serve`."""

    url: str
    data: Path

    def send(self, batch: Batch) -> None:
        request = urllib.request.Request(
            f"{self.url}/api/v1/batch", wire.encode(batch), {"Content-Type": wire.CONTENT_TYPE}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer)["stored"] is True

    def send_all(self, batches: Iterable[Batch]) -> None:
        """Several at once: each is acknowledged when it is stored, about once a second."""
        with ThreadPoolExecutor(12) as senders:
            list(senders.map(self.send, batches))

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


def serving(data: Path, *flags: str, listen: str = "127.0.0.1:0") -> Iterator[Server]:
    """Start, wait for the line that says where, and end in order."""
    command = [sys.executable, "-m", "heapwatch.cli.main", "serve", "--data", str(data)]
    command += ["--listen", listen, "--graphite-listen", "127.0.0.1:0", "--log-format", "json", *flags]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEAPWATCH_")}
    with subprocess.Popen(
        command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        said: Queue[str] = Queue()
        # Whoever stops reading a log stops its writer, once the pipe is full.
        reader = threading.Thread(target=drain, args=(process, said), daemon=True)
        reader.start()
        try:
            yield Server(address(said), data)
        finally:
            process.terminate()
            process.wait(timeout=60)
            reader.join()
        assert faults(said) == []


def drain(process: subprocess.Popen[str], said: Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        said.put(line)
    said.put("")


def faults(said: Queue[str]) -> list[str]:
    """What the server logged as its own fault."""
    lines = [said.get() for _ in range(said.qsize())]
    found = [json.loads(line) for line in lines if '"level": "error"' in line]
    return [f"{fault['event']} {fault.get('exception', '')}" for fault in found]


def address(said: Queue[str]) -> str:
    """What the server calls itself in the line that says that it serves."""
    lines = []
    while line := said.get(timeout=60):
        lines.append(line)
        if '"event": "serving"' in line:
            return str(json.loads(line)["url"])
    raise AssertionError(f"the server did not start: {''.join(lines)}")


@pytest.fixture(scope="session", autouse=True)
def screens() -> None:
    if not (STATIC / "index.html").is_file():
        pytest.fail("the screens are not built: npm ci && npm run build in ui/, or ./run setup")


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The scene of scene.py, an hour of it."""
    for server in serving(tmp_path_factory.mktemp("fleet")):
        made = int(time.time() * 1000)
        batches = list(scene.batches(made))
        server.send_all(batches)
        sent = {(each.jvm.host, each.time) for batch in batches for each in batch.snapshots}
        assert stored_by_host(server) == Counter(host for host, _ in sent)
        with going_on(server, made, scene.fleet()):
            yield server


@pytest.fixture(scope="session")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The scene of story.py: leaks that were found, and one that was fixed after it was found."""
    for server in serving(tmp_path_factory.mktemp("leaking")):
        made = int(time.time() * 1000)
        server.send_all(scene.batches(made, story.watched()))
        with going_on(server, made, [each for each in story.watched() if not each.end]):
            found_out(server, "open", {"story": 3, "report": 1, "orders": 3})
            server.send_all(story.rollout(made))
            with going_on(server, made, story.new()):
                found_out(server, "fixed", {"orders": 3})
                yield server


def found_out(server: Server, state: str, hosts: dict[str, int], patience_s: float = 120) -> None:
    """Wait until the server has come to these leaks by itself: service -> on how many hosts."""
    end = time.monotonic() + patience_s
    found: dict[str, int] = {}
    while not hosts.items() <= found.items():
        assert time.monotonic() < end, f"not {state} on {hosts}, but {found}; {server.get('verdicts')}"
        time.sleep(0.5)
        leaks = server.get(f"leaks?state={state}")["leaks"]
        found = {leak["service"]: len(leak["hosts"]) for leak in leaks}


def stored_by_host(server: Server) -> Counter[str]:
    return Counter(server.get("snapshots?from=-2h&limit=100000")["columns"]["host"])


@contextmanager
def going_on(server: Server, made: int, services: list[scene.Service]) -> Iterator[None]:
    end = threading.Event()
    agents = threading.Thread(target=go_on, args=(server, made, services, end), daemon=True)
    agents.start()
    try:
        yield
    finally:
        end.set()
        agents.join()


def go_on(server: Server, made: int, services: list[scene.Service], end: threading.Event) -> None:
    """The agents of the scene keep sending, so that nobody falls silent while the tests run."""
    sequence = 0
    while not end.wait(SAMPLE_EVERY_S):
        sequence += 1
        server.send_all(scene.later(made, (made - time.time() * 1000) / scene.MINUTE, sequence, services))


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Thousands of JVMs; also where tests may post more. Nobody asks whether they leak."""
    for server in serving(tmp_path_factory.mktemp("crowded"), "--leaks-every", "3600"):
        while server.get("leaks")["judged"] is None:
            time.sleep(0.1)
        server.send(crowd.crowd(int(time.time() * 1000), CROWD))
        yield server


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Server]:
    yield from serving(tmp_path / "data")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}


@pytest.fixture
def expected_errors() -> list[str]:
    """Parts of console messages that a test provokes on purpose."""
    return []


@pytest.fixture(autouse=True)
def no_errors(context: BrowserContext, expected_errors: list[str]) -> Iterator[None]:
    """Nothing may be written to the console as an error or warning, and no exception may get away."""
    said: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(f"{message.type}: {message.text}")

    context.set_default_timeout(PATIENCE_MS)
    context.on("console", on_console)
    context.on("weberror", lambda error: said.append(f"exception: {error.error}"))
    yield
    left = [line for line in said if not any(part in line for part in expected_errors)]
    assert left == []


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Keep a picture for the documentation when HEAPWATCH_SCREENSHOTS=1; none otherwise."""
    wanted = os.environ.get("HEAPWATCH_SCREENSHOTS") == "1"
    folder = ROOT / "docs" / "assets" / "screens"

    def take(page: Page, name: str) -> None:
        if wanted:
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png")

    return take
