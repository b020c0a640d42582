"""One sender makes a series, host or class of every request; what it has goes on, and nobody else notices."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from histograms import now
from peers import asked_until
from servers import Server

from heapwatch.web.auth import Tokens

pytestmark = pytest.mark.store

MOST = 100


class Guarded:
    def __init__(self, server: Server, secrets: dict[str, str]) -> None:
        self.server = server
        self.secrets = secrets

    def push(self, sender: str, lines: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.secrets[sender]}"}
        answer = self.server.http.post("/api/v1/import/prometheus", content=lines.encode(), headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def report(self) -> dict[str, Any]:
        answer = self.server.http.get("/api/v1/cardinality")
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def maker(self, name: str) -> dict[str, Any]:
        (row,) = [each for each in self.report()["makers"] if each["maker"] == name]
        return row  # type: ignore[no-any-return]

    def count(self, metric: str) -> int:
        told = {"query": f"metric={metric} | count", "from": "-15m", "to": "now+1m"}
        (row,) = self.server.http.post("/api/v1/query", json=told).json()["rows"]
        return max((int(value) for each in row["series"] for value in each["values"] if value), default=0)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    data = tmp_path_factory.mktemp("cardinality") / "data"
    tokens = Tokens(data / "tokens.json")
    names = ("bomb", "flood", "shop", "again")
    secrets = {name: tokens.create(name, ["ingest"])[0] for name in names}
    reader = tokens.create("reader", ["read"])[0]
    with Server(data, sender_series=MOST) as server:
        server.http.headers["Authorization"] = f"Bearer {reader}"
        yield Guarded(server, secrets)


def bomb(metric: str, count: int, first: int = 0) -> str:
    return "".join(f'{metric}{{path="/a",request="{n}"}} {n}\n' for n in range(first, first + count))


def test_a_bomb_is_contained_and_says_what_it_is_made_of(guarded: Guarded) -> None:
    told = guarded.push("bomb", bomb("bombed", 1000))
    assert told["rejected"] == {"too-many-series": 900}
    assert guarded.count("bombed") == MOST
    row = guarded.maker("prometheus bomb")
    assert (row["series"], row["refused"]) == (MOST, 900)
    assert row["metrics"] == [{"name": "bombed", "series": MOST}]
    assert row["labels"] == [{"name": "request", "values": MOST}, {"name": "path", "values": 1}]
    assert all(example.startswith("bombed;path=/a;request=") for example in row["examples"])
    assert guarded.report()["makers"][0]["refused"] >= 900
    (reject, *_) = [
        each
        for each in guarded.server.http.get("/api/v1/ingest/rejects").json()["rejects"]
        if each["reason"] == "too-many-series" and each["peer"] == "bomb"
    ]
    assert reject["door"] == "prometheus"


def test_others_lose_nothing_while_it_goes_off(guarded: Guarded) -> None:
    for turn in range(3):
        guarded.push("flood", bomb("flooding", 500, 10_000 * turn))
        assert guarded.push("shop", bomb(f"orders{turn}", 30))["rejected"] == {}
    assert [guarded.count(f"orders{turn}") for turn in range(3)] == [30, 30, 30]


def test_what_a_sender_has_goes_on_when_it_may_make_nothing_new(guarded: Guarded) -> None:
    guarded.push("again", bomb("kept", MOST))
    assert guarded.push("again", bomb("kept", MOST + 1))["rejected"] == {"too-many-series": 1}
    assert guarded.push("again", bomb("kept", MOST))["rejected"] == {}


def test_lines_of_an_address_have_their_own_limit(guarded: Guarded) -> None:
    moment = now() // 1000
    with socket.create_connection(guarded.server.graphite) as sender:
        sender.sendall("".join(f"lined.n{n} 1 {moment}\n" for n in range(300)).encode())
    asked_until(guarded.server, "lined.* | count", bool)
    row = guarded.maker("graphite-tcp 127.0.0.1")
    assert (row["series"], row["refused"]) == (MOST, 200)


def histogram_lines(host: str, classes: range, moment: int, prefix: str = "com.shop.Order") -> str:
    return "".join(
        f"{host}.count.{prefix}{n} {n + 1} {moment}\n{host}.size.{prefix}{n} {24 * (n + 1)} {moment}\n"
        for n in classes
    )


class Carbon:
    """A server that knows nobody, and senders with addresses of their own."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def send(self, address: str, lines: str) -> None:
        with socket.create_connection(self.server.graphite, source_address=(address, 0)) as sender:
            sender.sendall(lines.encode())

    def maker(self, address: str, refused: int) -> dict[str, Any]:
        """What is told of a sender once so much of it was refused."""
        name = f"graphite-tcp {address}"
        while True:
            rows = self.server.http.get("/api/v1/cardinality").json()["makers"]
            row = next((row for row in rows if row["maker"] == name), None)
            if row and row["refused"] >= refused:
                return row  # type: ignore[no-any-return]

    def totals(self, host: str, histograms: int) -> list[int]:
        """The instances of each histogram of a host, once there are so many."""
        while True:
            asked = {"host": host, "from": "-1h", "to": "now+1h"}
            answer = self.server.http.get("/api/v1/snapshots", params=asked)
            found: list[int] = answer.json()["columns"]["instances"] if answer.status_code == 200 else []
            if len(found) >= histograms:
                return found


