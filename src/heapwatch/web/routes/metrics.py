"""Everything that has a number and is not a class: heap, collections, threads, process, foreign metrics."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from heapwatch.errors import UsageError
from heapwatch.store.reads.selection import containing
from heapwatch.web import answers
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import Selected, Spanned, Stepped, only_known

router = APIRouter(tags=["metrics"], dependencies=[Security(caller, scopes=["read"]), Depends(only_known)])


@router.get("/api/v1/metric", response_model=answers.Values, summary="Metrics by time")
async def metric(
    request: Request,
    chosen: Selected,
    span: Spanned,
    interval: Stepped,
    metric: Annotated[
        list[str], Query(description="such as jvm.heap.used; repeatable; * and ? stand for any")
    ],
    rollup: Annotated[Literal["avg", "max", "last"], Query(description="of the samples of a step")] = "last",
) -> Response:
    """A series a metric, its tags and process life."""
    if len(metric) > 100:
        raise UsageError("metric: at most 100 at once")
    services = services_of(request)
    return await services.ask(
        request,
        services.store.metric,
        **chosen.arguments(),
        **span.arguments(),
        interval=interval,
        metrics=metric,
        rollup=rollup,
    )


@router.get("/api/v1/metrics", response_model=answers.MetricNames, summary="Which metrics there are")
async def metric_names(
    request: Request,
    chosen: Selected,
    match: Annotated[str, Query(description="part of the name, or with * and ? all of it")] = "",
) -> Response:
    """With their labels and when they came last."""
    services = services_of(request)
    fits = containing(match) if match else lambda _: True

    def fitting(**given: Any) -> dict[str, Any]:
        found = services.store.metric_names(**given)["metrics"]
        return {"metrics": [each for each in found if fits(each["metric"])]}

    return await services.ask(request, fitting, **chosen.arguments())
