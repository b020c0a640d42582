"""Signing in to a real server: cookies, their ends, how often one may try, and what is written down."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from authorities import Authority
from servers import Server

from heapwatch.web.auth import Sessions, Unauthenticated, Users
from heapwatch.web.auth.sessions import csrf_of
from heapwatch.workflow.audit import Audit

pytestmark = pytest.mark.store

PASSWORD = "correct horse battery"
ROLES = {"ann": "admin", "otto": "operator", "vera": "viewer"}


def add_users(data: Path) -> Users:
    users = Users(data / "users.json")
    for name, role in ROLES.items():
        users.add(name, role, PASSWORD)
    return users


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that several tests sign in to; none may use up its tries."""
    data = tmp_path_factory.mktemp("peopled") / "data"
    add_users(data)
    with Server(data) as server:
        yield server


def browser(server: Server, **options: Any) -> httpx2.Client:
    """A client of its own that keeps cookies and says where it comes from."""
    url = server.url
    return httpx2.Client(base_url=url, headers={"Origin": url}, timeout=60, trust_env=False, **options)


def sign_in(client: httpx2.Client, name: str = "ann", password: str = PASSWORD) -> httpx2.Response:
    answer = client.post("/api/v1/login", json={"name": name, "password": password})
    if answer.status_code == 200:
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer


def test_who_signs_in_gets_in_and_who_signs_out_does_not(peopled: Server) -> None:
    with browser(peopled) as client:
        assert client.get("/api/v1/jvms").status_code == 401
        signed = sign_in(client, "Vera")
        assert signed.status_code == 200
        who = client.get("/api/v1/whoami").json()
        assert who == signed.json()
        assert (who["name"], who["kind"], who["role"], who["scopes"]) == ("vera", "user", "viewer", ["read"])
        assert client.get("/api/v1/jvms").status_code == 200
        assert client.get("/api/v1/users").status_code == 403
        kept = dict(client.cookies)
        assert client.post("/api/v1/logout").json() == {"signed_out": True}
        assert dict(client.cookies) == {}
        assert client.get("/api/v1/jvms").status_code == 401
    with browser(peopled, cookies=kept) as thief:
        assert thief.get("/api/v1/jvms").status_code == 401


def test_the_cookie_is_for_this_server_and_no_script(peopled: Server) -> None:
    with browser(peopled) as client:
        cookie = sign_in(client).headers["set-cookie"]
    name, *flags = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith("heapwatch_session=")
    assert len(name) > 40
    assert {"httponly", "samesite=lax", "path=/"} <= set(flags)
    assert not any(flag.startswith("domain") for flag in flags)
    assert "secure" not in flags


