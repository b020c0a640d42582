"""What monitors say, said and would have said; silences."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Security
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.query.times import parse_interval, parse_time
from heapwatch.web import changes
from heapwatch.web import monitor_answers as answers
from heapwatch.web.auth import Caller
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import Spanned, named, now_ms, only_known

router = APIRouter(tags=["monitors"], dependencies=[Depends(only_known)])

READ = Security(caller, scopes=["read"])
ACT = Security(caller, scopes=["act"])
NO_STORE = {"Cache-Control": "no-store"}


class NewSilence(BaseModel):
    monitor: str = Field("*", max_length=200, description="a monitor's name; a glob")
    match: dict[str, str] = Field(default_factory=dict, description="globs of labels")
    lasts: str = Field("1h", description="how long, such as 2h")
    starts: str | None = Field(None, description="from when on; now, when absent")
    note: str = Field("", max_length=2000)


@router.get("/api/v1/monitors", response_model=answers.Monitors, summary="All monitors and how they are")
async def monitors(request: Request, _: Caller = READ) -> Response:
    """Each with the gravest state of its groups."""
    services = services_of(request)
    return services.told(request, services.monitoring.all())


@router.get("/api/v1/monitors/history", response_model=answers.History, summary="Changes of all monitors")
async def all_history(
    request: Request,
    span: Spanned,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    _: Caller = READ,
) -> Response:
    """Transitions, newest first, each with the value and the query that caused it."""
    return await _history(request, "", span, limit)


@router.get("/api/v1/monitors/silences", response_model=answers.Silences, summary="Who is silenced")
async def silences(request: Request, _: Caller = READ) -> Response:
    """Those that are over are kept for 90 days."""
    services = services_of(request)
    return services.told(request, services.monitoring.silences())


@router.post("/api/v1/monitors/silences", response_model=answers.Silence, summary="Silence monitors")
async def silence(request: Request, given: NewSilence, who: Caller = ACT) -> Response:
    """Their states go on; nobody is told of them."""
    now, monitoring = now_ms(), services_of(request).monitoring
    starts = (
        now if given.starts is None else named("starts", lambda text: parse_time(text, now), given.starts)
    )
    ends = starts + round(named("lasts", parse_interval, given.lasts) * 1000)
    changes.told(request, target=given.monitor, detail=given.note)
    found = await run_in_threadpool(
        monitoring.silence, given.monitor, given.match, starts, ends, who.name, given.note
    )
    return JSONResponse(found, headers=NO_STORE)


@router.delete("/api/v1/monitors/silences/{silence}", status_code=204, summary="End a silence")
async def unsilence(request: Request, silence: str, _: Caller = ACT) -> Response:
    """What fires is told with the next round."""
    await run_in_threadpool(services_of(request).monitoring.unsilence, silence)
    return Response(status_code=204)


@router.get("/api/v1/monitors/{monitor}", response_model=answers.OneMonitor, summary="One monitor")
async def one(request: Request, monitor: str, _: Caller = READ) -> Response:
    """With its groups, the gravest first, and what its file says."""
    services = services_of(request)
    return services.told(request, services.monitoring.one(monitor))


@router.get("/api/v1/monitors/{monitor}/history", response_model=answers.History, summary="Its changes")
async def history(
    request: Request,
    monitor: str,
    span: Spanned,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    _: Caller = READ,
) -> Response:
    """Transitions, newest first."""
    return await _history(request, monitor, span, limit)


@router.get(
    "/api/v1/monitors/{monitor}/backtest", response_model=answers.Backtest, summary="When it would have fired"
)
async def backtest(request: Request, monitor: str, span: Spanned, _: Caller = READ) -> Response:
    """The monitor over stored history, as if it had begun at `from`."""
    services = services_of(request)

    def work(query_id: str) -> dict[str, Any]:
        return services.monitoring.backtest(monitor, span.from_, span.to, query_id)

    return await services.ask(request, work)


async def _history(request: Request, monitor: str, span: Any, limit: int) -> Response:
    services = services_of(request)
    found = await run_in_threadpool(services.monitoring.history, monitor, span.from_, span.to, limit)
    return services.told(request, found)
