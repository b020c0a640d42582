"""The API's routes, a file a subject, all listed in one table."""

from __future__ import annotations

from fastapi import APIRouter

from heapwatch.web.routes import (
    admin,
    classes,
    dashboards,
    export,
    health,
    jvms,
    live,
    metrics,
    snapshots,
    uploads,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    uploads.router,
    jvms.router,
    classes.router,
    metrics.router,
    snapshots.router,
    export.router,
    live.router,
    dashboards.router,
    admin.router,
)
