"""Graphite's HTTP API over what is stored here, for Grafana and others: http://server:7077/graphite.

Stored paths and class samples (`<host>.count.<class>`, `<host>.size.<class>`) are found by path, all by tags.
"""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Security
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from heapwatch.errors import UsageError
from heapwatch.query.graphite import moments
from heapwatch.query.graphite.lines import Line
from heapwatch.query.graphite.paths import Paths
from heapwatch.query.graphite.render import TABLE, Window, render
from heapwatch.query.graphite.tags import tag_names, tag_values
from heapwatch.query.limits import Limits
from heapwatch.web import negotiation
from heapwatch.web.callers import caller, services_of
from heapwatch.web.forms import Form, described, form_of
from heapwatch.web.services import Services

VERSION = "1.1.10"
"""The version of Graphite whose shapes these are; clients choose by it what they ask."""
FORMATS = ("json", "csv", "raw")
MOST_TARGETS = 100
MOST_EVENTS = 1000

router = APIRouter(prefix="/graphite", tags=["graphite"], dependencies=[Security(caller, scopes=["read"])])

_RANGE = {"from": "-24h, epoch seconds, 14:30_20260101", "until": "as from; now if absent"}
_RENDER = {
    "target": "a path or functions of paths; may be repeated",
    **_RANGE,
    "format": ", ".join(FORMATS),
    "maxDataPoints": "most points of a series",
    "tz": "of times that are not relative; UTC if absent",
}
_FIND = {"query": "a pattern of paths", "format": "treejson or completer", **_RANGE}
_EXPAND = {
    "query": "a pattern of paths; may be repeated",
    "leavesOnly": "1: not those that only have more below",
}
_TAGS = {"expr": "tag=value; may be repeated", "limit": "most answers"}

Work = Callable[[str], Any]


async def _answered(request: Request, prepare: Callable[[Services, Form], Work]) -> Response:
    services = services_of(request)
    work = prepare(services, await form_of(request))

    def worked(query_id: str) -> Response:
        found = work(query_id)
        return found if isinstance(found, Response) else negotiation.respond(request, found, negotiation.JSON)

    return await services.readers.run(request, worked)


def _limits(services: Services) -> Limits:
    given = services.settings
    return Limits(series=given.query_series, points=given.query_points, seconds=given.query_timeout)


def _count(form: Form, name: str, default: int) -> int:
    text = form.get(name)
    try:
        found = int(float(text)) if text else default
    except (ValueError, OverflowError):
        raise UsageError(f"{name}: {text[:40]!r} is not a number") from None
    if not 0 < found <= 1_000_000:
        raise UsageError(f"{name}: {found} is not between 1 and a million")
    return found


def _window(form: Form) -> Window:
    where, now = moments.zone(form.get("tz")), time.time()
    from_ = moments.moment(form.get("from") or "-24h", now, where)
    until = moments.moment(form.get("until") or form.get("to") or "now", now, where)
    if from_ >= until:
        raise UsageError(f"from: {form.get('from')!r} is not before until={form.get('until') or 'now'!r}")
    return Window(from_, until, _count(form, "maxDataPoints", 1000) if form.get("maxDataPoints") else None)


# ---- render


@router.get(
    "/render",
    response_model=list[dict[str, Any]],
    summary="Graphite's functions",
    openapi_extra=described(_RENDER),
)
@router.post(
    "/render",
    response_model=list[dict[str, Any]],
    summary="Graphite's functions, as a form",
    openapi_extra=described(_RENDER, body=True),
)
async def render_targets(request: Request) -> Response:
    """As Graphite's `/render`, in the formats json, csv and raw."""

    def prepare(services: Services, form: Form) -> Work:
        targets = [target for target in form.all("target", "target[]") if target.strip()]
        wanted = form.get("format") or "json"
        if wanted not in FORMATS:
            raise UsageError(f"format: {', '.join(FORMATS)}, not {wanted[:40]!r}")
        if len(targets) > MOST_TARGETS:
            raise UsageError(f"target: {len(targets)} are more than {MOST_TARGETS}")
        window, zone = _window(form), moments.zone(form.get("tz"))

        def work(query_id: str) -> Any:
            lines = render(services.store, targets, window, _limits(services), query_id) if targets else []
            if wanted == "csv":
                return PlainTextResponse(_csv(lines, zone), media_type="text/csv; charset=utf-8")
            if wanted == "raw":
                return PlainTextResponse("".join(map(_raw, lines)))
            return [_json(line) for line in lines]

        return work

    return await _answered(request, prepare)


