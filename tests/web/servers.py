"""The real server as a process of its own, on ports that the kernel chooses."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
import serving

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["heapwatch.web.serve"])
"""What a server imports is imported once for all servers of a worker; nothing of it has a state yet."""


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
        hears, tells = _FORKS.Pipe(duplex=False)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEAPWATCH_")}
        self.process = _FORKS.Process(
            target=serving.run, args=(self.flags, str(self.log), environment, tells), daemon=True
        )
        self.process.start()
        tells.close()
        try:
            told = hears.recv()
        except EOFError:
            self.process.join(60)
            raise DidNotStart(self.log.read_text().strip().splitlines()[-1]) from None
        finally:
            hears.close()
        self.url: str = told["url"]
        self.ports: dict[str, tuple[str, int]] = told["ports"]
        self.graphite = self.ports.get("graphite", ("", 0))
        self.http = httpx2.Client(base_url=self.url, timeout=60, trust_env=False)

    def kill(self) -> None:
        """As the out-of-memory killer does."""
        self.process.kill()
        self.gone()

    def stop(self) -> int:
        """As systemd does; the exit code."""
        self.send_signal(signal.SIGTERM)
        return self.gone()

    def send_signal(self, number: signal.Signals) -> None:
        assert self.process.pid
        os.kill(self.process.pid, number)

    def gone(self) -> int:
        """Wait for its end; the exit code."""
        self.process.join(60)
        assert self.process.exitcode is not None, "the server did not end"
        self.http.close()
        return self.process.exitcode

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.is_alive():
            self.kill()