def test_by_tls_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair, data = authority.issue("server"), tmp_path / "data"
    add_users(data)
    context = ssl.create_default_context(cafile=str(authority.file))
    with (
        Server(data, tls_cert=str(pair.cert), tls_key=str(pair.key)) as server,
        browser(server, verify=context) as client,
    ):
        cookie = sign_in(client).headers["set-cookie"]
        assert cookie.startswith("__Host-heapwatch=")
        assert "; Secure" in cookie
        assert client.get("/api/v1/whoami").json()["name"] == "ann"
        secret = client.cookies["__Host-heapwatch"]
        with browser(server, verify=context, cookies={"heapwatch_session": secret}) as tossed:
            assert tossed.get("/api/v1/whoami").status_code == 401


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong password"), ("nobody", PASSWORD)])
def test_wrong_names_and_wrong_passwords_cannot_be_told_apart(
    peopled: Server, name: str, password: str
) -> None:
    with browser(peopled) as client:
        answer = sign_in(client, name, password)
        assert answer.status_code == 401
        assert answer.json()["error"]["message"] == "name or password is wrong"
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example.org"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_another_page_cannot_sign_somebody_in(peopled: Server, headers: dict[str, str]) -> None:
    wanted = {"name": "ann", "password": PASSWORD}
    answer = peopled.http.post("/api/v1/login", json=wanted, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_cannot_sign_somebody_in(peopled: Server, kind: str) -> None:
    with browser(peopled) as client:
        body = f'{{"name": "ann", "password": "{PASSWORD}"}}'
        answer = client.post("/api/v1/login", content=body.encode(), headers={"Content-Type": kind})
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("body", [{}, {"name": "ann"}, {"name": "ann", "password": 12345678}, [], "x"])
def test_a_login_that_makes_no_sense_is_refused_without_repeating_it(peopled: Server, body: Any) -> None:
    with browser(peopled) as client:
        answer = client.post("/api/v1/login", json=body)
        assert answer.status_code == 400
        assert "12345678" not in answer.text


def test_a_session_survives_a_restart(data: Path) -> None:
    add_users(data)
    with Server(data) as server:
        with browser(server) as client:
            sign_in(client)
            kept = dict(client.cookies)
        server.stop()
        server.start()
        with browser(server, cookies=kept) as client:
            assert client.get("/api/v1/whoami").json()["name"] == "ann"


def test_sessions_end_when_they_are_old(data: Path) -> None:
    add_users(data)
    with Server(data, session_hours=1e-7) as server, browser(server) as client:
        signed = sign_in(client)
        assert signed.status_code == 200
        shown = signed.headers["set-cookie"].partition(";")[0]
        answer = client.get("/api/v1/whoami", headers={"Cookie": shown})
        assert answer.status_code == 401
        assert "sign in again" in answer.json()["error"]["message"]


def session_of(server: Server, name: str) -> httpx2.Client:
    """Somebody who has signed in, without the tries that it takes."""
    user = Users(server.data / "users.json").find(name)
    assert user
    sessions = Sessions(server.data / "sessions.json", 3600, 3600)
    secret = sessions.begin(user.name, user.role, "user", user.generation)
    client = browser(server, cookies={"heapwatch_session": secret})
    client.headers["X-CSRF-Token"] = csrf_of(secret)
    return client


@pytest.mark.parametrize("change", ["password", "role", "remove"])
@pytest.mark.parametrize("by", ["api", "file"])
def test_all_sessions_of_a_user_end_when_the_user_changes(peopled: Server, change: str, by: str) -> None:
    users, name = Users(peopled.data / "users.json"), f"victim-{change}-{by}"
    users.add(name, "operator", PASSWORD)
    with session_of(peopled, "ann") as admin, session_of(peopled, name) as victim:
        assert victim.get("/api/v1/jvms").status_code == 200
        if by == "file":
            {
                "password": lambda: users.set_password(name, "another password"),
                "role": lambda: users.set_role(name, "viewer"),
                "remove": lambda: users.remove(name),
            }[change]()
        elif change == "remove":
            assert admin.delete(f"/api/v1/users/{name}").json() == {"removed": name}
        else:
            told = {"password": "another password"} if change == "password" else {"role": "viewer"}
            assert admin.put(f"/api/v1/users/{name}/{change}", json=told).status_code == 200
        assert victim.get("/api/v1/jvms").status_code == 401
        assert admin.get("/api/v1/jvms").status_code == 200


def test_who_is_signed_out_is_so_in_every_browser_and_may_sign_in_again(peopled: Server) -> None:
    users = Users(peopled.data / "users.json")
    users.add("lost-laptop", "operator", PASSWORD)
    sessions = Sessions(peopled.data / "sessions.json", 3600, 3600)
    let_in = sessions.begin("guest@example.org", "viewer", "oidc")
    with (
        session_of(peopled, "ann") as admin,
        session_of(peopled, "lost-laptop") as one,
        session_of(peopled, "lost-laptop") as other,
    ):
        assert admin.delete("/api/v1/users/Lost-Laptop/sessions").json() == {"ended": 2}
        assert one.get("/api/v1/jvms").status_code == other.get("/api/v1/jvms").status_code == 401
        assert admin.delete("/api/v1/users/lost-laptop/sessions").json() == {"ended": 0}
        assert admin.delete("/api/v1/users/guest@example.org/sessions").json() == {"ended": 1}
        with pytest.raises(Unauthenticated):
            sessions.find(let_in)
        refused = admin.delete("/api/v1/users/nobody/sessions")
        assert refused.status_code == 404
        assert "nobody named 'nobody' is signed in" in refused.json()["error"]["message"]
    with session_of(peopled, "lost-laptop") as one, session_of(peopled, "lost-laptop") as other:
        assert one.post("/api/v1/logout", params={"everywhere": True}).json() == {"signed_out": True}
        assert other.get("/api/v1/jvms").status_code == 401


def test_a_new_user_of_an_old_name_has_no_old_sessions(peopled: Server) -> None:
    users = Users(peopled.data / "users.json")
    users.add("twice", "viewer", PASSWORD)
    with session_of(peopled, "twice") as client:
        assert client.get("/api/v1/whoami").status_code == 200
        users.remove("twice")
        users.add("twice", "admin", PASSWORD)
        assert client.get("/api/v1/whoami").status_code == 401


def tries(client: httpx2.Client, names: list[str]) -> int:
    """How many wrong passwords are looked at before the first is not."""
    for number, name in enumerate(names):
        if sign_in(client, name, "wrong password").status_code == 429:
            return number
    return len(names)


def test_users_change_their_own_password_and_their_other_sessions_end(peopled: Server) -> None:
    Users(peopled.data / "users.json").add("self", "viewer", PASSWORD)
    with session_of(peopled, "self") as here, session_of(peopled, "self") as elsewhere:
        wrong = {"password": "wrong password", "new_password": "another password"}
        assert here.post("/api/v1/password", json=wrong).status_code == 403
        assert elsewhere.get("/api/v1/jvms").status_code == 200
        short = {"password": PASSWORD, "new_password": "short"}
        assert here.post("/api/v1/password", json=short).status_code == 400
        number = here.post("/api/v1/password", json={"password": PASSWORD, "new_password": 87654321})
        assert number.status_code == 400
        assert "87654321" not in number.text
        wanted = {"password": PASSWORD, "new_password": "another password"}
        changed = here.post("/api/v1/password", json=wanted)
        assert changed.json()["name"] == "self"
        assert elsewhere.get("/api/v1/jvms").status_code == 401
        shown = changed.headers["set-cookie"].partition(";")[0]
        assert peopled.http.get("/api/v1/jvms", headers={"Cookie": shown}).status_code == 200
    assert Users(peopled.data / "users.json").authenticate("self", "another password")
    told = [(e.who, e.outcome) for e in Audit(peopled.data).newest(9) if e.what == "user.password"]
    assert told[:2] == [("user:self", "done"), ("user:self", "failed")]


class TestRates:
    def test_who_guesses_a_password_is_told_to_come_later_even_with_the_right_one(self, data: Path) -> None:
        add_users(data)
        with Server(data) as server, browser(server) as client:
            wrong = tries(client, ["ann"] * 20)
            assert wrong >= 10
            answer = sign_in(client)
            assert answer.status_code == 429
            assert 0 < int(answer.headers["retry-after"]) <= 12
            assert "for this name" in answer.json()["error"]["message"]
            assert sign_in(client, "vera").status_code == 200

    def test_who_guesses_names_is_told_so_too(self, data: Path) -> None:
        add_users(data)
        with Server(data) as server, browser(server) as client:
            wrong = tries(client, [f"user{number}" for number in range(60)])
            assert 20 <= wrong < 60
            assert "from this address" in sign_in(client).json()["error"]["message"]

    def test_one_caller_who_asks_too_much_does_not_slow_down_the_others(self, data: Path) -> None:
        users = add_users(data)
        assert users.exist()
        flags = {"read_rate": 0.001, "read_burst": 3}
        with Server(data, **flags) as server, browser(server) as greedy, browser(server) as modest:
            sign_in(greedy)
            sign_in(modest, "vera")
            statuses = [greedy.get("/api/v1/jvms").status_code for _ in range(4)]
            assert statuses == [200, 200, 200, 429]
            assert int(greedy.get("/api/v1/jvms").headers["retry-after"]) > 0
            assert greedy.get("/api/v1/whoami").status_code == 200
            assert modest.get("/api/v1/jvms").status_code == 200


def audited(data: Path) -> list[tuple[str, str, str, str]]:
    found = reversed(Audit(data).newest(100))
    return [(entry.who, entry.what, entry.target, entry.outcome) for entry in found]


def test_every_change_is_in_the_audit_and_no_secret(data: Path) -> None:
    add_users(data)
    with Server(data) as server, browser(server) as client:
        sign_in(client, "ann", "a wrong secret")
        sign_in(client, "hunter2-typed-as-name", "x")
        csrf = sign_in(client).json()["csrf"]
        made = client.post("/api/v1/tokens", json={"name": "web1", "scopes": ["ingest"], "hosts": ["web*"]})
        rotated = client.post(f"/api/v1/tokens/{made.json()['id']}/rotate", json={})
        client.post("/api/v1/tokens", json={"name": "web1", "scopes": ["ingest"]})
        client.put("/api/v1/users/otto/password", json={"password": "a brand new secret"})
        client.put("/api/v1/users/otto/role", json={"role": "viewer"})
        client.post("/-/reload")
        with browser(server) as viewer:
            sign_in(viewer, "vera")
            viewer.delete("/api/v1/tokens/web1")
        client.get("/api/v1/jvms")
        client.post("/api/v1/logout")
        assert audited(data) == [
            ("user:ann", "login", "", "refused"),
            ("unknown user", "login", "", "refused"),
            ("user:ann", "login", "", "done"),
            ("user:ann", "token.create", "web1", "done"),
            ("user:ann", "token.rotate", "web1", "done"),
            ("user:ann", "token.create", "web1", "failed"),
            ("user:ann", "user.password", "otto", "done"),
            ("user:ann", "user.role", "otto", "done"),
            ("user:ann", "reload", "", "done"),
            ("user:vera", "login", "", "done"),
            ("user:vera", "token.revoke", "web1", "refused"),
            ("user:ann", "logout", "", "done"),
        ]
        secrets = [PASSWORD, "a wrong secret", "hunter2", "a brand new secret", csrf]
        secrets += [made.json()["token"], rotated.json()["token"]]
        for file in (data / "audit.jsonl", server.log, data / "sessions.json", data / "tokens.json"):
            assert [secret for secret in secrets if secret in file.read_text()] == []
        assert Audit(data).verify()[0]


def test_a_change_that_cannot_be_written_down_is_made_and_the_trouble_is_said(data: Path) -> None:
    with Server(data) as server:
        (data / "audit.jsonl").mkdir()
        made = server.http.post("/api/v1/tokens", json={"name": "me", "scopes": ["admin"]})
        assert made.status_code == 201
        admin = {"Authorization": f"Bearer {made.json()['token']}"}
        status = server.http.get("/api/v1/status", headers=admin).json()
        assert [each for each in status["problems"] if "audit.jsonl" in each]
        assert status["ready"] is True
        (data / "audit.jsonl").rmdir()
        server.http.post("/-/reload", headers=admin)
        assert server.http.get("/api/v1/status", headers=admin).json()["problems"] == []
        assert audited(data) == [("token:me", "reload", "", "done")]


@pytest.mark.parametrize(
    ("trusted", "told"), [("", "127.0.0.1"), ("10.0.0.0/8", "127.0.0.1"), ("127.0.0.0/8", "203.0.113.7")]
)
def test_who_asks_is_said_by_proxies_that_are_trusted_and_by_no_others(
    data: Path, trusted: str, told: str
) -> None:
    with Server(data, trusted_proxies=trusted) as server:
        server.http.post("/-/reload", headers={"X-Forwarded-For": "10.9.9.9, 203.0.113.7"})
        assert [entry.from_ for entry in Audit(data).newest(1)] == [told]


def test_the_audit_is_read_by_administrators(data: Path) -> None:
    add_users(data)
    with Server(data) as server, browser(server) as client:
        sign_in(client, "vera", "wrong password")
        sign_in(client)
        client.post("/-/reload")
        found = client.get("/api/v1/audit", params={"limit": 2}).json()
        assert [entry["what"] for entry in found["entries"]] == ["reload", "login"]
        assert found["entries"][0]["from"] == "127.0.0.1"
        older = client.get("/api/v1/audit", params={"limit": 2, "before": found["more"]}).json()
        assert [(entry["who"], entry["outcome"]) for entry in older["entries"]] == [("user:vera", "refused")]
        assert older["more"] is None
        bad = client.get("/api/v1/audit", params={"outcome": "refused", "what": "login"}).json()
        assert len(bad["entries"]) == 1


def collectd_of(host: str) -> list[dict[str, Any]]:
    names = {"plugin": "load", "plugin_instance": "", "type": "gauge", "type_instance": ""}
    told = {"values": [1], "dstypes": ["gauge"], "dsnames": ["value"], "time": time.time(), "interval": 10}
    return [{**told, **names, "host": host}]


def otlp_of(host: str) -> dict[str, Any]:
    point = {"timeUnixNano": str(time.time_ns()), "asDouble": 1}
    metric = {"name": "up", "gauge": {"dataPoints": [point]}}
    resource = {"attributes": [{"key": "host.name", "value": {"stringValue": host}}]}
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]}


