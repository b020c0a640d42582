"""Signing in at an OpenID provider: who gets in as what, and what is said when something is wrong."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
from openid_provider import CLIENT, SECRET, OpenIdProvider
from servers import Server

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.web.auth import Users
from heapwatch.web.openid import Provider, own_page
from heapwatch.web.settings import Settings, load
from heapwatch.workflow.audit import Audit

PUBLIC = "http://127.0.0.1"


def flags_for(provider: OpenIdProvider, **more: str) -> dict[str, str]:
    return {
        "oidc_issuer": provider.url,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_roles": "heap-admins=admin, ops=operator, staff=viewer",
        "public_url": PUBLIC,
        **more,
    }


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with OpenIdProvider() as running:
        yield running


class Visitor:
    """What a browser does, without one."""

    def __init__(self, settings: Settings) -> None:
        self.provider = Provider(settings)

    def consent(self, back: str = "/") -> tuple[dict[str, str], str]:
        """What the provider sends back, and what the browser's cookie holds."""
        begun = self.provider.begin(back)
        answer = httpx2.get(begun.url, trust_env=False)
        assert answer.status_code == 302
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}, begun.binding

    def sign_in(self, back: str = "/") -> Any:
        return self.provider.finish(*self.consent(back))


@pytest.fixture
def visitor(provider: OpenIdProvider) -> Visitor:
    return Visitor(load(flags_for(provider)).settings)


class TestProof:
    """What must be right before anybody is let in."""

    def test_a_user_whose_group_has_a_role_is_let_in(self, visitor: Visitor) -> None:
        person = visitor.sign_in("/leaks?x=1")
        assert (person.name, person.subject, person.role) == ("ann", "4711", "admin")
        assert person.back == "/leaks?x=1"

    @pytest.mark.parametrize(
        ("claims", "words"),
        [
            ({"nonce": "another"}, "belongs to another sign-in"),
            ({"nonce": None}, "belongs to another sign-in"),
            ({"aud": "another"}, "oidc_client_id may be wrong"),
            ({"aud": ["another", "third"]}, "oidc_client_id may be wrong"),
            ({"aud": None}, "oidc_client_id may be wrong"),
            ({"azp": "another"}, "oidc_client_id may be wrong"),
            ({"iss": "https://evil.example.org"}, "another issuer"),
            ({"exp": int(time.time()) - 3600}, "has expired"),
            ({"exp": None}, "exp is wrong or missing"),
            ({"iat": int(time.time()) + 3600}, "from the future"),
            ({"nbf": int(time.time()) + 3600}, "not valid yet"),
            ({"sub": None}, "sub is wrong or missing"),
            ({"at_hash": "wrong"}, "at_hash is wrong"),
        ],
    )
    def test_an_id_token_that_says_anything_wrong_is_refused(
        self, provider: OpenIdProvider, visitor: Visitor, claims: dict[str, Any], words: str
    ) -> None:
        provider.claims = claims
        with pytest.raises(HeapwatchError, match=f"id token is not accepted: .*{words}"):
            visitor.sign_in()

    @pytest.mark.parametrize("algorithm", ["none", "HS256"])
    def test_an_id_token_without_a_signature_of_a_private_key_is_refused(
        self, provider: OpenIdProvider, visitor: Visitor, algorithm: str
    ) -> None:
        provider.algorithm = algorithm
        with pytest.raises(HeapwatchError, match=r"id token is not accepted: .*\(alg\)"):
            visitor.sign_in()

    def test_an_id_token_that_another_key_signed_is_refused(
        self, provider: OpenIdProvider, visitor: Visitor
    ) -> None:
        provider.forge()
        with pytest.raises(HeapwatchError, match="not signed with a key of the provider"):
            visitor.sign_in()

    def test_new_keys_of_the_provider_are_fetched_when_they_are_needed(
        self, provider: OpenIdProvider, visitor: Visitor
    ) -> None:
        visitor.sign_in()
        visitor.sign_in()
        assert provider.asked.count("/realm/keys") == 1
        provider.rotate()
        assert visitor.sign_in().name == "ann"
        assert provider.asked.count("/realm/keys") == 2
        assert provider.asked.count("/realm/.well-known/openid-configuration") == 1

    def test_a_sign_in_that_was_not_begun_here_is_refused(self, visitor: Visitor) -> None:
        answer, binding = visitor.consent()
        with pytest.raises(HeapwatchError, match=r"not under way here \(state\)"):
            visitor.provider.finish({**answer, "state": "forged"}, binding)

    def test_a_sign_in_that_another_browser_began_is_refused(self, visitor: Visitor) -> None:
        answer, _ = visitor.consent()
        _, another = visitor.consent()
        with pytest.raises(HeapwatchError, match="begun in another browser"):
            visitor.provider.finish(answer, another)

    def test_an_answer_counts_once(self, visitor: Visitor) -> None:
        answer, binding = visitor.consent()
        visitor.provider.finish(answer, binding)
        with pytest.raises(HeapwatchError, match="not under way here"):
            visitor.provider.finish(answer, binding)

    def test_an_answer_of_another_provider_is_refused(
        self, provider: OpenIdProvider, visitor: Visitor
    ) -> None:
        provider.answer = {"iss": "https://evil.example.org"}
        with pytest.raises(HeapwatchError, match="comes from another provider"):
            visitor.sign_in()

    def test_a_sign_in_that_takes_too_long_is_begun_anew(self, provider: OpenIdProvider) -> None:
        now = [0.0]
        visitor = Visitor(load(flags_for(provider)).settings)
        visitor.provider = Provider(load(flags_for(provider)).settings, clock=lambda: now[0])
        answer, binding = visitor.consent()
        now[0] = 601.0
        with pytest.raises(HeapwatchError, match="start again"):
            visitor.provider.finish(answer, binding)

    def test_what_the_provider_refuses_is_said(self, provider: OpenIdProvider, visitor: Visitor) -> None:
        provider.answer = {"error": "access_denied", "error_description": "not today"}
        with pytest.raises(HeapwatchError, match="did not sign you in: not today"):
            visitor.sign_in()

    def test_a_wrong_secret_of_the_client_is_said(self, provider: OpenIdProvider) -> None:
        visitor = Visitor(load(flags_for(provider, oidc_client_secret="wrong")).settings)
        with pytest.raises(HeapwatchError, match="the client's secret is wrong"):
            visitor.sign_in()


