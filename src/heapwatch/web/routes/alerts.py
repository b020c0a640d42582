"""Alerts: ours, for others; and what others say by webhook, as events."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Security
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.ingest import alert_webhook
from heapwatch.model import Batch
from heapwatch.store.logs import UNKEYED
from heapwatch.web import door_answers
from heapwatch.web.auth import Caller
from heapwatch.web.callers import caller, services_of, source_of
from heapwatch.web.parameters import now_ms, only_known, raw_body

router = APIRouter(dependencies=[Depends(only_known)])


@router.get(
    "/api/v1/alerts",
    tags=["leaks"],
    response_model=door_answers.Alerts,
    summary="What fires, and who is told",
    dependencies=[Security(caller, scopes=["read"])],
)
async def alerts(request: Request) -> Response:
    """Leaks and ends of heaps as Alertmanager hears them, and how telling each address went last."""
    alerter = services_of(request).alerter
    found = {"alerts": await run_in_threadpool(alerter.told), "deliveries": alerter.rows()}
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


@router.post(
    "/api/v1/webhook/alerts",
    tags=["ingest"],
    response_model=door_answers.AlertsStored,
    summary="Store alerts of Alertmanager or Grafana as events",
    openapi_extra=raw_body("application/json", "a webhook of Alertmanager (version 4) or of Grafana"),
)
async def webhook(request: Request, who: Annotated[Caller, Security(caller, scopes=["ingest"])]) -> Response:
    """Each alert is an event of the kind `alert` at its start or end; told again it is the same event."""
    pushes, now, count = services_of(request).pushes, now_ms(), 0

    def read(body: bytes) -> Batch:
        nonlocal count
        found = alert_webhook.events(body, now)
        count = len(found)
        return Batch(UNKEYED, secrets.randbits(63), events=found)

    await pushes.take_batch(request, source_of(who, request), pushes.alerts, read)
    return JSONResponse({"stored": True, "alerts": count})
