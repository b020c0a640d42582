"""What leaks, on which JVMs, and whether a fix works."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Security
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from heapwatch.errors import UsageError
from heapwatch.query.times import parse_time
from heapwatch.web import leak_answers as answers
from heapwatch.web import leaks, reporting
from heapwatch.web.auth import Caller
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import Selected, named, now_ms, only_known

router = APIRouter(tags=["leaks"], dependencies=[Depends(only_known)])

READ = Security(caller, scopes=["read"])
ACT = Security(caller, scopes=["act"])


class Acknowledgement(BaseModel):
    note: str = Field("", max_length=2000, description="why, or by whom it is looked after")
    undo: bool = Field(False, description="take it back")


@router.get("/api/v1/leaks", response_model=answers.Leaks, summary="What leaks, leaked, or seems to")
async def all_leaks(
    request: Request,
    chosen: Selected,
    state: Annotated[
        str, Query(description="open (suspect or confirmed), suspect, confirmed, stopped, fixed or all")
    ] = "all",
    class_: Annotated[list[str], Query(alias="class", description="a class of the family; a glob")] = [],  # noqa: B006
    _: Caller = READ,
) -> Response:
    """A leak of a service stands once, with its hosts; every claim with the query that proves it."""
    services = services_of(request)
    found = await run_in_threadpool(
        leaks.leaks, services.leaks, state=state, classes=class_, **chosen.arguments()
    )
    return services.told(request, found)


@router.get("/api/v1/leaks/{leak}", response_model=answers.Leak, summary="One leak")
async def one_leak(request: Request, leak: str, _: Caller = READ) -> Response:
    """With its family, hosts, evidence, states over time and, when there is one, its proof."""
    services = services_of(request)
    return services.told(request, await run_in_threadpool(leaks.leak, services.leaks, id_=leak))


@router.post("/api/v1/leaks/{leak}/acknowledge", response_model=answers.Leak, summary="Say that it is known")
async def acknowledge(request: Request, leak: str, given: Acknowledgement, who: Caller = ACT) -> Response:
    """It stays open; lists show that somebody looks after it."""
    watch = services_of(request).leaks
    leaks.leak(watch, id_=leak)
    record = await run_in_threadpool(watch.acknowledge, leak, who.name, given.note, undo=given.undo)
    assert record is not None
    return JSONResponse(record.spoken(), headers={"Cache-Control": "no-store"})


@router.get("/api/v1/verdicts", response_model=answers.Verdicts, summary="What is said of each JVM")
async def verdicts(request: Request, chosen: Selected, _: Caller = READ) -> Response:
    """leaking, suspect, clean or undecided (with the reason), and when what has a limit is full."""
    services = services_of(request)
    found = await run_in_threadpool(leaks.verdicts, services.leaks, **chosen.arguments())
    return services.told(request, found)


@router.get("/api/v1/report", response_class=HTMLResponse, summary="A page for a ticket")
async def report(
    request: Request,
    leak: Annotated[str | None, Query(description="the id of one leak")] = None,
    service: Annotated[str | None, Query(description="all leaks of a service")] = None,
    _: Caller = READ,
) -> Response:
    """One file of HTML with charts and proofs, that needs no server and no network."""
    services, now = services_of(request), now_ms()
    if (leak is None) == (service is None):
        raise UsageError("give leak=ID or service=NAME")

    def work(query_id: str) -> str:
        told = str(request.base_url).rstrip("/")
        return reporting.report(
            services.store, services.leaks, now, told, leak=leak, service=service, query_id=query_id
        )

    text = await services.readers.run(request, work)
    headers = {
        "Content-Disposition": 'attachment; filename="heapwatch-report.html"',
        "Cache-Control": "no-store",
    }
    return HTMLResponse(text, headers=headers)


@router.get("/api/v1/verify", response_model=answers.Verified, summary="Whether a fix works")
async def verify(
    request: Request,
    service: Annotated[str, Query(description="the label service, else the JVM's name")],
    class_: Annotated[
        list[str], Query(alias="class", description="roots; absent: all that leak before")
    ] = [],  # noqa: B006
    before_version: Annotated[str | None, Query(description="label version of the lives before")] = None,
    after_version: Annotated[str | None, Query()] = None,
    before_from: Annotated[str | None, Query(description="RFC 3339, epoch, -2h")] = None,
    before_to: Annotated[str | None, Query()] = None,
    after_from: Annotated[str | None, Query()] = None,
    after_to: Annotated[str | None, Query()] = None,
    _: Caller = READ,
) -> Response:
    """Two versions, or two ranges of time: slopes at equal exposure, balance before and after."""
    services, now = services_of(request), now_ms()
    before = leaks.Side(
        before_version, _time("before_from", before_from, now), _time("before_to", before_to, now)
    )
    after = leaks.Side(after_version, _time("after_from", after_from, now), _time("after_to", after_to, now))
    if before_version is None and before.to is None:
        raise UsageError("give before_version and after_version, or before_from, before_to and after_from")
    if after_version is None and after.from_ is None:
        raise UsageError("after: give after_version, or after_from")

    def work(**given: Any) -> dict[str, Any]:
        settings = services.leaks.settings
        return leaks.verify(services.store, settings, now, before=before, after=after, **given)

    return await services.ask(request, work, service=service, classes=class_)


def _time(name: str, text: str | None, now: int) -> int | None:
    return None if text is None else named(name, lambda each: parse_time(each, now), text)