class TestRoles:
    """What groups make of somebody."""

    @pytest.mark.parametrize(
        ("groups", "role"),
        [(["ops", "staff"], "operator"), (["staff", "x"], "viewer"), ("ops", "operator")],
    )
    def test_the_strongest_role_of_all_groups_counts(
        self, provider: OpenIdProvider, visitor: Visitor, groups: object, role: str
    ) -> None:
        provider.claims = {"groups": groups}
        assert visitor.sign_in().role == role

    @pytest.mark.parametrize("groups", [["guests"], [], None, 7, [["ops"]], {"ops": 1}])
    def test_who_has_no_group_with_a_role_gets_no_access(
        self, provider: OpenIdProvider, visitor: Visitor, groups: object
    ) -> None:
        provider.claims = {"groups": groups}
        with pytest.raises(HeapwatchError, match="ann has signed in, but none of their groups has a role"):
            visitor.sign_in()

    def test_groups_may_lie_deeper(self, provider: OpenIdProvider) -> None:
        provider.claims = {"realm_access": {"roles": ["ops"]}, "groups": None}
        visitor = Visitor(load(flags_for(provider, oidc_groups_claim="realm_access.roles")).settings)
        assert visitor.sign_in().role == "operator"

    def test_groups_may_be_told_by_userinfo_alone(self, provider: OpenIdProvider, visitor: Visitor) -> None:
        provider.claims = {"groups": None}
        provider.userinfo = {"sub": "4711", "groups": ["staff"]}
        assert visitor.sign_in().role == "viewer"
        provider.userinfo = {"sub": "0815", "groups": ["staff"]}
        with pytest.raises(HeapwatchError, match="somebody else"):
            visitor.sign_in()

    def test_everybody_may_have_a_role(self, provider: OpenIdProvider) -> None:
        provider.claims = {"groups": None}
        assert Visitor(load(flags_for(provider, oidc_roles="*=viewer")).settings).sign_in().role == "viewer"

    def test_an_address_of_mail_counts_when_it_is_verified(self, provider: OpenIdProvider) -> None:
        more = {"oidc_groups_claim": "email", "oidc_roles": "ann@example.org=admin"}
        visitor = Visitor(load(flags_for(provider, **more)).settings)
        provider.claims = {"email": "ann@example.org", "email_verified": True}
        assert visitor.sign_in().role == "admin"
        provider.claims = {"email": "ann@example.org", "email_verified": False}
        with pytest.raises(HeapwatchError, match="none of their groups"):
            visitor.sign_in()


