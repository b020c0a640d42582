"""Scraping: real exporters on loopback, and every way in which a target can fail."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from peers import asked_until, running
from prometheus_client import CollectorRegistry, Counter, Gauge, Info
from prometheus_client.exposition import start_http_server
from servers import DidNotStart, Server

pytestmark = pytest.mark.store


@contextmanager
def scraping(tmp_path: Path, *jobs: dict[str, Any], **more: Any) -> Iterator[Server]:
    """A server that scrapes these jobs every second."""
    config = tmp_path / "prometheus.yml"
    common = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    config.write_text(yaml.safe_dump({"global": {**common, **more}, "scrape_configs": list(jobs)}))
    with Server(tmp_path / "data", scrape=str(config)) as server:
        yield server


def static(*targets: str, **labels: str) -> list[dict[str, Any]]:
    return [{"targets": list(targets), "labels": labels}]


@contextmanager
def answering(body: bytes = b"", status: int = 200, more: bytes = b"") -> Iterator[tuple[str, list[Any]]]:
    """A target that gives one answer; its address and the requests it got."""
    requests: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append((self.path, dict(self.headers)))
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body + more)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()


def latest(series: dict[str, Any]) -> float:
    return [value for value in series["values"] if value is not None][-1]  # type: ignore[no-any-return]


def target(server: Server, job: str, health: str, error: str = "") -> dict[str, Any]:
    """The row of a job's one target, once it is as healthy as that and says so."""
    for _ in range(1200):
        asked_until(server, f"metric=up job={job}", bool)
        rows = server.http.get("/api/v1/targets").json()["targets"]
        (row,) = [each for each in rows if each["job"] == job]
        if row["health"] == health and error in row["error"]:
            return row  # type: ignore[no-any-return]
        time.sleep(0.05)
    raise AssertionError(row)


