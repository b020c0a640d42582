"""The API's routes, a file a subject, all listed in one table."""

from __future__ import annotations

from fastapi import APIRouter

from heapwatch.web.routes import (
    admin,
    audit,
    classes,
    correlate,
    dashboards,
    doors,
    export,
    graphite_api,
    health,
    jvms,
    leaks,
    live,
    metrics,
    openid,
    prometheus_api,
    pushes,
    query,
    remote,
    signin,
    snapshots,
    tokens,
    uploads,
    users,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    uploads.router,
    pushes.router,
    remote.written,
    remote.exported,
    doors.router,
    jvms.router,
    leaks.router,
    classes.router,
    metrics.router,
    query.router,
    prometheus_api.router,
    graphite_api.router,
    correlate.router,
    snapshots.router,
    export.router,
    live.router,
    dashboards.router,
    signin.router,
    openid.router,
    tokens.router,
    users.router,
    audit.router,
    admin.router,
)
