"""Which JVMs there are, how they are, what happened to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from heapwatch.web import answers
from heapwatch.web.callers import caller, services_of
from heapwatch.web.leaks import beside
from heapwatch.web.parameters import Selected, Spanned, Stepped, only_known

router = APIRouter(tags=["jvms"], dependencies=[Security(caller, scopes=["read"]), Depends(only_known)])


@router.get("/api/v1/jvms", response_model=answers.Jvms, summary="All lives of all JVMs")
async def jvms(request: Request, chosen: Selected) -> Response:
    """One entry a process life; a restart is a new one."""
    services = services_of(request)
    return await services.ask(request, services.store.jvms, **chosen.arguments())


@router.get("/api/v1/fleet", response_model=answers.Fleet, summary="A row a JVM, for the first screen")
async def fleet(
    request: Request,
    chosen: Selected,
    span: Spanned,
    filter: Annotated[str, Query(description="part of a host, name, label, user or class")] = "",  # noqa: A002
    sort: Annotated[str, Query(description="a field of the rows")] = "growth_per_hour",
    order: Annotated[Literal["asc", "desc"], Query()] = "desc",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 200,
    offset: Annotated[int, Query(ge=0)] = 0,
    group: Annotated[str, Query(description="a label whose values come first in the order")] = "",
) -> Response:
    """Heap, growth, collections, newest histogram and what watching costs, of the newest life of each JVM."""
    services = services_of(request)

    def work(**given: Any) -> dict[str, Any]:
        return services.store.fleet(beside=beside(services.leaks), **given)

    return await services.ask(
        request,
        work,
        **chosen.arguments(),
        **span.arguments(),
        filter=filter,
        sort=sort,
        order=order,
        limit=limit,
        offset=offset,
        group=group,
    )


@router.get("/api/v1/totals", response_model=answers.Totals, summary="All classes of a heap, summed, by time")
async def totals(request: Request, chosen: Selected, span: Spanned, interval: Stepped) -> Response:
    """A series a process life: bytes, instances and number of classes of its histograms."""
    services = services_of(request)
    return await services.ask(
        request,
        services.store.totals,
        **chosen.arguments(),
        **span.arguments(),
        mode=chosen.mode,
        interval=interval,
    )


@router.get(
    "/api/v1/events", response_model=answers.Events, summary="Starts, exits, deploys, out-of-memories"
)
async def events(
    request: Request,
    chosen: Selected,
    span: Spanned,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """What charts mark."""
    services = services_of(request)
    return await services.ask(
        request, services.store.events, **chosen.arguments(), **span.arguments(), limit=limit
    )


@router.get("/api/v1/labels", response_model=answers.Labels, summary="Names of all labels")
async def labels(request: Request) -> Response:
    """host and jvm among them."""
    services = services_of(request)
    return await services.ask(request, services.store.labels)


@router.get("/api/v1/labels/{name}/values", response_model=answers.LabelValues, summary="Values of a label")
async def label_values(request: Request, name: str) -> Response:
    """Sorted."""
    services = services_of(request)
    return await services.ask(request, services.store.label_values, name=name)
