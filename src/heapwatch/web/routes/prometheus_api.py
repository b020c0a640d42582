"""Prometheus' HTTP API over what is stored here, for Grafana and others: http://server:7077/prometheus.

The language is a subset of Prometheus 2's, with its lookback of 5 minutes and its ranges that include both
ends. Answers and errors have the shapes of Prometheus' own.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Security
from starlette.requests import Request
from starlette.responses import Response

from heapwatch import __version__
from heapwatch.errors import HeapwatchError, Unavailable, UsageError
from heapwatch.monitor import alert_rules
from heapwatch.query.errors import QueryError
from heapwatch.query.limits import Limits
from heapwatch.query.promql import catalog
from heapwatch.query.promql.parse import duration
from heapwatch.query.promql.run import LOOKBACK_MS, MOST_STEPS, Steps, instant, over_time
from heapwatch.query.promql.stored import LATEST_MS
from heapwatch.store.errors import Cancelled, NotFound, TooBig
from heapwatch.web import negotiation
from heapwatch.web.answers import Model
from heapwatch.web.callers import caller, services_of
from heapwatch.web.forms import Form, described, form_of
from heapwatch.web.parameters import now_ms
from heapwatch.web.readers import HungUp
from heapwatch.web.services import Services

PREFIX = "/prometheus/api/v1"
LANGUAGE = "2.42.0"
"""The version of Prometheus whose language and shapes these are; clients choose by it what they ask."""


class PrometheusAnswer(Model):
    """As Prometheus' own: `data` is what was asked for; an error has `errorType` and `error` instead."""

    status: Literal["success", "error"]
    data: Any = None


router = APIRouter(prefix=PREFIX, tags=["prometheus"], dependencies=[Security(caller, scopes=["read"])])

_RANGE = {"start": "epoch seconds or RFC 3339", "end": "as start"}
_MATCH = {**_RANGE, "match[]": "a selector of series; may be repeated"}
_ASKED = {"timeout": "longest evaluation, such as 30s", "lookback_delta": "how old a sample may be; 5m"}
_INSTANT = {"query": "in PromQL", "time": "epoch seconds or RFC 3339; now if absent", **_ASKED}
_OVER_TIME = {"query": "in PromQL", **_RANGE, "step": "seconds, or a duration such as 15s", **_ASKED}

Work = Callable[[str], Any]


async def _answered(request: Request, prepare: Callable[[Services, Form], Work]) -> Response:
    """`{"status": "success", "data": …}`, or an error as Prometheus tells it."""
    services = services_of(request)
    try:
        work = prepare(services, await form_of(request))

        def worked(query_id: str) -> Response:
            body = {"status": "success", "data": work(query_id)}
            return negotiation.respond(request, body, negotiation.JSON)

        return await services.readers.run(request, worked)
    except HeapwatchError as error:
        return _failed(request, error)


def _failed(request: Request, error: HeapwatchError) -> Response:
    status, kind = 422, "execution"
    message = str(error)
    if isinstance(error, QueryError):
        status, kind = 400, "bad_data"
        message = f'invalid parameter "query": {error.line}:{error.column}: parse error: {error.reason}'
    elif isinstance(error, UsageError):
        status, kind = 400, "bad_data"
    elif isinstance(error, Cancelled | HungUp):
        status, kind = 503, "canceled"
    elif isinstance(error, Unavailable):
        status, kind = 503, "unavailable"
    elif isinstance(error, NotFound):
        status, kind = 404, "not_found"
    elif isinstance(error, TooBig) and ("s are over" in message or "TIMEOUT" in message):
        status, kind = 503, "timeout"
    response = negotiation.respond(
        request, {"status": "error", "errorType": kind, "error": message}, negotiation.JSON
    )
    response.status_code = status
    return response


# ---- parameters


def _moment(name: str, text: str) -> int:
    """Epoch ms of a time."""
    try:
        if re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", text, re.ASCII):
            found = round(float(text) * 1000)
        else:
            moment = datetime.fromisoformat(text)
            found = round(moment.timestamp() * 1000) if moment.tzinfo else -1
    except (ValueError, OverflowError):
        found = -1
    if not 0 <= found <= LATEST_MS:
        raise UsageError(f'invalid parameter "{name}": cannot parse "{text[:60]}" to a valid timestamp')
    return found


