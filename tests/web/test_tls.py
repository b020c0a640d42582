"""TLS of the API: whom the agent trusts, whom the server lets in, and what both say when it fails."""

from __future__ import annotations

import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from authorities import Authority, Pair
from servers import DidNotStart, Server

from heapwatch.errors import HeapwatchError, Unavailable
from heapwatch.model import Batch
from heapwatch.ship import NotLetIn
from heapwatch.ship.http import HttpSink
from heapwatch.web.settings import load
from heapwatch.web.tls import server_context

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("foreign"))


@pytest.fixture(scope="module")
def agent(ours: Authority) -> Pair:
    return ours.issue("agent")


@pytest.fixture(scope="module", params=["required", "optional"])
def mutual(
    request: pytest.FixtureRequest, ours: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    served = ours.issue("server")
    flags = {"tls_cert": str(served.cert), "tls_key": str(served.key), "tls_client_ca": str(ours.file)}
    data = tmp_path_factory.mktemp("mutual") / "data"
    with Server(data, tls_client=request.param, **flags) as server:
        yield server


def send(server: Server, **options: Any) -> None:
    sink = HttpSink(options.pop("url", server.url), timeout=30, **options)
    try:
        sink.send(Batch("agent", time.time_ns()))
    finally:
        sink.close()


def test_an_agent_with_a_certificate_of_our_authority_is_let_in(
    mutual: Server, ours: Authority, agent: Pair
) -> None:
    send(mutual, ca_file=ours.file, client_cert=agent.cert, client_key=agent.key)


def test_certificate_and_key_may_be_one_file(
    mutual: Server, ours: Authority, agent: Pair, tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(agent.key.read_bytes() + agent.cert.read_bytes())
    send(mutual, ca_file=ours.file, client_cert=both)


def test_an_agent_without_a_certificate_is_told_how_to_get_in(mutual: Server, ours: Authority) -> None:
    if mutual.flags["tls_client"] == "optional":
        send(mutual, ca_file=ours.file)
        return
    with pytest.raises(Unavailable, match=r"client certificate.* set client_cert and client_key") as told:
        send(mutual, ca_file=ours.file)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_another_authority_is_refused(
    mutual: Server, ours: Authority, foreign: Authority, version: ssl.TLSVersion
) -> None:
    stranger = foreign.issue("stranger")
    context = ssl.create_default_context(cafile=str(ours.file))
    context.load_cert_chain(stranger.cert, stranger.key)
    context.maximum_version = version
    with pytest.raises(httpx2.HTTPError):
        httpx2.get(f"{mutual.url}/healthz", verify=context, trust_env=False)
    with pytest.raises(Unavailable, match="accept our client certificate") as told:
        send(mutual, ca_file=ours.file, client_cert=stranger.cert, client_key=stranger.key)
    assert "\n" not in str(told.value)


def test_an_expired_certificate_of_an_agent_is_refused(mutual: Server, ours: Authority) -> None:
    old = ours.issue("old", expired=True)
    with pytest.raises(Unavailable, match="accept our client certificate"):
        send(mutual, ca_file=ours.file, client_cert=old.cert, client_key=old.key)


def test_an_agent_that_does_not_know_the_authority_says_what_to_set(mutual: Server, agent: Pair) -> None:
    with pytest.raises(Unavailable, match=r"its certificate is not accepted: .*ca_file"):
        send(mutual, client_cert=agent.cert, client_key=agent.key)


def test_plain_http_to_the_door_of_tls_says_so(mutual: Server) -> None:
    with pytest.raises(Unavailable, match="https://"):
        send(mutual, url=mutual.url.replace("https:", "http:"))


def test_tls_to_a_plain_door_says_so(server: Server, ours: Authority) -> None:
    with pytest.raises(Unavailable, match="http://"):
        send(server, url=server.url.replace("http:", "https:"), ca_file=ours.file)


def test_an_expired_certificate_of_the_server_is_refused_by_agents(ours: Authority, data: Path) -> None:
    old = ours.issue("old-server", expired=True)
    with (
        Server(data, tls_cert=str(old.cert), tls_key=str(old.key)) as server,
        pytest.raises(Unavailable, match="certificate has expired"),
    ):
        send(server, ca_file=ours.file)


def test_versions_of_tls_that_are_broken_are_not_spoken(mutual: Server, ours: Authority) -> None:
    context = ssl.create_default_context(cafile=str(ours.file))
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{mutual.url}/healthz", verify=context, trust_env=False)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ca_file": "missing"}, "ca_file .*No such file"),
        ({"client_cert": "missing"}, "client_cert .*No such file"),
        ({"client_key": "missing"}, "of no use without client_cert"),
        ({"ca_file": "text"}, "ca_file .*not PEM"),
        ({"client_cert": "text"}, "client_cert .*not PEM"),
    ],
)
def test_files_that_are_no_certificates_are_named_and_nothing_is_lost(
    mutual: Server, tmp_path: Path, wrong: dict[str, str], words: str
) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(NotLetIn, match=words):
        send(mutual, **{name: tmp_path / file for name, file in wrong.items()})


