"""API tokens: for administrators."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Security
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.errors import UsageError
from heapwatch.query.times import parse_time
from heapwatch.store.errors import NotFound
from heapwatch.web import access_answers as answers
from heapwatch.web import changes
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import named, now_ms, only_known
from heapwatch.web.routes.signin import NO_STORE

router = APIRouter(tags=["access"], dependencies=[Security(caller, scopes=["admin"]), Depends(only_known)])


@router.get("/api/v1/tokens", response_model=answers.TokenList, summary="All tokens, without secrets")
async def tokens(request: Request) -> Response:
    """Expired ones too."""
    listed = await run_in_threadpool(services_of(request).tokens.all)
    return JSONResponse({"tokens": [token.public() for token in listed]}, headers=NO_STORE)


@router.post("/api/v1/tokens", response_model=answers.MadeToken, status_code=201, summary="Make a token")
async def make_token(request: Request, wanted: answers.NewToken) -> Response:
    """The secret is in this answer and nowhere else afterwards."""
    changes.told(request, target=wanted.name, detail=", ".join([*wanted.scopes, *wanted.hosts]))
    expires = _end(wanted.expires)
    made = services_of(request).tokens
    secret, token = await run_in_threadpool(made.create, wanted.name, wanted.scopes, expires, wanted.hosts)
    return JSONResponse({"token": secret, **token.public()}, 201, NO_STORE)


@router.post(
    "/api/v1/tokens/{name}/rotate", response_model=answers.MadeToken, summary="Give a token a new secret"
)
async def rotate_token(request: Request, name: str, wanted: answers.Rotation) -> Response:
    """By name or id. The old secret is refused from the next request on; all else stays."""
    expires = _end(wanted.expires)
    try:
        secret, token = await run_in_threadpool(services_of(request).tokens.rotate, name, expires)
    except UsageError as error:
        raise NotFound(str(error), []) from error
    changes.told(request, target=token.name)
    return JSONResponse({"token": secret, **token.public()}, headers=NO_STORE)


@router.delete("/api/v1/tokens/{name}", response_model=answers.Revoked, summary="Revoke a token")
async def revoke_token(request: Request, name: str) -> Response:
    """By name or id; it is refused from the next request on."""
    try:
        token = await run_in_threadpool(services_of(request).tokens.revoke, name)
    except UsageError as error:
        raise NotFound(str(error), []) from error
    changes.told(request, target=token.name)
    return JSONResponse({"revoked": token.name}, headers=NO_STORE)


def _end(wanted: str | int | None) -> int | None:
    if wanted is None:
        return None
    now = now_ms()
    expires = named("expires", lambda text: parse_time(text, now), str(wanted))
    if expires <= now:
        raise UsageError("expires: lies in the past")
    return expires