def test_a_python_exporter_is_scraped_with_the_labels_of_its_job(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    Gauge("queue_length", "", ["kind"], registry=registry).labels("a b").set(7)
    Counter("orders", "", registry=registry).inc(3)
    Info("build", "", registry=registry).info({"version": "1.2"})
    exporter, thread = start_http_server(0, "127.0.0.1", registry)
    address = f"127.0.0.1:{exporter.server_port}"
    try:
        job = {"job_name": "shop", "static_configs": static(address, team="sales")}
        with scraping(tmp_path, job, external_labels={"dc": "west"}) as server:
            (series,) = asked_until(server, "metric=queue_length", bool)
            labels = {"dc": "west", "instance": address, "job": "shop", "kind": "a b", "team": "sales"}
            assert labels.items() <= series["labels"].items()  # type: ignore[attr-defined]
            assert latest(series) == 7
            (orders,) = asked_until(server, "metric=orders_total job=shop", bool)
            assert latest(orders) == 3
            row = target(server, "shop", "up")
            assert (row["url"], row["error"]) == (f"http://{address}/metrics", "")
            assert row["samples"] >= 3
            (scraped,) = asked_until(server, "metric=scrape_samples_scraped job=shop", bool)
            assert latest(scraped) == row["samples"]
            doors = {door["name"]: door for door in server.http.get("/api/v1/status").json()["doors"]}
            assert doors["scrape"]["samples"] > 0
    finally:
        exporter.shutdown()
        exporter.server_close()
        thread.join()


def test_prometheus_itself_is_scraped(needs: Callable[[str], str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (tmp_path / "none.yml").write_text("{}")
    command = [
        needs("prometheus"),
        f"--config.file={tmp_path}/none.yml",
        f"--storage.tsdb.path={tmp_path}/tsdb",
    ]
    job = {"job_name": "prometheus", "static_configs": static(address)}
    with (
        running([*command, f"--web.listen-address={address}"], tmp_path / "log"),
        scraping(tmp_path, job) as server,
    ):
        asked_until(server, "metric=prometheus_build_info job=prometheus", bool)
        target(server, "prometheus", "up")
        assert "scrape" not in {
            door
            for door, reasons in server.http.get("/api/v1/ingest/rejects").json()["counts"].items()
            if set(reasons) - {"failed", "not-finite"}
        }


def test_targets_that_fail_say_why_and_cost_the_others_nothing(tmp_path: Path) -> None:
    with (
        answering(b"fine 1\n") as (fine, _),
        answering(b"", 503) as (broken, _),
        answering(b"a 1\nb 2\nc 3\n") as (many, _),
        answering(b"x 1\n" * 1000) as (large, _),
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        mute = f"127.0.0.1:{silent.getsockname()[1]}"
        jobs = [
            {"job_name": "fine", "static_configs": static(fine)},
            {"job_name": "broken", "static_configs": static(broken)},
            {"job_name": "many", "static_configs": static(many), "sample_limit": 2},
            {"job_name": "large", "static_configs": static(large), "body_size_limit": "1KB"},
            {"job_name": "silent", "static_configs": static(mute)},
            {"job_name": "nobody", "static_configs": static("127.0.0.1:9")},
        ]
        with scraping(tmp_path, *jobs) as server:
            assert target(server, "fine", "up")["samples"] == 1
            many = "it has 3 samples, more than the job's sample_limit 2"
            target(server, "broken", "down", "it answers 503 Service Unavailable")
            target(server, "many", "down", many)
            target(server, "large", "down", "its text has more than 1024 bytes (body_size_limit)")
            target(server, "silent", "down", "no answer within 1 s")
            assert target(server, "nobody", "down")["error"]
            for name, up, rollup in (("fine", 1, "max"), ("broken", 0, "min"), ("silent", 0, "max")):
                query = f"metric=up job={name} | quantize to 1m using {rollup}"
                (series,) = asked_until(server, query, bool)
                assert max(value for value in series["values"] if value is not None) == up
            assert asked_until(server, "metric=a job=many", lambda _: True) == []
            assert server.http.get("/api/v1/ingest/rejects").json()["counts"]["scrape"]["failed"] >= 5


def test_labels_of_the_target_win_unless_the_job_honours_the_samples(tmp_path: Path) -> None:
    with answering(b'm{job="own",instance="i",x="y"} 1 1795341600000\n') as (address, _):
        jobs = [
            {"job_name": "strict", "static_configs": static(address), "honor_timestamps": False},
            {"job_name": "kind", "static_configs": static(address, env="prod"), "honor_labels": True},
        ]
        with scraping(tmp_path, *jobs) as server:
            (moved,) = asked_until(server, "metric=m job=strict", bool)
            assert (
                moved["labels"].items() >= {"exported_job": "own", "exported_instance": "i", "x": "y"}.items()
            )  # type: ignore[attr-defined]
            (kept,) = asked_until(server, "metric=m job=own", bool, ("1795341000", "1795342000"))
            theirs = {"env": "prod", "instance": "i", "job": "own"}
            assert kept["labels"].items() >= theirs.items()  # type: ignore[attr-defined]


def test_secrets_and_parameters_reach_the_target(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    with answering(b"ok 1\n") as (address, requests):
        basic = {"username": "me", "password": "x y"}
        jobs = [
            {
                "job_name": "basic",
                "static_configs": static(address),
                "basic_auth": basic,
                "metrics_path": "/b",
            },
            {
                "job_name": "bearer",
                "static_configs": static(address),
                "authorization": {"credentials_file": str(tmp_path / "secret")},
                "metrics_path": "/t",
                "params": {"module": ["a", "b c"]},
            },
        ]
        with scraping(tmp_path, *jobs) as server:
            target(server, "basic", "up")
            target(server, "bearer", "up")
    sent = dict(requests)
    assert sent["/b"]["Authorization"] == "Basic bWU6eCB5"
    assert sent["/t?module=a&module=b+c"]["Authorization"] == "Bearer s3cret"
    assert sent["/b"]["X-Prometheus-Scrape-Timeout-Seconds"] == "1"
    assert "s3cret" not in server.log.read_text()


def test_a_target_with_a_certificate_of_ones_own_is_scraped(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secret_page 1\n")

        def log_message(self, *args: Any) -> None:
            pass

    exporter = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    exporter.socket = context.wrap_socket(exporter.socket, server_side=True)
    threading.Thread(target=exporter.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{exporter.server_address[1]}"
    jobs = [
        {
            "job_name": "trusted",
            "scheme": "https",
            "static_configs": static(address),
            "tls_config": {"ca_file": str(tmp_path / "ca.pem")},
        },
        {"job_name": "strange", "scheme": "https", "static_configs": static(address)},
    ]
    try:
        with scraping(tmp_path, *jobs) as server:
            target(server, "trusted", "up")
            target(server, "strange", "down", "certificate")
            jobs[1]["tls_config"] = {"insecure_skip_verify": True}
            config = tmp_path / "prometheus.yml"
            config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), "scrape_configs": jobs}))
            server.http.post("/-/reload").raise_for_status()
            target(server, "strange", "up")
    finally:
        exporter.shutdown()
        exporter.server_close()


def test_files_of_targets_and_a_new_configuration_are_followed(tmp_path: Path) -> None:
    with answering(b"one 1\n") as (first, _), answering(b"two 2\n") as (second, _):
        listed = tmp_path / "shop.json"
        listed.write_text(json.dumps(static(first, env="prod")))
        job = {"job_name": "files", "file_sd_configs": [{"files": ["*.json"]}]}
        with scraping(tmp_path, job) as server:
            asked_until(server, "metric=one env=prod", bool)
            listed.write_text(json.dumps(static(second)))
            asked_until(server, "metric=two job=files", bool)
            assert [row["url"] for row in server.http.get("/api/v1/targets").json()["targets"]] == [
                f"http://{second}/metrics"
            ]
            config = tmp_path / "prometheus.yml"
            config.write_text(config.read_text().replace("files\n", "renamed\n"))
            assert server.http.post("/-/reload").status_code == 200
            asked_until(server, "metric=two job=renamed", bool)
            config.write_text("scrape_configs: [{job_name: ''}]")
            answer = server.http.post("/-/reload")
            assert answer.status_code == 400
            assert "scrape_configs[0].job_name" in answer.json()["error"]["message"]
            target(server, "renamed", "up")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "scrape_configs: [{job_name: a, relabel_configs: []}]",
            r"scrape_configs\[0\].relabel_configs: heapwatch does not know",
        ),
        ("scrape_configs: [{job_name: a, scrape_interval: soon}]", "'soon' is not a duration"),
        ("scrape_configs: [{job_name: a}, {job_name: a}]", "two jobs with the name 'a'"),
        ("scrape_configs: {", "is not YAML"),
        ("scrape_configs: [{job_name: a, body_size_limit: big}]", "'big' is not a size"),
    ],
)
def test_a_configuration_that_cannot_be_followed_is_refused_at_the_start(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "prometheus.yml").write_text(text)
    with pytest.raises(DidNotStart, match=told):
        Server(tmp_path / "data", scrape=str(tmp_path / "prometheus.yml"))
