"""Signing in at an OpenID provider: two addresses that a browser walks through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from heapwatch.errors import HeapwatchError
from heapwatch.store.errors import NotFound
from heapwatch.web import changes
from heapwatch.web.auth import Forbidden, Unauthenticated
from heapwatch.web.callers import peer_of, services_of
from heapwatch.web.errors import response_to
from heapwatch.web.notices import notice
from heapwatch.web.routes.signin import NO_STORE
from heapwatch.web.services import Services

if TYPE_CHECKING:
    from heapwatch.web.openid import Provider

router = APIRouter(tags=["access"])


@router.get("/api/v1/oidc/login", summary="Go to the OpenID provider", status_code=303)
async def begin(
    request: Request, back: Annotated[str, Query(description="the page to come back to")] = "/"
) -> Response:
    """Redirects to the provider's own page; a cookie binds the sign-in to this browser for ten minutes."""
    services = services_of(request)
    try:
        services.signin.try_from(peer_of(request))
        begun = await run_in_threadpool(_provider(services).begin, back)
    except HeapwatchError as error:
        return _refused(request, error)
    response = RedirectResponse(begun.url, 303, NO_STORE)
    services.access.bind(response, begun.binding)
    return response


@router.get("/api/v1/oidc/callback", summary="Come back from the OpenID provider", status_code=303)
async def finish(request: Request) -> Response:
    """Takes the provider's code, begins a session, and redirects to the page where it all began."""
    services = services_of(request)
    binding = request.cookies.get(services.access.binding_cookie, "")
    answer = dict(request.query_params)
    try:
        services.signin.try_from(peer_of(request))
        person = await run_in_threadpool(_provider(services).finish, answer, binding)
        secret = await run_in_threadpool(services.access.sessions.begin, person.name, person.role, "oidc")
    except HeapwatchError as error:
        if type(error) in (Unauthenticated, Forbidden):  # somebody came back from the provider, in vain
            changes.told(request, who="unknown user", detail=str(error))
        services.rejects.add("api", "login", peer=peer_of(request), detail=str(error))
        return _refused(request, error)
    changes.told(request, who=f"oidc:{person.name}", detail=f"{person.role}, sub {person.subject}")
    await run_in_threadpool(services.end_session, request)
    response = RedirectResponse(person.back, 303, NO_STORE)
    services.access.let_in(response, secret)
    services.access.bind(response, "")
    return response


def _provider(services: Services) -> Provider:
    if services.openid is None:
        raise NotFound("this server has no OpenID provider (oidc_issuer)", [])
    return services.openid


def _refused(request: Request, error: HeapwatchError) -> Response:
    """For people a page that says it; for programs the usual answer."""
    told = response_to(error)
    if "text/html" not in request.headers.get("accept", ""):
        return told
    page = notice("You are not signed in", str(error), "/", "Back to sign in")
    return HTMLResponse(page, told.status_code, NO_STORE)
