"""`http`: one request with a JSON body; an answer that is not as expected fails the step.

What the other side says is kept, what was sent to it in secrets is not. Nothing is followed elsewhere, where
a header with a secret in it would go along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
from pydantic import Field, field_validator

from heapwatch import __version__
from heapwatch.monitor.values import Written
from heapwatch.workflow.steps.base import OUTPUT, Job, Step, StepFailed, TimedOut, cut
from heapwatch.workflow.templates import is_template

READING = ("GET", "HEAD")


class Parameters(Written):
    url: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, str] = {}
    json_: Any = Field(default=None, alias="json")
    """The body."""
    expect: list[int] = [200, 201, 202, 204]
    """The answers with which all is well."""

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not is_template(value):
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{value[:80]!r} is not an address such as https://deploy.example/hook")
        return value


def describe(given: Parameters) -> str:
    parts = urlsplit(given.url)
    body = f" with {len(json.dumps(given.json_))} bytes of JSON" if given.json_ is not None else ""
    return f"{given.method} {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{body}"


def harmless(given: Mapping[str, Any]) -> bool:
    """Whether it only reads."""
    return given.get("method", "GET") in READING


def perform(given: Parameters, job: Job) -> dict[str, Any]:
    job.check()
    what = describe(given)
    headers = {"User-Agent": f"heapwatch/{__version__}", **given.headers}
    try:
        with (
            httpx2.Client(timeout=job.left_s(), follow_redirects=False) as client,
            client.stream(given.method, given.url, headers=headers, json=given.json_) as answer,
        ):
            status, text = answer.status_code, _text(answer, job)
    except httpx2.TimeoutException as error:
        raise TimedOut(f"{what}: no answer within {job.timeout_s:g} s") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise StepFailed(f"{what}: {error or type(error).__name__}") from error
    output = {"status": status, "text": text, "json": _json(text)}
    if status not in given.expect:
        raise StepFailed(f"{what}: the answer is {status}, not {_any(given.expect)}", output)
    return output


def _text(answer: httpx2.Response, job: Job) -> str:
    read = bytearray()
    for part in answer.iter_bytes():
        job.check()
        read += part
        if len(read) > OUTPUT:
            break
    return cut(read.decode("utf-8", "replace"))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _any(codes: list[int]) -> str:
    return " or ".join(map(str, codes))


STEP = Step(Parameters, describe, perform, destructive=True, idempotent=False, harmless=harmless)