@pytest.fixture(scope="module")
def carbon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carbon]:
    with Server(tmp_path_factory.mktemp("carbon") / "data", sender_series=MOST) as server:
        yield Carbon(server)


@pytest.mark.parametrize(
    ("bomber", "shop", "lines", "label", "made"),
    [
        (
            "127.0.0.2",
            "127.0.0.3",
            lambda n, moment: histogram_lines(f"bomb{n}", range(1), moment, "com.bomb.Same"),
            "host",
            {"jvms": MOST - 1, "classes": 1},
        ),
        (
            "127.0.0.4",
            "127.0.0.5",
            lambda n, moment: histogram_lines("bombed", range(n, n + 1), moment, "com.bomb.Request"),
            "class",
            {"jvms": 1, "classes": MOST - 1},
        ),
    ],
    ids=["hosts", "classes"],
)
def test_a_bomb_of_names_in_histogram_lines_is_contained_beside_a_sender_that_behaves(
    carbon: Carbon, bomber: str, shop: str, lines: Callable[[int, int], str], label: str, made: dict[str, int]
) -> None:
    moment, host = now() // 1000 - 60, f"shop-of-{label}"
    carbon.send(shop, histogram_lines(host, range(40), moment))
    carbon.send(bomber, "".join(lines(n, moment) for n in range(1000)))
    carbon.send(shop, histogram_lines(host, range(40), moment + 10))
    row = carbon.maker(bomber, 2 * (1000 - MOST + 1))
    assert row["refused"] == 2 * (1000 - MOST + 1)
    assert {kind: row[kind] for kind in made} == made
    assert (row["series"], row["used"]) == (0, MOST)
    assert {"name": label, "values": MOST - 1} in row["labels"]
    assert all(example.startswith("bomb") for example in row["examples"])
    assert carbon.totals(host, 2) == [sum(range(1, 41))] * 2
    told = carbon.server.http.get("/api/v1/ingest/rejects", params={"reason": "too-many-series"}).json()
    assert {reject["door"] for reject in told["rejects"]} == {"graphite-tcp"}
    assert {reject["peer"].rpartition(":")[0] for reject in told["rejects"]} <= {"127.0.0.2", "127.0.0.4"}
    carbon.send(bomber, lines(0, moment + 20))  # what it has goes on
    assert len(carbon.totals("bomb0" if label == "host" else "bombed", 2)) == 2


