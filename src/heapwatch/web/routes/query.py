"""The query language over HTTP: asking, checking, formatting and completing, for metrics and for logs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Query, Security
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from heapwatch.errors import UsageError
from heapwatch.query import check as checks
from heapwatch.query import complete as completion
from heapwatch.query import format as formatting
from heapwatch.query.limits import Limits
from heapwatch.query.logs import check as log_checks
from heapwatch.query.logs import complete as log_completion
from heapwatch.query.logs import format as log_formatting
from heapwatch.query.logs.limits import Limits as LogLimits
from heapwatch.query.logs.parse import parse as parse_logs
from heapwatch.query.logs.run import run_logs
from heapwatch.query.logs.source import LogWords
from heapwatch.query.parse import parse
from heapwatch.query.run import run
from heapwatch.query.times import parse_interval, parse_time
from heapwatch.query.vocabulary import StoredWords
from heapwatch.web import negotiation, queries
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import Span, named, now_ms, only_known
from heapwatch.web.rechecks import while_allowed
from heapwatch.web.services import Services
from heapwatch.web.tailing import Tail

router = APIRouter(tags=["query"], dependencies=[Security(caller, scopes=["read"]), Depends(only_known)])

HEARTBEAT_S = 15
STALLED_S = 60


@router.post("/api/v1/query", response_model=queries.QueryAnswer, summary="Ask in the metric language")
async def query(request: Request, asked: Annotated[queries.QueryAsked, Body()]) -> Response:
    """Each row of the query is a row of the answer: labels and values of its series under common times."""
    span = _span(asked.from_, asked.to)
    interval = None if asked.interval is None else named("interval", parse_interval, str(asked.interval))
    services = services_of(request)
    return await services.ask(
        request,
        run,
        store=services.store,
        query=_query(asked.query),
        from_=span.from_,
        to=span.to,
        interval=interval,
        mode=asked.mode,
        limits=_limits(services),
    )


@router.get(
    "/api/v1/query", response_model=queries.QueryAnswer, summary="Ask in the metric language, by link"
)
async def query_by_link(
    request: Request,
    query_: Annotated[str, Query(alias="query", description="the query; it may have several rows")],
    from_: Annotated[str, Query(alias="from", description="RFC 3339, epoch, now, -15m or now-1h")] = "-1h",
    to: Annotated[str, Query(description="as `from`")] = "now",
    interval: Annotated[str | None, Query(description="10s or 5m; fitting if absent")] = None,
    mode: Annotated[Literal["all", "live"], Query(description="when the query names none")] = "all",
) -> Response:
    """The same as by POST."""
    asked = queries.QueryAsked(query=query_, to=to, interval=interval, mode=mode, **{"from": from_})
    return await query(request, asked)


@router.post("/api/v1/logs/query", response_model=queries.LogAnswer, summary="Ask in the log language")
async def query_logs(request: Request, asked: Annotated[queries.LogsAsked, Body()]) -> Response:
    """Messages as columns, or the table that an aggregation makes of them; and how many there are by time."""
    span = _span(asked.from_, asked.to)
    services = services_of(request)
    return await services.ask(
        request,
        run_logs,
        store=services.store,
        text=_query(asked.query),
        from_ms=span.from_,
        to_ms=span.to,
        limit=asked.limit,
        order=asked.order,
        limits=_log_limits(services),
    )


@router.post("/api/v1/query/check", response_model=queries.Checked, summary="Whether a query can be asked")
async def check(request: Request, asked: Annotated[queries.TextAsked, Body()]) -> Response:
    """`{"ok": true}`, or the error that asking would give, with its place."""

    def checked() -> dict[str, Any]:
        text = _query(asked.query)
        if asked.language == "logs":
            log_checks.check(parse_logs(text), text)
        else:
            checks.check(parse(text), text)
        return {"ok": True}

    return await _worked_out(request, checked)


@router.post("/api/v1/query/format", response_model=queries.Formatted, summary="A query in canonical form")
async def format_query(request: Request, asked: Annotated[queries.TextAsked, Body()]) -> Response:
    """Comments stay; what the query means does too."""

    def formatted() -> dict[str, Any]:
        text = _query(asked.query)
        if asked.language == "logs":
            return {"query": log_formatting.reformat(text)}
        return {"query": formatting.reformat(text)}

    return await _worked_out(request, formatted)


@router.post("/api/v1/query/complete", response_model=queries.Completion, summary="What may come next")
async def complete(request: Request, asked: Annotated[queries.CompletionAsked, Body()]) -> Response:
    """Operators, functions and keywords that the grammar allows there; labels and values of the store."""
    store = services_of(request).store

    def offered() -> dict[str, Any]:
        if asked.language == "logs":
            return log_completion.complete(_query(asked.query), asked.position, LogWords(store))
        return completion.complete(_query(asked.query), asked.position, StoredWords(store))

    return await _worked_out(request, offered)


@router.get(
    "/api/v1/logs/tail",
    summary="Log messages as they arrive",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def tail_logs(
    request: Request,
    query_: Annotated[str, Query(alias="query", description="in the log language, without aggregation")] = "",
    last: Annotated[int, Query(ge=0, le=1000, description="so many of the newest come first")] = 0,
) -> Response:
    """Server-sent events: `logs`, with columns as `/api/v1/logs/query` has them, oldest first."""
    services = services_of(request)
    tail = Tail(services.store, _query(query_), _log_limits(services))
    first = await services.tails.begin(tail, last)

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for page in while_allowed(request, services.tails.following(tail, first)):
            yield ServerSentEvent(negotiation.encode(page).decode(), event="logs")

    return EventSourceResponse(events(), ping=HEARTBEAT_S, send_timeout=STALLED_S)


def _span(from_: str | int, to: str | int) -> Span:
    now = now_ms()
    begin = named("from", lambda text: parse_time(text, now), str(from_))
    end = named("to", lambda text: parse_time(text, now), str(to))
    if begin >= end:
        raise UsageError(f"from: {from_!r} is not before to={to!r}")
    return Span(begin, end)


def _query(text: str) -> str:
    """Line ends as one character, so that columns are what an editor shows."""
    return text.replace("\r\n", "\n")


def _limits(services: Services) -> Limits:
    given = services.settings
    return Limits(series=given.query_series, points=given.query_points, seconds=given.query_timeout)


def _log_limits(services: Services) -> LogLimits:
    given = services.settings
    return LogLimits(
        messages=given.query_messages, seconds=given.query_timeout, memory_bytes=given.query_memory
    )


async def _worked_out(request: Request, work: Callable[[], dict[str, Any]]) -> Response:
    """What needs no engine, only some time."""

    def answered() -> Response:
        return negotiation.respond(request, work(), negotiation.JSON)

    return await run_in_threadpool(answered)
