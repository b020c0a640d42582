"""Monitors of a server: what the API, /metrics and Prometheus' rules say, who is told, and what survives."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hooks import Hook
from servers import Server

pytestmark = pytest.mark.store

RULES = """
receivers:
  - {{name: hook, webhook: {{env: HOOK_URL}}}}
monitors:
  - name: load
    kind: query
    query: metric=load | max by host
    every: 1s
    delay: 0s
    window: 10m
    critical: {{above: 90}}
    labels: {{team: shop}}
    notify: [{{to: hook}}]
{more}
"""


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    found = Hook()
    yield found
    found.server.shutdown()


def state_of(server: Server, wanted: str) -> dict[str, Any]:
    """The monitor, once it is so."""
    deadline = time.monotonic() + 30
    while True:
        found = httpx2.get(f"{server.url}/api/v1/monitors/load").json()
        if found["state"] == wanted:
            return dict(found)
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_a_monitor_fires_is_told_and_goes_on_after_a_kill(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_URL", hook.url)
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES.format(more=""))
    data = tmp_path / "data"
    with Server(data, monitors=rules) as server:
        now = int(time.time())
        httpx2.post(
            f"{server.url}/api/v1/import/prometheus", content=f'load{{host="web1"}} 95 {now * 1000}\n'
        ).raise_for_status()
        found = state_of(server, "critical")
        (group,) = found["groups"]
        assert (group["labels"], group["value"], group["silenced"]) == ({"host": "web1"}, 95, "")
        told = hook.first()[0]
        assert told["groupLabels"] == {"monitor": "load"}
        assert told["alerts"][0]["labels"]["severity"] == "critical"
        assert "secret-path" not in json.dumps(found)
        metrics = httpx2.get(f"{server.url}/metrics").text
        assert 'heapwatch_monitor_groups{monitor="load",state="critical"} 1.0' in metrics
        prometheus = httpx2.get(f"{server.url}/prometheus/api/v1/rules").json()["data"]["groups"]
        assert [
            (each["name"], each["rules"][0]["state"]) for each in prometheus if each["name"] == "monitors"
        ] == [("monitors", "firing")]
        events = httpx2.get(f"{server.url}/api/v1/events", params={"from": "-1h"}).json()["events"]
        assert [each["text"] for each in events if each["labels"].get("monitor") == "load"] != []
        silence = httpx2.post(
            f"{server.url}/api/v1/monitors/silences", json={"monitor": "load", "lasts": "2h"}
        )
        assert state_of(server, "critical")["groups"][0]["silenced"] == f"silence {silence.json()['id']}"
        tried = httpx2.get(
            f"{server.url}/api/v1/monitors/load/backtest", params={"from": f"{now - 10}"}
        ).json()
        assert tried["fired"] == 1
        since = group["since"]
        server.kill()
    with Server(data, monitors=rules) as server:
        again = state_of(server, "critical")["groups"][0]
        assert (again["since"], again["silenced"]) == (since, f"silence {silence.json()['id']}")
        history = httpx2.get(f"{server.url}/api/v1/monitors/load/history", params={"from": "-1h"}).json()
        assert [(each["before"], each["after"]) for each in history["transitions"]][-1] == ("ok", "critical")
        rules.write_text(RULES.format(more="    evrey: 5m"))
        refused = httpx2.post(f"{server.url}/-/reload")
        assert refused.status_code >= 400
        assert "rules.yml:14:5: monitors[0].evrey: this key is not known here" in refused.text
        assert state_of(server, "critical")
        rules.write_text("monitors: []\n")
        httpx2.post(f"{server.url}/-/reload").raise_for_status()
        assert httpx2.get(f"{server.url}/api/v1/monitors").json()["monitors"] == []
        assert len(hook.bodies) == 1
