"""Parameters as Prometheus' and Graphite's clients send them: in the address, or as a form in the body."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from heapwatch.errors import UsageError
from heapwatch.ingest.limits import TooLarge

MOST_BYTES = 1 << 20
MOST_READ = 16 << 20
"""So much of a form that is too long is read all the same, for many clients hear nothing while they send."""
FORM = "application/x-www-form-urlencoded"
PREFIXES = ("/prometheus/", "/graphite/")


class Form:
    """Names and values; a name may come more than once."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def get(self, name: str, default: str = "") -> str:
        """The first value, as those programs take it."""
        return self._values.get(name, [default])[0]

    def all(self, *names: str) -> list[str]:
        return [value for name in names for value in self._values.get(name, [])]


async def form_of(request: Request) -> Form:
    """The body's pairs before the address's."""
    pairs: list[tuple[str, str]] = []
    if request.method == "POST" and request.headers.get("content-type", "").startswith(FORM):
        body = b""
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= MOST_BYTES:
                body += chunk
            elif size > MOST_READ:
                break
        if size > MOST_BYTES:
            raise TooLarge(f"a form has at most {MOST_BYTES} bytes")
        try:
            pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=10_000)
        except ValueError as error:
            raise UsageError(f"this form cannot be read: {error}") from error
    return Form([*pairs, *request.query_params.multi_items()])


def password_of(request: Request) -> str | None:
    """The password of basic authentication, where Grafana asks: that is where it can put a token."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or not request.url.path.startswith(PREFIXES):
        return None
    try:
        return base64.b64decode(given.strip(), validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def described(
    parameters: Mapping[str, str], required: Sequence[str] = (), body: bool = False
) -> dict[str, Any]:
    """What OpenAPI says of parameters that are read by `form_of`."""
    text = {"type": "string"}
    if body:
        schema = {"type": "object", "properties": dict.fromkeys(parameters, text)}
        return {"requestBody": {"content": {FORM: {"schema": schema}}}}
    return {
        "parameters": [
            {"in": "query", "name": name, "description": about, "required": name in required, "schema": text}
            for name, about in parameters.items()
        ]
    }
