"""One sender makes a series of every request; what it has goes on, and nobody else notices."""

from __future__ import annotations

import socket
from collections.abc import Iterator
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