def _json(line: Line) -> dict[str, Any]:
    points = zip(_values(line), range(line.start, line.end, line.step), strict=True)
    return {"target": line.name, "tags": dict(line.tags), "datapoints": [[value, at] for value, at in points]}


def _values(line: Line) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in line.values.tolist()]


def _csv(lines: list[Line], zone: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    for line in lines:
        # a spreadsheet would run a name that begins like a formula
        name = f"'{line.name}" if line.name[:1] in ("=", "+", "-", "@", "\t", "\r") else line.name
        for value, at in zip(_values(line), range(line.start, line.end, line.step), strict=True):
            when = datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M:%S")
            writer.writerow([name, when, "" if value is None else value])
    return text.getvalue()


def _raw(line: Line) -> str:
    name = line.name.replace("\n", " ")
    values = ",".join(str(value) for value in _values(line))
    return f"{name},{line.start},{line.end},{line.step}|{values}\n"


@router.get("/functions", response_model=dict[str, Any], summary="Graphite functions that there are")
async def functions(request: Request) -> Response:
    """As Graphite's `/functions`: what each takes."""
    told = {name: TABLE[name].described() for name in sorted(TABLE)}
    return await _answered(request, lambda _services, _form: lambda _: told)


@router.get("/version", response_model=str, summary="The Graphite whose shapes these are")
async def version(_request: Request) -> Response:
    """Plain text, as Graphite answers."""
    return PlainTextResponse(VERSION)


# ---- paths


def _paths(services: Services, form: Form) -> Paths:
    if not form.get("from"):
        return Paths(services.store.parts.names)
    window = _window(form)
    return Paths(services.store.parts.names, window.from_ * 1000, window.until * 1000)


@router.get(
    "/metrics/find",
    response_model=list[dict[str, Any]] | dict[str, Any],
    summary="Nodes of paths",
    openapi_extra=described(_FIND, ["query"]),
)
@router.post(
    "/metrics/find",
    response_model=list[dict[str, Any]] | dict[str, Any],
    summary="Nodes of paths, as a form",
    openapi_extra=described(_FIND, body=True),
)
async def find(request: Request) -> Response:
    """As Graphite's `/metrics/find`."""

    def prepare(services: Services, form: Form) -> Work:
        query, form_of_answer = form.get("query"), form.get("format") or "treejson"
        if not query:
            raise UsageError("query: give a pattern of paths, such as *")
        if form_of_answer not in ("treejson", "completer"):
            raise UsageError(f"format: treejson or completer, not {form_of_answer[:40]!r}")

        def work(_: str) -> Any:
            if form_of_answer == "completer":
                nodes = _paths(services, form).find(query if query.endswith("*") else f"{query}*")
                return {"metrics": [_completed(each.path, each.leaf) for each in nodes]}
            return [
                _tree(each.path, query, leaf=leaf)
                for each in _paths(services, form).find(query)
                for leaf in (False, True)
                if (each.leaf if leaf else each.branch)
            ]

        return work

    return await _answered(request, prepare)


def _tree(path: str, query: str, *, leaf: bool) -> dict[str, Any]:
    name = path.rpartition(".")[2]
    before = query.rpartition(".")[0]
    flag = int(not leaf)
    return {
        "text": name,
        "id": f"{before}.{name}" if before else name,
        "allowChildren": flag,
        "expandable": flag,
        "leaf": int(leaf),
        "context": {},
    }


def _completed(path: str, leaf: bool) -> dict[str, Any]:
    return {"path": path if leaf else f"{path}.", "name": path.rpartition(".")[2], "is_leaf": str(int(leaf))}


@router.get(
    "/metrics/expand",
    response_model=dict[str, Any],
    summary="Paths",
    openapi_extra=described(_EXPAND, ["query"]),
)
@router.post(
    "/metrics/expand",
    response_model=dict[str, Any],
    summary="Paths, as a form",
    openapi_extra=described(_EXPAND, body=True),
)
async def expand(request: Request) -> Response:
    """As Graphite's `/metrics/expand`."""

    def prepare(services: Services, form: Form) -> Work:
        queries, leaves = form.all("query"), form.get("leavesOnly") in ("1", "true")
        by_query = form.get("groupByExpr") in ("1", "true")
        if not queries:
            raise UsageError("query: give a pattern of paths, such as *")

        def work(_: str) -> Any:
            paths = _paths(services, form)
            found = {
                query: [each.path for each in paths.find(query) if each.leaf or not leaves]
                for query in queries
            }
            if by_query:
                return {"results": found}
            return {"results": sorted({path for each in found.values() for path in each})}

        return work

    return await _answered(request, prepare)


@router.get("/metrics/index.json", response_model=list[str], summary="All paths")
async def index(request: Request) -> Response:
    """As Graphite's `/metrics/index.json`; refused when there are very many."""
    return await _answered(request, lambda services, form: lambda _: _paths(services, form).all())


# ---- events


@router.get(
    "/events/get_data",
    response_model=list[dict[str, Any]],
    summary="Events, for annotations",
    openapi_extra=described({**_RANGE, "tags": "a kind of event, host:NAME or jvm:NAME; all must be there"}),
)
async def events(request: Request) -> Response:
    """As Graphite's `/events/get_data`: restarts, deploys, leaks; tags are the kind, the host and the JVM."""

    def prepare(services: Services, form: Form) -> Work:
        window = _window(form)
        wanted = set(form.get("tags").replace(",", " ").split())

        def work(query_id: str) -> Any:
            span = {"from_": window.from_ * 1000, "to": window.until * 1000}
            found = services.store.events(**span, limit=MOST_EVENTS, query_id=query_id)["events"]
            told = [_event(number, each) for number, each in enumerate(found, 1)]
            return [each for each in told if wanted <= set(each["tags"])]

        return work

    return await _answered(request, prepare)


def _event(number: int, each: dict[str, Any]) -> dict[str, Any]:
    who = [f"{name}:{each['labels'][name]}" for name in ("host", "jvm") if each["labels"].get(name)]
    return {
        "id": number,
        "when": each["time"] // 1000,
        "what": each["kind"],
        "tags": [each["kind"], *who],
        "data": each["text"],
    }


# ---- tags


@router.get(
    "/tags/autoComplete/tags",
    response_model=list[str],
    summary="Names of tags",
    openapi_extra=described({**_TAGS, "tagPrefix": "how it begins"}),
)
async def complete_tags(request: Request) -> Response:
    """As Graphite's `/tags/autoComplete/tags`."""

    def prepare(services: Services, form: Form) -> Work:
        given = form.all("expr"), form.get("tagPrefix"), _count(form, "limit", 100)
        return lambda _: tag_names(services.store, *given)

    return await _answered(request, prepare)


@router.get(
    "/tags/autoComplete/values",
    response_model=list[str],
    summary="Values of a tag",
    openapi_extra=described({**_TAGS, "tag": "its name", "valuePrefix": "how it begins"}, ["tag"]),
)
async def complete_values(request: Request) -> Response:
    """As Graphite's `/tags/autoComplete/values`."""

    def prepare(services: Services, form: Form) -> Work:
        if not form.get("tag"):
            raise UsageError("tag: give its name")
        given = form.all("expr"), form.get("tag"), form.get("valuePrefix"), _count(form, "limit", 100)
        return lambda _: tag_values(services.store, *given)

    return await _answered(request, prepare)