def test_a_bound_token_cannot_send_for_others(peopled: Server) -> None:
    with browser(peopled) as client:
        sign_in(client)
        wanted = {"name": "web", "scopes": ["ingest"], "hosts": ["web-*"]}
        made = client.post("/api/v1/tokens", json=wanted).json()
        assert made["hosts"] == ["web-*"]
        mine = {"Authorization": f"Bearer {made['token']}"}
        http = peopled.http
        text = b" num     #instances         #bytes  class name\n   1:   1   16  A\nTotal   1   16\n"
        for host, status in (("web-1", 200), ("db1", 403)):
            histogram = f"/api/v1/histogram?host={host}&jvm=shop"
            assert http.post(histogram, content=text, headers=mine).status_code == status
            logs = f"/api/v1/logs?host={host}"
            assert http.post(logs, content=b"hello", headers=mine).status_code == status
            pushed = f'up{{host="{host}"}} 1\nup 1\n'.encode()
            answer = http.post("/api/v1/import/prometheus", content=pushed, headers=mine)
            assert answer.status_code == status
            assert http.post("/api/v1/collectd", json=collectd_of(host), headers=mine).status_code == status
            assert http.post("/v1/metrics", json=otlp_of(host), headers=mine).status_code == status
            grouping = f"/metrics/job/nightly/host/{host}"
            assert http.put(grouping, content=b"up 1\n", headers=mine).status_code == status
        assert answer.json()["error"]["code"] == "other-host"
        assert "web may send for web-*, and this is for 'db1'" in answer.json()["error"]["message"]
        hosts = {each["host"] for each in client.get("/api/v1/jvms").json()["jvms"]}
        assert "web-1" in hosts
        assert "db1" not in hosts
        counts = client.get("/api/v1/ingest/rejects").json()["counts"]
        doors = {"histogram": 1, "logs": 1, "prometheus": 2, "collectd-http": 1, "otlp-metrics": 1}
        assert {door: counts[door]["other-host"] for door in doors} == doors
        assert "db1" not in client.get("/api/v1/labels/host/values").json()["values"]


