"""Ways in that other people's programs know: what they push by HTTP. The doors are in ingest/pushed.py."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Security
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.errors import UsageError
from heapwatch.ingest.http import check_labels
from heapwatch.ingest.logs import LogUpload
from heapwatch.ingest.pushed import pairs
from heapwatch.web import upload_answers
from heapwatch.web.auth import ANYBODY, Caller, Unauthenticated
from heapwatch.web.callers import allowed, caller, peer_of, services_of, source_of
from heapwatch.web.parameters import labels_of, now_ms, only_known, raw_body
from heapwatch.web.services import Services
from heapwatch.wire import carbon2, collectd, exposition, graphite
from heapwatch.wire.paths import Template

router = APIRouter(tags=["ingest"])

Uploader = Annotated[Caller, Security(caller, scopes=["ingest"])]

SUMO = "application/vnd.sumologic."
GROUPING = "job/<job>{/<label>/<value>}"


async def _exposition(request: Request, who: Caller, labels: dict[str, str]) -> dict[str, Any]:
    services, now = services_of(request), now_ms()
    openmetrics = exposition.is_openmetrics(request.headers.get("content-type", ""))
    check_labels(labels)
    return await services.pushes.take(
        request,
        source_of(who, request),
        services.pushes.prometheus,
        lambda body: exposition.parse(body, now, openmetrics=openmetrics, names=services.exposed),
        labels,
    )


@router.post(
    "/api/v1/import/prometheus",
    response_model=upload_answers.SamplesStored,
    summary="Store samples in Prometheus or OpenMetrics text",
    dependencies=[Depends(only_known)],
    openapi_extra=raw_body("text/plain", "what a /metrics page shows"),
)
async def prometheus(request: Request, who: Uploader) -> Response:
    """`label.NAME=VALUE` adds labels. A bad line is counted and skipped; 200 means the rest is stored."""
    return JSONResponse(await _exposition(request, who, labels_of(request)))


@router.post(
    "/metrics/{grouping:path}",
    response_model=upload_answers.SamplesStored,
    summary="Store what is meant for a Pushgateway",
    openapi_extra=raw_body("text/plain", "what a /metrics page shows"),
)
@router.put(
    "/metrics/{grouping:path}",
    response_model=upload_answers.SamplesStored,
    summary="Store what is meant for a Pushgateway, as POST does",
    openapi_extra=raw_body("text/plain", "what a /metrics page shows"),
)
async def pushgateway(
    request: Request, who: Uploader, grouping: Annotated[str, Path(description=GROUPING)]
) -> Response:
    """The address of Prometheus' Pushgateway: samples get the labels of the path, and the time they came."""
    cells = grouping.split("/")
    labels = dict(zip(cells[::2], cells[1::2], strict=False))
    if len(cells) % 2 or cells[0] != "job" or not all(cells):
        raise UsageError(f"/metrics/{grouping[:100]}: the path is /metrics/{GROUPING}")
    return JSONResponse(await _exposition(request, who, labels))


@router.post(
    "/api/v1/collectd",
    response_model=upload_answers.SamplesStored,
    summary="Store what collectd's write_http sends",
    dependencies=[Depends(only_known)],
    openapi_extra=raw_body("application/json", "a list of values, Format JSON"),
)
async def collectd_json(request: Request, who: Uploader) -> Response:
    """Each value is `collectd.PLUGIN.TYPE`, with host, plugin_instance and type_instance as labels."""
    services, now = services_of(request), now_ms()
    found = await services.pushes.take(
        request,
        source_of(who, request),
        services.pushes.collectd,
        lambda body: collectd.parse_json(body, now),
        labels_of(request),
    )
    return JSONResponse(found)


@router.post(
    "/receiver/v1/http/{token}",
    response_model=upload_answers.SamplesStored | upload_answers.LogsStored,
    summary="Store what is meant for Sumo Logic's HTTP source",
    openapi_extra=raw_body("text/plain", "log messages, or metrics by their Content-Type"),
)
async def sumo(
    request: Request, token: Annotated[str, Path(description="an API token with the scope ingest")]
) -> Response:
    """Metrics by Content-Type `application/vnd.sumologic.graphite`, `.carbon2` or `.prometheus`; else logs.

    `X-Sumo-Host`, `X-Sumo-Category` and `X-Sumo-Name` become labels; of metrics also `X-Sumo-Dimensions` and
    `X-Sumo-Metadata`, of logs `X-Sumo-Fields`. The token is the last part of the address, as it is there.
    """
    services = services_of(request)
    who = _by_address(services, request, token)
    headers, now = request.headers, now_ms()
    given = {
        "host": headers.get("x-sumo-host", ""),
        "_sourceCategory": headers.get("x-sumo-category", ""),
        "_sourceName": headers.get("x-sumo-name", ""),
    }
    labels = {name: value for name, value in given.items() if value}
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not media.startswith(SUMO):
        labels = {**pairs(headers.get("x-sumo-fields", "")), "host": peer_of(request), **labels}
        check_labels(labels)
        upload = LogUpload(labels, now)
        return JSONResponse(await services.doors.take_logs(request, source_of(who, request), upload))
    readers = {
        "graphite": lambda body: graphite.parse_lines(body, now),
        "carbon2": lambda body: carbon2.parse(body, now),
        "prometheus": lambda body: exposition.parse(body, now, names=services.exposed),
    }
    form = media.removeprefix(SUMO)
    if form not in readers:
        raise UsageError(
            f"Content-Type {media[:60]}: metrics are {', '.join(SUMO + each for each in readers)}"
        )
    for header in ("x-sumo-metadata", "x-sumo-dimensions"):
        labels |= pairs(headers.get(header, ""))
    check_labels(labels)
    template = Template(services.settings.graphite_template) if form == "graphite" else None
    return JSONResponse(
        await services.pushes.take(
            request, source_of(who, request), services.pushes.sumo, readers[form], labels, template
        )
    )


def _by_address(services: Services, request: Request, token: str) -> Caller:
    """Who has the token in the address. Without any tokens an address may have whatever it had before."""
    try:
        found = ANYBODY if services.open_to_all else services.tokens.authenticate(token)
    except Unauthenticated as error:
        services.rejects.add("api", "unauthenticated", peer=peer_of(request), detail=str(error))
        raise
    return allowed(services, request, found, "ingest")
