"""Slow, silent, huge, malicious and many clients, all at once: those who behave lose nothing."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from histograms import now
from peers import asked_until
from servers import Server

pytestmark = pytest.mark.store

TURNS = 20
EACH = 50
UPLOAD = b"POST /api/v1/write HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    ports = dict.fromkeys(("pickle_listen", "collectd_listen", "syslog_listen"), "127.0.0.1:0")
    with Server(tmp_path / "data", max_body=1 << 20, sender_series=5000, **ports) as running:
        yield running


class Crowd:
    """Everybody who does not behave, each in a thread, until the block ends."""

    def __init__(self, server: Server) -> None:
        url = httpx2.URL(server.url)
        self.http = (str(url.host), int(url.port or 80))
        self.ports = server.ports
        self.streams = [self.http, *(server.ports[name] for name in ("graphite", "pickle", "syslog"))]
        self.over = threading.Event()
        habits = (self.silent, self.dripping, self.flooding, self.huge, self.random, self.thrown)
        self.threads = [threading.Thread(target=self._kept_up, args=(each,), daemon=True) for each in habits]

    def __enter__(self) -> Crowd:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()

    def _kept_up(self, habit: Callable[[], None]) -> None:
        while not self.over.is_set():
            with suppress(OSError):  # it was hung up on, as it should be, and comes again
                habit()

    def connected(self, address: tuple[str, int]) -> socket.socket:
        return socket.create_connection(address, timeout=10)

    def silent(self) -> None:
        """Many who connect and say nothing."""
        with ExitStack() as kept:
            for address in self.streams * 40:
                kept.enter_context(self.connected(address))
            self.over.wait()

    def dripping(self) -> None:
        """A request and a line that never end, a byte at a time."""
        with self.connected(self.http) as request, self.connected(self.ports["graphite"]) as line:
            request.sendall(UPLOAD + b"Content-Length: 9000\r\n\r\n")
            while not self.over.wait(0.05):
                request.sendall(b"#")
                line.sendall(b"x")

    def flooding(self) -> None:
        """Lines that are none, and series that are new each time, as fast as they are taken."""
        n = 0
        with self.connected(self.ports["graphite"]) as sender:
            while not self.over.is_set():
                new = "".join(f"flood.n{n + each} 1 {now() // 1000}\n" for each in range(1000))
                sender.sendall(new.encode() + b"nonsense\n" * 1000 + b"\x00" * 20_000 + b"\n")
                n += 1000

    def huge(self) -> None:
        """Bodies that are too large, by their own word and without one."""
        for length in (b"Content-Length: 999999999999\r\n", b"Transfer-Encoding: chunked\r\n"):
            with self.connected(self.http) as request:
                request.sendall(UPLOAD + length + b"\r\n")
                with suppress(OSError):
                    for _ in range(8):
                        request.sendall(b"40000\r\n" + b"x" * 0x40000 + b"\r\n")
                    request.recv(1000)

    def random(self) -> None:
        """Whatever bytes, and a greeting in TLS, to every port."""
        address = random.choice(self.streams)
        with self.connected(address) as sender:
            sender.sendall(b"\x16\x03\x01\x02\x00\x01\x00" + os.urandom(random.randrange(5000)))

    def thrown(self) -> None:
        """Datagrams of whatever bytes."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not self.over.wait(0.002):
                for name in ("graphite", "collectd", "syslog"):
                    sender.sendto(os.urandom(900), self.ports[name])


def points(found: list[dict[str, Any]]) -> int:
    return sum(int(value or 0) for each in found for value in each["values"])


def test_those_who_behave_lose_nothing_beside_those_who_do_not(server: Server) -> None:
    begun = now() - TURNS * 1000
    with ExitStack() as kept:
        lines = kept.enter_context(socket.create_connection(server.graphite))
        lines.sendall(f"well.behaved 0 {begun // 1000 - 1}\n".encode())
        asked_until(server, "well.behaved", bool)  # beside the flood its address may make nothing new
        kept.enter_context(Crowd(server))
        for turn in range(TURNS):
            at = begun + turn * 1000
            body = "".join(f'good{{n="{n}"}} {turn} {at}\n' for n in range(EACH))
            answer = server.http.post("/api/v1/import/prometheus", content=body.encode())
            assert answer.status_code == 200, answer.text
            assert answer.json()["rejected"] == {}
            lines.sendall(f"well.behaved {turn} {at // 1000}\n".encode())
            assert server.http.get("/readyz").status_code == 200
        count = "quantize to 1m using count | sum"
        asked_until(server, f"metric=good | {count}", lambda found: points(found) == EACH * TURNS)
        asked_until(server, f"well.behaved | {count}", lambda found: points(found) == TURNS + 1)
    refused = server.http.get("/api/v1/ingest/rejects").json()["counts"]
    assert refused["graphite-tcp"]["not-three-cells"] > 0
    assert refused["graphite-tcp"]["too-many-series"] > 0
    assert refused["remote-write"]["too-large"] > 0
    assert server.stop() == 0
