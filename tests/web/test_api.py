"""Every question of the API on real data: the answers have the shapes that /openapi.json promises."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from typing import Any

import httpx2
import pytest
from histograms import batch, now
from servers import Server

from heapwatch.jvm import histogram
from heapwatch.model import Batch
from heapwatch.web import access_answers, answers
from heapwatch.wire.batch import encode

pytestmark = pytest.mark.store

BEGIN = now() - 600_000
STEPS = 20
AGENT = {"User-Agent": "heapwatch/9.8.7"}


@pytest.fixture(scope="module", autouse=True)
def _filled(server: Server) -> None:
    """Two hosts, ten minutes, one leaking class."""
    for host in ("web1", "web2"):
        steps = [
            batch(step, BEGIN + step * 30_000, f"agent-{host}", host, 40 + step * 10) for step in range(STEPS)
        ]
        everything = Batch(
            f"agent-{host}",
            1,
            [snapshot for each in steps for snapshot in each.snapshots],
            [block for each in steps for block in each.metrics],
            [event for each in steps for event in each.events],
        )
        server.http.post("/api/v1/batch", content=encode(everything), headers=AGENT).raise_for_status()


def get(server: Server, path: str, **query: Any) -> httpx2.Response:
    return server.http.get(f"/api/v1/{path}", params={key.rstrip("_"): value for key, value in query.items()})


QUESTIONS: list[tuple[str, dict[str, Any], type[answers.Model]]] = [
    ("jvms", {}, answers.Jvms),
    ("jvms", {"host": "web*", "label.env": "prod"}, answers.Jvms),
    ("fleet", {}, answers.Fleet),
    ("fleet", {"sort": "bytes", "order": "asc", "limit": 1, "filter": "web", "group": "env"}, answers.Fleet),
    ("totals", {}, answers.Totals),
    ("totals", {"host": "web1", "from": "-15m", "to": "now", "interval": "1m"}, answers.Totals),
    ("top", {"jvm": "shop", "by": "instances", "n": 2}, answers.Values),
    ("classes", {"host": "web1", "jvm": "shop"}, answers.Classes),
    ("classes", {"host": "web1", "before": BEGIN, "sort": "delta_bytes", "filter": "Cart"}, answers.Classes),
    ("packages", {"host": "web1", "before": BEGIN}, answers.Packages),
    ("class", {"class": "shop.Cart$Item"}, answers.ClassHistory),
    ("class", {"class": ["shop.*", "byte[]"], "by": "host"}, answers.ClassHistory),
    ("class_names", {"match": "cart"}, answers.ClassNames),
    ("labels", {}, answers.Labels),
    ("labels/host/values", {}, answers.LabelValues),
    ("metric", {"metric": "jvm.heap.used", "rollup": "max"}, answers.Values),
    ("metrics", {}, answers.MetricNames),
    ("snapshots", {}, answers.Snapshots),
    ("snapshot", {"host": "web1", "at": BEGIN}, answers.StoredHistogram),
    ("events", {}, answers.Events),
    ("status", {}, answers.Status),
    ("ingest/rejects", {}, answers.RejectList),
    ("whoami", {}, access_answers.Who),
    ("signin", {}, access_answers.SignInWays),
    ("users", {}, access_answers.UserList),
    ("audit", {}, access_answers.AuditEntries),
    ("tokens", {}, access_answers.TokenList),
]


@pytest.mark.parametrize(
    ("path", "query", "shape"), QUESTIONS, ids=[f"{q[0]}-{len(q[1])}" for q in QUESTIONS]
)
def test_an_answer_has_the_shape_that_was_promised(
    server: Server, path: str, query: dict[str, Any], shape: type[answers.Model]
) -> None:
    answer = get(server, path, **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    shape.model_validate_json(answer.content)


def test_the_class_that_leaks_is_first_in_the_difference(server: Server) -> None:
    found = get(server, "classes", host="web1", jvm="shop", before=BEGIN, sort="delta_bytes").json()
    columns = found["columns"]
    assert columns["class"][0] == "shop.Cart$Item"
    assert columns["delta_instances"][0] == (STEPS - 1) * 10
    assert found["before"]["time"] == BEGIN
    assert found["after"]["time"] == BEGIN + (STEPS - 1) * 30_000


def test_a_class_over_hosts_is_a_series_a_host(server: Server) -> None:
    found = get(server, "class", class_="shop.Cart$Item", by="host").json()
    assert sorted(series["labels"]["host"] for series in found["series"]) == ["web1", "web2"]
    newest = [[value for value in series["instances"] if value is not None][-1] for series in found["series"]]
    assert newest == [40 + (STEPS - 1) * 10] * 2


def test_a_stored_histogram_comes_back_as_jmap_prints_it(server: Server) -> None:
    answer = get(server, "snapshot", host="web1", at=BEGIN, format="text")
    assert answer.headers["content-type"].startswith("text/plain")
    found = histogram.parse(answer.text)
    assert dict(zip(found.classes, found.instances, strict=True))["shop.Cart$Item"] == 40


def test_tables_come_as_csv_and_json_lines_too(server: Server) -> None:
    answer = server.http.get("/api/v1/classes?host=web1", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["class"] for row in rows} == {"byte[]", "java.lang.String", "shop.Cart$Item"}
    lines = [
        json.loads(line) for line in get(server, "totals", host="web1", format="jsonl").text.splitlines()
    ]
    assert {line["host"] for line in lines} == {"web1"}
    assert all(line["bytes"] > 0 for line in lines)


def test_everything_can_be_exported_and_read_back(server: Server) -> None:
    lines = get(server, "export", host="web1").text.splitlines()
    assert len(lines) == STEPS
    first = json.loads(lines[0])
    assert (first["host"], first["time"], first["heap"]["heap_max"]) == ("web1", BEGIN, 2e8)
    packed = io.BytesIO(get(server, "export", host="web1", format="text-tar").content)
    with tarfile.open(fileobj=packed) as archive:
        names = archive.getnames()
        file = archive.extractfile(names[0])
        assert file
        text = file.read().decode()
    assert len(names) == STEPS
    assert names[0] == f"web1/shop/4711-1790000000000/{BEGIN}.all.histo"
    assert histogram.parse(text).total_bytes == 96_000 + 21_600 + 40 * 32


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("totals?form=-1h", 400, "form: this route has no such parameter; did you mean format or from?"),
        ("totals?from=yesterday", 400, "from: 'yesterday' is not a moment such as"),
        ("totals?from=2026-11-22T10:00:00", 400, "from: '2026-11-22T10:00:00' has no time zone"),
        ("totals?from=now&to=-1h", 400, "from: 'now' is not before to='-1h'"),
        ("totals?interval=soon", 400, "interval: 'soon' is not an interval such as 10s"),
        ("totals?mode=dead", 400, "mode: Input should be 'all' or 'live' (got 'dead')"),
        ("totals?host=wbe1", 404, "did you mean"),
        ("top?n=0", 400, "n: Input should be greater than or equal to 1 (got '0')"),
        ("top?by=age", 400, "by: Input should be 'bytes' or 'instances'"),
        ("fleet?sort=mood", 400, "mood"),
        ("classes?host=web1&format=xml", 400, "format: expected json, csv"),
        ("class", 400, "class: Field required"),
        ("class?class=shop.Crat$Item", 404, "did you mean shop.Cart$Item"),
        ("class?" + "&".join(f"class=c{n}" for n in range(101)), 400, "class: at most 100"),
        ("metric?metric=jvm.heap.usde", 404, "did you mean jvm.heap.used"),
        ("classes?jvm=nobody", 404, "nobody"),
        ("snapshot?host=web*", 404, "2 JVMs fit where one is needed"),
        ("labels/mood/values", 404, "mood"),
        ("nothing", 404, "nothing"),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_was_wrong(
    server: Server, path: str, status: int, said: str
) -> None:
    answer = server.http.get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert said in error["message"]
    assert "\n" not in error["message"]
    assert error["code"] in ("bad-parameter", "not-found")


def test_large_answers_are_compressed(server: Server) -> None:
    answer = get(server, "export", host="web1")
    assert answer.status_code == 200
    answer = server.http.get("/api/v1/snapshots", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


def test_status_tells_of_doors_and_agents(server: Server) -> None:
    told = get(server, "status").json()
    doors = {door["name"]: door for door in told["doors"]}
    assert doors["batch"]["requests"] == 2
    assert doors["batch"]["samples"] > 0
    assert doors["graphite-tcp"]["address"].startswith("127.0.0.1:")
    one, two = told["agents"]
    assert (one["id"], one["host"], one["version"], one["sequence"]) == ("agent-web1", "web1", "9.8.7", 1)
    assert two["id"] == "agent-web2"
    assert abs(one["last_seen"] - now()) < 60_000
    assert 0 <= one["lag"] < 600
    assert told["ready"] is True


def test_the_servers_own_figures_are_for_prometheus_to_read(server: Server) -> None:
    answer = server.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    figures = {
        line.rpartition(" ")[0]: line.rpartition(" ")[2]
        for line in answer.text.splitlines()
        if line[0] != "#"
    }
    assert float(figures['heapwatch_door_requests_total{door="batch"}']) == 2
    assert float(figures["heapwatch_insert_seconds_count"]) > 0
    assert float(figures['heapwatch_agent_lag_seconds{agent="agent-web1"}']) >= 0
    assert any(name.startswith("heapwatch_http_request_seconds_bucket") for name in figures)


def test_what_a_client_makes_up_does_not_become_a_figure(server: Server) -> None:
    assert server.http.request("BREW", "/api/v1/jvms").status_code == 405
    assert server.http.get("/api/v1/made-up-4711").status_code == 404
    text = server.http.get("/metrics").text
    assert 'method="other"' in text
    assert "BREW" not in text
    assert "4711" not in text


@pytest.mark.parametrize("path", ["/healthz", "/-/healthy", "/readyz", "/-/ready"])
def test_health_is_for_everybody(server: Server, path: str) -> None:
    answer = server.http.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "problems": []})


def test_the_documentation_needs_no_other_host(server: Server) -> None:
    page = server.http.get("/docs").text
    described = server.http.get("/openapi.json").json()
    for path in described["paths"]:
        assert path in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert server.http.get("/docs/style.css").headers["content-type"].startswith("text/css")


def test_every_route_is_described_with_its_answer(server: Server) -> None:
    described = server.http.get("/openapi.json").json()
    streams = {"/api/v1/live", "/api/v1/logs/tail", "/api/v1/export", "/api/v1/report", "/metrics"}
    streams |= {"/v1/metrics", "/v1/logs"}  # OTLP's own answers
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            assert operation["description"], (path, method)
            if path not in streams and not {"204", "303"} & set(operation["responses"]):
                made = (path, method) in (("/api/v1/tokens", "post"), ("/api/v1/users", "post"))
                status = "201" if made else "200"
                assert operation["responses"][status]["content"]["application/json"]["schema"], (path, method)
    assert "class" in described["components"]["schemas"]["ClassColumns"]["properties"]
    assert "from" in described["components"]["schemas"]["Totals"]["properties"]
