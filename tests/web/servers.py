"""The real server as a process of its own, on ports that the kernel chooses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

MAIN = """
import json, sys
from heapwatch.errors import HeapwatchError
from heapwatch.web.serve import serve
from heapwatch.web.settings import load

flags = json.loads(sys.argv[1])
file = flags.pop("config", None)

def ready(serving):
    told = {"url": serving.url, "graphite": serving.graphite, "syslog": serving.syslog}
    print(json.dumps(told), flush=True)

def read():
    return load(flags, file)

try:
    serve(read().settings, ready=ready, reload=lambda: read().settings)
except HeapwatchError as error:
    sys.exit(f"heapwatch: {error}")
"""


class DidNotStart(Exception):
    """What the process said instead of serving."""


class Server:
    """One `heapwatch serve`; a context manager that ends it."""

    def __init__(self, data: Path, log: Path | None = None, **flags: Any) -> None:
        self.data = data
        self.flags = {
            "data": str(data),
            "listen": "127.0.0.1:0",
            "graphite_listen": "127.0.0.1:0",
            "flush_interval": 0.02,
            "log_format": "json",
            "min_free_disk": 0,
            **flags,
        }
        self.log = log or data.with_suffix(".log")
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", MAIN, json.dumps(self.flags)],
                stdout=subprocess.PIPE,
                stderr=log,
                env={name: value for name, value in os.environ.items() if not name.startswith("HEAPWATCH_")},
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(timeout=60)
            raise DidNotStart(self.log.read_text().strip().splitlines()[-1])
        told = json.loads(line)
        self.url: str = told["url"]
        self.graphite: tuple[str, int] = tuple(told["graphite"]) if told["graphite"] else ("", 0)
        self.syslog: tuple[str, int] = tuple(told["syslog"]) if told["syslog"] else ("", 0)
        self.http = httpx2.Client(base_url=self.url, timeout=60, trust_env=False)

    def kill(self) -> None:
        """As the out-of-memory killer does."""
        self.process.kill()
        self._gone()

    def stop(self) -> int:
        """As systemd does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def _gone(self) -> int:
        code = self.process.wait(timeout=60)
        assert self.process.stdout
        self.process.stdout.close()
        self.http.close()
        return code

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()
