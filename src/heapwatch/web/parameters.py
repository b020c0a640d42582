"""The parameters that routes share, read once: which JVMs, which time, in which steps.

A parameter that no route knows is refused with the name that was probably meant: `form=-1h` answered with
the last hour would be a wrong chart that looks right.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Query, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.requests import Request

from heapwatch.errors import UsageError
from heapwatch.query.times import parse_interval, parse_time

_Value = TypeVar("_Value")

LABEL = "label."
MODES = Literal["all", "live"]


def now_ms() -> int:
    return int(time.time() * 1000)


def labels_of(request: Request) -> dict[str, str]:
    """`label.env=prod` -> {"env": "prod"}."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name.startswith(LABEL) and len(name) > len(LABEL):
            found[name[len(LABEL) :]] = value
    return found


def named(name: str, parse: Callable[[str], _Value], text: str) -> _Value:
    """Parse one parameter; the error says which one it was."""
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error


@dataclass(frozen=True)
class Selection:
    """Which JVMs: none given = all."""

    host: tuple[str, ...]
    jvm: tuple[str, ...]
    pid: int | None
    labels: dict[str, str]
    mode: str

    def arguments(self) -> dict[str, Any]:
        return {
            "host": list(self.host),
            "jvm": list(self.jvm),
            "pid": self.pid,
            "labels": self.labels,
        }


@dataclass(frozen=True)
class Span:
    """A range of time in epoch ms."""

    from_: int
    to: int

    def arguments(self) -> dict[str, int]:
        return {"from_": self.from_, "to": self.to}


def selection(
    request: Request,
    host: Annotated[list[str], Query(description="host name; repeatable; * and ? stand for any")] = [],  # noqa: B006
    jvm: Annotated[list[str], Query(description="application name; repeatable; * and ? stand for any")] = [],  # noqa: B006
    pid: Annotated[int | None, Query(ge=0, description="one process")] = None,
    mode: Annotated[MODES, Query(description="histograms of all objects, or after a collection")] = "all",
) -> Selection:
    return Selection(tuple(host), tuple(jvm), pid, labels_of(request), mode)


def span(
    from_: Annotated[str, Query(alias="from", description="RFC 3339, epoch, now, -15m or now-1h")] = "-1h",
    to: Annotated[str, Query(description="as `from`")] = "now",
) -> Span:
    now = now_ms()
    begin = named("from", lambda text: parse_time(text, now), from_)
    end = named("to", lambda text: parse_time(text, now), to)
    if begin >= end:
        raise UsageError(f"from: {from_!r} is not before to={to!r}")
    return Span(begin, end)


def step(
    interval: Annotated[
        str | None, Query(description="distance of the points, such as 10s or 5m; fitting if absent")
    ] = None,
) -> float | None:
    return None if interval is None else named("interval", parse_interval, interval)


async def only_known(request: Request) -> None:
    """Refuse parameters that the route does not have."""
    names = [name for name in request.query_params if not name.startswith(LABEL)]
    if not names:
        return
    known = known_to(request.scope["route"])
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(sorted(known))}"
            raise UsageError(f"{name[:60]}: this route has no such parameter; {hint}")


def known_to(route: APIRoute) -> frozenset[str]:
    """What a route may be asked with, its own parameters and those of what it depends on."""
    fields = get_flat_params(route.dependant)
    return frozenset(
        {field.alias for field in fields if isinstance(field.field_info, params.Query)} | {"format"}
    )


Selected = Annotated[Selection, Depends(selection)]
Spanned = Annotated[Span, Depends(span)]
Stepped = Annotated[float | None, Depends(step)]


def raw_body(media_type: str, text: str) -> dict[str, Any]:
    """What OpenAPI says of a body that is read as it comes."""
    schema = {"type": "string", "format": "binary"}
    return {
        "requestBody": {"required": True, "description": text, "content": {media_type: {"schema": schema}}}
    }
