"""`heapwatch support-bundle`"""

from __future__ import annotations

import io
import json
import platform
import re
import tarfile
import time
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Callable

from heapwatch import __version__, human
from heapwatch.cli.client import Client
from heapwatch.cli.options import SERVER, ServerOptions
from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.jvm.discover import discover

LOG_END = 1 << 20
"""Bytes of the end of each log."""

PACKAGES = (
    "chdb", "clickhouse-connect", "cyclopts", "fastapi", "httpx2", "numpy", "pydantic", "rich",
    "sse-starlette", "starlette", "textual", "uvicorn",
)  # fmt: skip

_SECRET = re.compile(r"hw_[A-Za-z0-9_-]{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|(?i:bearer)\s+\S+")


def support(
    file: Path | None = None,
    /,
    *,
    with_classes: bool = False,
    data: Path | None = None,
    server: ServerOptions = SERVER,
) -> int:
    """Pack what a maintainer needs to see.

    Versions, settings without secrets, the server's status, why input was
    refused, the ends of the logs. No class names and no command lines, unless
    --with-classes says so. Look into it before you send it.

    For example:

        heapwatch support-bundle
        heapwatch support-bundle /tmp/heapwatch.tar.gz --with-classes

    Parameters
    ----------
    file
        Where to [else heapwatch-support-DATE.tar.gz here].
    with_classes
        Add the largest classes of every JVM that the server knows.
    data
        Data folder of the server, for its logs [else the one of its settings].
    """
    path = file or Path(time.strftime("heapwatch-support-%Y%m%d-%H%M%S.tar.gz"))
    if path.exists():
        raise UsageError(f"{path} exists already")
    parts: dict[str, Callable[[], str]] = {
        "versions.json": lambda: _json(_versions()),
        "settings.json": lambda: _json(_settings(data)),
        "jvms.json": lambda: _json(_jvms()),
        "server/status.json": lambda: _json(_ask(server, "/api/v1/status")),
        "server/rejects.json": lambda: _json(_rejects(server)),
        "server/metrics.txt": lambda: _text(server, "/metrics"),
        **_logs(data),
    }
    if with_classes:
        parts["server/classes.json"] = lambda: _json(_classes(server))
    try:
        with tarfile.open(path, "x:gz") as archive:
            for name, make in parts.items():
                _add(archive, name, make)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    print(f"{path}: {human.size(path.stat().st_size)}; look into it before you send it (tar tzf {path})")
    return 0


def _add(archive: tarfile.TarFile, name: str, make: Callable[[], str]) -> None:
    """What cannot be had is in the bundle as the reason why."""
    try:
        text = make()
    except (HeapwatchError, OSError) as error:
        text = f"not to be had: {error}\n"
    body = _SECRET.sub("**********", text).encode("utf-8", "backslashreplace")
    entry = tarfile.TarInfo(f"heapwatch-support/{name}")
    entry.size, entry.mtime, entry.mode = len(body), int(time.time()), 0o600
    archive.addfile(entry, io.BytesIO(body))


def _versions() -> dict[str, Any]:
    found: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return {
        "heapwatch": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": found,
    }


def _settings(data: Path | None) -> list[dict[str, str]]:
    from heapwatch.web.settings import load

    loaded = load({"data": str(data) if data else None})
    return [{"name": name, "value": value, "origin": origin} for name, value, origin in loaded.rows()]


def _jvms() -> list[dict[str, Any]]:
    """Without names, command lines and labels: those are the user's business."""
    return [
        {
            "pid": target.pid,
            "vm": target.vm,
            "java": target.java_version,
            "collector": target.collector,
            "uid": target.uid,
            "in_container": bool(target.container),
        }
        for target in discover()
    ]


def _rejects(server: ServerOptions) -> dict[str, Any]:
    """Which and how often; what was sent may hold class names."""
    answer = _ask(server, "/api/v1/ingest/rejects")
    return {
        "counts": answer["counts"],
        "rejects": [{key: row[key] for key in ("time", "door", "reason")} for row in answer["rejects"]],
    }


def _classes(server: ServerOptions) -> list[Any]:
    with Client(server) as client:
        found = []
        for jvm in client.get("/api/v1/jvms")["jvms"]:
            chosen = {"host": jvm["host"], "jvm": jvm["jvm"], "pid": jvm["pid"], "limit": 200}
            try:
                found.append({**chosen, **client.get("/api/v1/classes", chosen)})
            except HeapwatchError as error:
                found.append({**chosen, "error": str(error)})
        return found


def _logs(data: Path | None) -> dict[str, Callable[[], str]]:
    from heapwatch.web.settings import load

    folder = load({"data": str(data) if data else None}).settings.data / "logs"
    if not folder.is_dir():
        return {}
    return {f"logs/{path.name}": partial(_end, path) for path in sorted(folder.glob("*.log"))}


def _end(path: Path) -> str:
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - LOG_END))
        return log.read().decode("utf-8", "replace")


def _ask(server: ServerOptions, path: str) -> Any:
    with Client(server) as client:
        return client.get(path)


def _text(server: ServerOptions, path: str) -> str:
    with Client(server) as client:
        return client.text(path)


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
