"""What logs and events say beside a stretch of a chart."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Security
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from heapwatch.query.logs.correlate import correlate as found_in_logs
from heapwatch.web.answers import EventRow, Model
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import Selected, Spanned, only_known

router = APIRouter(tags=["query"], dependencies=[Security(caller, scopes=["read"]), Depends(only_known)])


class Stretch(Model):
    from_: int = Field(alias="from")
    to: int


class SignatureRow(Model):
    """A kind of log message, with `*` in place of what varies."""

    signature: str
    count: int = Field(description="in the window")
    before: int = Field(description="in the hour before")
    hosts: list[str]
    first: int
    sample: str
    ratio: float | None = Field(description="of the rates; null if one of them is nothing")
    score: float = Field(description="how surely it is no chance; the rows are ranked by it")
    query: str = Field(description="finds its messages")


class CorrelateWarning(Model):
    message: str
    count: int | None
    row: str | None


class Correlation(Model):
    window: Stretch
    before: Stretch
    appeared: list[SignatureRow]
    vanished: list[SignatureRow]
    changed: list[SignatureRow]
    events: list[EventRow]
    warnings: list[CorrelateWarning]


@router.get(
    "/api/v1/correlate", response_model=Correlation, summary="What changed in logs, and what happened"
)
async def correlate(request: Request, chosen: Selected, span: Spanned) -> Response:
    """Log signatures that appeared, vanished or changed their rate against the hour before, and events."""
    services = services_of(request)
    question = partial(found_in_logs, services.store)
    return await services.ask(request, question, **chosen.arguments(), **span.arguments())
