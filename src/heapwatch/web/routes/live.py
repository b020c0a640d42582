"""The live stream; the hub itself is in web/live.py."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Security
from pydantic_core import to_json
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from heapwatch import __version__
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import Selected, only_known
from heapwatch.web.rechecks import while_allowed

router = APIRouter(tags=["live"], dependencies=[Security(caller, scopes=["read"]), Depends(only_known)])

HEARTBEAT_S = 15
STALLED_S = 60


@router.get(
    "/api/v1/live",
    summary="What is stored, as it is stored",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def live(request: Request, chosen: Selected) -> Response:
    """Server-sent events: hello, snapshot, metrics, event, resync (some were dropped: ask again)."""
    hub = services_of(request).hub
    client = hub.join(chosen.host, chosen.jvm)

    async def events() -> AsyncIterator[ServerSentEvent]:
        try:
            hello = {"version": __version__, "time": int(time.time() * 1000)}
            yield ServerSentEvent(to_json(hello).decode(), event="hello")
            async for event in while_allowed(request, client.events()):
                yield event
        finally:
            hub.leave(client)

    return EventSourceResponse(events(), ping=HEARTBEAT_S, send_timeout=STALLED_S)
