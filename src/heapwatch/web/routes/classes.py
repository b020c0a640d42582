"""Classes: which hold most, what changed, one class over time and hosts."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from heapwatch.errors import UsageError
from heapwatch.query.times import parse_time
from heapwatch.web import answers
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import Selected, Spanned, Stepped, named, now_ms, only_known

router = APIRouter(tags=["classes"], dependencies=[Security(caller, scopes=["read"]), Depends(only_known)])

MEASURES = Literal["bytes", "instances"]
SORTS = Literal["bytes", "instances", "delta_bytes", "delta_instances", "rate", "class"]
ORDERS = Literal["asc", "desc"]
At = Annotated[str, Query(description="the snapshot nearest to this moment")]
Before = Annotated[str | None, Query(description="compare with the snapshot nearest to this moment")]
Filter = Annotated[str, Query(description="part of a class name, or a pattern with * and ?")]
Package = Annotated[str, Query(description="only this package and those below it")]


@router.get("/api/v1/top", response_model=answers.Values, summary="The classes that hold most, by time")
async def top(
    request: Request,
    chosen: Selected,
    span: Spanned,
    interval: Stepped,
    by: Annotated[MEASURES, Query()] = "bytes",
    n: Annotated[int, Query(ge=1, le=100, description="how many; the rest is one series, (other)")] = 10,
) -> Response:
    """Summed over the JVMs that are selected; for stacked charts."""
    services = services_of(request)
    return await services.ask(
        request,
        services.store.top,
        **chosen.arguments(),
        **span.arguments(),
        mode=chosen.mode,
        interval=interval,
        by=by,
        n=n,
    )


@router.get("/api/v1/classes", response_model=answers.Classes, summary="One heap's classes, or their change")
async def classes(
    request: Request,
    chosen: Selected,
    at: At = "now",
    before: Before = None,
    sort: Annotated[SORTS, Query()] = "bytes",
    order: Annotated[ORDERS, Query()] = "desc",
    limit: Annotated[int, Query(ge=1, le=100_000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
    filter: Filter = "",  # noqa: A002
    package: Package = "",
) -> Response:
    """The difference of two snapshots of one process life; without `before` a plain table."""
    services = services_of(request)
    return await services.ask(
        request,
        services.store.classes,
        **chosen.arguments(),
        mode=chosen.mode,
        **_moments(at, before),
        sort=sort,
        order=order,
        limit=limit,
        offset=offset,
        filter=filter,
        package=package,
    )


@router.get("/api/v1/packages", response_model=answers.Packages, summary="The same by package")
async def packages(
    request: Request,
    chosen: Selected,
    at: At = "now",
    before: Before = None,
    filter: Filter = "",  # noqa: A002
    package: Package = "",
) -> Response:
    """A row a package, each with all that is below it; for the treemap."""
    services = services_of(request)
    return await services.ask(
        request,
        services.store.packages,
        **chosen.arguments(),
        mode=chosen.mode,
        **_moments(at, before),
        filter=filter,
        package=package,
    )


@router.get("/api/v1/class", response_model=answers.ClassHistory, summary="Classes by time, on every host")
async def class_history(
    request: Request,
    chosen: Selected,
    span: Spanned,
    interval: Stepped,
    class_: Annotated[list[str], Query(alias="class", description="name; repeatable; * and ? stand for any")],
    by: Annotated[Literal["host", "jvm", "class", "none"] | None, Query(description="sum by this")] = None,
) -> Response:
    """A series a class and process life, or sums of them."""
    if len(class_) > 100:
        raise UsageError("class: at most 100 at once")
    services = services_of(request)
    return await services.ask(
        request,
        services.store.class_history,
        **chosen.arguments(),
        **span.arguments(),
        mode=chosen.mode,
        interval=interval,
        classes=class_,
        by=by,
    )


@router.get("/api/v1/class_names", response_model=answers.ClassNames, summary="Names of classes")
async def class_names(
    request: Request,
    match: Annotated[str, Query(description="part of a name, or a pattern with * and ?")] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> Response:
    """For completion."""
    services = services_of(request)
    return await services.ask(request, services.store.class_names, match=match, limit=limit)


def _moments(at: str, before: str | None) -> dict[str, int | None]:
    now = now_ms()
    return {
        "at": named("at", lambda text: parse_time(text, now), at),
        "before": None if before is None else named("before", lambda text: parse_time(text, now), before),
    }
