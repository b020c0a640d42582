"""The server about itself: state, who is asking, tokens, reload."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Security
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.errors import UsageError
from heapwatch.query.times import parse_time
from heapwatch.store.errors import NotFound
from heapwatch.web import answers
from heapwatch.web.auth import Caller
from heapwatch.web.parameters import named, now_ms, only_known
from heapwatch.web.services import caller, services_of

router = APIRouter(tags=["server"], dependencies=[Depends(only_known)])

ADMIN = Security(caller, scopes=["admin"])
NO_STORE = {"Cache-Control": "no-store"}


@router.get(
    "/api/v1/status",
    response_model=answers.Status,
    summary="How the server is",
    dependencies=[Security(caller, scopes=["read"])],
)
async def status(request: Request) -> Response:
    """Version, store, doors, agents, and what is wrong."""
    services = services_of(request)
    return await services.ask(request, services.status)


@router.get("/api/v1/whoami", response_model=answers.Who, summary="Whose token this is")
async def whoami(request: Request, who: Annotated[Caller, Security(caller)]) -> Response:
    """401 tells a client that it needs a token."""
    body = {"name": who.name, "scopes": list(who.scopes), "open": services_of(request).open_to_all}
    return JSONResponse(body, headers=NO_STORE)


@router.get(
    "/api/v1/tokens",
    response_model=answers.TokenList,
    summary="All tokens, without secrets",
    dependencies=[ADMIN],
)
async def tokens(request: Request) -> Response:
    """Expired ones too."""
    listed = await run_in_threadpool(services_of(request).tokens.all)
    return JSONResponse({"tokens": [token.public() for token in listed]}, headers=NO_STORE)


@router.post(
    "/api/v1/tokens",
    response_model=answers.MadeToken,
    status_code=201,
    summary="Make a token",
    dependencies=[ADMIN],
)
async def make_token(request: Request, wanted: answers.NewToken) -> Response:
    """The secret is in this answer and nowhere else afterwards."""
    now = now_ms()
    expires = None
    if wanted.expires is not None:
        expires = named("expires", lambda text: parse_time(text, now), str(wanted.expires))
        if expires <= now:
            raise UsageError("expires: lies in the past")
    made = services_of(request).tokens
    secret, token = await run_in_threadpool(made.create, wanted.name, wanted.scopes, expires)
    return JSONResponse({"token": secret, **token.public()}, 201, NO_STORE)


@router.delete(
    "/api/v1/tokens/{name}", response_model=answers.Revoked, summary="Revoke a token", dependencies=[ADMIN]
)
async def revoke_token(request: Request, name: str) -> Response:
    """By name or id; it is refused from the next request on."""
    try:
        token = await run_in_threadpool(services_of(request).tokens.revoke, name)
    except UsageError as error:
        raise NotFound(str(error), []) from error
    return JSONResponse({"revoked": token.name}, headers=NO_STORE)


@router.post(
    "/-/reload",
    response_model=answers.Reloaded,
    summary="Read settings and tokens again",
    dependencies=[ADMIN],
)
async def reload(request: Request) -> Response:
    """Says what changed, and what needs a restart."""
    return JSONResponse(await run_in_threadpool(services_of(request).reload), headers=NO_STORE)