class TestServersFiles:
    """The files that the server is given."""

    @pytest.mark.parametrize("missing", ["tls_cert", "tls_key", "tls_client_ca"])
    def test_a_missing_file_is_named_at_the_start(self, ours: Authority, data: Path, missing: str) -> None:
        pair = ours.issue("named")
        files = {"tls_cert": str(pair.cert), "tls_key": str(pair.key), "tls_client_ca": str(ours.file)}
        files[missing] = "/nowhere.pem"
        with pytest.raises(DidNotStart, match=f"{missing} /nowhere.pem.*No such file"):
            Server(data, **files)

    def test_a_key_of_another_certificate_is_named(self, ours: Authority, foreign: Authority) -> None:
        mine, other = ours.issue("mine"), foreign.issue("other")
        settings = load({"tls_cert": str(mine.cert), "tls_key": str(other.key)}).settings
        with pytest.raises(HeapwatchError, match="the key belongs to another certificate"):
            server_context(settings)

    def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_a_password(
        self, ours: Authority, tmp_path: Path
    ) -> None:
        pair, locked = ours.issue("locked"), tmp_path / "locked.key"
        command = ["openssl", "pkey", "-in", pair.key, "-aes256", "-passout", "pass:x", "-out", locked]
        subprocess.run(command, check=True, capture_output=True)
        settings = load({"tls_cert": str(pair.cert), "tls_key": str(locked)}).settings
        with pytest.raises(HeapwatchError, match="the key is encrypted"):
            server_context(settings)

    def test_a_client_authority_without_a_certificate_makes_no_sense(self, ours: Authority) -> None:
        with pytest.raises(HeapwatchError, match="only where tls_cert is set"):
            load({"tls_client_ca": str(ours.file)})

    def test_without_files_there_is_no_tls(self) -> None:
        assert server_context(load({}).settings) is None


def shown_by(server: Server) -> str:
    port = int(server.url.rpartition(":")[2])
    return ssl.get_server_certificate(("127.0.0.1", port))


def test_a_renewed_certificate_is_shown_after_sighup_and_a_broken_one_is_not(
    ours: Authority, data: Path
) -> None:
    pair = ours.issue("renewed")
    with Server(data, tls_cert=str(pair.cert), tls_key=str(pair.key)) as server:
        before = shown_by(server)
        ours.issue("renewed")
        assert shown_by(server) == before
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: shown_by(server) != before)
        renewed = shown_by(server)
        pair.cert.write_text("broken")
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: any(line["event"] == "the settings stay as they were" for line in server.logged()))
        assert shown_by(server) == renewed
        send(server, ca_file=ours.file)


def wait_for(true: Any, patience_s: float = 60) -> None:
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