def _duration(name: str, text: str) -> int:
    """Milliseconds of a number of seconds or a duration."""
    try:
        return round(float(text) * 1000)
    except (ValueError, OverflowError):
        pass
    try:
        return duration(text)
    except ValueError:
        raise UsageError(
            f'invalid parameter "{name}": cannot parse "{text[:60]}" to a valid duration'
        ) from None


def _given(form: Form, services: Services) -> tuple[str, int, Limits]:
    """Query, lookback and limits."""
    given = services.settings
    limits = Limits(series=given.query_series, points=given.query_points, seconds=given.query_timeout)
    if form.get("timeout"):
        wanted = _duration("timeout", form.get("timeout")) / 1000
        limits = replace(limits, seconds=max(0.001, min(limits.seconds, wanted)))
    lookback = _duration("lookback_delta", form.get("lookback_delta") or "5m")
    if lookback <= 0:
        raise UsageError('invalid parameter "lookback_delta": must be positive')
    return form.get("query"), lookback or LOOKBACK_MS, limits


def _steps(form: Form) -> Steps:
    start, end = _moment("start", form.get("start")), _moment("end", form.get("end"))
    if end < start:
        raise UsageError('invalid parameter "end": end timestamp must not be before start time')
    step = _duration("step", form.get("step"))
    if step <= 0:
        raise UsageError(
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
            "Try a positive integer"
        )
    if (end - start) // step > MOST_STEPS:
        raise UsageError(
            f"exceeded maximum resolution of {MOST_STEPS:,} points per timeseries. Try decreasing the query "
            "resolution (?step=XX)"
        )
    return Steps(start, end, step)


def _range(form: Form) -> catalog.Range:
    start, end = form.get("start"), form.get("end")
    return catalog.Range(_moment("start", start) if start else 0, _moment("end", end) if end else LATEST_MS)


# ---- routes

Route = Callable[[Request], Awaitable[Response]]


def _both(path: str, summary: str, told: Mapping[str, str]) -> Callable[[Route], Route]:
    """A route by GET, and by POST with the same parameters as a form."""

    def register(handler: Route) -> Route:
        extra, more = described(told), described(told, body=True)
        router.get(path, response_model=PrometheusAnswer, summary=summary, openapi_extra=extra)(handler)
        form = f"{summary}, as a form"
        router.post(path, response_model=PrometheusAnswer, summary=form, openapi_extra=more)(handler)
        return handler

    return register


@_both("/query", "PromQL at a moment", _INSTANT)
async def query(request: Request) -> Response:
    """As Prometheus' `/api/v1/query`."""

    def prepare(services: Services, form: Form) -> Work:
        text, lookback, limits = _given(form, services)
        at = _moment("time", form.get("time")) if form.get("time") else now_ms()
        return lambda query_id: instant(services.store, text, at, lookback, limits, query_id)

    return await _answered(request, prepare)


@_both("/query_range", "PromQL over time", _OVER_TIME)
async def query_range(request: Request) -> Response:
    """As Prometheus' `/api/v1/query_range`."""

    def prepare(services: Services, form: Form) -> Work:
        steps = _steps(form)
        text, lookback, limits = _given(form, services)
        return lambda query_id: over_time(services.store, text, steps, lookback, limits, query_id)

    return await _answered(request, prepare)


@_both("/labels", "Names of labels for PromQL", _MATCH)
async def labels(request: Request) -> Response:
    """As Prometheus' `/api/v1/labels`."""

    def prepare(services: Services, form: Form) -> Work:
        given = form.all("match[]"), _range(form), _given(form, services)[2].begun()
        return lambda query_id: catalog.label_names(services.store, *given, query_id)

    return await _answered(request, prepare)


