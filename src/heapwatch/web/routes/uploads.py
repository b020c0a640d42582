"""The server's way in by HTTP; the doors themselves are in ingest/http.py."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.ingest.http import Upload, check_labels
from heapwatch.ingest.logs import Form, LogUpload, compiled, offset
from heapwatch.query.times import parse_time
from heapwatch.web import upload_answers
from heapwatch.web.auth import Caller
from heapwatch.web.callers import caller, peer_of, services_of, source_of
from heapwatch.web.parameters import MODES, labels_of, named, now_ms, only_known, raw_body
from heapwatch.wire.batch import CONTENT_TYPE

router = APIRouter(tags=["ingest"])

Uploader = Annotated[Caller, Security(caller, scopes=["ingest"])]


@router.post(
    "/api/v1/histogram",
    response_model=upload_answers.UploadAnswer,
    summary="Store one histogram text",
    dependencies=[Depends(only_known)],
    openapi_extra=raw_body("text/plain", "what jmap -histo, jcmd GC.class_histogram or jattach printed"),
)
async def histogram(
    request: Request,
    who: Uploader,
    host: Annotated[str, Query(description="the machine's name")],
    jvm: Annotated[str, Query(description="the application's stable name")],
    pid: Annotated[int | None, Query(ge=0, le=2**31, description="else from jcmd's first line")] = None,
    started: Annotated[str | None, Query(description="when the process started")] = None,
    time: Annotated[str, Query(description="when the histogram was taken")] = "now",
    mode: Annotated[MODES, Query(description="live if it was taken with -histo:live")] = "all",
) -> Response:
    """Text of any JDK from 8 on, plain or gzip, zstd, deflate; `label.NAME=VALUE` adds labels.

    200 means stored. A text that is cut off, or whose rows do not add up to its Total, is refused whole.
    The same text for the same JVM and time is stored once.
    """
    services, now = services_of(request), now_ms()
    upload = Upload(
        host,
        jvm,
        named("time", lambda text: parse_time(text, now), time),
        mode,
        pid,
        named("started", lambda text: parse_time(text, now), started) if started else 0,
        labels_of(request),
        dated=time != "now",
    )
    upload.check()
    return JSONResponse(await services.doors.take_histogram(request, source_of(who, request), upload))


@router.post(
    "/api/v1/batch",
    response_model=upload_answers.BatchAnswer,
    summary="Store one batch of an agent",
    dependencies=[Depends(only_known)],
    openapi_extra=raw_body(CONTENT_TYPE, "snapshots, metrics and events, as wire/batch.py describes"),
)
async def batch(request: Request, who: Uploader) -> Response:
    """200 means stored. A replay (same agent and sequence) is answered the same and stored once."""
    return JSONResponse(await services_of(request).doors.take_batch(request, source_of(who, request)))


@router.post(
    "/api/v1/logs",
    response_model=upload_answers.LogsStored,
    summary="Store log messages",
    dependencies=[Depends(only_known)],
    openapi_extra=raw_body("text/plain", "text, a message a line or several; or JSON objects, one a line"),
)
async def logs(
    request: Request,
    who: Uploader,
    host: Annotated[str, Query(description="the machine's name; else the sender's address")] = "",
    jvm: Annotated[str, Query(description="the application's stable name")] = "",
    category: Annotated[str, Query(description="_sourceCategory: what kind of log it is")] = "",
    name: Annotated[str, Query(description="_sourceName: the file or logger")] = "",
    first_line: Annotated[str, Query(description="pattern (RE2) that begins a message; else as below")] = "",
    zone: Annotated[str, Query(description="offset of times that say none, such as +02:00")] = "UTC",
    form: Annotated[Form, Query(description="auto: a line that is a JSON object is read as one")] = "auto",
) -> Response:
    """Text or JSON lines, plain or gzip, zstd, deflate; `label.NAME=VALUE` adds labels. 200 means stored.

    A line that begins with white space, `at `, `Caused by:` or `... n more`, or that names a Throwable, goes
    on the message before it. A message has the time it says, else that of the one before, else its arrival's.
    In JSON the time is in `time`, `timestamp` or `ts`, the text in `message`, `msg` or `text`, the level in
    `level`; an object with more fields than these is kept whole. With the header `Idempotency-Key` (or
    `Content-Digest`) a replay within a day is stored once.
    """
    headers = request.headers
    given = {
        "host": host or headers.get("x-sumo-host", "") or peer_of(request),
        "jvm": jvm,
        "_sourceCategory": category or headers.get("x-sumo-category", ""),
        "_sourceName": name or headers.get("x-sumo-name", ""),
    }
    labels = {**labels_of(request), **{label: value for label, value in given.items() if value}}
    check_labels(labels)
    upload = LogUpload(
        labels,
        now_ms(),
        "json" if form == "auto" and "json" in headers.get("content-type", "") else form,
        compiled(first_line),
        offset(zone),
        headers.get("idempotency-key") or headers.get("content-digest", ""),
    )
    return JSONResponse(await services_of(request).doors.take_logs(request, source_of(who, request), upload))
