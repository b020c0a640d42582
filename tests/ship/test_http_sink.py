"""Batches to a server that works, and to servers that do not."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ship.batches import batch
from tests.ship.doors import HttpDoor

from heapwatch.errors import Refused, Unavailable, UsageError
from heapwatch.ship import NotLetIn
from heapwatch.ship.http import HttpSink


@pytest.fixture
def door() -> Iterator[HttpDoor]:
    with HttpDoor() as door:
        yield door


@pytest.fixture
def sink(door: HttpDoor) -> Iterator[HttpSink]:
    sink = HttpSink(door.url, token="hw_secret", timeout=5)
    yield sink
    sink.close()


def test_a_batch_is_stored_as_it_was_sent(door: HttpDoor, sink: HttpSink) -> None:
    sink.send(batch(1))
    (stored,) = door.batches(1)
    assert stored.snapshots == batch(1).snapshots
    (request,) = door.requests
    assert request.path == "/api/v1/batch"
    assert request.headers["authorization"] == "Bearer hw_secret"
    assert request.headers["content-type"] == "application/x-heapwatch-batch"


def test_what_the_server_asks_for_is_heard(door: HttpDoor, sink: HttpSink) -> None:
    heard: list[object] = []
    sink.heard = heard.append
    door.answer(200, b'{"stored":true,"probe":[{"pid":7,"started":1}]}')
    sink.send(batch(1))
    door.answer(200, b'{"probe":')
    sink.send(batch(2))
    sink.send(batch(3))
    assert heard == [{"stored": True, "probe": [{"pid": 7, "started": 1}]}]


def test_batches_share_one_connection(door: HttpDoor, sink: HttpSink) -> None:
    for sequence in range(1, 6):
        sink.send(batch(sequence))
    assert [stored.sequence for stored in door.batches(5)] == [1, 2, 3, 4, 5]
    assert {request.connection for request in door.requests} == {1}


def test_a_connection_that_was_closed_while_idle_costs_nothing(door: HttpDoor, sink: HttpSink) -> None:
    sink.send(batch(1))
    with door.down():
        pass
    sink.send(batch(2))
    assert [stored.sequence for stored in door.batches(2)] == [1, 2]


def test_an_answer_lost_on_the_way_leads_to_the_same_batch_again(door: HttpDoor, sink: HttpSink) -> None:
    sink.send(batch(1))
    door.hang_up()
    sink.send(batch(2))
    assert [stored.sequence for stored in door.batches(2)] == [1, 2]
    assert len(door.requests) == 3


def test_a_server_that_is_down_is_unavailable_and_then_is_not(door: HttpDoor, sink: HttpSink) -> None:
    with door.down(), pytest.raises(Unavailable, match="Connection refused"):
        sink.send(batch(1))
    sink.send(batch(1))
    assert door.batches(1)[0].sequence == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_busy_server_is_asked_again_when_it_says(door: HttpDoor, sink: HttpSink, status: int) -> None:
    door.answer(
        status, b'{"error":{"code":"busy","message":"store is behind","hint":"wait"}}', Retry_After="7"
    )
    with pytest.raises(Unavailable, match="store is behind wait") as raised:
        sink.send(batch(1))
    assert raised.value.retry_after == 7
    sink.send(batch(1))


@pytest.mark.parametrize(
    ("header", "wait"), [("-5", 0.0), ("1e9", 3600.0), ("Tue, 3 Nov 2026", None), ("nan", 0.0)]
)
def test_a_strange_retry_after_is_taken_with_care(
    door: HttpDoor, sink: HttpSink, header: str, wait: float | None
) -> None:
    door.answer(429, Retry_After=header)
    with pytest.raises(Unavailable) as raised:
        sink.send(batch(1))
    assert raised.value.retry_after == wait


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_batch_the_server_cannot_use_is_refused_for_good(
    door: HttpDoor, sink: HttpSink, status: int
) -> None:
    door.answer(status, b'{"error":{"code":"x","message":"histogram was cut"}}')
    with pytest.raises(Refused, match="histogram was cut") as raised:
        sink.send(batch(1))
    assert not isinstance(raised.value, NotLetIn)


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_shut_door_is_no_fault_of_the_batch(door: HttpDoor, sink: HttpSink, status: int) -> None:
    door.answer(status, b"<html>some proxy's page</html>")
    with pytest.raises(NotLetIn, match=f"answered {status}: As-told"):
        sink.send(batch(1))


def test_a_redirect_is_not_followed_but_named(door: HttpDoor, sink: HttpSink) -> None:
    door.answer(301, b"", Location="https://heapwatch.example/")
    with pytest.raises(NotLetIn, match=r"points to https://heapwatch\.example/"):
        sink.send(batch(1))


@pytest.mark.parametrize(
    "rudeness",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\xff" * 500, b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000, b"HTTP/1.1 20"],
)
def test_something_else_on_the_port_is_unavailable(door: HttpDoor, sink: HttpSink, rudeness: bytes) -> None:
    door.answer_raw(rudeness)
    with pytest.raises(Unavailable):
        sink.send(batch(1))


def test_an_answer_that_is_far_too_long_is_not_read_to_its_end(door: HttpDoor, sink: HttpSink) -> None:
    door.answer_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b" " * 100_000)
    sink.send(batch(1))
    sink.send(batch(2))
    assert {request.connection for request in door.requests} == {1, 2}


def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sink = HttpSink(f"127.0.0.1:{silent.getsockname()[1]}", timeout=0.05)
        with pytest.raises(Unavailable, match="no answer in time"):
            sink.send(batch(1))


def test_a_new_token_in_the_file_needs_no_restart(door: HttpDoor, tmp_path: Path) -> None:
    token = tmp_path / "token"
    sink = HttpSink(door.url, token_file=token)
    with pytest.raises(NotLetIn, match=r"token.*No such file"):
        sink.send(batch(1))
    for word in ("hw_one", "hw_two"):
        token.write_text(f"{word}\n")
        sink.send(batch(1))
    assert [request.headers["authorization"] for request in door.requests] == [
        "Bearer hw_one",
        "Bearer hw_two",
    ]
    token.write_text("two words\r\nX-Evil: 1")
    with pytest.raises(NotLetIn, match="not one word"):
        sink.send(batch(1))
    sink.close()


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://a:b@c/", "http://x:99999", "http://x/?y=1"])
def test_an_address_that_cannot_work_is_refused_at_once(url: str) -> None:
    with pytest.raises(UsageError, match="server"):
        HttpSink(url)


def test_a_server_under_a_path_behind_a_proxy_is_reached(door: HttpDoor) -> None:
    sink = HttpSink(door.url + "/heap/")
    sink.send(batch(1))
    sink.close()
    assert door.requests[0].path == "/heap/api/v1/batch"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    made = tmp_path_factory.mktemp("tls") / "both.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=door -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        [*command.split(), "-keyout", made, "-out", f"{made}.crt"], check=True, capture_output=True
    )
    with made.open("a") as both:
        both.write(Path(f"{made}.crt").read_text())
    return made


@pytest.fixture
def tls_door(certificate: Path) -> Iterator[HttpDoor]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with HttpDoor(context) as door:
        yield door


def test_a_certificate_of_the_given_authority_is_trusted(tls_door: HttpDoor, certificate: Path) -> None:
    sink = HttpSink(tls_door.url, ca_file=Path(f"{certificate}.crt"), timeout=5)
    sink.send(batch(1))
    sink.close()
    assert tls_door.batches(1)[0].sequence == 1


def test_any_other_certificate_is_not(tls_door: HttpDoor) -> None:
    with pytest.raises(Unavailable, match=r"is not accepted: self-signed certificate; .* ca_file"):
        HttpSink(tls_door.url, timeout=5).send(batch(1))
    assert tls_door.requests == []