class TestProviderAtFault:
    def test_a_provider_that_is_down_is_named(self, provider: OpenIdProvider, visitor: Visitor) -> None:
        provider.go_away()
        with pytest.raises(HeapwatchError, match=f"cannot be asked: {provider.url}/.well-known") as told:
            visitor.sign_in()
        assert "\n" not in str(told.value)

    def test_a_provider_that_goes_down_meanwhile_is_named(
        self, provider: OpenIdProvider, visitor: Visitor
    ) -> None:
        answer, binding = visitor.consent()
        provider.go_away()
        with pytest.raises(HeapwatchError, match=f"cannot be asked: {provider.url}/token"):
            visitor.provider.finish(answer, binding)

    def test_a_provider_that_calls_itself_otherwise_is_not_trusted(
        self, provider: OpenIdProvider, visitor: Visitor
    ) -> None:
        provider.discovery = {"issuer": "https://evil.example.org"}
        with pytest.raises(HeapwatchError, match="they must be the same"):
            visitor.sign_in()

    def test_a_provider_that_fails_is_named(self, provider: OpenIdProvider, visitor: Visitor) -> None:
        provider.answers_tokens_with = 500
        with pytest.raises(HeapwatchError, match="cannot be asked"):
            visitor.sign_in()

    def test_a_provider_without_an_endpoint_is_said(self, provider: OpenIdProvider, visitor: Visitor) -> None:
        provider.discovery = {"token_endpoint": None}
        with pytest.raises(HeapwatchError, match="says no token_endpoint"):
            visitor.sign_in()