def test_uploads_of_ever_new_jvms_are_refused_whole_with_a_reason(tmp_path: Path) -> None:
    body = " num     #instances         #bytes  class name\n   1:  2  48  java.lang.String\nTotal  2  48\n"

    def upload(server: Server, pid: int) -> httpx2.Response:
        params = {"host": "web1", "jvm": "shop", "pid": str(pid)}
        return server.http.post("/api/v1/histogram", params=params, content=body.encode())

    with Server(tmp_path / "data", sender_series=5) as server:
        assert [upload(server, pid).status_code for pid in range(1, 7)] == [200] * 4 + [422] * 2
        assert "sender_series" in upload(server, 7).text
        assert upload(server, 1).status_code == 200
        assert server.stop() == 0
        server.start()
        assert upload(server, 8).status_code == 422, "who made what is known after a restart"
        assert upload(server, 2).status_code == 200
        report = server.http.get("/api/v1/cardinality").json()
        assert (report["jvms"], report["classes"], report["used"] - report["series"]) == (4, 1, 5)
        (row,) = report["makers"]
        assert (row["maker"], row["jvms"], row["classes"]) == ("histogram 127.0.0.1", 4, 1)
        assert {"name": "pid", "values": 4} in row["labels"]


def records(*pids: int) -> dict[str, Any]:
    """An export of OpenTelemetry's, a record of each of these processes."""

    def resource(pid: int) -> dict[str, Any]:
        told = {
            "host.name": "web1",
            "service.name": "shop",
            "telemetry.sdk.language": "java",
            "process.pid": pid,
        }
        attributes = [
            {"key": key, "value": {"intValue" if key == "process.pid" else "stringValue": value}}
            for key, value in told.items()
        ]
        record = {"timeUnixNano": str(now() * 1_000_000), "body": {"stringValue": f"of {pid}"}}
        return {"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}

    return {"resourceLogs": [resource(pid) for pid in pids]}


def test_messages_of_ever_new_processes_are_refused_and_those_of_known_ones_go_on(tmp_path: Path) -> None:
    def upload(pid: int) -> int:
        params = {"host": "web1", "jvm": "shop", "label.pid": str(pid)}
        return server.http.post("/api/v1/logs", params=params, content=b"sold\n").status_code

    with Server(tmp_path / "data", sender_series=3) as server:
        assert [upload(pid) for pid in (1, 2, 3, 4, 1)] == [200, 200, 200, 422, 200]
        told = server.http.post("/v1/logs", json=records(1, 11, 12, 13, 14, 11))
        assert told.status_code == 200, told.text
        assert told.json()["partialSuccess"]["rejectedLogRecords"] == "1"
        assert server.http.post("/v1/logs", json=records(15)).status_code != 200
        makers = {row["maker"]: row for row in server.http.get("/api/v1/cardinality").json()["makers"]}
        assert (makers["logs 127.0.0.1"]["jvms"], makers["logs 127.0.0.1"]["refused"]) == (3, 1)
        assert (makers["otlp-logs 127.0.0.1"]["jvms"], makers["otlp-logs 127.0.0.1"]["refused"]) == (3, 2)


def test_series_that_name_a_new_jvm_cost_two(tmp_path: Path) -> None:
    with Server(tmp_path / "data", sender_series=10) as server:
        body = "".join(f'used{{host="h{n}",jvm="shop"}} 1\n' for n in range(8)).encode()
        told = server.http.post("/api/v1/import/prometheus", content=body).json()
        assert told["rejected"] == {"too-many-series": 3}
        (row,) = server.http.get("/api/v1/cardinality").json()["makers"]
        assert (row["series"], row["jvms"], row["used"]) == (5, 5, 10)


def test_who_made_what_is_known_after_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data, sender_series=5) as server:
        body = bomb("once", 8).encode()
        server.http.post("/api/v1/import/prometheus", content=body)
        assert server.stop() == 0
        server.start()
        told: httpx2.Response = server.http.post("/api/v1/import/prometheus", content=body)
        assert told.json()["rejected"] == {"too-many-series": 3}
        (row,) = server.http.get("/api/v1/cardinality").json()["makers"]
        assert (row["maker"], row["series"], row["refused"]) == ("prometheus 127.0.0.1", 5, 3)


def test_all_senders_together_have_a_limit_too(tmp_path: Path) -> None:
    with Server(tmp_path / "data", max_series=10) as server:
        told = server.http.post("/api/v1/import/prometheus", content=bomb("many", 12).encode()).json()
        assert told["rejected"] == {"too-many-series": 2}
        report = server.http.get("/api/v1/cardinality").json()
        assert (report["series"], report["max_series"]) == (10, 10)