def test_a_rotated_token_has_a_new_secret_and_the_old_one_is_refused(peopled: Server) -> None:
    with browser(peopled) as client:
        sign_in(client)
        old = client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["read"]}).json()
        new = client.post("/api/v1/tokens/ci/rotate", json={"expires": "now+1h"}).json()
        assert (new["id"], new["scopes"]) == (old["id"], old["scopes"])
        assert new["expires"] is not None
        for secret, status in ((old["token"], 401), (new["token"], 200)):
            answer = peopled.http.get("/api/v1/jvms", headers={"Authorization": f"Bearer {secret}"})
            assert answer.status_code == status
        assert client.post("/api/v1/tokens/nobody/rotate", json={}).status_code == 404


def test_a_stream_tells_nothing_more_once_its_session_has_ended(peopled: Server) -> None:
    users = Users(peopled.data / "users.json")
    users.add("watcher", "viewer", PASSWORD)
    text = b" num     #instances         #bytes  class name\n   1:   1   16  A\nTotal   1   16\n"
    with session_of(peopled, "ann") as admin, session_of(peopled, "watcher") as watcher:
        made = admin.post("/api/v1/tokens", json={"name": "feeder", "scopes": ["ingest"]}).json()
        feeder = {"Authorization": f"Bearer {made['token']}"}

        def feed() -> None:
            fed = peopled.http.post("/api/v1/histogram?host=fed&jvm=shop", content=text, headers=feeder)
            assert fed.status_code == 200

        with watcher.stream("GET", "/api/v1/live") as stream:
            lines = stream.iter_lines()
            wait_for_event(lines, "hello")
            feed()
            wait_for_event(lines, "snapshot")
            users.remove("watcher")
            end = time.monotonic() + 60
            while next(lines, None) is not None:
                assert time.monotonic() < end
                feed()


def wait_for_event(lines: Iterator[str], kind: str) -> None:
    assert any(line == f"event: {kind}" for line in lines)


def test_a_damaged_file_of_users_locks_everybody_out_and_says_so(data: Path) -> None:
    add_users(data)
    with Server(data) as server:
        (data / "users.json").write_text("{")
        answer = server.http.get("/api/v1/jvms")
        assert answer.status_code == 500
        assert "users.json is damaged" in answer.json()["error"]["message"]
        assert server.stop() == 0
