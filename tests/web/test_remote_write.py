"""A real Prometheus writes to a real server, also to one that dies and comes back."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cramjam
import httpx2
import pytest
from histograms import now
from peers import running
from servers import Server

from heapwatch.errors import HeapwatchError, Refused, Truncated, Unavailable
from heapwatch.ingest.batcher import InsertFailed
from heapwatch.ingest.intake import Unsupported
from heapwatch.ingest.limits import TooMany, TooSlow
from heapwatch.ingest.messages import PROMETHEUS, PROMETHEUS_2
from heapwatch.web.routes.remote import told_as

pytestmark = pytest.mark.store

FIRST = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
SECOND = {**FIRST, "Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}
WRITTEN = "x-prometheus-remote-write-{}-written"

CONFIG = """
global: {{scrape_interval: 200ms, external_labels: {{env: prod}}}}
scrape_configs:
- job_name: heapwatch
  static_configs: [{{targets: ['{scraped}'], labels: {{host: web1}}}}]
remote_write:
- url: {url}/api/v1/write
  queue_config: {{batch_send_deadline: 100ms, min_backoff: 20ms, max_backoff: 200ms}}
"""


def packed(message: Any) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message.SerializeToString()))


def request(*series: tuple[dict[str, str], list[tuple[float, int]]]) -> bytes:
    """Version 1.0."""
    made = PROMETHEUS["WriteRequest"]()
    for labels, samples in series:
        one = PROMETHEUS["TimeSeries"](samples=[{"value": value, "timestamp": at} for value, at in samples])
        one.labels.extend(
            PROMETHEUS["Label"](name=name, value=value).SerializeToString() for name, value in labels.items()
        )
        made.timeseries.append(one.SerializeToString())
    return packed(made)


def points(server: Server, selector: str) -> dict[int, float]:
    """Values by second, added up over the series that fit."""
    asked = {"query": f"{selector} | quantize to 1s using latest | sum", "from": "-3m", "to": "now+1m"}
    answer = server.http.post("/api/v1/query", json=asked)
    assert answer.status_code == 200, answer.text
    row = answer.json()["rows"][-1]
    (series,) = row["series"] or [{"values": []}]
    found = zip(row["times"], series["values"], strict=False)
    return {at: value for at, value in found if value is not None}


def until(question: Callable[[], Any], patience: float = 60) -> Any:
    """Ask until the answer is yes; there is no event in another program to wait for."""
    end = time.monotonic() + patience
    while not (answer := question()):
        assert time.monotonic() < end, "it never was so"
        time.sleep(0.05)
    return answer


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def prometheus(program: str, folder: Path, url: str) -> Iterator[str]:
    """One that scrapes itself and writes to `url`; its address."""
    folder.mkdir()
    address = free_address()
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(scraped=address, url=url.rstrip("/")))
    command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    with running([*command, f"--web.listen-address={address}"], folder / "log"):
        yield f"http://{address}"


def asked(prometheus: str, query: str) -> list[Any]:
    found = httpx2.get(f"{prometheus}/api/v1/query", params={"query": query}, trust_env=False).json()
    result: list[Any] = found["data"]["result"]
    return result


def rejected(server: Server) -> dict[str, int]:
    counts: dict[str, dict[str, int]] = server.http.get("/api/v1/ingest/rejects").json()["counts"]
    return counts.get("remote-write", {})


def test_what_prometheus_scrapes_is_here(server: Server, needs: Callable[[str], str], tmp_path: Path) -> None:
    before = rejected(server)
    with prometheus(needs("prometheus"), tmp_path / "prometheus", server.url) as address:
        found = until(lambda: points(server, "metric=up job=heapwatch host=web1 env=prod"))
        assert set(found.values()) == {1.0}
        until(lambda: points(server, "metric=go_gc_duration_seconds_count job=heapwatch"))
        sent = "prometheus_remote_storage_samples"
        assert until(lambda: asked(address, f"{sent}_total > 0"))
        failed = asked(address, f"{sent}_failed_total")
        assert [value for _, value in (each["value"] for each in failed)] == ["0"]
    doors = {door["name"]: door for door in server.http.get("/api/v1/status").json()["doors"]}
    assert doors["remote-write"]["samples"] > 0
    assert rejected(server) == before


def test_nothing_is_lost_while_the_server_is_dead(
    needs: Callable[[str], str], tmp_path: Path, data: Path
) -> None:
    with Server(data) as server:
        port = httpx2.URL(server.url).port
        with prometheus(needs("prometheus"), tmp_path / "prometheus", server.url) as address:
            until(lambda: points(server, "metric=up job=heapwatch"))
            server.kill()
            failing = "rate(prometheus_remote_storage_samples_retried_total[10s]) > 0"
            until(lambda: asked(address, failing))
            server.flags["listen"] = f"127.0.0.1:{port}"
            server.start()
            back = now()
            until(lambda: max(points(server, "metric=up job=heapwatch"), default=0) > back)
            (scraped,) = asked(address, 'up{job="heapwatch"}[3m]')
            seconds = {int(at) for at, _ in scraped["values"] if at * 1000 < back}
            stored = {at // 1000 for at in points(server, "metric=up job=heapwatch")}
            assert seconds <= stored


def test_vmagent_writes_here_as_well(server: Server, needs: Callable[[str], str], tmp_path: Path) -> None:
    before = rejected(server)
    address = free_address()
    config = tmp_path / "scrape.yml"
    jobs = f"- job_name: vmagent\n  scrape_interval: 1s\n  static_configs: [{{targets: ['{address}']}}]\n"
    config.write_text(f"scrape_configs:\n{jobs}")
    command = [
        needs("vmagent"),
        f"-httpListenAddr={address}",
        f"-promscrape.config={config}",
        f"-remoteWrite.url={server.url.rstrip('/')}/api/v1/write",
        f"-remoteWrite.tmpDataPath={tmp_path / 'waiting'}",
    ]
    with running(command, tmp_path / "log"):
        until(lambda: points(server, "metric=up job=vmagent"))
        until(lambda: points(server, "metric=vmagent_remotewrite_requests_total status_code=2XX"))
    assert rejected(server).get("unsupported") == before.get("unsupported")


def test_a_request_that_comes_again_is_stored_once(data: Path) -> None:
    at = now()
    body = request(
        ({"__name__": "again"}, [(1.0, at - 5000), (2.0, at)]), ({"__name__": "other"}, [(1.0, at)])
    )
    with Server(data) as server:
        for _ in range(2):
            assert server.http.post("/api/v1/write", content=body, headers=FIRST).status_code == 204
        server.kill()
        server.start()
        assert server.http.post("/api/v1/write", content=body, headers=FIRST).status_code == 204
        asked = {"query": "metric=again | quantize to 1m using count | sum", "from": "-5m", "to": "now+1m"}
        answer = server.http.post("/api/v1/query", json=asked).json()
        (series,) = answer["rows"][-1]["series"]
        assert sum(filter(None, series["values"])) == 2


def test_204_is_said_when_all_is_stored(server: Server) -> None:
    body = request(
        ({"__name__": "told", "host": "web2", "jvm": "shop"}, [(1.0, now() - 30_000), (2.0, now())])
    )
    answer = server.http.post("/api/v1/write?label.team=pay", content=body, headers=FIRST)
    assert (answer.status_code, answer.content) == (204, b"")
    found = points(server, "metric=told host=web2 jvm=shop team=pay")
    assert sorted(found.values()) == [1.0, 2.0]


def test_a_request_that_is_stored_in_part_says_so(server: Server) -> None:
    at = now()
    body = request(({"__name__": "half"}, [(1.0, at), (2.0, 5)]), ({"job": "nameless"}, [(1.0, at)]))
    answer = server.http.post("/api/v1/write", content=body, headers=FIRST)
    assert answer.status_code == 400
    assert answer.text == (
        "2 of 3 samples were not stored: 1 bad-name, 1 time-too-old; the others are stored\n"
    )
    assert list(points(server, "metric=half").values()) == [1.0]
    counts = server.http.get("/api/v1/ingest/rejects").json()["counts"]["remote-write"]
    assert counts["time-too-old"] >= 1


def test_version_2_is_told_how_much_was_written(server: Server) -> None:
    at = now()
    message = PROMETHEUS_2["Request"](symbols=["", "__name__", "second", "job", "shop", "sizes"])
    message.timeseries.add(labels_refs=[1, 2, 3, 4], samples=[{"value": 3, "timestamp": at}], exemplars=[b""])
    message.timeseries.add(labels_refs=[1, 5], histograms=[{"count_int": 2, "sum": 9, "timestamp": at}])
    answer = server.http.post("/api/v1/write", content=packed(message), headers=SECOND)
    assert answer.status_code == 204
    written = [answer.headers[WRITTEN.format(what)] for what in ("samples", "histograms", "exemplars")]
    assert written == ["1", "1", "0"]
    assert list(points(server, "metric=second job=shop").values()) == [3.0]
    assert list(points(server, "metric=sizes_sum").values()) == [9.0]
    message.timeseries.add(labels_refs=[1, 99], samples=[{"value": 3, "timestamp": at}])
    answer = server.http.post("/api/v1/write", content=packed(message), headers=SECOND)
    assert answer.status_code == 400
    assert answer.headers[WRITTEN.format("samples")] == "1"


@pytest.mark.parametrize(
    ("headers", "body", "status", "words"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415, "send application/x-protobuf"),
        ({**FIRST, "Content-Encoding": "zstd"}, b"x", 415, "snappy"),
        (FIRST, b"\xff\xff", 400, "not a snappy block"),
        (FIRST, bytes(cramjam.snappy.compress_raw(b"\x0a\x7f")), 400, "Wire format was corrupt"),
        (FIRST, b"\xff\xff\xff\xff\x0f\0", 413, "send fewer"),
    ],
)
def test_what_will_never_be_right_is_not_asked_for_again(
    server: Server, headers: dict[str, str], body: bytes, status: int, words: str
) -> None:
    answer = server.http.post("/api/v1/write", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert words in answer.text
    assert answer.text.count("\n") == 1


def test_who_sends_too_much_is_told_when_to_come_again(data: Path) -> None:
    body = request(({"__name__": "flood"}, [(1.0, now())]))
    with Server(data, ingest_rate=0.001, ingest_burst=1) as server:
        assert server.http.post("/api/v1/write", content=body, headers=FIRST).status_code == 204
        answer = server.http.post("/api/v1/write", content=body, headers=FIRST)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unavailable("busy", retry_after=7), 503),
        (TooSlow("no byte came"), 503),
        (TooMany("too often", 7), 429),
        (InsertFailed("the store failed"), 500),
        (Truncated("cut"), 400),
        (Refused("no"), 400),
        (Unsupported("xml"), 415),
    ],
)
def test_only_what_never_can_go_well_is_said_to_be_so(error: HeapwatchError, status: int) -> None:
    told, headers = told_as(error)
    assert told == status
    assert ("retry-after" in {name.lower() for name in headers}) == (status in (429, 503))
