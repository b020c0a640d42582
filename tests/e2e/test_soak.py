"""The demo at its ordinary pace: the verdict, the end of every JVM's memory, the fix and its proof.

About ten minutes. The story of the other tests is the fast demo's, whose cache is smaller.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from watching import HEAPWATCH, Api, demo_url

from heapwatch.cli.demo import control

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

HOSTS = {"memleak1", "memleak2", "memleak3"}


def test_the_leak_is_named_on_all_hosts_every_memory_ends_and_the_fix_is_proved(
    tmp_path: Path, needs
) -> None:
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

        def leak() -> dict[str, Any]:
            found = [one for one in api.get("leaks")["leaks"] if _is_child(one)]
            return found[0] if found else {"hosts": (), "state": "", "proof": None}

        api.until("the leak on all three hosts", lambda: set(leak()["hosts"]) == HOSTS, 900)
        named = leak()
        assert named["class"] == "memleak.Child"
        assert named["state"] == "confirmed"
        assert named["scope"] == "systemic"
        assert named["exhaustion"]["resource"] == "heap"
        assert any(name.startswith("akka.actor.") for name in named["family"])
        api.until("the end of every JVM's memory", ended, 1500)
        api.until("every JVM up again", back, 120)
        subprocess.run([*HEAPWATCH, "demo", "fix", "--state", str(tmp_path)], check=True, timeout=60)
        api.until("the proof of the fix", lambda: leak()["state"] == "fixed", 600)
        api.until("the demo's word of it", lambda: "memleak.Child is fixed" in log.read_text(), 60)
        proof = leak()["proof"]
        assert proof["before"]["balance"] < 0.2
        assert proof["after"]["balance"] > 0.8
        assert api.get("ingest/rejects")["rejects"] == []
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 0
    finally:
        demo.kill()
        demo.wait()
    told = log.read_text()
    assert "ran out of memory" in told
    assert "memleak.Child leaks (confirmed, systemic, on 3 hosts)" in told


def _is_child(one: dict[str, Any]) -> bool:
    return str(one["class"]).endswith("Child")
