"""The server as a process: live streams, an orderly end, a full disk, reload, hostile connections."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from histograms import TEXT, batch, now
from servers import Server

from heapwatch.errors import UsageError
from heapwatch.web.serve import _bind_http, serve
from heapwatch.web.settings import Address, Settings
from heapwatch.wire.batch import encode
from heapwatch.workflow.audit import Audit

pytestmark = [pytest.mark.store, pytest.mark.e2e]


class Stream:
    """An open live stream, read in a thread of its own."""

    def __init__(self, server: Server, query: str = "") -> None:
        self._http = httpx2.Client(timeout=60, trust_env=False)
        self._context = self._http.stream("GET", f"{server.url}/api/v1/live?{query}")
        self.answer = self._context.__enter__()
        self._lines = self.answer.iter_lines()

    def next(self) -> tuple[str, Any]:
        """The next event; comments are passed over."""
        kind = ""
        for line in self._lines:
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return kind, json.loads(line.removeprefix("data: "))
        raise EOFError

    def close(self) -> None:
        self.answer.close()
        self._http.close()


@pytest.fixture
def stream(server: Server) -> Iterator[Callable[[str], Stream]]:
    opened: list[Stream] = []

    def open_(query: str = "") -> Stream:
        opened.append(Stream(server, query))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


def test_a_screen_hears_of_a_snapshot_as_soon_as_it_is_stored(
    server: Server, stream: Callable[[str], Stream]
) -> None:
    everything, other = stream(""), stream("host=other*")
    assert everything.answer.headers["content-type"].startswith("text/event-stream")
    assert everything.next()[0] == "hello"
    assert other.next()[0] == "hello"
    when = now()
    server.http.post("/api/v1/batch", content=encode(batch(1, when, "live-agent", "live1")))
    heard = [everything.next() for _ in range(3)]
    assert [kind for kind, _ in heard] == ["snapshot", "metrics", "event"]
    assert (heard[0][1]["host"], heard[0][1]["time"], heard[0][1]["classes"]) == ("live1", when, 3)
    assert heard[1][1]["values"]["jvm.heap.used"] == 5e7
    assert heard[2][1]["kind"] == "start"
    server.http.post("/api/v1/histogram?host=other1&jvm=shop", content=TEXT.encode())
    assert other.next()[1]["host"] == "other1"


def test_what_is_heard_live_can_be_asked_for_at_once(server: Server, stream: Callable[[str], Stream]) -> None:
    live = stream("host=asked")
    live.next()
    for number in range(3):
        when = now() - number * 1000
        server.http.post("/api/v1/batch", content=encode(batch(number + 2, when, "asked-agent", "asked")))
        kind, snapshot = live.next()
        assert kind == "snapshot"
        found = server.http.get("/api/v1/snapshot", params={"host": "asked", "at": snapshot["time"]}).json()
        assert found["time"] == when
        live.next()


def test_the_nc_line_of_the_story_fills_the_store(
    server: Server, stream: Callable[[str], Stream], needs: Callable[[str], str], tmp_path: Path
) -> None:
    nc = needs("nc")
    second = now() // 1000
    file = tmp_path / "histogram-in-graphite"
    rows = [
        f"memleak1.{kind}.app.C{n} {n * size} {second}"
        for n in range(500)
        for kind, size in (("count", 1), ("size", 16))
    ]
    file.write_text("\n".join([*rows, f"servers.web1.load 0.5 {second}"]))
    live = stream("host=memleak1")
    live.next()
    host, port = server.graphite
    subprocess.run(f"cat {file} | {nc} -q0 {host} {port}", shell=True, check=True, timeout=30)
    assert live.next()[1]["classes"] == 500
    table = server.http.get("/api/v1/classes", params={"host": "memleak1", "limit": 1000}).json()
    assert table["total"] == 500
    assert table["columns"]["bytes"][0] == 499 * 16
    metric = server.http.get("/api/v1/metric", params={"metric": "servers.web1.load"}).json()
    assert [value for value in metric["series"][0]["values"] if value is not None] == [0.5]


def test_sigterm_ends_streams_and_graphite_connections_and_exits_with_0(data: Path) -> None:
    with Server(data) as server:
        streams = [Stream(server) for _ in range(3)]
        for each in streams:
            each.next()
        idle = socket.create_connection(server.graphite)
        half = socket.create_connection(server.graphite)
        half.sendall(f"servers.web1.load 0.5 {now() // 1000}".encode())
        begun = time.monotonic()
        assert server.stop() == 0
        # Not a benchmark: uvicorn's own patience with clients that stay would be five seconds.
        assert time.monotonic() - begun < 20
        for each in streams:
            with pytest.raises((EOFError, httpx2.TransportError)):
                each.next()
            each.close()
        idle.close()
        half.close()
        server.start()
        metric = server.http.get("/api/v1/metric", params={"metric": "servers.web1.load"}).json()
        assert [value for value in metric["series"][0]["values"] if value is not None] == [0.5]


def test_a_second_ctrl_c_does_not_wait_for_slow_clients(data: Path) -> None:
    with Server(data) as server:
        host, port = server.url.removeprefix("http://").split(":")
        slow = socket.create_connection((host, int(port)))
        head = f"POST /api/v1/histogram?host=h&jvm=j HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n"
        slow.sendall(head.encode())
        while server.http.get("/api/v1/whoami").status_code != 200:
            pass
        server.send_signal(signal.SIGINT)
        while not any(entry["event"] == "stopping" for entry in server.logged()):
            pass
        server.send_signal(signal.SIGINT)
        assert server.gone() == 0
        slow.close()


def test_reload_takes_over_what_it_can_and_says_what_needs_a_restart(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('log_level = "warning"\nreaders = 2\n')
    with Server(data, config=str(file)) as server:
        file.write_text('log_level = "debug"\nreaders = 3\nallowed_hosts = ["hw.example.org"]\n')
        named = {"Host": "hw.example.org"}
        assert server.http.get("/api/v1/jvms", headers=named).status_code == 403
        told = server.http.post("/-/reload").json()
        assert told == {
            "reloaded": True,
            "changed": ["allowed_hosts", "log_level"],
            "restart_needed": ["readers"],
        }
        assert server.http.get("/api/v1/jvms", headers=named).status_code == 200
        file.write_text('log_level = "info"\n')
        server.send_signal(signal.SIGHUP)
        while server.http.get("/api/v1/jvms", headers=named).status_code != 403:
            pass
        while len(Audit(data).newest(9)) < 2:
            pass
        file.write_text("readers = 0\n")
        refused = server.http.post("/-/reload")
        assert refused.status_code == 400
        assert "readers" in refused.json()["error"]["message"]
        assert server.http.get("/readyz").status_code == 200
        server.send_signal(signal.SIGHUP)
        while len(reloads := Audit(data).newest(9)) < 4:
            pass
        assert [(each.who, each.outcome) for each in reversed(reloads)] == [
            ("anybody", "done"),
            ("signal", "done"),
            ("anybody", "failed"),
            ("signal", "failed"),
        ]
        told = [each.detail for each in reversed(reloads)]
        assert told[:2] == ["allowed_hosts, log_level; after a restart: readers"] * 2
        assert "readers" in told[2] == told[3]
        assert {(each.what, each.from_) for each in reloads} == {
            ("reload", "127.0.0.1"),
            ("reload", "SIGHUP"),
        }
        assert Audit(data).verify()[0] == reloads[0]


def test_hostile_bytes_on_the_http_port_leave_the_server_as_it_was(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    for junk in (
        os.urandom(3000),
        b"GET " + b"x" * 200_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"\n" * 5000,
        b"POST / HTTP/9.9\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            try:
                connection.sendall(junk)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:  # it hung up at once
                continue
    assert server.http.get("/readyz").json()["status"] == "ok"


def test_slow_connections_do_not_keep_others_from_being_answered(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(200)]
    for number, connection in enumerate(slow):
        connection.sendall(
            b"GET /api/v1/jvms HTT"
            if number % 2
            else b"POST /api/v1/batch HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
        )
    graphite = [socket.create_connection(server.graphite) for _ in range(100)]
    for connection in graphite:
        connection.sendall(b"a.b")
    answer = server.http.post("/api/v1/histogram?host=quick&jvm=shop", content=TEXT.encode())
    assert answer.json()["stored"] is True
    for connection in (*slow, *graphite):
        connection.close()


def test_a_port_that_is_taken_is_one_sentence(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            serve(Settings(data=data, listen=f"127.0.0.1:{port}"))
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port} for Graphite lines"):
            serve(Settings(data=data, listen="127.0.0.1:0", graphite_listen=f"127.0.0.1:{port}"))


def test_answers_do_not_wait_for_the_client_to_acknowledge_their_head() -> None:
    with _bind_http(Address("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the data folder"):
        serve(Settings(data=tmp_path / "file" / "data"))


class TestFullDisk:
    """On a file system of its own, which fills."""

    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        folder = tmp_path / "disk"
        folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True
        )
        if mounted.returncode:
            pytest.skip(f"cannot mount a small file system: {mounted.stderr.decode().strip()}")
        yield folder
        subprocess.run(["umount", "-l", str(folder)], check=True)

    def test_uploads_get_503_and_questions_answers_until_there_is_room_again(
        self, small_disk: Path, tmp_path: Path
    ) -> None:
        with Server(small_disk / "data", log=tmp_path / "log", min_free_disk=16 << 20) as server:
            upload = "/api/v1/histogram?host=full&jvm=shop"
            assert server.http.post(upload, content=TEXT.encode()).status_code == 200
            filler = small_disk / "filler"
            free = os.statvfs(small_disk)
            filler.write_bytes(bytes(free.f_bavail * free.f_frsize - (8 << 20)))
            refused = server.http.post(upload, content=TEXT.encode())
            assert refused.status_code == 503, refused.text
            assert int(refused.headers["retry-after"]) > 0
            assert "\n" not in refused.json()["error"]["message"]
            ready = server.http.get("/readyz")
            assert ready.status_code == 503
            assert any("disk" in problem for problem in ready.json()["problems"])
            assert server.http.get("/healthz").status_code == 200
            assert server.http.get("/api/v1/classes?host=full").json()["total"] == 3
            filler.unlink()
            again = server.http.post(upload, content=TEXT.encode())
            assert again.status_code == 200, again.text
            assert server.http.get("/readyz").status_code == 200
            assert server.stop() == 0


def test_tls_is_spoken_when_a_certificate_is_given(
    data: Path, tmp_path: Path, needs: Callable[[str], str]
) -> None:
    openssl = needs("openssl")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    files = f"-keyout {key} -out {cert} -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([openssl, *make.split(), *files.split()], check=True, capture_output=True)
    with Server(data, tls_cert=str(cert), tls_key=str(key)) as server:
        assert server.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(cert))
        assert httpx2.get(f"{server.url}/readyz", verify=context, trust_env=False).status_code == 200


ASKED = {
    "a screen": ("GET /api/v1/top?n=100", ""),
    "a metric query": ("POST /api/v1/query", '{"query": "metric=heap.* | sum by class"}'),
    "a log query": ("POST /api/v1/logs/query", '{"query": "* | count by host"}'),
    "a Prometheus query": ("GET /prometheus/api/v1/query?query=sum(heap_bytes)", ""),
    "a Graphite query": ("GET /graphite/render?target=sumSeries(*.size.**)&from=-1h", ""),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_a_query_whose_client_left_is_stopped(server: Server, asked: tuple[str, str]) -> None:
    target, body = asked
    host, port = server.url.removeprefix("http://").split(":")

    def cancelled() -> float:
        lines = server.http.get("/metrics").text.splitlines()
        return next(
            float(line.split()[1]) for line in lines if line.startswith("heapwatch_queries_cancelled_total")
        )

    before = cancelled()
    while cancelled() == before:
        for _ in range(10):
            with socket.create_connection((host, int(port))) as connection:
                about = f"Host: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
                connection.sendall(f"{target} HTTP/1.1\r\n{about}\r\n\r\n{body}".encode())
