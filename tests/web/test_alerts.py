"""Leaks and monitors are told to a real Alertmanager, leaks to webhooks; what one tells us is an event."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from peers import running
from servers import Server
from simulated import Program, leaking

from heapwatch.cli.recordings import snapshots
from heapwatch.model import Batch, JvmId
from heapwatch.wire.batch import encode

pytestmark = pytest.mark.store

ORDER = "com.shop.Order"
CONFIG = """
route: {{receiver: told, group_by: [leak, host], group_wait: 100ms, group_interval: 100ms}}
receivers:
  - name: told
    webhook_configs: [{{url: "{url}", send_resolved: true}}]
"""
RULES = """
receivers: [{{name: alerts, alertmanager: "http://{address}"}}]
monitors:
  - {{name: load, kind: query, query: metric=load | max by host, every: 1s, delay: 0s, window: 10m,
     when: last, warning: {{above: 80}}, critical: {{above: 90}}, labels: {{team: shop}},
     notify: [{{to: alerts}}]}}
"""


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def until(question: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while not (answer := question()):
        assert time.monotonic() < end, "it never was so"
        time.sleep(0.05)
    return answer


def leak(server: Server) -> dict[str, Any]:
    """Send a JVM that leaks; the leak, once it is seen."""
    seconds = 160
    began = int(time.time() * 1000) - seconds * 1000
    program = Program(seconds=seconds, host="web1", populations={ORDER: leaking(40)})
    taken = list(snapshots(program.run(), JvmId("web1", "shop", 100, began), {}))
    server.http.post("/api/v1/batch", content=encode(Batch("agent", 1, taken))).raise_for_status()
    (found,) = until(lambda: server.http.get("/api/v1/leaks").json()["leaks"])
    return found  # type: ignore[no-any-return]


def acknowledge(server: Server, found: dict[str, Any], **given: Any) -> None:
    server.http.post(
        f"/api/v1/leaks/{found['id']}/acknowledge", json={"note": "mine", **given}
    ).raise_for_status()


@contextmanager
def receiving(address: str = "127.0.0.1:0") -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Somebody who takes webhooks; the address, and what came."""
    came: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    host, _, port = address.partition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", came
    finally:
        server.shutdown()
        server.server_close()


def alert_events(server: Server, status: str) -> list[dict[str, Any]]:
    found = server.http.get("/api/v1/events", params={"from": "-1h", "to": "now+1m"}).json()["events"]
    return [each for each in found if each["kind"] == "alert" and each["labels"]["status"] == status]


