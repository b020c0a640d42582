"""What `heapwatch diagnose --server` found: kept, listed, one with all its steps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Security
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.errors import UsageError
from heapwatch.web import changes
from heapwatch.web import diagnosis_answers as answers
from heapwatch.web.auth import Caller
from heapwatch.web.callers import caller, services_of
from heapwatch.web.diagnoses import LARGEST
from heapwatch.web.parameters import only_known

router = APIRouter(tags=["diagnoses"], dependencies=[Depends(only_known)])

READ = Security(caller, scopes=["read"])
ACT = Security(caller, scopes=["act"])
SCHEMA = answers.NewDiagnosis.model_json_schema(ref_template="#/components/schemas/{model}")
BODY = {
    "requestBody": {
        "required": True,
        "description": "what `heapwatch diagnose --json` prints; at most 1 MiB",
        "content": {
            "application/json": {"schema": {key: SCHEMA[key] for key in ("type", "properties", "required")}}
        },
    }
}


@router.post(
    "/api/v1/diagnoses", response_model=answers.KeptDiagnosis, summary="Keep a diagnosis", openapi_extra=BODY
)
async def keep(request: Request, who: Caller = ACT) -> Response:
    """As `heapwatch diagnose --server` sends it; charts of its JVM mark it."""
    given = _read(await _body(request))
    changes.told(request, target=f"{given.host} {given.jvm}", detail=given.suspect or "")
    services = services_of(request)
    found = await run_in_threadpool(services.diagnoses.keep, given, who.name)
    return JSONResponse({"id": found.id, "time": found.time}, headers={"Cache-Control": "no-store"})


@router.get("/api/v1/diagnoses", response_model=answers.Diagnoses, summary="Diagnoses that were kept")
async def diagnoses(
    request: Request,
    host: Annotated[list[str], Query(description="host name; repeatable; * and ? stand for any")] = [],  # noqa: B006
    jvm: Annotated[list[str], Query(description="application name; as host")] = [],  # noqa: B006
    class_: Annotated[
        list[str], Query(alias="class", description="suspected, or on a way from a root; as host")
    ] = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    _: Caller = READ,
) -> Response:
    """Newest first, each with what it cost its JVM."""
    services = services_of(request)
    return services.told(request, services.diagnoses.rows(host, jvm, class_, limit))


@router.get("/api/v1/diagnoses/{diagnosis}", response_model=answers.Diagnosis, summary="One diagnosis")
async def one(request: Request, diagnosis: str, _: Caller = READ) -> Response:
    """With its steps, and who holds the suspect, from a root of the collector down to it."""
    services = services_of(request)
    return services.told(request, services.diagnoses.one(diagnosis))


async def _body(request: Request) -> bytes:
    """The body, as long as it is not too large."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            raise UsageError(f"a diagnosis has at most {LARGEST >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


def _read(body: bytes) -> answers.NewDiagnosis:
    try:
        return answers.NewDiagnosis.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise UsageError(f"no diagnosis: {where}: {first['msg']}") from error
