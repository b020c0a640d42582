"""What comes in from where: what was turned away, and what is scraped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.ingest.reasons import told
from heapwatch.web import answers, door_answers
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import only_known

router = APIRouter(tags=["server"], dependencies=[Depends(only_known), Security(caller, scopes=["read"])])

NO_STORE = {"Cache-Control": "no-store"}


@router.get(
    "/api/v1/ingest/rejects", response_model=answers.RejectList, summary="What was turned away, and why"
)
async def rejects(
    request: Request,
    limit: Annotated[int, Query(ge=0, le=500, description="newest first")] = 100,
    door: Annotated[str, Query(description="of this door only, such as graphite-tcp")] = "",
    reason: Annotated[str, Query(description="for this reason only, such as bad-value")] = "",
) -> Response:
    """The newest rejects with the first 400 bytes of each; counts by door and reason, of all."""
    kept = services_of(request).rejects
    counts = kept.counts()
    words = told(slug for reasons in counts.values() for slug in reasons)
    answer = {"rejects": kept.newest(limit, door, reason), "counts": counts, "words": words}
    return JSONResponse(answer, headers=NO_STORE)


@router.get(
    "/api/v1/targets", response_model=door_answers.Targets, summary="What is scraped, and how that goes"
)
async def targets(request: Request) -> Response:
    """Every target of the settings' `scrape` file."""
    return JSONResponse({"targets": services_of(request).scraper.rows()}, headers=NO_STORE)


@router.get(
    "/api/v1/cardinality",
    response_model=door_answers.Cardinality,
    summary="Who made the series, and what was refused of whom",
)
async def cardinality(request: Request) -> Response:
    """Senders of metrics by refusals and by series; of the first few also the labels that make so many."""
    services = services_of(request)
    return await services.ask(request, services.cardinality)
