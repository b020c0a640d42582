"""Ways in for collectors of metrics and logs: Prometheus' remote write, OTLP. The doors are in ingest/.

Both say in their own way what was wrong, and whether to come again: with any 4xx but 429 a sender throws away
what it has, so whatever may go well later is 429 or 503 here, whoever is to blame.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Security
from fastapi.routing import APIRoute
from google.protobuf.message import Message
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from heapwatch.errors import HeapwatchError
from heapwatch.ingest import otlp, otlp_logs, remote_write
from heapwatch.ingest.guard import TOO_MANY, admit_logs
from heapwatch.ingest.intake import Unsupported
from heapwatch.model import Batch
from heapwatch.web import errors
from heapwatch.web.auth import Caller
from heapwatch.web.callers import caller, services_of, source_of
from heapwatch.web.parameters import labels_of, now_ms, only_known, raw_body

Uploader = Annotated[Caller, Security(caller, scopes=["ingest"])]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

AS_THEY_SAY = {422: 400, 408: 503}
"""Our statuses, where these protocols have others: 400 is never, 503 is later."""

CODES = {400: 3, 401: 16, 403: 7, 413: 3, 415: 3, 429: 8, 503: 14}
"""`google.rpc.Code` by status; anything else is UNKNOWN."""


class Plain(APIRoute):
    """A route whose errors are a sentence in plain text."""

    def worded(self, _: Request, error: HeapwatchError) -> Response:
        status, headers = told_as(error)
        return PlainTextResponse(f"{error}\n", status, headers)

    def get_route_handler(self) -> Handler:
        answered = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answered(request)
            except HeapwatchError as error:
                return self.worded(request, error)

        return handle


class Otlp(Plain):
    """Errors are a `google.rpc.Status` in the encoding of the request."""

    def worded(self, request: Request, error: HeapwatchError) -> Response:
        status, headers = told_as(error)
        status = 503 if status == 500 else status  # senders of OTLP do not repeat after 500
        form = otlp.JSON if _content_type(request).lower().startswith(otlp.JSON) else otlp.PROTOBUF
        body = otlp.failure(CODES.get(status, 2), str(error), form)
        return Response(body, status, headers, media_type=form)


written = APIRouter(tags=["ingest"], route_class=Plain)
exported = APIRouter(tags=["ingest"], route_class=Otlp)


@written.post(
    "/api/v1/write",
    status_code=204,
    response_class=Response,
    summary="Store what Prometheus' remote write sends",
    dependencies=[Depends(only_known)],
    openapi_extra=raw_body(remote_write.MEDIA, "a snappy block of prometheus.WriteRequest or, 2.0, Request"),
)
async def write(request: Request, who: Uploader) -> Response:
    """204 when all is stored. 400: what never can be is not, the text says what and why; the rest is.

    Versions 1.0 and 2.0. `label.NAME=VALUE` adds labels. Native histograms become `_count` and `_sum`; a
    stale marker stores nothing.
    """
    services, now = services_of(request), now_ms()
    pushes, limit = services.pushes, services.intake.limits.text

    def read(body: bytes) -> remote_write.Written:
        version = remote_write.version_of(_content_type(request), request.headers.get("content-encoding", ""))
        return pushes.written.read(body, version, now, limit)

    found = await pushes.take_points(
        request, source_of(who, request), pushes.remote_write, read, labels_of(request)
    )
    headers = {
        "X-Prometheus-Remote-Write-Samples-Written": str(found.samples),
        "X-Prometheus-Remote-Write-Histograms-Written": str(found.histograms),
        "X-Prometheus-Remote-Write-Exemplars-Written": "0",
    }
    if found.refused:
        return PlainTextResponse(f"{found.complaint}\n", 400, headers)
    return Response(status_code=204, headers=headers)


@exported.post(
    "/v1/metrics",
    summary="Store metrics of OpenTelemetry (OTLP/HTTP)",
    response_class=Response,
    dependencies=[Depends(only_known)],
    openapi_extra=raw_body(otlp.PROTOBUF, "ExportMetricsServiceRequest; or application/json"),
)
async def metrics(request: Request, who: Uploader) -> Response:
    """200 means stored, but for what `partial_success` names. Protobuf or JSON, plain or gzip."""
    services, now = services_of(request), now_ms()
    form = _form(request)
    found = await services.pushes.take_points(
        request,
        source_of(who, request),
        services.pushes.otlp_metrics,
        lambda body: services.pushes.points.read(_plain(request, body), form(), now),
    )
    return _answer(found.answer(), form())


@exported.post(
    "/v1/logs",
    summary="Store log records of OpenTelemetry (OTLP/HTTP)",
    response_class=Response,
    dependencies=[Depends(only_known)],
    openapi_extra=raw_body(otlp.PROTOBUF, "ExportLogsServiceRequest; or application/json"),
)
async def logs(request: Request, who: Uploader) -> Response:
    """200 means stored, but for what `partial_success` names; a request that comes again is stored once."""
    services, now = services_of(request), now_ms()
    form, source, door = _form(request), source_of(who, request), services.pushes.otlp_logs
    found = otlp_logs.Records()

    def read(body: bytes) -> Batch | None:
        nonlocal found
        body = _plain(request, body)
        found = otlp_logs.read(body, form(), now)
        batch = found.batch(body)
        if batch is None:
            return None
        kept, refused = admit_logs(services.store, f"{door.name} {source}", batch.logs)
        for text in (text for block in refused for text in block.texts):
            found.rejects.add(TOO_MANY, text.encode("utf-8", "backslashreplace"))
        return replace(batch, logs=kept)

    await services.pushes.take_batch(request, source, door, read)
    kept = dict(found.rejects.samples)
    for reason, count in found.rejects.counts.items():
        services.rejects.add(door.name, reason, kept.get(reason, b""), source, count=count)
    return _answer(found.answer(), form())


def told_as(error: HeapwatchError) -> tuple[int, dict[str, str]]:
    """Status and headers of an error's answer."""
    plain = errors.response_to(error)
    named = ("retry-after", "www-authenticate", "connection")
    headers = {name: plain.headers[name] for name in named if name in plain.headers}
    status = 415 if isinstance(error, Unsupported) else AS_THEY_SAY.get(plain.status_code, plain.status_code)
    if status == 503:
        headers.setdefault("retry-after", "1")
    return status, headers


def _form(request: Request) -> Callable[[], otlp.Form]:
    """Asked for within the door, so that a wrong one is counted there."""
    return lambda: otlp.form_of(_content_type(request))


def _plain(request: Request, body: bytes) -> bytes:
    return services_of(request).intake.plain(body, request.headers.get("content-encoding", ""))


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").strip()


def _answer(message: Message, form: otlp.Form) -> Response:
    return Response(otlp.told(message, form), media_type=form)
