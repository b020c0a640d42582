"""Ports besides the API's, with the real programs that send to them."""

from __future__ import annotations

import pickle
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from histograms import now
from peers import asked_until, collectd
from servers import DidNotStart, Server

pytestmark = pytest.mark.store

NAMES = {"shortterm", "midterm", "longterm"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("ports") / "data"
    with Server(data, pickle_listen="127.0.0.1:0", collectd_listen="127.0.0.1:0") as running:
        yield running


def test_collectd_sends_packets(needs: Callable[[str], str], server: Server, tmp_path: Path) -> None:
    host, port = server.ports["collectd"]
    network = f'LoadPlugin network\n<Plugin network>\n  Server "{host}" "{port}"\n</Plugin>'
    with collectd(needs("collectd"), tmp_path, network):
        series = asked_until(server, "metric=collectd.load.load.* host=web1", lambda found: len(found) == 3)
    assert {each["labels"]["metric"].rpartition(".")[2] for each in series} == NAMES  # type: ignore[index]
    assert rejected(server, "collectd-udp") == {}


def test_collectd_writes_http(needs: Callable[[str], str], server: Server, tmp_path: Path) -> None:
    write = (
        'LoadPlugin write_http\n<Plugin write_http>\n  <Node "heapwatch">\n'
        f'    URL "{server.url}/api/v1/collectd?label.by=http"\n    Format "JSON"\n    BufferSize 1024\n'
        "  </Node>\n</Plugin>"
    )
    with collectd(needs("collectd"), tmp_path, write):
        series = asked_until(
            server, "metric=collectd.load.load.* host=web1 by=http", lambda found: len(found) == 3
        )
    assert {each["labels"]["metric"].rpartition(".")[2] for each in series} == NAMES  # type: ignore[index]
    assert rejected(server, "collectd-http") == {}


def test_collectd_writes_graphite_lines(needs: Callable[[str], str], server: Server, tmp_path: Path) -> None:
    host, port = server.graphite
    write = (
        'LoadPlugin write_graphite\n<Plugin write_graphite>\n  <Node "heapwatch">\n'
        f'    Host "{host}"\n    Port "{port}"\n    Protocol "tcp"\n    Prefix "by_graphite."\n'
        "  </Node>\n</Plugin>"
    )
    with collectd(needs("collectd"), tmp_path, write):
        asked_until(server, "by_graphite.web1.load.load.*", lambda found: len(found) == 3)
        asked_until(server, "by_graphite.web1.uptime.uptime", lambda found: len(found) == 1)


def frame(samples: object, protocol: int = 2) -> bytes:
    body = pickle.dumps(samples, protocol)
    return struct.pack("!L", len(body)) + body


def test_carbon_relays_send_pickles(server: Server) -> None:
    moment = now() // 1000
    with socket.create_connection(server.ports["pickle"]) as sender:
        sender.sendall(frame([("relay.one", (moment, 1.5)), ("relay.two;env=prod", (moment, "2"))]))
        sender.sendall(frame([("relay.bad", "x"), ("relay.three", (moment, 3))]))
    found = asked_until(server, "relay.*", lambda series: len(series) == 3)
    assert {each["labels"]["metric"] for each in found} == {"one", "relay.two", "three"}  # type: ignore[index]
    assert rejected(server, "pickle-tcp")["not-path-time-value"] == 1


def test_a_histogram_comes_by_pickle_too(server: Server) -> None:
    moment = now() // 1000
    with socket.create_connection(server.ports["pickle"]) as sender:
        sender.sendall(
            frame([("pickled.count.app.Child", (moment, 7)), ("pickled.size.app.Child", (moment, 168))])
        )
    (series,) = asked_until(server, "metric=heap.bytes host=pickled class=app.Child", bool)
    assert [value for value in series["values"] if value is not None] == [168]  # type: ignore[attr-defined]


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1/0",)


def test_a_pickle_that_would_run_something_is_refused_and_its_neighbours_stay(server: Server) -> None:
    moment = now() // 1000
    with socket.create_connection(server.ports["pickle"]) as sender:
        sender.sendall(frame([("trapped", (moment, Trap()))]) + frame([("after.trap", (moment, 1))]))
    asked_until(server, "after.trap", bool)
    (reject,) = [
        each
        for each in server.http.get("/api/v1/ingest/rejects").json()["rejects"]
        if each["door"] == "pickle-tcp" and "eval" in each["sample"]
    ]
    assert "only lists, tuples, texts and numbers" in reject["sample"]


def test_a_frame_that_claims_gigabytes_ends_the_connection(server: Server) -> None:
    moment = now() // 1000
    with socket.create_connection(server.ports["pickle"]) as sender:
        sender.sendall(frame([("before.claim", (moment, 1))]) + b"\xff\xff\xff\xff")
        sender.sendall(b"more")
        assert sender.recv(1) == b""
    asked_until(server, "before.claim", bool)
    assert rejected(server, "pickle-tcp")["unreadable"] >= 1


def test_lines_are_encrypted_where_the_settings_say_so(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    (tmp_path / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    (tmp_path / "key.pem").write_bytes(certificate.private_key_pem.bytes())
    files = {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with Server(tmp_path / "data", tls_ports="graphite", **files) as server:
        with socket.create_connection(server.graphite) as plain:
            plain.sendall(f"plain.line 1 {now() // 1000}\n".encode())
            plain.recv(1000)  # an alert, or nothing; then the end
        with (
            socket.create_connection(server.graphite) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as sender,
        ):
            sender.sendall(f"secret.line 1 {now() // 1000}\n".encode())
        server.http = server.http.__class__(base_url=server.url, verify=context, trust_env=False)
        asked_until(server, "secret.line", bool)
        assert asked_until(server, "plain.line", lambda _: True) == []


def test_a_port_that_is_taken_is_named_with_its_setting(server: Server, tmp_path: Path) -> None:
    port = server.ports["pickle"][1]
    with pytest.raises(DidNotStart, match=f"{port} for Graphite pickles: .* with pickle_listen, or `off`"):
        Server(tmp_path / "data", pickle_listen=f"127.0.0.1:{port}")


def test_packets_of_everybody_are_only_taken_when_networks_are_named(tmp_path: Path) -> None:
    with pytest.raises(DidNotStart, match=r"collectd on 0\.0\.0\.0:0 .*--collectd-allow"):
        Server(tmp_path / "data", collectd_listen=":0")


def rejected(server: Server, door: str) -> dict[str, int]:
    counts: dict[str, dict[str, int]] = server.http.get("/api/v1/ingest/rejects").json()["counts"]
    return counts.get(door, {})
