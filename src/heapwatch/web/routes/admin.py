"""The server about itself: state, reload."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Security
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.errors import HeapwatchError
from heapwatch.web import answers, changes
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import only_known

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
    try:
        answer = await run_in_threadpool(services_of(request).reload)
    except HeapwatchError as error:
        changes.told(request, detail=str(error))
        raise
    changes.told(request, detail=changes.of_reload(answer))
    return JSONResponse(answer, headers=NO_STORE)
