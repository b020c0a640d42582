"""Our errors as HTTP answers: `{"error": {"code", "message", "hint"}}` with the status that fits."""

from __future__ import annotations

import math
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.errors import HeapwatchError, Refused, Truncated, Unavailable, Unreadable, UsageError
from heapwatch.ingest.intake import Unsupported
from heapwatch.ingest.limits import TooLarge, TooMany, TooSlow
from heapwatch.ingest.senders import NotYours
from heapwatch.query.errors import QueryError
from heapwatch.query.limits import LimitExceeded
from heapwatch.query.logs.limits import TooMuch
from heapwatch.store.errors import Cancelled, NotFound, StoreBroken, TooBig
from heapwatch.web.auth import Damaged, Forbidden, Unauthenticated
from heapwatch.web.dashboards import Changed, ReadOnly
from heapwatch.web.dashboards.definition import BadDashboard
from heapwatch.web.readers import HungUp
from heapwatch.workflow.records import NotAsked, Over

# The first class that fits counts, so subclasses stand above their bases.
ANSWERS: tuple[tuple[type[HeapwatchError], int, str, str], ...] = (
    (
        BadDashboard,
        422,
        "bad-dashboard",
        "nothing was stored; POST /api/v1/dashboards/check lists every fault",
    ),
    (UsageError, 400, "bad-parameter", "the parameters are described in /docs"),
    (
        Unauthenticated,
        401,
        "unauthenticated",
        "sign in, or send Authorization: Bearer hw_..., made by `heapwatch token create`",
    ),
    (Forbidden, 403, "forbidden", "ask whoever runs this server for a token with the right scope"),
    (NotYours, 403, "other-host", "nothing was stored; the token's hosts say for whom it may send"),
    (NotFound, 404, "not-found", ""),
    (ReadOnly, 409, "read-only", "store a copy under another name"),
    (Changed, 409, "changed", "nothing was stored"),
    (TooSlow, 408, "too-slow", "send the body without long pauses"),
    (TooLarge, 413, "too-large", "send it in smaller parts, or raise the limit in the server's settings"),
    (Unsupported, 415, "unsupported", ""),
    (TooBig, 400, "too-big", "ask for less: a shorter range, fewer JVMs or classes, a longer interval"),
    (NotAsked, 403, "not-asked", "the workflow's step names who may answer"),
    (Over, 409, "over", ""),
    (Truncated, 422, "truncated", "nothing was stored; take it again and send it whole"),
    (Unreadable, 422, "unreadable", "nothing was stored"),
    (Refused, 422, "refused", "nothing was stored; sending it again changes nothing"),
    (TooMany, 429, "too-many", "wait as long as Retry-After says"),
    (Cancelled, 503, "cancelled", "the query was stopped, ask again"),
    (HungUp, 503, "hung-up", ""),
    (Unavailable, 503, "unavailable", "try again as Retry-After says; nothing of this request was stored"),
    (StoreBroken, 500, "damaged", "the rest of the store still answers; /api/v1/status tells more"),
    (Damaged, 500, "damaged", "nobody is let in meanwhile"),
)


def answer(
    status: int, code: str, message: str, hint: str = "", headers: dict[str, str] | None = None
) -> Response:
    """One error, in the form that every client of the API knows."""
    body = {"error": {"code": code, "message": message, "hint": hint}}
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})


def of_query(error: QueryError) -> Response:
    """What is wrong with a query, and where: characters `start` to `end`; line and column count from 1."""
    told = {
        "code": "bad_query",
        "message": error.reason,
        "hint": error.hint,
        "line": error.line,
        "column": error.column,
        "start": error.span.start,
        "end": error.span.end,
        "expected": list(error.expected),
    }
    return JSONResponse({"error": told}, 400, {"Cache-Control": "no-store"})


def too_big(error: LimitExceeded | TooMuch) -> Response:
    """A query over a limit; `suggestion` is one that would fit."""
    hint = f"this would fit: {error.suggestion}" if error.suggestion else "ask for less"
    told = {"code": "too_big", "message": str(error), "hint": hint, "suggestion": error.suggestion}
    return JSONResponse({"error": told}, 422, {"Cache-Control": "no-store"})


def response_to(error: HeapwatchError) -> Response:
    """The answer that one of our own errors becomes."""
    if isinstance(error, QueryError):
        return of_query(error)
    if isinstance(error, (LimitExceeded, TooMuch)):
        return too_big(error)
    for kind, status, code, hint in ANSWERS:
        if isinstance(error, kind):
            headers = {}
            retry_after = getattr(error, "retry_after", None)
            if status in (429, 503):
                headers["Retry-After"] = str(max(1, math.ceil(retry_after or 1)))
            if status == 401:
                headers["WWW-Authenticate"] = 'Bearer realm="heapwatch"'
            if status in (408, 413):
                headers["Connection"] = "close"
            return answer(status, code, str(error), hint, headers)
    return answer(500, "failed", str(error))


async def on_own(_request: Request, error: Exception) -> Response:
    """An error that a route raised on purpose."""
    assert isinstance(error, HeapwatchError)
    return response_to(error)


async def on_http(_request: Request, error: Exception) -> Response:
    """Starlette's own: no such route, wrong method."""
    assert isinstance(error, HTTPException)
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "failed")
    return answer(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))


async def on_validation(_request: Request, error: Exception) -> Response:
    """A parameter that is missing or has the wrong form."""
    assert isinstance(error, RequestValidationError)
    return answer(400, "bad-parameter", "; ".join(_fault(fault) for fault in error.errors()))


async def on_bug(_request: Request, error: Exception) -> Response:
    """What nobody foresaw: the traceback goes to the log, its text not to the outside."""
    return answer(500, "bug", f"the server failed ({type(error).__name__})", "its log has the traceback")


def _fault(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"] if part not in ("query", "body", "path"))
    given = fault.get("input") if "password" not in str(fault["loc"]) else None
    shown = f" (got {str(given)[:80]!r})" if isinstance(given, (str, int, float)) else ""
    return f"{where or 'body'}: {fault['msg']}{shown}"
