"""Signing in at an OpenID provider: authorization code with PKCE, checked by Authlib and joserfc.

    begin    -> the provider's page, with state, nonce and a code challenge; a cookie binds the browser
    finish   <- code and state: the code for an id token; its signature, issuer, audience, times, nonce

Authlib speaks OAuth over any HTTP client; ours is httpx2. What the provider says of itself (discovery) and
its keys are kept for an hour; a key that is not among them is looked for once more, so keys may rotate at
any time. Everything here blocks and belongs into a thread.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    InvalidKeyIdError,
    JoseError,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from heapwatch.errors import HeapwatchError, Unavailable, UsageError
from heapwatch.web.access import UNDER_WAY_S
from heapwatch.web.auth import ROLES, Forbidden, Unauthenticated
from heapwatch.web.settings import Settings

CALLBACK = "/api/v1/oidc/callback"
ALGORITHMS = tuple(f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512))
KEPT_S = 3600.0
MOST_UNDER_WAY = 1000
LEEWAY_S = 60
_CLAIMS = {
    "iss": "it is of another issuer (iss)",
    "aud": "it is for another client (aud); oidc_client_id may be wrong",
    "azp": "it is for another client (azp); oidc_client_id may be wrong",
    "nonce": "it belongs to another sign-in (nonce)",
    "iat": "it is from the future (iat); the clocks of provider and server may differ",
    "nbf": "it is not valid yet (nbf); the clocks of provider and server may differ",
}


class NotUnderWay(Unauthenticated):
    """Nobody here began the sign-in that somebody wants to finish."""


@dataclass(frozen=True)
class Begun:
    """A sign-in that has begun: where the browser goes, and what its cookie binds to it."""

    url: str
    binding: str


@dataclass(frozen=True)
class Person:
    """Who has signed in; `subject` is the name by which the provider never confuses two people."""

    name: str
    subject: str
    role: str
    back: str
    """The page from which the sign-in began."""


@dataclass(frozen=True)
class _UnderWay:
    nonce: str
    verifier: str
    binding: str
    back: str
    ends: float


class Provider:
    """The provider of the settings. Safe to use from any thread."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        given = settings.oidc_client_secret
        self._secret = given.get_secret_value().strip() if given else None
        self._scope = " ".join(settings.oidc_scopes)
        self._claim = settings.oidc_groups_claim
        self._roles = settings.roles_by_group
        self._redirect = settings.public_url.rstrip("/") + CALLBACK
        self._http = httpx2.Client(timeout=httpx2.Timeout(10.0, connect=5.0), verify=_context(settings))
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: OrderedDict[str, _UnderWay] = OrderedDict()
        self._known: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def begin(self, back: str) -> Begun:
        """Where to send a browser that wants to sign in and then see the page `back`."""
        nonce, verifier, binding = (secrets.token_urlsafe(48) for _ in range(3))
        endpoint = _endpoint(self._metadata(), "authorization_endpoint")
        url, state = self._client().create_authorization_url(endpoint, code_verifier=verifier, nonce=nonce)
        ends = self._clock() + UNDER_WAY_S
        with self._lock:
            self._under_way[state] = _UnderWay(nonce, verifier, _digest(binding), own_page(back), ends)
            while len(self._under_way) > MOST_UNDER_WAY:
                self._under_way.popitem(last=False)
        return Begun(url, binding)

    def finish(self, answer: Mapping[str, str], binding: str) -> Person:
        """Who it is, from the parameters with which the provider sent the browser back."""
        with self._lock:
            begun = self._under_way.pop(answer.get("state", ""), None)
        if begun is None or begun.ends < self._clock():
            raise NotUnderWay("this sign-in is not under way here (state); start again")
        if not hmac.compare_digest(begun.binding, _digest(binding)):
            raise NotUnderWay("this sign-in was begun in another browser (state); start again")
        if answer.get("iss", self._issuer) != self._issuer:
            raise Unauthenticated("the answer comes from another provider (iss)")
        if "error" in answer:
            said = answer.get("error_description") or answer["error"]
            raise Unauthenticated(f"the provider did not sign you in: {said[:200]}")
        if not answer.get("code"):
            raise Unauthenticated("the provider sent no code; start again")
        token = self._token(answer["code"], begun.verifier)
        claims = self._claims(token, begun.nonce)
        if self._at(claims) is None and "userinfo_endpoint" in self._metadata():
            claims = {**self._userinfo(token, str(claims["sub"])), **claims}
        return self._person(claims, begun.back)

    def _person(self, claims: Mapping[str, Any], back: str) -> Person:
        name = next(
            (str(claims[each]) for each in ("preferred_username", "email", "name") if claims.get(each)),
            str(claims["sub"]),
        )
        held = self._groups(claims)
        roles = {role for group, role in self._roles.items() if group in held or group == "*"}
        if not roles:
            told = ", ".join(sorted(held)[:10]) or "none"
            raise Forbidden(
                f"{name[:100]} has signed in, but none of their groups has a role here "
                f"({self._claim}: {told[:300]}); ask whoever runs this server"
            )
        return Person(name[:100], str(claims["sub"]), max(roles, key=list(ROLES).index), back)

    def _groups(self, claims: Mapping[str, Any]) -> set[str]:
        found = self._at(claims)
        if self._claim == "email" and claims.get("email_verified") is not True:
            return set()
        if isinstance(found, str):
            return {found}
        return {each for each in found if isinstance(each, str)} if isinstance(found, list) else set()

    def _at(self, claims: Mapping[str, Any]) -> Any:
        """The claim of groups; `realm_access.roles` lies deeper, unless a claim has this very name."""
        if self._claim in claims:
            return claims[self._claim]
        found: Any = claims
        for name in self._claim.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def _token(self, code: str, verifier: str) -> dict[str, Any]:
        endpoint = _endpoint(self._metadata(), "token_endpoint")
        try:
            token = self._client().fetch_token(
                endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
            )
        except AuthlibBaseError as error:
            said = error.description or error.error or "no reason"
            raise Unauthenticated(f"the provider does not take back its code: {str(said)[:200]}") from error
        except (ValueError, httpx2.HTTPError) as error:
            raise _unreachable(endpoint, error) from error
        if not isinstance(token.get("id_token"), str):
            raise Unauthenticated("the provider sent no id token; oidc_scopes must have openid")
        return dict(token)

    def _claims(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """What the id token says, once everything about it is right."""
        try:
            try:
                read = self._read(token["id_token"], self._key_set())
            except (InvalidKeyIdError, BadSignatureError):
                read = self._read(token["id_token"], self._key_set(fresh=True))
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")},
            )
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, ValueError) as error:
            raise Unauthenticated(f"the provider's id token is not accepted: {_fault(error)}") from error
        return dict(claims)

    def _read(self, id_token: str, keys: KeySet) -> jwt.Token:
        offered = self._metadata().get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [name for name in ALGORITHMS if name in offered]
        registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
        return jwt.decode(id_token, keys, registry=registry)

    def _userinfo(self, token: Mapping[str, Any], subject: str) -> dict[str, Any]:
        bearer = {"Authorization": f"Bearer {token.get('access_token', '')}"}
        said = self._get(_endpoint(self._metadata(), "userinfo_endpoint"), bearer)
        if said.get("sub") != subject:
            raise Unauthenticated("the provider speaks of somebody else (userinfo)")
        return said

    def _metadata(self) -> dict[str, Any]:
        known = self._known
        if known is None or known[0] < self._clock():
            found = self._get(get_well_known_url(self._issuer, external=True))
            if found.get("issuer") != self._issuer:
                raise Unavailable(
                    f"the provider calls itself {str(found.get('issuer'))[:200]!r}, "
                    f"and oidc_issuer says {self._issuer!r}: they must be the same"
                )
            known = self._known = (self._clock() + KEPT_S, found)
        return known[1]

    def _key_set(self, *, fresh: bool = False) -> KeySet:
        known = self._keys
        if fresh or known is None or known[0] < self._clock():
            uri = _endpoint(self._metadata(), "jwks_uri")
            try:
                keys = KeySet.import_key_set(self._get(uri))  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise Unavailable(f"the provider's keys at {uri} cannot be read: {error}") from error
            known = self._keys = (self._clock() + KEPT_S, keys)
        return known[1]

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = self._http.get(url, headers={"Accept": "application/json", **(headers or {})})
            if answer.status_code != 200:
                raise ValueError(f"it answered {answer.status_code}")
            found = answer.json()
            if not isinstance(found, dict):
                raise ValueError("it answered no JSON object")
        except (ValueError, httpx2.HTTPError) as error:
            raise _unreachable(url, error) from error
        return found

    def _client(self) -> OAuth2Client:
        offered = self._metadata().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "none"
        if self._secret:
            method = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
        return OAuth2Client(
            _Posts(self._http),
            client_id=self._client_id,
            client_secret=self._secret,
            token_endpoint_auth_method=method,
            scope=self._scope,
            redirect_uri=self._redirect,
            code_challenge_method="S256",
        )


