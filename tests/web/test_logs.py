"""Log messages by HTTP: text or JSON lines, kept together, dated, stored once under a key."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from backports import zstd
from histograms import TEXT, now
from servers import Server

from heapwatch.errors import UsageError
from heapwatch.jvm.histogram import parse
from heapwatch.model import Batch, LogBlock
from heapwatch.web.serve import serve
from heapwatch.web.settings import Settings
from heapwatch.wire.batch import encode

pytestmark = pytest.mark.store

TRACE = """2026-11-01 10:00:00,123 ERROR [main] c.s.Shop - cannot sell
java.lang.IllegalStateException: sold out
\tat com.shop.Shop.sell(Shop.java:42)
Caused by: java.io.IOException: no shelf
\t... 3 more"""
TEN = 1_793_527_200_000


def send(server: Server, body: bytes | str, query: str, **headers: str) -> httpx2.Response:
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.http.post(f"/api/v1/logs?{query}", content=content, headers=named)


def stored(server: Server, host: str, start: str = "-3650d") -> list[dict[str, Any]]:
    asked = {"host": host, "format": "logs", "from": start, "to": "now-0s"}
    answer = server.http.get("/api/v1/export", params=asked)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def texts(server: Server, host: str) -> list[str]:
    return [message["text"] for message in stored(server, host)]


def rejects(server: Server) -> dict[str, int]:
    counts: dict[str, dict[str, int]] = server.http.get("/api/v1/ingest/rejects").json()["counts"]
    return counts.get("logs", {})


def test_a_log_file_can_be_piped_to_curl(server: Server) -> None:
    body = f"{TRACE}\n2026-11-01 10:00:01,000 INFO  [main] c.s.Shop - next\n"
    answer = send(server, body, "host=curl&jvm=shop&category=app&name=app.log&label.env=prod")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "stored": True,
        "duplicate": False,
        "messages": 2,
        "rejected": {},
        "first": TEN + 123,
        "last": TEN + 1000,
    }
    first, second = stored(server, "curl")
    assert (first["time"], first["level"], first["text"]) == (TEN + 123, "error", TRACE)
    assert (second["time"], second["level"]) == (TEN + 1000, "info")
    assert first["labels"] == {
        "host": "curl",
        "_sourceHost": "curl",
        "jvm": "shop",
        "_sourceCategory": "app",
        "_sourceName": "app.log",
        "env": "prod",
    }


def test_lines_without_a_time_have_that_of_the_line_before_or_of_their_arrival(server: Server) -> None:
    began = now()
    send(server, "first\n2026-11-01 10:00:00 second\nthird\n", "host=untimed")
    found = {message["text"]: message["time"] for message in stored(server, "untimed")}
    assert began <= found["first"] <= now()
    assert found["2026-11-01 10:00:00 second"] == found["third"] == TEN


def test_json_lines_have_their_time_and_level_and_lose_nothing(server: Server) -> None:
    whole = '{"ts": 1793527201.5, "level": "info", "msg": "sold", "order": 4711}'
    body = f'{{"time": "2026-11-01T10:00:00Z", "level": "WARN", "message": "slow"}}\n{whole}\nplain text\n'
    assert send(server, body, "host=json").json()["messages"] == 3
    found = [(message["time"], message["level"], message["text"]) for message in stored(server, "json")]
    assert found == [
        (TEN, "warn", "slow"),
        (TEN + 1500, "info", whole),
        (TEN + 1500, "", "plain text"),
    ]


def test_a_bad_json_line_is_counted_and_its_neighbours_stay(server: Server) -> None:
    before = rejects(server).get("bad-json", 0)
    body = '{"msg": "one"}\n{"msg": \n\nnot json\n{"msg": "two"}\n'
    answer = send(server, body, "host=badjson", content_type="application/x-ndjson").json()
    assert (answer["messages"], answer["rejected"]) == (2, {"bad-json": 2})
    assert texts(server, "badjson") == ["one", "two"]
    assert rejects(server)["bad-json"] == before + 2


def test_a_json_array_is_as_good_as_lines(server: Server) -> None:
    body = json.dumps([{"msg": "one"}, {"msg": "two"}, 7])
    answer = send(server, body, "host=array", content_type="application/json").json()
    assert (answer["messages"], answer["rejected"]) == (2, {"bad-json": 1})
    assert texts(server, "array") == ["one", "two"]


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress), ("", gzip.compress)]
)
def test_bodies_may_be_packed(server: Server, encoding: str, pack: Any) -> None:
    headers = {"content_encoding": encoding} if encoding else {}
    host = f"packed-{encoding or 'sniffed'}"
    assert send(server, pack(b"one\ntwo\n"), f"host={host}", **headers).status_code == 200
    assert texts(server, host) == ["one", "two"]


def test_bytes_that_are_no_utf_8_come_in_with_what_can_be_read(server: Server) -> None:
    send(server, b"caf\xe9 sold\nna\xc3\xafve\n", "host=latin")
    bad, good = texts(server, "latin")
    assert bad.startswith("caf")
    assert bad.endswith(" sold")
    assert good == "naïve"


def test_a_pattern_of_first_lines_keeps_messages_together(server: Server) -> None:
    query = "host=pattern&first_line=%5E%23%20"  # ^# and a blank
    assert send(server, "# one\nfree\ntext\n# two\n", query).json()["messages"] == 2
    assert texts(server, "pattern") == ["# one\nfree\ntext", "# two"]


def test_times_without_an_offset_are_in_the_zone_that_is_named(server: Server) -> None:
    send(server, "2026-11-01 12:00:00 x\n2026-11-01T10:00:00Z y", "host=zone&zone=%2B02:00")
    assert [message["time"] for message in stored(server, "zone")] == [TEN, TEN]


def test_a_replay_under_the_same_key_is_stored_once(server: Server) -> None:
    def answers(**headers: str) -> Sequence[bool]:
        return [send(server, "again\n", "host=keyed", **headers).json()["duplicate"] for _ in range(2)]

    assert answers(idempotency_key="upload-1") == [False, True]
    assert answers(idempotency_key="upload-2") == [False, True]
    assert answers(content_digest="sha-256=:x:") == [False, True]
    assert answers() == [False, False]
    assert texts(server, "keyed") == ["again"] * 5


def test_a_replay_is_known_after_the_server_was_killed(server: Server) -> None:
    assert send(server, "once\n", "host=killed", idempotency_key="k").json()["duplicate"] is False
    server.kill()
    server.start()
    assert send(server, "once\n", "host=killed", idempotency_key="k").json()["duplicate"] is True
    assert texts(server, "killed") == ["once"]


@pytest.mark.parametrize(
    ("body", "query", "status", "told"),
    [
        ("", "host=bad", 422, "no log message in the body"),
        ("\n\n", "host=bad", 422, "no log message in the body"),
        ("x", "host=bad&first_line=(", 400, "first_line: '(' is no pattern"),
        ("x", "host=bad&zone=Mars", 400, "zone: 'Mars' is no offset"),
        ("x", "host=bad&form=xml", 400, "form"),
        ("x", "host=bad&categry=x", 400, "did you mean category?"),
        ("x", "host=bad&label.1x=y", 400, "label.1x"),
        ("[", "host=bad&form=json", 422, "neither a JSON array nor JSON lines"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_the_reason(
    server: Server, body: str, query: str, status: int, told: str
) -> None:
    answer = send(server, body, query)
    assert answer.status_code == status
    assert told in answer.json()["error"]["message"] + answer.json()["error"].get("hint", "")
    assert stored(server, "bad") == []


def test_a_sender_that_does_not_say_its_host_is_known_by_its_address(server: Server) -> None:
    send(server, "who am I\n", "category=anonymous")
    assert "who am I" in texts(server, "127.0.0.1")


def test_headers_of_a_hosted_collector_say_the_same_as_parameters(server: Server) -> None:
    send(server, "x\n", "", x_sumo_host="sumo", x_sumo_category="app", x_sumo_name="a.log")
    (message,) = stored(server, "sumo")
    assert (message["labels"]["_sourceCategory"], message["labels"]["_sourceName"]) == ("app", "a.log")


def test_an_export_ends_only_with_the_last_message_however_many_share_a_moment(server: Server) -> None:
    lines = "".join(f"2026-11-01 10:00:00 line {number}\n" for number in range(12_345))
    assert send(server, lines, "host=many").json()["messages"] == 12_345
    assert texts(server, "many") == lines.splitlines()


def test_the_door_counts_what_comes_through(server: Server) -> None:
    def door() -> dict[str, Any]:
        doors = server.http.get("/api/v1/status").json()["doors"]
        return next(each for each in doors if each["name"] == "logs")

    before = door()
    send(server, "one\ntwo\n", "host=counted")
    assert door()["samples"] == before["samples"] + 2
    assert door()["requests"] == before["requests"] + 1


def test_syslog_of_the_real_logger_is_stored_with_who_said_it(
    needs: Callable[[str], str], tmp_path: Path
) -> None:
    with Server(tmp_path / "data", syslog_listen="127.0.0.1:0") as server:
        host, port = server.ports["syslog"]
        to = ["--server", host, "--port", str(port), "--tcp", "--octet-count", "--tag", "shop", "--id=4711"]
        subprocess.run([needs("logger"), *to, "--priority", "user.err", "cannot sell"], check=True)
        assert server.stop() == 0  # what has arrived is stored
        server.start()
        (message,) = stored(server, socket.gethostname().partition(".")[0])
        assert (message["level"], message["labels"]["_sourceName"]) == ("error", "shop")
        assert message["text"] == "shop[4711]: cannot sell"
        doors = {door["name"]: door for door in server.http.get("/api/v1/status").json()["doors"]}
        assert doors["syslog-udp"]["address"] == doors["syslog-tcp"]["address"] != ""


def test_syslog_from_outside_needs_networks(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--syslog-allow"):
        serve(Settings(data=tmp_path, listen="127.0.0.1:0", graphite_listen="off", syslog_listen=":0"))


def test_messages_in_an_agents_batch_are_stored_with_it_once(server: Server) -> None:
    labels = {
        "host": "agents",
        "jvm": "shop",
        "pid": "7",
        "started": "1793527100000",
        "_sourceCategory": "app",
    }
    block = LogBlock(labels, array("q", [TEN, TEN]), ["ERROR one\n\tat A.b", "two"], ["", "warn"])
    data = encode(Batch("tail-1", 1, logs=[block]))
    answers = [server.http.post("/api/v1/batch", content=data).json()["duplicate"] for _ in range(2)]
    assert answers == [False, True]
    agents = {each["id"]: each for each in server.http.get("/api/v1/status").json()["agents"]}
    assert agents["tail-1"]["host"] == "agents"
    assert [(each["level"], each["text"]) for each in stored(server, "agents")] == [
        ("error", "ERROR one\n\tat A.b"),
        ("warn", "two"),
    ]


def test_histograms_are_kept_as_messages_when_the_server_is_told_so(tmp_path: Path) -> None:
    with Server(tmp_path / "data", keep_histograms_as_logs=True) as server:
        server.http.post("/api/v1/histogram?host=histo&jvm=shop", content=TEXT)
        (message,) = stored(server, "histo")
        assert message["labels"]["_sourceCategory"] == "heapwatch/histogram"
        assert parse(message["text"]) == parse(TEXT)
