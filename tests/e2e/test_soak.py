"""The demo at its ordinary pace, until the memory of every JVM has ended once (about ten minutes)."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from watching import HEAPWATCH, Api, demo_url

from heapwatch.cli.demo import control

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

HOSTS = {"memleak1", "memleak2", "memleak3"}


def test_every_host_runs_out_of_memory_and_comes_back_and_nothing_is_refused(tmp_path: Path, needs) -> None:
    needs("javac")
    log = tmp_path / "log"
    command = [*HEAPWATCH, "demo", "--no-browser", "--plain", "--state", str(tmp_path), "--for", "30m"]
    with log.open("wb") as out:
        demo = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        api = Api(demo_url(demo, tmp_path, log))

        def ended() -> bool:
            events = api.get("events", **{"from": "-1h"})["events"]
            return {event["labels"]["host"] for event in events if event["kind"] == "oom"} == HOSTS

        def back() -> bool:
            hosts = control.ask(tmp_path, "status")["hosts"].values()
            return all(host["state"] == "up" and host["restarts"] >= 1 for host in hosts)

        api.until("the end of every JVM's memory", ended, 1500)
        api.until("every JVM up again", back, 120)
        assert api.get("ingest/rejects")["rejects"] == []
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 0
    finally:
        demo.kill()
        demo.wait()
    assert "ran out of memory" in log.read_text()
