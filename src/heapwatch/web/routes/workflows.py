"""Workflows, their runs, what these ask, and the switch that stops them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Security
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.web import changes
from heapwatch.web import run_answers as answers
from heapwatch.web.auth import Caller
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import only_known
from heapwatch.workflow.records import Over

if TYPE_CHECKING:
    from heapwatch.web.acting import Acting

router = APIRouter(tags=["workflows"], dependencies=[Depends(only_known)])

READ = Security(caller, scopes=["read"])
ACT = Security(caller, scopes=["act"])
NO_STORE = {"Cache-Control": "no-store"}
OFF = {"stopped": False, "by": "", "at": None, "note": ""}


class NewRun(BaseModel):
    labels: dict[str, str] = Field(default_factory=dict)
    dry_run: bool | None = Field(None, description="say what destructive steps would do, and do not do it")


class Note(BaseModel):
    note: str = Field("", max_length=2000)


class Reply(Note):
    step: str | None = Field(None, description="which of its questions; absent: the one it asks now")


class NewSwitch(Note):
    stopped: bool


@router.get("/api/v1/workflows", response_model=answers.Workflows, summary="All workflows")
async def workflows(request: Request, _: Caller = READ) -> Response:
    """With what begins them, their steps, and their last run."""
    services = services_of(request)
    if services.acting is None:
        return services.told(request, {"workflows": [], "switch": OFF, "configured": False})
    return services.told(request, await run_in_threadpool(services.acting.all))


@router.post("/api/v1/workflows/{name}/runs", response_model=answers.Run, summary="Begin a run")
async def begin(request: Request, name: str, given: NewRun, who: Caller = ACT) -> Response:
    """By hand, whatever else begins it; limits and throttles hold all the same."""
    acting = _acting(request)
    return await _done(request, acting.begin, name, given.labels, given.dry_run, who.identity)


@router.get("/api/v1/runs", response_model=answers.Runs, summary="Runs, the newest first")
async def runs(
    request: Request,
    workflow: str = "",
    state: str = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    _: Caller = READ,
) -> Response:
    """Without what their steps put out."""
    services = services_of(request)
    if services.acting is None:
        return services.told(request, {"runs": []})
    return services.told(request, await run_in_threadpool(services.acting.runs, workflow, state, limit))


@router.get("/api/v1/runs/{run}", response_model=answers.Run, summary="One run")
async def one(request: Request, run: str, _: Caller = READ) -> Response:
    """Step by step, with parameters and output; secrets are references."""
    return services_of(request).told(request, await run_in_threadpool(_acting(request).run, run))


@router.post("/api/v1/runs/{run}/cancel", response_model=answers.Run, summary="Stop a run")
async def cancel(request: Request, run: str, given: Note, who: Caller = ACT) -> Response:
    """What runs of it now is ended, and nothing after it begins."""
    return await _done(request, _acting(request).cancel, run, who.identity, given.note)


@router.post("/api/v1/runs/{run}/undo", response_model=answers.Run, summary="Undo a run")
async def undo(request: Request, run: str, given: Note, who: Caller = ACT) -> Response:
    """A new run of the inverse of its steps, the last first."""
    return await _done(request, _acting(request).undo, run, who.identity, given.note)


@router.post("/api/v1/runs/{run}/approve", response_model=answers.Run, summary="Say yes")
async def approve(request: Request, run: str, given: Reply, who: Caller = ACT) -> Response:
    """The first answer counts."""
    return await _answered(request, run, given, who, yes=True)


@router.post("/api/v1/runs/{run}/deny", response_model=answers.Run, summary="Say no")
async def deny(request: Request, run: str, given: Reply, who: Caller = ACT) -> Response:
    """The first answer counts; no answer in time is a no, too."""
    return await _answered(request, run, given, who, yes=False)


@router.get("/api/v1/approvals", response_model=answers.Approvals, summary="What waits for an answer")
async def approvals(request: Request, _: Caller = READ) -> Response:
    """The first to expire first."""
    services = services_of(request)
    if services.acting is None:
        return services.told(request, {"approvals": []})
    return services.told(request, await run_in_threadpool(services.acting.approvals))


@router.get("/api/v1/switch", response_model=answers.Switch, summary="Whether all workflows are stopped")
async def switch(request: Request, _: Caller = READ) -> Response:
    """By whom, and why."""
    services = services_of(request)
    acting = services.acting
    return services.told(request, OFF if acting is None else await run_in_threadpool(acting.switch))


@router.put("/api/v1/switch", response_model=answers.Switch, summary="Stop all workflows, or let them go on")
async def set_switch(request: Request, given: NewSwitch, who: Caller = ACT) -> Response:
    """Runs are ended and new ones refused until it is released; this holds over restarts."""
    acting = _acting(request)
    return await _done(request, acting.set_switch, who.identity, given.note, stopped=given.stopped)


@router.post("/api/v1/hooks/{workflow}", response_model=answers.Hooked, summary="Begin a run by a webhook")
async def hook(request: Request, workflow: str, body: dict[str, Any], _: Caller = ACT) -> Response:
    """Its `labels`, else an Alertmanager's `commonLabels`, else its texts, are the run's labels."""
    found = await run_in_threadpool(_acting(request).hook, workflow, body)
    if found["run"]:
        changes.written(request)
    else:
        changes.told(request, detail=found["why"])
    return JSONResponse(found, headers=NO_STORE)


async def _answered(request: Request, run: str, given: Reply, who: Caller, *, yes: bool) -> Response:
    acting = _acting(request)
    return await _done(request, acting.answer, run, given.step, who.identity, who.name, given.note, yes=yes)


async def _done(request: Request, work: Any, *given: Any, **named: Any) -> Response:
    found = await run_in_threadpool(work, *given, **named)
    changes.written(request)
    return JSONResponse(found, headers=NO_STORE)


def _acting(request: Request) -> Acting:
    found = services_of(request).acting
    if found is None:
        raise Over("this server has no workflows: the setting `workflows` names their file or folder")
    return found
