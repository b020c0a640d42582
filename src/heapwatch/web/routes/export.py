"""Everything of some JVMs in a range, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from heapwatch.web import archives, parquet
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import Selected, Spanned, only_known

SNAPSHOTS = {"jsonl": archives.json_lines, "text-tar": archives.tar, "parquet": parquet.snapshots}

router = APIRouter(tags=["snapshots"], dependencies=[Security(caller, scopes=["read"]), Depends(only_known)])


@router.get(
    "/api/v1/export",
    summary="Stored histograms, or log messages, as a file",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in archives.MEDIA_TYPES.values()}}},
)
async def export(
    request: Request,
    chosen: Selected,
    span: Spanned,
    format: Annotated[Literal["jsonl", "text-tar", "logs", "parquet"], Query()] = "jsonl",  # noqa: A002
) -> Response:
    """Histograms as JSON lines or as a tar of jmap -histo texts, both modes; or log messages as JSON lines.

    `heapwatch import` reads all of them. Parquet has a row a class of a histogram, for other programs, too.
    """
    services = services_of(request)

    def begin(query_id: str) -> Iterator[bytes]:
        asked = {"from_": span.from_, "to": span.to, "query_id": query_id, **chosen.arguments()}
        if format == "logs":
            pieces = archives.log_lines(services.store.export_logs(**asked))
        else:
            found = services.store.export(**asked)
            pieces = SNAPSHOTS[format](found)
        first = next(pieces, b"")  # a wrong name is an error, not a broken file
        return chain((first,), pieces)

    pieces = await services.readers.run(request, begin)
    suffix = {"text-tar": "tar", "parquet": "parquet"}.get(format, "jsonl")
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="heapwatch-export.{suffix}"',
    }
    return StreamingResponse(pieces, media_type=archives.MEDIA_TYPES[format], headers=headers)