class _Posts:
    """The part of a requests session that Authlib's client needs, over httpx2."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def post(self, url: str, *, data: dict[str, str], headers: Mapping[str, str], auth: Any) -> Any:
        url, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return self._http.post(url, content=body.encode(), headers=sent)


def own_page(back: str) -> str:
    """A page of ours to come back to, whatever somebody put there: never another server's."""
    plain = back.isprintable() and len(back) <= 2000 and "\\" not in back
    return back if plain and back.startswith("/") and not back.startswith("//") else "/"


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    found = metadata.get(name)
    if not isinstance(found, str):
        raise Unavailable(f"the provider says no {name}")
    return found


def _context(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.oidc_ca)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"oidc_ca {settings.oidc_ca}: {getattr(error, 'strerror', None) or error}"
        ) from error


def _unreachable(url: str, error: Exception) -> HeapwatchError:
    said = str(error) or type(error).__name__
    return Unavailable(f"the OpenID provider cannot be asked: {url}: {said[:200]}", retry_after=5.0)


def _fault(error: Exception) -> str:
    if isinstance(error, ExpiredTokenError):
        return "it has expired (exp); the clocks of provider and server may differ"
    if isinstance(error, ClaimError):
        return _CLAIMS.get(error.claim, f"its {error.claim} is wrong or missing")
    if isinstance(error, (BadSignatureError, InvalidKeyIdError)):
        return "it is not signed with a key of the provider"
    if isinstance(error, UnsupportedAlgorithmError):
        return "it is signed in a way that is not accepted (alg)"
    return f"it cannot be read ({error})"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
