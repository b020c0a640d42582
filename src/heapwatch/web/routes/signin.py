"""Signing in and out: what browsers do; programs send tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Security
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.errors import UsageError
from heapwatch.web import access_answers as answers
from heapwatch.web import changes
from heapwatch.web.auth import ROLES, Caller, Forbidden, Unauthenticated, User
from heapwatch.web.auth.sessions import csrf_of
from heapwatch.web.callers import caller, peer_of, services_of
from heapwatch.web.guard import from_own_page
from heapwatch.web.parameters import only_known
from heapwatch.web.services import Services

router = APIRouter(tags=["access"], dependencies=[Depends(only_known)])

NO_STORE = {"Cache-Control": "no-store"}


@router.get("/api/v1/whoami", response_model=answers.Who, summary="Who is asking, and what they may do")
async def whoami(request: Request, who: Annotated[Caller, Security(caller)]) -> Response:
    """401 tells a client that it needs a token, or has to sign in."""
    return JSONResponse(_who(services_of(request), who), headers=NO_STORE)


@router.get("/api/v1/signin", response_model=answers.SignInWays, summary="How one may sign in")
async def ways(request: Request) -> Response:
    """Asked by the screens after a 401, so it needs no proof."""
    services = services_of(request)
    there = {
        "password": await run_in_threadpool(services.access.users.exist),
        "oidc": services.settings.oidc_name if services.access.openid else "",
        "token": await run_in_threadpool(services.access.tokens.exist),
    }
    return JSONResponse(there, headers=NO_STORE)


@router.post("/api/v1/login", response_model=answers.Who, summary="Sign in with a password")
async def login(request: Request, wanted: answers.NewLogin) -> Response:
    """Sets the cookie of a session. Only for pages of this server: the request must say its origin."""
    services = services_of(request)
    if not from_own_page(request.headers, services.page_hosts):
        raise Forbidden("signing in is for this server's own pages; programs send a token")
    address = peer_of(request)
    try:
        secret, user = await services.signin.password(
            wanted.name, wanted.password.get_secret_value(), address
        )
    except Unauthenticated as error:
        known = await run_in_threadpool(services.access.users.find, wanted.name)
        # A name that nobody has may be a password in the wrong field.
        changes.told(request, who=f"user:{known.name}" if known else "unknown user")
        services.rejects.add("api", "login", peer=address, detail=str(error))
        raise
    changes.told(request, who=f"user:{user.name}", detail=user.role)
    await run_in_threadpool(services.end_session, request)
    return _let_in(services, user, secret)


@router.post("/api/v1/password", response_model=answers.Who, summary="Change one's own password")
async def change_password(
    request: Request, who: Annotated[Caller, Security(caller)], wanted: answers.OwnPassword
) -> Response:
    """For users who have signed in with one. All their sessions end, and a new one begins."""
    services = services_of(request)
    if who.kind != "user":
        raise UsageError("only users who sign in with a password have one")
    changes.told(request, who=who.identity, target=who.name)
    old, fresh = wanted.password.get_secret_value(), wanted.new_password.get_secret_value()
    try:
        secret, user = await services.signin.change(who.name, old, fresh, peer_of(request))
    except Unauthenticated as error:
        raise Forbidden("the password until now is another one") from error
    return _let_in(services, user, secret)


@router.post("/api/v1/logout", response_model=answers.SignedOut, summary="Sign out")
async def logout(
    request: Request, who: Annotated[Caller, Security(caller)], everywhere: bool = False
) -> Response:
    """Ends the session of the cookie that came along, or all of this person; tokens stay as they are."""
    services = services_of(request)
    signed_in = who.kind in ("user", "oidc")
    if signed_in:
        changes.told(request, who=who.identity, detail="everywhere" if everywhere else "")
        await run_in_threadpool(services.end_session, request)
        if everywhere:
            await run_in_threadpool(services.access.sessions.end_all, who.name)
    response = JSONResponse({"signed_out": signed_in}, headers=NO_STORE)
    services.access.forget(response)
    return response


def _let_in(services: Services, user: User, secret: str) -> Response:
    who = Caller(user.name, ROLES[user.role], role=user.role, kind="user", csrf=csrf_of(secret))
    response = JSONResponse(_who(services, who), headers=NO_STORE)
    services.access.let_in(response, secret)
    return response


def _who(services: Services, who: Caller) -> dict[str, object]:
    return {
        "name": who.name,
        "scopes": list(who.scopes),
        "open": services.open_to_all,
        "kind": who.kind,
        "role": who.role,
        "csrf": who.csrf,
    }
