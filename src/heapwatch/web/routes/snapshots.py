"""Stored histograms themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from heapwatch.query.times import parse_time
from heapwatch.web import answers
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import Selected, Spanned, named, now_ms, only_known

router = APIRouter(tags=["snapshots"], dependencies=[Security(caller, scopes=["read"]), Depends(only_known)])


@router.get("/api/v1/snapshots", response_model=answers.Snapshots, summary="Which histograms are stored")
async def snapshots(
    request: Request,
    chosen: Selected,
    span: Spanned,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 1000,
) -> Response:
    """Newest first: totals, pause and the heap's counters beside each."""
    services = services_of(request)
    return await services.ask(
        request,
        services.store.snapshots,
        **chosen.arguments(),
        **span.arguments(),
        mode=chosen.mode,
        limit=limit,
    )


@router.get(
    "/api/v1/snapshot",
    response_model=answers.StoredHistogram,
    summary="One stored histogram",
    responses={200: {"content": {"text/plain": {}, "text/csv": {}, "application/x-ndjson": {}}}},
)
async def snapshot(
    request: Request,
    chosen: Selected,
    at: Annotated[str, Query(description="the snapshot nearest to this moment")] = "now",
    format: Annotated[Literal["json", "text", "csv", "jsonl", "ndjson"], Query()] = "json",  # noqa: A002
) -> Response:
    """As columns, or with `format=text` as jmap -histo prints it."""
    services, now = services_of(request), now_ms()
    given = {
        **chosen.arguments(),
        "mode": chosen.mode,
        "at": named("at", lambda text: parse_time(text, now), at),
    }
    if format == "text":
        text = await services.readers.run(
            request, lambda query_id: services.store.snapshot_text(**given, query_id=query_id)
        )
        return PlainTextResponse(text, headers={"Cache-Control": "no-store"})
    return await services.ask(request, services.store.snapshot, **given)
