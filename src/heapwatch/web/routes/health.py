"""For load balancers, orchestrators and Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Security
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.web import answers, figures
from heapwatch.web.callers import caller, services_of

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=answers.Health, summary="Is the process alive?")
@router.get("/-/healthy", response_model=answers.Health, summary="As /healthz")
async def healthy() -> Response:
    """200 as long as the server answers at all. Restart it when it does not."""
    return JSONResponse({"status": "ok", "problems": []})


@router.get("/readyz", response_model=answers.Health, summary="Can it store and answer?")
@router.get("/-/ready", response_model=answers.Health, summary="As /readyz")
async def ready(request: Request) -> Response:
    """503, with the reasons, while uploads would fail: disk full, writer stuck, store failing."""
    problems = services_of(request).problems()
    body = {"status": "not ready" if problems else "ok", "problems": problems}
    return JSONResponse(body, 503 if problems else 200, {"Cache-Control": "no-store"})


@router.get(
    "/metrics",
    summary="The server's own figures",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
    dependencies=[Security(caller, scopes=["read"])],
)
async def metrics(request: Request) -> Response:
    """In Prometheus text form: doors, rejects, inserts, store, live clients, agents."""
    services = services_of(request)
    text = await services.readers.run(request, lambda _query_id: services.figures.text())
    return Response(text, headers={"Content-Type": figures.CONTENT_TYPE, "Cache-Control": "no-store"})
