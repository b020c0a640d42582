"""What browsers on the same machine may and may not do to a server without tokens."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from heapwatch.web.guard import Guard, host_name, is_loopback


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


def client(*, only_loopback_names: bool = True, allowed: tuple[str, ...] = ()) -> TestClient:
    app = Starlette(routes=[Route("/", hello, methods=["GET", "POST", "DELETE"])])
    guarded = Guard(app, lambda: only_loopback_names, lambda: allowed)
    return TestClient(guarded, base_url="http://127.0.0.1:7077")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:7077", "localhost:7077", "LOCALHOST", "[::1]:7077", "hw.localhost:1", "127.9.9.9"]
)
def test_loopback_names_are_answered(host: str) -> None:
    assert client().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "evil.example.org:7077",
        "10.0.0.1",
        "localhost.evil.org",
        "127.0.0.1.evil.org",
        "",
        "[",
        "0.0.0.0",
    ],
)
def test_a_page_that_rebinds_its_name_to_loopback_gets_nothing(host: str) -> None:
    answer = client().get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forbidden"
    assert "allowed_hosts" in answer.json()["error"]["message"]


def test_names_from_the_settings_are_answered_too() -> None:
    assert (
        client(allowed=("hw.example.org",)).get("/", headers={"Host": "hw.example.org:80"}).status_code == 200
    )


def test_with_tokens_any_name_is_answered() -> None:
    assert client(only_loopback_names=False).get("/", headers={"Host": "hw.example.org"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example.org"},
        {"Origin": "null"},
        {"Origin": "http://:7077"},
        {"Origin": "http://[::1"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_page_of_another_origin_may_not_change_anything(method: str, headers: dict[str, str]) -> None:
    answer = client(only_loopback_names=False).request(method, "/", headers=headers)
    assert answer.status_code == 403
    assert "another origin" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://127.0.0.1:7077"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
)
def test_our_own_pages_and_programs_may(headers: dict[str, str]) -> None:
    assert client().post("/", headers=headers).status_code == 200


def test_a_proxy_that_says_another_host_is_told_by_the_settings() -> None:
    headers = {"Origin": "https://hw.example.org"}
    assert client(allowed=("hw.example.org",)).post("/", headers=headers).status_code == 200
    assert client().post("/", headers=headers).status_code == 403


def test_every_answer_tells_browsers_to_trust_nothing_else() -> None:
    for host in ("127.0.0.1", "evil.example.org"):
        headers = client().get("/", headers={"Host": host}).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers


def test_names_in_host_headers() -> None:
    assert host_name("[::1]:80") == "::1"
    assert host_name("Hw.Example.org.:80") == "hw.example.org"
    assert host_name("user@127.0.0.1") == "127.0.0.1"
    assert not is_loopback("")
