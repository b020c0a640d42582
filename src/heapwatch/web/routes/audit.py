"""What was changed, by whom: for administrators."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Security
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.web import access_answers as answers
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import only_known
from heapwatch.web.routes.signin import NO_STORE
from heapwatch.workflow.audit import Wanted

router = APIRouter(tags=["access"], dependencies=[Security(caller, scopes=["admin"]), Depends(only_known)])


@router.get("/api/v1/audit", response_model=answers.AuditEntries, summary="What was changed, by whom")
async def audit(
    request: Request,
    who: Annotated[str, Query(description="user:ann, token:web1, ...; a part of it will do")] = "",
    what: Annotated[str, Query(description="token.create, login, ...; a part of it will do")] = "",
    target: Annotated[str, Query(description="what was changed; a part of it will do")] = "",
    outcome: Annotated[Literal["", "done", "refused", "failed"], Query(description="how it ended")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="most entries")] = 100,
    before: Annotated[int | None, Query(description="only entries below this number")] = None,
) -> Response:
    """The newest first. `heapwatch audit verify` says whether somebody tampered with them."""
    wanted = Wanted(who, what, target, outcome)
    found = await run_in_threadpool(services_of(request).audit.newest, limit, before, wanted)
    more = found[-1].n if len(found) == limit else None
    body = {"entries": [entry.public() for entry in found], "more": more}
    return JSONResponse(body, headers=NO_STORE)
