"""Who may do what: every route of the API with every kind of token and of session, and without any."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from servers import Server

from heapwatch.errors import UsageError
from heapwatch.web.auth import ROLES, SCOPES, Damaged, Sessions, Tokens, Users
from heapwatch.web.auth.sessions import csrf_of
from heapwatch.web.changes import WHAT
from heapwatch.web.serve import check_exposure, serve
from heapwatch.web.settings import Settings

pytestmark = pytest.mark.store

# Every route that is described must be in here: a new one without a decision fails the test.
NEEDS: dict[tuple[str, str], str | None] = {
    ("get", "/healthz"): None,
    ("get", "/readyz"): None,
    ("get", "/-/healthy"): None,
    ("get", "/-/ready"): None,
    ("get", "/metrics"): "read",
    ("post", "/-/reload"): "admin",
    ("post", "/api/v1/histogram"): "ingest",
    ("post", "/api/v1/batch"): "ingest",
    ("post", "/api/v1/logs"): "ingest",
    ("post", "/api/v1/import/prometheus"): "ingest",
    ("post", "/api/v1/collectd"): "ingest",
    ("post", "/api/v1/write"): "ingest",
    ("post", "/v1/metrics"): "ingest",
    ("post", "/v1/logs"): "ingest",
    ("post", "/metrics/{grouping}"): "ingest",
    ("put", "/metrics/{grouping}"): "ingest",
    ("post", "/receiver/v1/http/{token}"): "ingest",
    ("get", "/api/v1/correlate"): "read",
    ("get", "/api/v1/ingest/rejects"): "read",
    ("get", "/api/v1/alerts"): "read",
    ("get", "/api/v1/diagnoses"): "read",
    ("post", "/api/v1/diagnoses"): "act",
    ("get", "/api/v1/diagnoses/{diagnosis}"): "read",
    ("get", "/api/v1/monitors"): "read",
    ("get", "/api/v1/monitors/history"): "read",
    ("get", "/api/v1/monitors/silences"): "read",
    ("post", "/api/v1/monitors/silences"): "act",
    ("delete", "/api/v1/monitors/silences/{silence}"): "act",
    ("get", "/api/v1/monitors/{monitor}"): "read",
    ("get", "/api/v1/monitors/{monitor}/history"): "read",
    ("get", "/api/v1/monitors/{monitor}/backtest"): "read",
    ("get", "/api/v1/workflows"): "read",
    ("post", "/api/v1/workflows/{name}/runs"): "act",
    ("get", "/api/v1/runs"): "read",
    ("get", "/api/v1/runs/{run}"): "read",
    ("post", "/api/v1/runs/{run}/cancel"): "act",
    ("post", "/api/v1/runs/{run}/undo"): "act",
    ("post", "/api/v1/runs/{run}/approve"): "act",
    ("post", "/api/v1/runs/{run}/deny"): "act",
    ("get", "/api/v1/approvals"): "read",
    ("get", "/api/v1/switch"): "read",
    ("put", "/api/v1/switch"): "act",
    ("post", "/api/v1/hooks/{workflow}"): "act",
    ("post", "/api/v1/webhook/alerts"): "ingest",
    ("get", "/api/v1/targets"): "read",
    ("get", "/api/v1/cardinality"): "read",
    ("get", "/api/v1/jvms"): "read",
    ("get", "/api/v1/fleet"): "read",
    ("get", "/api/v1/totals"): "read",
    ("get", "/api/v1/top"): "read",
    ("get", "/api/v1/classes"): "read",
    ("get", "/api/v1/packages"): "read",
    ("get", "/api/v1/class"): "read",
    ("get", "/api/v1/class_names"): "read",
    ("get", "/api/v1/labels"): "read",
    ("get", "/api/v1/labels/{name}/values"): "read",
    ("get", "/api/v1/metric"): "read",
    ("get", "/api/v1/metrics"): "read",
    ("get", "/api/v1/snapshots"): "read",
    ("get", "/api/v1/snapshot"): "read",
    ("get", "/api/v1/export"): "read",
    ("get", "/api/v1/events"): "read",
    ("get", "/api/v1/live"): "read",
    ("get", "/api/v1/leaks"): "read",
    ("get", "/api/v1/leaks/{leak}"): "read",
    ("post", "/api/v1/leaks/{leak}/acknowledge"): "act",
    ("get", "/api/v1/verdicts"): "read",
    ("get", "/api/v1/verify"): "read",
    ("get", "/api/v1/report"): "read",
    ("get", "/api/v1/query"): "read",
    ("post", "/api/v1/query"): "read",
    ("post", "/api/v1/query/check"): "read",
    ("post", "/api/v1/query/format"): "read",
    ("post", "/api/v1/query/complete"): "read",
    ("post", "/api/v1/logs/query"): "read",
    ("get", "/api/v1/logs/tail"): "read",
    ("get", "/graphite/render"): "read",
    ("post", "/graphite/render"): "read",
    ("get", "/graphite/functions"): "read",
    ("get", "/graphite/version"): "read",
    ("get", "/graphite/metrics/find"): "read",
    ("post", "/graphite/metrics/find"): "read",
    ("get", "/graphite/metrics/expand"): "read",
    ("post", "/graphite/metrics/expand"): "read",
    ("get", "/graphite/metrics/index.json"): "read",
    ("get", "/graphite/events/get_data"): "read",
    ("get", "/graphite/tags/autoComplete/tags"): "read",
    ("get", "/graphite/tags/autoComplete/values"): "read",
    ("get", "/prometheus/api/v1/query"): "read",
    ("post", "/prometheus/api/v1/query"): "read",
    ("get", "/prometheus/api/v1/query_range"): "read",
    ("post", "/prometheus/api/v1/query_range"): "read",
    ("get", "/prometheus/api/v1/labels"): "read",
    ("post", "/prometheus/api/v1/labels"): "read",
    ("get", "/prometheus/api/v1/label/{name}/values"): "read",
    ("get", "/prometheus/api/v1/series"): "read",
    ("post", "/prometheus/api/v1/series"): "read",
    ("get", "/prometheus/api/v1/metadata"): "read",
    ("get", "/prometheus/api/v1/status/buildinfo"): "read",
    ("get", "/prometheus/api/v1/rules"): "read",
    ("get", "/prometheus/api/v1/alerts"): "read",
    ("get", "/prometheus/api/v1/query_exemplars"): "read",
    ("post", "/prometheus/api/v1/query_exemplars"): "read",
    ("get", "/api/v1/dashboards"): "read",
    ("post", "/api/v1/dashboards/check"): "read",
    ("get", "/api/v1/dashboards/{name}"): "read",
    ("put", "/api/v1/dashboards/{name}"): "admin",
    ("post", "/api/v1/dashboards/{name}/panels"): "admin",
    ("delete", "/api/v1/dashboards/{name}"): "admin",
    ("get", "/api/v1/status"): "read",
    ("get", "/api/v1/whoami"): "any",
    ("get", "/api/v1/signin"): None,
    ("post", "/api/v1/login"): None,
    ("get", "/api/v1/oidc/login"): None,
    ("post", "/api/v1/logout"): "any",
    ("post", "/api/v1/password"): "any",
    ("get", "/api/v1/tokens"): "admin",
    ("post", "/api/v1/tokens"): "admin",
    ("delete", "/api/v1/tokens/{name}"): "admin",
    ("post", "/api/v1/tokens/{name}/rotate"): "admin",
    ("get", "/api/v1/users"): "admin",
    ("post", "/api/v1/users"): "admin",
    ("put", "/api/v1/users/{name}/password"): "admin",
    ("put", "/api/v1/users/{name}/role"): "admin",
    ("delete", "/api/v1/users/{name}"): "admin",
    ("delete", "/api/v1/users/{name}/sessions"): "admin",
    ("get", "/api/v1/audit"): "admin",
}
IDS = [" ".join(route) for route in NEEDS]
OWN_PROOF = {("get", "/api/v1/oidc/callback")}
"""Lets in whom an OpenID provider vouches for (test_openid.py), whatever else is shown."""
PASSWORD = "correct horse battery"


class Locked:
    """A server with one token of each scope, one that has expired, and one user of each role."""

    def __init__(self, server: Server, secrets: dict[str, str], users: Users) -> None:
        self.server = server
        self.secrets = secrets
        self._users = users
        self._sessions = Sessions(server.data / "sessions.json", 3600, 3600)
        self._cookies: dict[tuple[str, str], str] = {}

    def session(self, role: str, kind: Literal["user", "oidc"]) -> str:
        """The secret of somebody who has signed in, the same for all tests."""
        if (role, kind) not in self._cookies:
            self._cookies[role, kind] = self.signed_in(role, kind)
        return self._cookies[role, kind]

    def signed_in(self, role: str, kind: Literal["user", "oidc"]) -> str:
        user = self._users.find(role)
        assert user
        return self._sessions.begin(role, role, kind, user.generation if kind == "user" else "")

    def page(self, secret: str, **changed: str | None) -> dict[str, str]:
        """What a browser sends from one of our own pages; None leaves a header out."""
        headers: dict[str, str | None] = {
            "Cookie": f"heapwatch_session={secret}",
            "Origin": self.server.url,
            "X-CSRF-Token": csrf_of(secret),
        }
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        return {name: value for name, value in headers.items() if value is not None}

    def ask(self, method: str, path: str, headers: dict[str, str]) -> int:
        """The status alone: the live stream has no end to wait for."""
        secret = headers.get("Authorization", "Bearer none").removeprefix("Bearer ")
        address = path.replace("{name}", "nobody").replace("{token}", secret)
        with self.server.http.stream(method.upper(), address, headers=headers) as answer:
            return answer.status_code

    def bearer(self, scope: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secrets[scope]}"}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    data = tmp_path_factory.mktemp("locked") / "data"
    tokens = Tokens(data / "tokens.json")
    secrets = {scope: tokens.create(scope, [scope])[0] for scope in SCOPES}
    secrets["expired"] = tokens.create("expired", ["admin"], expires=1)[0]
    users = Users(data / "users.json")
    for role in ROLES:
        users.add(role, role, PASSWORD)
    openid = {"oidc_issuer": "http://127.0.0.1:1", "oidc_client_id": "heapwatch", "oidc_roles": "*=viewer"}
    with Server(data, public_url="http://127.0.0.1", **openid) as server:
        yield Locked(server, secrets, users)


def test_every_route_has_a_decision(locked: Locked) -> None:
    described = locked.server.http.get("/openapi.json").json()["paths"]
    assert {(method, path) for path, methods in described.items() for method in methods} == {
        *NEEDS,
        *OWN_PROOF,
    }


@pytest.mark.parametrize("route", OWN_PROOF, ids=" ".join)
def test_a_route_with_a_proof_of_its_own_takes_no_other(locked: Locked, route: tuple[str, str]) -> None:
    for headers in ({}, locked.bearer("admin"), locked.page(locked.session("admin", "user"))):
        assert locked.ask(*route, headers) == 401


def test_every_change_has_a_name_in_the_audit() -> None:
    changing = {
        (method.upper(), path) for (method, path), needed in NEEDS.items() if needed in ("act", "admin")
    }
    assert {route for route in changing if route[0] != "GET"} <= set(WHAT)


@pytest.mark.parametrize(("route", "needed"), NEEDS.items(), ids=IDS)
def test_a_route_opens_for_its_scope_and_for_no_other(
    locked: Locked, route: tuple[str, str], needed: str | None
) -> None:
    assert (locked.ask(*route, {}) == 401) == (needed is not None)
    assert (locked.ask(*route, {"Authorization": "Bearer hw_wrong"}) == 401) == (needed is not None)
    assert (locked.ask(*route, locked.bearer("expired")) == 401) == (needed is not None)
    for scope in SCOPES:
        allowed = needed in (None, "any", scope) or scope == "admin"
        status = locked.ask(*route, locked.bearer(scope))
        assert (status not in (401, 403)) == allowed, (scope, status)


@pytest.mark.parametrize(("route", "needed"), NEEDS.items(), ids=IDS)
@pytest.mark.parametrize("kind", ["user", "oidc"])
def test_a_route_opens_for_the_roles_that_have_its_scope(
    locked: Locked, route: tuple[str, str], needed: str | None, kind: Literal["user", "oidc"]
) -> None:
    assert (locked.ask(*route, locked.page("wrong")) == 401) == (needed is not None)
    for role, scopes in ROLES.items():
        if "{token}" in route[1]:
            continue  # its address holds the proof
        allowed = needed in (None, "any", *scopes) or "admin" in scopes
        ends = route[1].endswith("/logout")
        secret = locked.signed_in(role, kind) if ends else locked.session(role, kind)
        status = locked.ask(*route, locked.page(secret))
        assert (status not in (401, 403)) == allowed, (role, status)


@pytest.mark.parametrize(
    "forged",
    [
        {"X_CSRF_Token": None},
        {"X_CSRF_Token": "forged"},
        {"X_CSRF_Token": csrf_of("another session")},
        {"X_CSRF_Token": ""},
        {"Origin": None},
        {"Origin": "http://evil.example.org"},
        {"Origin": "null"},
        {"Origin": None, "Sec_Fetch_Site": "cross-site"},
        {"Origin": None, "Sec_Fetch_Site": "same-site"},
        {"Origin": None, "Sec_Fetch_Site": "none"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "route",
    [route for route, needed in NEEDS.items() if route[0] != "get" and needed and "{token}" not in route[1]],
    ids=" ".join,
)
def test_a_page_that_is_not_ours_changes_nothing_by_somebodys_cookie(
    locked: Locked, route: tuple[str, str], forged: dict[str, str | None]
) -> None:
    headers = locked.page(locked.session("admin", "user"), **forged)
    assert locked.ask(*route, headers) == 403


def test_our_own_page_may_say_so_by_where_it_fetches(locked: Locked) -> None:
    headers = locked.page(locked.session("admin", "user"), Origin=None, Sec_Fetch_Site="same-origin")
    assert locked.ask("post", "/-/reload", headers) == 200


def test_a_token_needs_no_proof_of_the_page(locked: Locked) -> None:
    forged = {"Cookie": f"heapwatch_session={locked.session('viewer', 'user')}"}
    assert locked.ask("post", "/-/reload", {**locked.bearer("admin"), **forged}) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Basic aHdfeDp5"},
        {"Authorization": "Bearer"},
        {"Authorization": ""},
        {"Authorization": "Bearer hw_ü".encode("latin-1").decode("latin-1")},
        {"Cookie": "token=hw_x"},
        {"Cookie": "heapwatch_session=hw_x"},
        {"Cookie": "__Host-heapwatch=hw_x"},
        {"Cookie": "heapwatch_session="},
    ],
)
def test_other_ways_of_saying_who_one_is_are_not_taken(locked: Locked, headers: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = locked.server.http.get("/api/v1/jvms", headers=raw)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_in_the_url_is_not_taken(locked: Locked) -> None:
    assert (
        locked.server.http.get("/api/v1/jvms", params={"token": locked.secrets["admin"]}).status_code == 401
    )


def test_tokens_are_made_listed_and_revoked_by_the_api(locked: Locked) -> None:
    http, admin = locked.server.http, locked.bearer("admin")
    made = http.post(
        "/api/v1/tokens", json={"name": "ci", "scopes": ["read"], "expires": "now+1h"}, headers=admin
    )
    assert made.status_code == 201
    ci = {"Authorization": f"Bearer {made.json()['token']}"}
    assert http.get("/api/v1/whoami", headers=ci).json() == {
        "name": "ci",
        "scopes": ["read"],
        "open": False,
        "kind": "token",
        "role": "",
        "csrf": "",
    }
    listed = http.get("/api/v1/tokens", headers=admin)
    assert "ci" in [token["name"] for token in listed.json()["tokens"]]
    assert made.json()["token"] not in listed.text
    assert "digest" not in listed.text
    assert http.delete("/api/v1/tokens/ci", headers=admin).json() == {"revoked": "ci"}
    assert http.get("/api/v1/whoami", headers=ci).status_code == 401
    assert http.delete("/api/v1/tokens/ci", headers=admin).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "scopes": []},
        {"name": "", "scopes": ["read"]},
        {"name": "x", "scopes": ["read"], "expires": "-1h"},
        {"name": "x", "scopes": ["read"], "expires": "soon"},
        {"scopes": ["read"]},
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(locked: Locked, body: dict[str, Any]) -> None:
    answer = locked.server.http.post("/api/v1/tokens", json=body, headers=locked.bearer("admin"))
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_a_token_made_beside_the_server_works_at_once(locked: Locked) -> None:
    secret, _ = Tokens(locked.server.data / "tokens.json").create("beside", ["read"])
    answer = locked.server.http.get("/api/v1/whoami", headers={"Authorization": f"Bearer {secret}"})
    assert answer.json()["name"] == "beside"


def test_wrong_tokens_are_counted_and_not_kept(locked: Locked) -> None:
    locked.server.http.get("/api/v1/jvms", headers={"Authorization": "Bearer hw_mistyped"})
    rejects = locked.server.http.get("/api/v1/ingest/rejects", headers=locked.bearer("read"))
    assert rejects.json()["counts"]["api"]["unauthenticated"] >= 1
    assert "hw_mistyped" not in rejects.text


def test_a_damaged_token_file_locks_everybody_out_and_says_so(data: Path) -> None:
    secret, _ = Tokens(data / "tokens.json").create("me", ["admin"])
    with Server(data) as server:
        (data / "tokens.json").write_text("{")
        for headers in ({}, {"Authorization": f"Bearer {secret}"}):
            answer = server.http.get("/api/v1/jvms", headers=headers)
            assert answer.status_code == 500
            assert "tokens.json is damaged" in answer.json()["error"]["message"]
        assert server.stop() == 0
    with pytest.raises(Damaged, match=r"tokens\.json is damaged"):
        serve(Settings(data=data, listen="127.0.0.1:0", graphite_listen="off"))


class TestOpen:
    """Without tokens, on loopback."""

    def test_everybody_on_the_machine_may_do_everything(self, server: Server) -> None:
        who = server.http.get("/api/v1/whoami").json()
        assert who == {
            "name": "anybody on this machine",
            "scopes": ["ingest", "read", "act", "admin"],
            "open": True,
            "kind": "anybody",
            "role": "",
            "csrf": "",
        }

    def test_other_names_and_other_origins_are_refused(self, server: Server) -> None:
        assert server.http.get("/api/v1/jvms", headers={"Host": "evil.example.org"}).status_code == 403
        foreign = {"Origin": "http://evil.example.org"}
        assert server.http.post("/api/v1/tokens", json={}, headers=foreign).status_code == 403

    def test_the_first_user_closes_the_door(self, data: Path) -> None:
        with Server(data) as server:
            wanted = {"name": "ann", "role": "admin", "password": PASSWORD}
            assert server.http.post("/api/v1/users", json=wanted).status_code == 201
            assert stat.S_IMODE((data / "users.json").stat().st_mode) == 0o600
            assert server.http.get("/api/v1/jvms").status_code == 401
            ways = server.http.get("/api/v1/signin").json()
            assert ways == {"password": True, "oidc": "", "token": False}

    def test_the_first_token_closes_the_door(self, data: Path) -> None:
        with Server(data) as server:
            made = server.http.post("/api/v1/tokens", json={"name": "me", "scopes": ["admin"]}).json()
            assert stat.S_IMODE((data / "tokens.json").stat().st_mode) == 0o600
            assert server.http.get("/api/v1/jvms").status_code == 401
            bearer = {"Authorization": f"Bearer {made['token']}", "Host": "any.example.org"}
            assert server.http.get("/api/v1/jvms", headers=bearer).status_code == 200


class TestExposure:
    """Beyond loopback."""

    def test_without_tokens_the_server_does_not_start(self, data: Path) -> None:
        with pytest.raises(UsageError, match="heapwatch token create"):
            serve(Settings(data=data, listen="0.0.0.0:0"))

    def test_with_a_token_it_does_and_lets_nobody_else_in(self, data: Path) -> None:
        secret, _ = Tokens(data / "tokens.json").create("me", ["read"])
        with Server(data, listen="0.0.0.0:0", graphite_listen="off") as server:
            url = server.url.replace("0.0.0.0", "127.0.0.1")
            assert httpx2.get(f"{url}/api/v1/jvms", trust_env=False).status_code == 401
            headers = {"Authorization": f"Bearer {secret}"}
            assert httpx2.get(f"{url}/api/v1/jvms", headers=headers, trust_env=False).status_code == 200

    def test_graphite_lines_from_outside_need_networks(self, data: Path) -> None:
        with pytest.raises(UsageError, match="--graphite-allow"):
            serve(Settings(data=data, graphite_listen="0.0.0.0:0"))

    def test_whoever_accepts_the_risk_may(self, data: Path) -> None:
        check_exposure(Settings(data=data, listen="0.0.0.0:0", graphite_listen="0.0.0.0:0", insecure=True))
        check_exposure(Settings(data=data, graphite_listen="0.0.0.0:0", graphite_allow=("10.0.0.0/8",)))

    def test_a_user_is_protection_enough(self, data: Path) -> None:
        Users(data / "users.json").add("ann", "viewer", PASSWORD)
        check_exposure(Settings(data=data, listen="0.0.0.0:0"))
