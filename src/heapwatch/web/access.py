"""Who is let in, and as whom: the one place that looks at what a request shows.

    Authorization: Bearer hw_...     a token of tokens.json
    a session's cookie               a user of users.json, or of an OpenID provider
    nothing                          anybody, while there is no token, no user and no provider, on loopback

A cookie goes along with whatever a browser sends, so a request that changes something by it must prove that
one of our own pages sent it: by where it comes from, and by a value that only our pages can read.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection

from starlette.requests import HTTPConnection
from starlette.responses import Response

from heapwatch.web.auth import (
    ANYBODY,
    ROLES,
    Caller,
    Forbidden,
    Session,
    Sessions,
    Tokens,
    Unauthenticated,
    Users,
)
from heapwatch.web.auth.sessions import csrf_of
from heapwatch.web.guard import SAFE_METHODS, from_own_page, host_name
from heapwatch.web.settings import Settings

CSRF_HEADER = "x-csrf-token"
UNDER_WAY_S = 600.0
"""How long a sign-in at an OpenID provider may take."""


class Access:
    """The proofs of one server. What it reads from settings cannot change while the server runs."""

    def __init__(self, settings: Settings) -> None:
        self.tokens = Tokens(settings.tokens_file)
        self.users = Users(settings.data / "users.json")
        self.sessions = Sessions(
            settings.data / "sessions.json",
            settings.session_idle_hours * 3600,
            settings.session_hours * 3600,
        )
        self.openid = bool(settings.oidc_issuer)
        self.secure = settings.tls_cert is not None or settings.public_url.startswith("https:")
        """Whether browsers reach us by TLS, ours or a proxy's."""
        self.own_host = host_name(settings.public_url.partition("://")[2].partition("/")[0])
        self._longest = settings.session_hours * 3600
        self._loopback = settings.http.loopback
        self._insecure = settings.insecure

    @property
    def closed(self) -> bool:
        """Whether there is anybody who can be told from others."""
        return self.openid or self.tokens.exist() or self.users.exist()

    @property
    def open_to_all(self) -> bool:
        """While nobody is known, everybody who reaches us may do everything: on loopback, or if told so."""
        return (self._loopback or self._insecure) and not self.closed

    @property
    def only_loopback_names(self) -> bool:
        """Whether requests must name a loopback host (guard.py says why)."""
        return self._loopback and self.open_to_all

    @property
    def cookie(self) -> str:
        """With `__Host-` browsers take it over TLS only, from us and for no other host."""
        return "__Host-heapwatch" if self.secure else "heapwatch_session"

    @property
    def binding_cookie(self) -> str:
        return "__Host-heapwatch-openid" if self.secure else "heapwatch_openid"

    def caller(self, request: HTTPConnection, secret: str | None, allowed_hosts: Collection[str]) -> Caller:
        """Whom a request comes from; `secret` is a bearer token."""
        if secret is not None:
            return self.tokens.authenticate(secret)
        shown = request.cookies.get(self.cookie)
        if self.open_to_all:
            return ANYBODY
        if not shown:
            raise Unauthenticated("this server wants a token, or a user who has signed in")
        found = self._of_session(shown)
        if request.scope["method"] not in SAFE_METHODS:
            self._check_page(request, found, allowed_hosts)
        return found

    def let_in(self, response: Response, secret: str) -> None:
        """Give the browser the cookie of a session."""
        response.set_cookie(
            self.cookie,
            secret,
            max_age=int(self._longest),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def forget(self, response: Response) -> None:
        """Take the cookie away."""
        response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="lax")

    def bind(self, response: Response, binding: str) -> None:
        """Bind a sign-in at an OpenID provider to this browser, or end that."""
        response.set_cookie(
            self.binding_cookie,
            binding,
            max_age=int(UNDER_WAY_S) if binding else 0,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def flush(self) -> None:
        """Write the times of last use."""
        self.tokens.flush()
        self.sessions.flush()

    def _of_session(self, secret: str) -> Caller:
        session = self.sessions.find(secret)
        role = self._role(session)
        return Caller(session.name, ROLES[role], role=role, kind=session.kind, csrf=csrf_of(secret))

    def _role(self, session: Session) -> str:
        if session.kind == "oidc" and self.openid and session.role in ROLES:
            return session.role
        user = self.users.find(session.name) if session.kind == "user" else None
        if user is None or user.generation != session.generation:
            raise Unauthenticated("the session has ended; sign in again")
        return user.role

    def _check_page(self, request: HTTPConnection, found: Caller, allowed_hosts: Collection[str]) -> None:
        if not from_own_page(request.headers, allowed_hosts):
            raise Forbidden("a change by a session's cookie must come from one of this server's own pages")
        shown = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), found.csrf.encode()):
            raise Forbidden(f"a change by a session's cookie needs the {CSRF_HEADER} that whoami tells")
