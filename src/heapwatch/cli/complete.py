"""What Tab offers where the words are not known beforehand. An error here offers nothing and says nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclopts.completion import CompletionContext

ENOUGH = 200


def jvms_here(_: CompletionContext) -> dict[str, str]:
    """Names of the JVMs of this machine, with their pids."""
    from heapwatch.jvm.discover import discover

    return {target.name: f"pid {target.pid} {target.java_version}" for target in discover()}


def hosts(_: CompletionContext) -> list[str]:
    """Hosts that the server knows."""
    return [str(value) for value in _asked("/api/v1/labels/host/values")["values"]]


def jvms(_: CompletionContext) -> list[str]:
    """JVMs that the server knows."""
    return [str(value) for value in _asked("/api/v1/labels/jvm/values")["values"]]


def classes(context: CompletionContext) -> list[str]:
    """Classes that the server knows and that begin as what has been typed."""
    params = {"match": f"{context.incomplete}*", "limit": ENOUGH}
    return [str(name) for name in _asked("/api/v1/class_names", params)["classes"]]


def metrics(_: CompletionContext) -> list[str]:
    """Metrics that the server knows."""
    return sorted({str(each["metric"]) for each in _asked("/api/v1/metrics")["metrics"]})


def doors(_: CompletionContext) -> list[str]:
    """Doors of the server that refused something."""
    return sorted(_asked("/api/v1/ingest/rejects", {"limit": 0})["counts"])


def reasons(_: CompletionContext) -> dict[str, str]:
    """Why the server refused something, with what that means."""
    return dict(_asked("/api/v1/ingest/rejects", {"limit": 0})["words"])


def _asked(path: str, params: dict[str, Any] | None = None) -> Any:
    """The server of the environment; a --server that was typed before is not known here."""
    from heapwatch.cli.client import Client
    from heapwatch.cli.options import DEFAULT_SERVER, ServerOptions

    options = ServerOptions(
        os.environ.get("HEAPWATCH_SERVER", DEFAULT_SERVER),
        os.environ.get("HEAPWATCH_TOKEN"),
        os.environ.get("HEAPWATCH_TOKEN_FILE"),
    )
    with Client(options) as client:
        return client.get(path, params)
