"""Dashboards: their texts kept on the server, read by everybody who may read, changed by admins."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Security
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.web.answers import Model
from heapwatch.web.callers import caller, services_of
from heapwatch.web.dashboards import Shelf, Stored, read
from heapwatch.web.dashboards.definition import MOST_TEXT, checked
from heapwatch.web.dashboards.edit import empty, with_panel
from heapwatch.web.dashboards.model import Dashboard, Panel
from heapwatch.web.dashboards.questions import Fault
from heapwatch.web.parameters import only_known

router = APIRouter(tags=["dashboards"], dependencies=[Depends(only_known)])

READ = Security(caller, scopes=["read"])
ADMIN = Security(caller, scopes=["admin"])
NO_STORE = {"Cache-Control": "no-store"}


class DashboardFault(Model):
    """What is wrong with a text, and where; lines and columns count from 1."""

    line: int
    column: int
    message: str


class DashboardRow(Model):
    name: str
    title: str
    about: str
    builtin: bool
    panels: int
    changed: int = Field(description="0 for built-in ones")
    faults: int


class DashboardList(Model):
    dashboards: list[DashboardRow]


class DashboardAnswer(Model):
    """`definition` is null when the text cannot be understood; then `faults` says why."""

    name: str
    builtin: bool
    changed: int
    version: str
    text: str
    definition: Dashboard | None
    faults: list[DashboardFault]


class DashboardCheck(Model):
    ok: bool
    definition: Dashboard | None
    faults: list[DashboardFault]


class DashboardDeleted(Model):
    deleted: str


class DashboardText(BaseModel):
    text: str = Field(max_length=MOST_TEXT, description="YAML")


class NewDashboard(DashboardText):
    replaces: str | None = Field(
        None, description="version that was edited, empty if there must be none; absent: replace anything"
    )


class NewPanel(BaseModel):
    panel: Panel
    title: str = Field("", max_length=200, description="of the dashboard, if it is to be made")


@router.get("/api/v1/dashboards", response_model=DashboardList, summary="All dashboards", dependencies=[READ])
async def dashboards(request: Request) -> Response:
    """Built-in ones first."""
    rows = await run_in_threadpool(lambda: [_row(stored) for stored in _shelf(request).all()])
    return JSONResponse({"dashboards": rows}, headers=NO_STORE)


@router.post(
    "/api/v1/dashboards/check",
    response_model=DashboardCheck,
    summary="What is wrong with a dashboard's text",
    dependencies=[READ],
)
async def check_dashboard(wanted: DashboardText) -> Response:
    """Nothing is stored. 200 also for a text with faults: that it has some is the answer."""
    found = await run_in_threadpool(read, wanted.text)
    body = {"ok": found.ok, "definition": _plain(found.dashboard), "faults": _faults(found.faults)}
    return JSONResponse(body, headers=NO_STORE)


@router.get(
    "/api/v1/dashboards/{name}", response_model=DashboardAnswer, summary="One dashboard", dependencies=[READ]
)
async def dashboard(request: Request, name: str) -> Response:
    """Its text and what the text means."""
    return JSONResponse(await run_in_threadpool(lambda: _answer(_shelf(request).get(name))), headers=NO_STORE)


@router.put(
    "/api/v1/dashboards/{name}",
    response_model=DashboardAnswer,
    summary="Store a dashboard",
    dependencies=[ADMIN],
)
async def put_dashboard(request: Request, name: str, wanted: NewDashboard) -> Response:
    """A text with faults is refused; 409 when somebody else changed it meanwhile, or it is built in."""

    def store() -> dict[str, Any]:
        checked(wanted.text)
        return _answer(_shelf(request).put(name, wanted.text, wanted.replaces))

    return JSONResponse(await run_in_threadpool(store), headers=NO_STORE)


@router.post(
    "/api/v1/dashboards/{name}/panels",
    response_model=DashboardAnswer,
    summary="Add a panel to a dashboard",
    dependencies=[ADMIN],
)
async def add_panel(request: Request, name: str, wanted: NewPanel) -> Response:
    """With a title the dashboard is made; it must not exist then."""

    def store() -> dict[str, Any]:
        shelf = _shelf(request)
        there = None if wanted.title else shelf.get(name)
        text = with_panel(there.text if there and checked(there.text) else empty(wanted.title), wanted.panel)
        checked(text)
        return _answer(shelf.put(name, text, there.version if there else ""))

    return JSONResponse(await run_in_threadpool(store), headers=NO_STORE)


@router.delete(
    "/api/v1/dashboards/{name}",
    response_model=DashboardDeleted,
    summary="Delete a dashboard",
    dependencies=[ADMIN],
)
async def delete_dashboard(request: Request, name: str) -> Response:
    """Built-in ones stay."""
    await run_in_threadpool(_shelf(request).delete, name)
    return JSONResponse({"deleted": name}, headers=NO_STORE)


def _shelf(request: Request) -> Shelf:
    return services_of(request).dashboards


def _row(stored: Stored) -> dict[str, Any]:
    found = read(stored.text)
    shown = found.dashboard
    return {
        "name": stored.name,
        "title": shown.title if shown else stored.name,
        "about": shown.about if shown else "",
        "builtin": stored.builtin,
        "panels": len(shown.panels) if shown else 0,
        "changed": stored.changed,
        "faults": len(found.faults),
    }


def _answer(stored: Stored) -> dict[str, Any]:
    found = read(stored.text)
    return {
        "name": stored.name,
        "builtin": stored.builtin,
        "changed": stored.changed,
        "version": stored.version,
        "text": stored.text,
        "definition": _plain(found.dashboard),
        "faults": _faults(found.faults),
    }


def _plain(dashboard: Dashboard | None) -> dict[str, Any] | None:
    return dashboard.model_dump(mode="json") if dashboard else None


def _faults(faults: tuple[Fault, ...]) -> list[dict[str, Any]]:
    return [fault._asdict() for fault in faults]