@contextmanager
def alertmanager(program: str, folder: Path, tells: str) -> Iterator[str]:
    """A real one that tells this address; where it listens."""
    address = free_address()
    (folder / "alertmanager.yml").write_text(CONFIG.format(url=tells))
    command = [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'kept'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with running(command, folder / "log"):
        yield address


def heard(address: str, name: str) -> list[dict[str, Any]]:
    """The alerts that an Alertmanager has at the moment."""
    try:
        told = httpx2.get(f"http://{address}/api/v2/alerts", trust_env=False).json()
    except httpx2.HTTPError:
        return []
    return [each for each in told if each["labels"]["alertname"].startswith(name)]


def test_an_alertmanager_hears_of_a_leak_until_somebody_looks_after_it(
    needs: Callable[[str], str], tmp_path: Path
) -> None:
    ours = free_address()
    flags = {"leaks_every": 1, "alert_every": 1, "alert_suspects": True}
    with (
        alertmanager(
            needs("prometheus-alertmanager"), tmp_path, f"http://{ours}/api/v1/webhook/alerts"
        ) as address,
        Server(tmp_path / "data", listen=ours, alertmanagers=f"http://{address}", **flags) as server,
    ):
        found = leak(server)
        (alert,) = until(lambda: heard(address, "HeapwatchLeak"))
        assert alert["labels"]["leak"] == found["id"]
        assert (alert["labels"]["service"], alert["labels"]["class"]) == (found["service"], ORDER)
        assert alert["annotations"]["summary"] == found["sentence"]
        assert alert["annotations"]["hosts"] == "web1"
        assert alert["generatorURL"] == f"http://{ours}/leaks/{found['id']}"
        begun = until(lambda: alert_events(server, "firing"))
        assert begun[0]["labels"]["alertname"] == alert["labels"]["alertname"]
        assert begun[0]["text"].endswith(found["sentence"])
        acknowledge(server, found)
        until(lambda: not heard(address, "HeapwatchLeak"))
        until(lambda: alert_events(server, "resolved"))
        told = server.http.get("/api/v1/alerts").json()
        assert told["alerts"] == []
        assert [(each["kind"], each["error"]) for each in told["deliveries"]] == [("alertmanager", "")]


def measured(server: Server, **loads: int) -> None:
    now = int(time.time() * 1000)
    lines = "".join(f'load{{host="{host}"}} {load} {now}\n' for host, load in loads.items())
    server.http.post("/api/v1/import/prometheus", content=lines).raise_for_status()


def groups(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.http.get("/api/v1/monitors/load").json()["groups"]
    return found


def test_an_alertmanager_hears_of_monitors_as_long_as_they_fire_and_never_of_what_is_silenced(
    needs: Callable[[str], str], tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yml"
    with (
        receiving() as (hook, came),
        alertmanager(needs("prometheus-alertmanager"), tmp_path, hook) as address,
    ):

        def firing() -> list[tuple[str, str]]:
            labels = [each["labels"] for each in heard(address, "load")]
            return sorted((each["host"], each["severity"]) for each in labels)

        def passed_on() -> list[tuple[str, str, str]]:
            """What the Alertmanager told of each host: status and severity, each once."""
            rows = [row for body in came for row in body["alerts"]]
            return sorted({(r["labels"]["host"], r["status"], r["labels"]["severity"]) for r in rows})

        rules.write_text(RULES.format(address=address))
        with Server(tmp_path / "data", monitors=rules) as server:
            quiet = server.http.post(
                "/api/v1/monitors/silences",
                json={"monitor": "load", "match": {"host": "web2"}, "lasts": "1h"},
            ).json()
            measured(server, web1=85, web2=95, web3=10)
            until(lambda: firing() == [("web1", "warning")])
            (alert,) = heard(address, "load")
            assert alert["labels"] == {
                "alertname": "load",
                "monitor": "load",
                "severity": "warning",
                "host": "web1",
                "team": "shop",
            }
            assert alert["annotations"]["summary"] == "85 is above 80 at the end in 10m"
            assert alert["annotations"]["query"] == "metric=load | max by host"
            assert alert["generatorURL"].endswith("/monitors/load")
            measured(server, web1=95)
            until(lambda: firing() == [("web1", "critical")])  # the warning has ended
            (quieted,) = [each for each in groups(server) if each["labels"] == {"host": "web2"}]
            assert (quieted["level"], quieted["silenced"]) == ("critical", f"silence {quiet['id']}")
            measured(server, web1=10)
            until(
                lambda: (
                    {each["level"] for each in groups(server) if each["labels"]["host"] == "web1"} == {"ok"}
                )
            )
            server.http.delete(f"/api/v1/monitors/silences/{quiet['id']}").raise_for_status()
            until(lambda: firing() == [("web2", "critical")])
            until(lambda: len(passed_on()) > 4)
            assert passed_on() == [
                ("web1", "firing", "critical"),
                ("web1", "firing", "warning"),
                ("web1", "resolved", "critical"),
                ("web1", "resolved", "warning"),
                ("web2", "firing", "critical"),
            ]


def test_a_webhook_is_told_of_each_change_once(tmp_path: Path) -> None:
    flags = {"leaks_every": 1, "alert_every": 1, "alert_suspects": True, "public_url": "https://heap.example"}
    with receiving() as (url, came), Server(tmp_path / "data", alert_webhooks=url, **flags) as server:
        found = leak(server)
        until(lambda: came)
        acknowledge(server, found)
        until(lambda: came[-1]["status"] == "resolved")
        acknowledge(server, found, undo=True)
        until(lambda: came[-1]["status"] == "firing")
        names = {alert["labels"]["alertname"] for told in came for alert in told["alerts"]}
        assert names <= {"HeapwatchLeakSuspected", "HeapwatchLeakConfirmed", "HeapwatchHeapEnds"}
        changes = [told["status"] for told in came]
        assert changes.count("resolved") == 1
        first = came[0]
        assert (first["version"], first["receiver"], first["groupLabels"]) == (
            "4",
            "heapwatch",
            {"leak": found["id"]},
        )
        assert first["groupKey"] == f'{{}}:{{leak="{found["id"]}"}}'
        assert first["commonLabels"]["service"] == found["service"]
        assert first["externalURL"] == "https://heap.example"
        assert first["alerts"][0]["generatorURL"] == f"https://heap.example/leaks/{found['id']}"
        for told in came:  # what others take as Alertmanager's, we take as well
            answer = server.http.post("/api/v1/webhook/alerts", json=told)
            assert answer.json() == {"stored": True, "alerts": len(told["alerts"])}


def test_one_who_cannot_be_told_is_told_later_and_keeps_nobody(tmp_path: Path) -> None:
    away = free_address()
    flags = {"leaks_every": 1, "alert_every": 1, "alert_suspects": True}
    with receiving() as (url, came):
        urls = f"http://user:secret@{away}/hook, {url}"
        with Server(tmp_path / "data", alert_webhooks=urls, **flags) as server:
            leak(server)
            until(lambda: came)

            def problems() -> list[str]:
                told: list[str] = server.http.get("/api/v1/status").json()["problems"]
                return [each for each in told if each.startswith("alerts fails")]

            (problem,) = until(problems)
            assert f"http://***@{away}/hook" in problem
            assert "secret" not in problem
            assert "secret" not in server.http.get("/api/v1/alerts").text
            with receiving(away) as (_, late):
                until(lambda: late)
                until(lambda: not problems())
            assert "secret" not in server.log.read_text()


GRAFANA = {
    "receiver": "heapwatch",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High load", "instance": "web7:9100", "pid": "x", "team": "shop"},
            "annotations": {"summary": "load is 17"},
            "startsAt": "2026-11-20T10:00:00.5+01:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://grafana.example/alerting/1/edit",
            "fingerprint": "57c6d9296de2ad39",
            "silenceURL": "https://grafana.example/silence",
            "dashboardURL": "",
            "panelURL": "",
            "values": {"B": 17.2},
        }
    ],
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "https://grafana.example/",
    "version": "1",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "title": "[FIRING:1] High load",
    "state": "alerting",
    "message": "load",
}


def test_grafana_tells_as_alertmanager_does_and_the_same_alert_is_one_event(server: Server) -> None:
    for _ in range(2):
        assert server.http.post("/api/v1/webhook/alerts", json=GRAFANA).json()["alerts"] == 1
    told = {"from": "2026-11-20T08:59:00Z", "to": "2026-11-20T09:01:00Z"}
    (event,) = server.http.get("/api/v1/events", params=told).json()["events"]
    assert event["time"] == 1_795_165_200_500
    assert event["text"] == "High load firing: load is 17"
    assert event["labels"]["host"] == "web7"
    assert event["labels"]["team"] == "shop"
    assert "pid" not in event["labels"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{}", "alerts: Field required"),
        (b"[]", "Input should be an object"),
        (b"\xff", "not an alert webhook"),
        (
            b'{"alerts": [{"status": "maybe", "labels": {}, "startsAt": "2026-11-20T10:00:00Z"}]}',
            "alerts.0.status",
        ),
        (b'{"alerts": [{"status": "firing", "labels": {}, "startsAt": "soon"}]}', "alerts.0.startsAt"),
    ],
)
def test_what_is_no_alert_is_refused_with_the_place(server: Server, body: bytes, told: str) -> None:
    answer = server.http.post("/api/v1/webhook/alerts", content=body)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["error"]["message"]