@router.get(
    "/label/{name}/values",
    response_model=PrometheusAnswer,
    summary="Values of a label for PromQL",
    openapi_extra=described(_MATCH),
)
async def label_values(request: Request, name: str) -> Response:
    """As Prometheus' `/api/v1/label/NAME/values`."""

    def prepare(services: Services, form: Form) -> Work:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
            raise UsageError(f'invalid label name: "{name[:100]}"')
        given = form.all("match[]"), _range(form), _given(form, services)[2].begun()
        return lambda query_id: catalog.label_values(services.store, name, *given, query_id)

    return await _answered(request, prepare)


@router.get(
    "/series",
    response_model=PrometheusAnswer,
    summary="Series that selectors mean",
    openapi_extra=described(_MATCH, ["match[]"]),
)
@router.post(
    "/series",
    response_model=PrometheusAnswer,
    summary="Series that selectors mean, as a form",
    openapi_extra=described(_MATCH, body=True),
)
async def series(request: Request) -> Response:
    """As Prometheus' `/api/v1/series`."""

    def prepare(services: Services, form: Form) -> Work:
        matches = form.all("match[]")
        if not matches:
            raise UsageError("no match[] parameter provided")
        given = matches, _range(form), _given(form, services)[2].begun()
        return lambda query_id: catalog.series(services.store, *given, query_id)

    return await _answered(request, prepare)


@router.get(
    "/metadata",
    response_model=PrometheusAnswer,
    summary="Types of metrics for PromQL",
    openapi_extra=described({"metric": "only this one", "limit": "most metrics"}),
)
async def metadata(request: Request) -> Response:
    """As Prometheus' `/api/v1/metadata`."""

    def prepare(services: Services, form: Form) -> Work:
        try:
            limit = int(form.get("limit") or "-1")
        except ValueError:
            raise UsageError("limit must be a number") from None
        return lambda _: catalog.metadata(services.store, form.get("metric"), limit)

    return await _answered(request, prepare)


@router.get("/status/buildinfo", response_model=PrometheusAnswer, summary="Whose API this is")
async def buildinfo(request: Request) -> Response:
    """The version of Prometheus whose language this is; ours is the revision."""
    told = {
        "version": LANGUAGE,
        "revision": f"heapwatch {__version__}",
        "branch": "heapwatch",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    }
    return await _answered(request, lambda _services, _form: lambda _: told)


@router.get(
    "/rules",
    response_model=PrometheusAnswer,
    summary="What can be an alert",
    openapi_extra=described(
        {
            "type": "alert, or record, of which there are none",
            "rule_name[]": "of this name; may be repeated",
            "rule_group[]": "of this group; may be repeated",
            "file[]": "of this file; may be repeated",
        }
    ),
)
async def rules(request: Request) -> Response:
    """Leaks and ends of heaps as one group of alerting rules, which fire or are inactive."""

    def prepare(services: Services, form: Form) -> Work:
        kind = form.get("type")
        if kind not in ("", "alert", "record"):
            raise UsageError(f'invalid parameter "type": not supported value {kind[:60]!r}')
        names, groups, files = form.all("rule_name[]"), form.all("rule_group[]"), form.all("file[]")
        return lambda _: {
            "groups": alert_rules.chosen(
                [*services.alerter.as_rules(), *services.monitoring.as_rules()],
                kind=kind,
                names=names,
                groups_=groups,
                files=files,
            )
        }

    return await _answered(request, prepare)


@router.get("/alerts", response_model=PrometheusAnswer, summary="What is an alert now")
async def alerts(request: Request) -> Response:
    """As `GET /api/v1/alerts`, in Prometheus' form: leaks that nobody has acknowledged, and ends of heaps."""
    return await _answered(request, lambda services, _form: lambda _: {"alerts": _firing(services)})


def _firing(services: Services) -> list[dict[str, Any]]:
    return [*services.alerter.as_of_rules(), *services.monitoring.as_of_rules()]


@router.get(
    "/query_exemplars",
    response_model=PrometheusAnswer,
    summary="No exemplars",
    openapi_extra=described({"query": "", **_RANGE}),
)
@router.post(
    "/query_exemplars",
    response_model=PrometheusAnswer,
    summary="No exemplars, as a form",
    openapi_extra=described({"query": "", **_RANGE}, body=True),
)
async def query_exemplars(request: Request) -> Response:
    """Always an empty list."""
    return await _answered(request, lambda _services, _form: lambda _: [])
