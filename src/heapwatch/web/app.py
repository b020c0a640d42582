"""The application: routes, the guard before them, errors as answers, pages behind them."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heapwatch import __version__
from heapwatch.errors import HeapwatchError
from heapwatch.ingest.sockets import Sockets
from heapwatch.web import answers, docs, errors, pages
from heapwatch.web.changes import Changes
from heapwatch.web.figures import Figures
from heapwatch.web.guard import Guard
from heapwatch.web.routes import ROUTERS
from heapwatch.web.services import Services
from heapwatch.web.settings import Settings

if TYPE_CHECKING:
    from heapwatch.store import Store

ABOUT = (
    "Class histograms and metrics of JVMs over time. Times in answers are epoch ms; from, to and at "
    "take RFC 3339, epoch, now, -15m or now-1h. label.NAME=VALUE selects by label on every route that takes "
    "host and jvm. Tables and series also come as CSV, JSON lines or Parquet (format=csv, jsonl, parquet)."
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ERRORS: dict[int | str, dict[str, object]] = {
    "4XX": {
        "model": answers.ErrorAnswer,
        "description": "the request; the message says what was wrong with it",
    },
    "5XX": {"model": answers.ErrorAnswer, "description": "the server; Retry-After says when to come again"},
}


def create_app(
    store: Store,
    settings: Settings,
    *,
    ports: Mapping[str, Sockets] | None = None,
    reload: Callable[[], Settings] | None = None,
    tls: ssl.SSLContext | None = None,
) -> FastAPI:
    """The ASGI application over an open store, which stays the caller's to close."""
    services = Services(store, settings, reload, tls)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await services.start(ports or {})
        try:
            yield
        finally:
            await services.stop()

    app = FastAPI(
        title="heapwatch",
        version=__version__,
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        separate_input_output_schemas=False,
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router, responses=ERRORS)
    _add_pages(app)
    for kind, handler in (
        (HeapwatchError, errors.on_own),
        (HTTPException, errors.on_http),
        (RequestValidationError, errors.on_validation),
        (Exception, errors.on_bug),
    ):
        app.add_exception_handler(kind, handler)
    app.add_middleware(
        Guard,
        only_loopback_names=lambda: services.access.only_loopback_names,
        allowed_hosts=lambda: services.page_hosts,
    )
    app.add_middleware(Changes, notes=services.notes)
    app.add_middleware(Timed, figures=services.figures)
    return app


def _add_pages(app: FastAPI) -> None:
    screens = pages.Pages()

    @app.get("/docs", include_in_schema=False)
    async def show_docs() -> Response:
        return HTMLResponse(docs.page(app.openapi()), headers={"Cache-Control": "no-cache"})

    @app.get("/docs/style.css", include_in_schema=False)
    async def docs_style() -> Response:
        return Response(docs.STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})

    @app.get("/robots.txt", include_in_schema=False)
    async def robots() -> Response:
        return pages.robots()

    @app.get("/{path:path}", include_in_schema=False)
    async def screen(request: Request, path: str) -> Response:
        return screens.respond(request, path)


class Timed:
    """ASGI middleware: how long each answer took, by route; a stream until its first byte."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def send_timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in METHODS else "other"
                told = self._figures.request_seconds.labels(method, route, str(message["status"]))
                told.observe(time.perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, send_timed)
