"""The server about itself: state, reload."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Security
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.web import answers
from heapwatch.web.parameters import only_known
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


@router.post(
    "/-/reload",
    response_model=answers.Reloaded,
    summary="Read settings and tokens again",
    dependencies=[ADMIN],
)
async def reload(request: Request) -> Response:
    """Says what changed, and what needs a restart."""
    return JSONResponse(await run_in_threadpool(services_of(request).reload), headers=NO_STORE)
