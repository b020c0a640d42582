"""The query language over HTTP: answers in every form, errors with their place, limits, streams."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import httpx2
import pytest
from histograms import batch, now
from servers import Server

from heapwatch.model import Batch
from heapwatch.web import queries
from heapwatch.wire.batch import encode

pytestmark = pytest.mark.store

BEGIN = now() // 60_000 * 60_000 - 600_000
STEPS = 20


@pytest.fixture(scope="module", autouse=True)
def _filled(server: Server) -> None:
    """Two hosts, ten minutes, one leaking class; and what the application said meanwhile."""
    for host in ("web1", "web2"):
        steps = [
            batch(step, BEGIN + step * 30_000, f"agent-{host}", host, 40 + step) for step in range(STEPS)
        ]
        everything = Batch(
            f"agent-{host}",
            1,
            [snapshot for each in steps for snapshot in each.snapshots],
            [block for each in steps for block in each.metrics],
            [],
        )
        server.http.post("/api/v1/batch", content=encode(everything)).raise_for_status()
    say(server, "ERROR no room in cart 17", "INFO cart 18 is full", "ERROR no room in cart 19")


def say(server: Server, *texts: str) -> None:
    lines = "".join(json.dumps({"time": now(), "text": text}) + "\n" for text in texts)
    headers = {"Content-Type": "application/x-ndjson"}
    server.http.post("/api/v1/logs?host=web1&jvm=shop", content=lines, headers=headers).raise_for_status()


def ask(server: Server, query: str, **given: Any) -> httpx2.Response:
    return server.http.post("/api/v1/query", json={"query": query, **given})


def test_a_metric_query_is_answered_by_rows(server: Server) -> None:
    answer = ask(server, "metric=heap.instances class=shop.Cart* | sum by host\n#A | sum", interval="1m")
    assert answer.status_code == 200, answer.text
    found = queries.QueryAnswer.model_validate_json(answer.content)
    assert [row.letter for row in found.rows] == ["A", "B"]
    assert [series.labels for series in found.rows[0].series] == [{"host": "web1"}, {"host": "web2"}]
    assert found.rows[0].interval_s == 60
    newest = [value for value in found.rows[1].series[0].values if value is not None][-1]
    assert newest == 2 * (40 + STEPS - 1.5)


def test_a_link_asks_the_same(server: Server) -> None:
    query = {
        "query": "metric=heap.bytes | sum",
        "from": str(BEGIN),
        "to": str(BEGIN + 600_000),
        "interval": "2m",
    }
    by_link = server.http.get("/api/v1/query", params=query).json()
    by_body = server.http.post("/api/v1/query", json=query).json()
    assert by_link["rows"] == by_body["rows"]


def test_points_come_as_csv_and_json_lines(server: Server) -> None:
    query = {"query": "metric=heap.instances class=shop.* | sum by host", "interval": "5m"}
    text = server.http.post("/api/v1/query", json=query, headers={"Accept": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["host"] for row in rows} == {"web1", "web2"}
    assert all(float(row["value"]) > 0 and int(row["time"]) % 300_000 == 0 for row in rows)
    two = {"query": "metric=heap.bytes | sum\n#A | eval _value / 2", "interval": "5m"}
    lines = server.http.post("/api/v1/query?format=jsonl", json=two).text.splitlines()
    assert {json.loads(line)["row"] for line in lines} == {"A", "B"}


def test_a_table_comes_as_csv(server: Server) -> None:
    text = f"metric=heap.bytes host=web1 | diff between {BEGIN} and now"
    answer = server.http.post("/api/v1/query?format=csv", json={"query": text})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert "shop.Cart$Item" in {row["class"] for row in rows}


@pytest.mark.parametrize("route", ["query", "query/check", "query/format"])
def test_an_error_says_where_it_is_and_what_was_expected(server: Server, route: str) -> None:
    answer = server.http.post(f"/api/v1/{route}", json={"query": "metric=heap.bytes\n| smu by host"})
    assert answer.status_code == 400
    told = answer.json()["error"]
    assert told.pop("expected")[:1] == ["accum"]
    assert told == {
        "code": "bad_query",
        "message": "unknown operator 'smu'",
        "hint": "did you mean sum?",
        "line": 2,
        "column": 3,
        "start": 20,
        "end": 23,
    }


def test_errors_of_log_queries_have_places_too(server: Server) -> None:
    answer = server.http.post("/api/v1/logs/query", json={"query": "error | cuont by host"})
    assert answer.status_code == 400
    assert answer.json()["error"]["column"] == 9


def test_parameters_that_are_none_are_refused_by_name(server: Server) -> None:
    assert "form" in ask(server, "a", form="-1h").json()["error"]["message"]
    assert ask(server, "a", **{"from": "now", "to": "-1h"}).status_code == 400
    assert "from" in ask(server, "a", **{"from": "yesterday"}).json()["error"]["message"]
    assert "interval" in ask(server, "a", interval="fast").json()["error"]["message"]


def test_a_query_for_too_much_gets_one_that_would_fit(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Server(tmp_path_factory.mktemp("small") / "data", query_series=1) as server:
        for host in ("web1", "web2"):
            server.http.post("/api/v1/batch", content=encode(batch(1, None, host, host))).raise_for_status()
        answer = ask(server, "metric=heap.bytes | sum by host", to="now+1m")
        assert answer.status_code == 422
        told = answer.json()["error"]
        assert told["code"] == "too_big"
        assert "more than 1" in told["message"]
        assert ask(server, told["suggestion"], to="now+1m").status_code == 200


def test_logs_are_messages_or_what_is_made_of_them(server: Server) -> None:
    found = server.http.post("/api/v1/logs/query", json={"query": "error room", "limit": 1, "to": "now+1m"})
    assert found.status_code == 200, found.text
    messages = queries.LogAnswer.model_validate_json(found.content)
    assert (messages.kind, messages.total, len(messages.columns["_text"])) == ("messages", 2, 1)
    counted = server.http.post("/api/v1/logs/query", json={"query": "cart | count by _level", "to": "now+1m"})
    table = queries.LogAnswer.model_validate_json(counted.content)
    assert table.kind == "aggregate"
    assert sorted(zip(table.columns["_level"], table.columns["_count"], strict=True)) == [
        ("error", 2),
        ("info", 1),
    ]
    text = server.http.post("/api/v1/logs/query?format=csv", json={"query": "full", "to": "now+1m"}).text
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["_text"] == "INFO cart 18 is full"


def test_messages_are_streamed_as_they_arrive(server: Server) -> None:
    with server.http.stream("GET", "/api/v1/logs/tail", params={"query": "error", "last": 1}) as stream:
        pages = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        assert next(pages)["columns"]["_text"] == ["ERROR no room in cart 19"]
        say(server, "INFO nothing", "ERROR again")
        assert next(pages)["columns"]["_text"] == ["ERROR again"]


def test_a_stream_of_a_table_is_refused_before_it_begins(server: Server) -> None:
    answer = server.http.get("/api/v1/logs/tail", params={"query": "error | count"})
    assert answer.status_code == 400


def test_queries_are_formatted_and_completed(server: Server) -> None:
    answer = server.http.post("/api/v1/query/format", json={"query": "a|SUM  by host // x"})
    assert answer.json() == {"query": "a | sum by host // x"}
    answer = server.http.post("/api/v1/query/complete", json={"query": "host=we | sum", "position": 7})
    found = queries.Completion.model_validate_json(answer.content)
    assert (found.from_, found.to) == (5, 7)
    assert [item.text for item in found.items] == ["web1", "web2"]
    body = {"query": "error | cou", "position": 11, "language": "logs"}
    items = server.http.post("/api/v1/query/complete", json=body).json()["items"]
    assert items[0]["text"].startswith("count")
    assert server.http.post("/api/v1/query/check", json={"query": "a | sum"}).json() == {"ok": True}
    assert server.http.post("/api/v1/query/check", json={"query": "a", "language": "logs"}).json() == {
        "ok": True
    }


def test_metrics_are_found_by_part_of_their_name(server: Server) -> None:
    names = server.http.get("/api/v1/metrics", params={"match": "after"}).json()["metrics"]
    assert {each["metric"] for each in names} == {"jvm.heap.after_gc"}


def test_a_server_stops_although_somebody_watches(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Server(tmp_path_factory.mktemp("watched") / "data") as server:
        say(server, "ERROR one")
        with server.http.stream("GET", "/api/v1/logs/tail", params={"query": "error", "last": 1}) as stream:
            assert next(line for line in stream.iter_lines() if line.startswith("data: "))
            assert server.stop() == 0


def test_streams_are_bounded(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Server(tmp_path_factory.mktemp("few") / "data", live_clients=1) as server:
        say(server, "ERROR one")
        with server.http.stream("GET", "/api/v1/logs/tail", params={"query": "error", "last": 1}) as stream:
            lines = stream.iter_lines()  # kept: without it the stream would be closed
            while not next(lines).startswith("data: "):
                pass
            with server.http.stream("GET", "/api/v1/logs/tail") as refused:
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
