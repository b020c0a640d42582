"""What the tests of the command line share: the program itself as a process, a server of its own, JVMs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Callable, Iterator

import pytest

from heapwatch.cli.main import run
from jvms.fixtures import Program, Start, classes, home_of, java, shared_java  # noqa: F401

Run = Callable[..., "subprocess.CompletedProcess[str]"]

VERSION = "17.0.9"


def environment(**more: str) -> dict[str, str]:
    """Ours without what the tester has set for himself."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HEAPWATCH_", "NO_COLOR"))
    }
    kept["HEAPWATCH_RUNTIME_DIR"] = os.environ.get("HEAPWATCH_RUNTIME_DIR", "")
    return {**{name: value for name, value in kept.items() if value}, "COLUMNS": "80", **more}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "heapwatch.cli.main", *words]


@pytest.fixture(scope="session")
def heapwatch(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`heapwatch("ps", "--json")` runs the program like a user."""
    home = tmp_path_factory.mktemp("home")

    def run_program(
        *words: str, stdin: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            env=environment(HOME=str(home), **variables),
            timeout=120,
            check=False,
        )

    return run_program


@pytest.fixture(scope="session")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """As `heapwatch`, but in this process: for commands whose start-up is not what is tested."""
    home = tmp_path_factory.mktemp("home")

    def run_inside(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        out, error = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("HEAPWATCH_")]:
                patch.delenv(name)
            for name, value in environment(HOME=str(home), **variables).items():
                patch.setenv(name, value)
            with redirect_stdout(out), redirect_stderr(error):
                code = run(words)
        out.seek(0)
        return subprocess.CompletedProcess(list(words), code, out.read(), error.getvalue())

    return run_inside


@pytest.fixture(scope="session", autouse=True)
def private_runtime_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Locks and remembered failures of these tests are not those of a heapwatch that runs here."""
    before = os.environ.get("HEAPWATCH_RUNTIME_DIR")
    os.environ["HEAPWATCH_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))
    yield
    if before is None:
        del os.environ["HEAPWATCH_RUNTIME_DIR"]
    else:
        os.environ["HEAPWATCH_RUNTIME_DIR"] = before


@pytest.fixture
def lab(java: Start) -> Program:  # noqa: F811
    """A JVM of this test's own."""
    return java(home_of(VERSION), "Lab", "-XX:+UseSerialGC", "-Dheapwatch.name=cli-lab")


class Server:
    """`heapwatch serve` on ports that the kernel chooses."""

    def __init__(self, data: Path, *flags: str) -> None:
        self.data = data
        words = ["serve", "--data", str(data), "--listen", "127.0.0.1:0", "--graphite-listen", "off"]
        words += ["--log-format", "json", "--min-free-disk", "0", "--flush-interval", "0.05", *flags]
        self.process = subprocess.Popen(
            command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(), text=True
        )
        self.said: list[str] = []
        self._url: Future[str] = Future()
        threading.Thread(target=self._listen, daemon=True).start()
        self.url = self._url.result(timeout=60)

    def _listen(self) -> None:
        """All that it says; its address is in the line in which it says that it serves."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith("{") and json.loads(line).get("event") == "serving":
                self._url.set_result(str(json.loads(line)["url"]))
        if not self._url.done():
            self._url.set_exception(AssertionError(f"no server: {''.join(self.said)}"))

    def stop(self) -> int:
        """As systemd does; the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file's own, empty at first."""
    running = Server(tmp_path_factory.mktemp("server") / "data")
    yield running
    assert running.stop() == 0