@pytest.mark.parametrize(
    "back",
    ["//evil.example.org", "https://evil.example.org", "/\\evil.example.org", "", "javascript:x", "/\n/x"],
)
def test_nobody_is_sent_to_another_server_afterwards(back: str) -> None:
    assert own_page(back) == "/"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"oidc_client_id": ""}, "oidc_issuer needs"),
        ({"public_url": ""}, "oidc_issuer needs"),
        ({"oidc_roles": ""}, "oidc_issuer needs"),
        ({"oidc_roles": "ops=root"}, "roles are viewer"),
        ({"oidc_roles": "ops"}, "group=role"),
        ({"oidc_issuer": "http://sso.example.org"}, "begins with https"),
        ({"oidc_issuer": "sso"}, "not the address of a server"),
        ({"oidc_scopes": "profile"}, "openid must be among them"),
    ],
)
def test_settings_that_cannot_work_are_named(
    provider: OpenIdProvider, wrong: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        load(flags_for(provider, **wrong))


@pytest.fixture(scope="module")
def sso() -> Iterator[OpenIdProvider]:
    with OpenIdProvider() as running:
        yield running


@pytest.fixture(scope="module")
def served(sso: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sso") / "data", **flags_for(sso)) as server:
        yield server


@pytest.mark.store
class TestServer:
    """Through the server, as a browser does."""

    def walk(self, server: Server, client: httpx2.Client, back: str = "/") -> httpx2.Response:
        """To the provider and back; the last answer."""
        sent = client.get(f"{server.url}/api/v1/oidc/login?back={quote(back)}")
        assert sent.status_code == 303
        returned = httpx2.get(sent.headers["location"], trust_env=False).headers["location"]
        assert returned.startswith(f"{PUBLIC}/api/v1/oidc/callback?")
        return client.get(server.url + returned.removeprefix(PUBLIC), headers={"Accept": "text/html"})

    def test_a_server_with_a_provider_is_closed(self, served: Server) -> None:
        assert served.http.get("/api/v1/jvms").status_code == 401
        assert served.http.get("/api/v1/signin").json()["oidc"] == "single sign-on"

    def test_who_signs_in_at_the_provider_has_a_session(self, sso: OpenIdProvider, served: Server) -> None:
        sso.claims = {"groups": ["staff"]}
        with httpx2.Client(trust_env=False) as client:
            done = self.walk(served, client, "/leaks?host=web1")
            assert (done.status_code, done.headers["location"]) == (303, "/leaks?host=web1")
            who = client.get(f"{served.url}/api/v1/whoami").json()
            assert (who["name"], who["kind"], who["role"]) == ("ann", "oidc", "viewer")
            assert client.get(f"{served.url}/api/v1/jvms").status_code == 200
            assert client.get(f"{served.url}/api/v1/tokens").status_code == 403
            assert "heapwatch_openid" not in client.cookies
        entry = Audit(served.data).newest(1)[0]
        assert (entry.who, entry.what, entry.outcome) == ("oidc:ann", "login", "done")
        assert entry.detail == "viewer, sub 4711"

    def test_people_of_the_provider_are_listed_while_they_are_signed_in(
        self, sso: OpenIdProvider, served: Server
    ) -> None:
        Users(served.data / "users.json").add("ann", "viewer", "correct horse battery")
        sso.claims = {"preferred_username": "anton", "groups": ["heap-admins"]}
        with httpx2.Client(trust_env=False) as client, httpx2.Client(trust_env=False) as other:
            self.walk(served, client)
            self.walk(served, other)
            signed_in = client.get(f"{served.url}/api/v1/whoami").json()
            known = client.get(f"{served.url}/api/v1/users").json()["users"]
            assert (known[0]["name"], known[0]["source"]) == ("ann", "password")
            anton = next(each for each in known if each["name"] == "anton")
            assert (anton["source"], anton["role"], anton["sessions"]) == ("oidc", "admin", 2)
            assert anton["created"] is None
            assert anton["last_signin"] <= time.time() * 1000
            proof = {"X-CSRF-Token": signed_in["csrf"], "Origin": served.url}
            assert client.post(f"{served.url}/api/v1/logout", headers=proof).status_code == 200
            left = other.get(f"{served.url}/api/v1/users").json()["users"]
            assert [each["sessions"] for each in left if each["name"] == "anton"] == [1]

    def test_who_has_no_role_reads_why_on_a_page(self, sso: OpenIdProvider, served: Server) -> None:
        sso.claims = {"groups": ["<b>guests</b>"]}
        with httpx2.Client(trust_env=False) as client:
            refused = self.walk(served, client)
            assert refused.status_code == 403
            assert "<b>" not in refused.text
            assert "none of their groups has a role here (groups: <b>guests</b>)" in html.unescape(
                refused.text
            )
            assert client.get(f"{served.url}/api/v1/whoami").status_code == 401
        entry = Audit(served.data).newest(1)[0]
        assert (entry.what, entry.outcome) == ("login", "refused")

    def test_a_forged_answer_is_refused(self, served: Server) -> None:
        answer = served.http.get("/api/v1/oidc/callback?code=x&state=y")
        assert answer.status_code == 401
        assert "start again" in answer.json()["error"]["message"]
        assert "set-cookie" not in answer.headers


@pytest.mark.store
def test_a_server_starts_without_its_provider_and_says_why_nobody_can_sign_in(data: Path) -> None:
    provider = OpenIdProvider()
    provider.go_away()
    with Server(data, **flags_for(provider)) as server:
        answer = server.http.get("/api/v1/oidc/login", headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert provider.url in answer.text
        assert server.http.get("/healthz").status_code == 200


@pytest.mark.store
def test_a_server_without_a_provider_has_none_to_go_to(data: Path) -> None:
    with Server(data) as server:
        assert server.http.get("/api/v1/oidc/login").status_code == 404
