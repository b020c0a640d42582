"""Whole processes: the commands as users type them, watched through the server's API."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from heapwatch.cli.demo import control
from heapwatch.errors import Unavailable

HEAPWATCH = [sys.executable, "-m", "heapwatch.cli.main"]

SILENCE_S = 60
"""A live stream says something at least this often; else the server is gone."""


class Api:
    """A server's answers, and its live stream as the clock of whoever waits."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **params: Any) -> Any:
        query = urllib.parse.urlencode(params, doseq=True)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=SILENCE_S) as answer:
            return json.load(answer)

    def until(self, told: str, condition: Callable[[], Any], deadline_s: float = 150) -> Any:
        """The first true value of `condition`, asked again at every event that the server tells of."""
        deadline = time.monotonic() + deadline_s
        for _ in self._events():
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                pytest.fail(f"waited {deadline_s} s for: {told}")
        pytest.fail(f"the live stream ended before: {told}")

    def _events(self) -> Iterator[str]:
        with urllib.request.urlopen(f"{self.url}/api/v1/live", timeout=SILENCE_S) as stream:
            for line in stream:
                if line.startswith((b"event:", b":")):
                    yield line.decode().strip()


def demo_url(demo: subprocess.Popen[bytes], state: Path, log: Path) -> str:
    """Where a demo's server is, once it answers; until then the demo's end is the only other event."""
    while True:
        try:
            return str(control.ask(state, "status")["url"])
        except Unavailable:
            try:
                demo.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
            words = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            pytest.fail(f"the demo ended:\n{words}")
