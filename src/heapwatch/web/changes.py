"""Every change that a request asks for becomes one entry of the audit, also when it is refused or fails.

Nothing has to be remembered by a new route: whoever asks for the scope `act` or `admin` with a method that
changes something is noted by `services.caller`, and written down here when the answer is known. A route only
adds what its address does not say (`told`). Those whom we do not know are counted as rejects instead: they
could fill the audit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heapwatch.errors import HeapwatchError
from heapwatch.workflow.audit import Audit

log = structlog.get_logger("heapwatch.audit")

WHAT = {
    ("POST", "/-/reload"): "reload",
    ("POST", "/api/v1/tokens"): "token.create",
    ("POST", "/api/v1/tokens/{name}/rotate"): "token.rotate",
    ("DELETE", "/api/v1/tokens/{name}"): "token.revoke",
    ("POST", "/api/v1/users"): "user.add",
    ("PUT", "/api/v1/users/{name}/password"): "user.password",
    ("PUT", "/api/v1/users/{name}/role"): "user.role",
    ("DELETE", "/api/v1/users/{name}"): "user.remove",
    ("DELETE", "/api/v1/users/{name}/sessions"): "user.signout",
    ("POST", "/api/v1/login"): "login",
    ("POST", "/api/v1/logout"): "logout",
    ("POST", "/api/v1/password"): "user.password",
    ("GET", "/api/v1/oidc/callback"): "login",
    ("POST", "/api/v1/leaks/{leak}/acknowledge"): "leak.acknowledge",
    ("POST", "/api/v1/diagnoses"): "diagnosis.store",
    ("POST", "/api/v1/monitors/silences"): "monitor.silence",
    ("DELETE", "/api/v1/monitors/silences/{silence}"): "monitor.unsilence",
    ("POST", "/api/v1/workflows/{name}/runs"): "workflow.run",
    ("POST", "/api/v1/hooks/{workflow}"): "workflow.hook",
    ("POST", "/api/v1/runs/{run}/cancel"): "run.cancel",
    ("POST", "/api/v1/runs/{run}/undo"): "run.undo",
    ("POST", "/api/v1/runs/{run}/approve"): "run.approve",
    ("POST", "/api/v1/runs/{run}/deny"): "run.deny",
    ("PUT", "/api/v1/switch"): "workflows.switch",
    ("PUT", "/api/v1/dashboards/{name}"): "dashboard.store",
    ("POST", "/api/v1/dashboards/{name}/panels"): "dashboard.panel",
    ("DELETE", "/api/v1/dashboards/{name}"): "dashboard.delete",
}
"""Short names; a route that has none is called by its method and path."""


@dataclass
class Change:
    """What is known of a change before its answer."""

    who: str
    target: str = ""
    detail: str = ""


def begun(request: Request, who: str) -> None:
    """This request asks for a change; `who` is the caller's identity."""
    request.state.change = Change(who)


def told(request: Request, *, who: str = "", target: str = "", detail: str = "") -> None:
    """What the audit should say of the change besides; never a secret."""
    known: Change | None = getattr(request.state, "change", None)
    if known is None:
        known = request.state.change = Change(who)
    known.who = who or known.who
    known.target = target or known.target
    known.detail = detail or known.detail


def written(request: Request) -> None:
    """What was asked for is in the audit already, by whoever did it."""
    if hasattr(request.state, "change"):
        del request.state.change


class Notes:
    """Writes into the audit; `failed` is told when it cannot be written, and None when it can again."""

    def __init__(self, audit: Audit, failed: Callable[[str | None], None]) -> None:
        self._audit = audit
        self._failed = failed

    def add(
        self, who: str, from_: str, what: str, target: str = "", outcome: str = "done", detail: str = ""
    ) -> None:
        """A change that was made stays made, also when it cannot be written down."""
        try:
            self._audit.add(who, from_, what, target, outcome, detail)
        except HeapwatchError as error:
            log.error("a change is not in the audit", what=what, who=who, error=str(error))
            self._failed(str(error))
        else:
            self._failed(None)

    def reload(self, reload: Callable[[], Mapping[str, Any]]) -> None:
        """Reload because a signal says so: nobody waits for an answer, so the log and the audit have it."""
        try:
            answer = reload()
        except HeapwatchError as error:
            log.error("the settings stay as they were", error=str(error))
            self.add("signal", "SIGHUP", "reload", outcome="failed", detail=str(error))
        else:
            log.info("reloaded", told=answer)
            self.add("signal", "SIGHUP", "reload", detail=of_reload(answer))


def of_reload(answer: Mapping[str, Any]) -> str:
    """What a reload changed, for the audit."""
    changed, later = ", ".join(answer["changed"]), ", ".join(answer["restart_needed"])
    return "; ".join([*([changed] if changed else []), *([f"after a restart: {later}"] if later else [])])


class Changes:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, notes: Notes) -> None:
        self._app = app
        self._notes = notes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start" and "change" in state:
                await run_in_threadpool(self._write, scope, state.pop("change"), message["status"])
            await send(message)

        await self._app(scope, receive, send_noted)

    def _write(self, scope: Scope, change: Change, status: int) -> None:
        path, method = str(getattr(scope.get("route"), "path", scope["path"])), str(scope["method"])
        outcome = "done" if status < 400 else "refused" if status in (401, 403, 429) else "failed"
        target = change.target or " ".join(map(str, scope.get("path_params", {}).values()))
        detail = change.detail or ("" if status < 400 else f"status {status}")
        peer = scope["client"][0] if scope.get("client") else "unknown"
        what = WHAT.get((method, path), f"{method} {path}")
        self._notes.add(change.who, peer, what, target, outcome, detail)
