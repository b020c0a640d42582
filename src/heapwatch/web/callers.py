"""Whom a request comes from, and whether they may: what every route asks first."""

from __future__ import annotations

from typing import Annotated

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import Request

from heapwatch.ingest.senders import Sender
from heapwatch.web import changes, rechecks
from heapwatch.web.auth import Caller, Forbidden, Unauthenticated
from heapwatch.web.forms import password_of
from heapwatch.web.guard import SAFE_METHODS
from heapwatch.web.services import Services


def services_of(request: Request) -> Services:
    """The services of the app that this request came to."""
    found: Services = request.app.state.services
    return found


bearer = HTTPBearer(auto_error=False, scheme_name="token", description="an API token, hw_...")


def caller(
    request: Request,
    scopes: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
) -> Caller:
    """The caller, if they have the scope that the route wants; a change is noted (changes.py)."""
    services = services_of(request)
    try:
        secret = credentials.credentials if credentials else password_of(request)
        found = services.caller(request, secret)
    except (Unauthenticated, Forbidden) as error:
        reason = "unauthenticated" if isinstance(error, Unauthenticated) else "forged"
        services.rejects.add("api", reason, peer=peer_of(request), detail=str(error))
        raise
    rechecks.remember(request, lambda: services.caller(request, secret))
    if request.method not in SAFE_METHODS and {"act", "admin"} & set(scopes.scopes):
        changes.begun(request, found.identity)
    for scope in scopes.scopes:
        allowed(services, request, found, scope)
    if scopes.scopes and "ingest" not in scopes.scopes:
        services.questions.take(found.identity if found.kind != "anybody" else peer_of(request))
    return found


def allowed(services: Services, request: Request, found: Caller, scope: str) -> Caller:
    """The caller, unless they may not do this."""
    if not found.may(scope):
        services.rejects.add("api", "forbidden", peer=peer_of(request), detail=f"{found.name}: {scope}")
        raise Forbidden(f"this needs the scope {scope}; {found.name!r} has {', '.join(found.scopes)}")
    return found


def source_of(who: Caller, request: Request) -> Sender:
    """What a rate limit is counted for, a token or an address when there is none, and its hosts."""
    return Sender(who.name if who.token_id else peer_of(request), who.hosts)


def peer_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"
