"""Programs of others as tests start them: a configuration, a process, an end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import Server

COLLECTD = """
Hostname "web1"
FQDNLookup false
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
PluginDir "{root}/usr/lib/collectd"
TypesDB "{root}/usr/share/collectd/types.db"
Interval 1
LoadPlugin load
LoadPlugin uptime
{more}
"""


@contextmanager
def collectd(program: str, folder: Path, more: str) -> Iterator[subprocess.Popen[bytes]]:
    """collectd with the load and the uptime of this machine, and these lines of configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    root = Path(program).parents[2]  # / when it is installed
    config = folder / "collectd.conf"
    config.write_text(COLLECTD.format(folder=folder, root=str(root).rstrip("/"), more=more))
    with running([program, "-f", "-C", str(config)], folder / "collectd.log") as process:
        yield process


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of somebody else's program; its words go to a file."""
    with open(log, "ab") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def asked_until(
    server: Server,
    query: str,
    enough: Callable[[list[dict[str, object]]], object],
    within: tuple[str, str] = ("-15m", "now+1m"),
) -> list[dict[str, object]]:
    """Ask again until the series of the answer are enough; others send when they like."""
    end = time.monotonic() + 60
    body = {"query": query, "from": within[0], "to": within[1]}
    while True:
        answer = server.http.post("/api/v1/query", json=body)
        assert answer.status_code == 200, answer.text
        series: list[dict[str, object]] = answer.json()["rows"][-1]["series"]
        if enough(series):
            return series
        assert time.monotonic() < end, f"{query}: {series}"
        time.sleep(0.05)
