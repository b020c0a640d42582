"""Durable execution by DBOS, on SQLite or Postgres: the only file that knows of it.

It listens on no port, sends nothing anywhere, keeps no pickles, and its version is ours: a run is taken up
again by whoever has the same `VERSION`, which changes when the order of what a run remembers changes.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID

from heapwatch.errors import Unavailable
from heapwatch.workflow.engine import Body

VERSION = "runs-2"
NAME = "heapwatch"
INBOX = "wake"

log = structlog.get_logger("heapwatch.workflow")
_body: Body | None = None
_under_way: set[str] = set()


class _Json(Serializer):
    """Nothing is stored that could run when it is read."""

    def name(self) -> str:
        return "heapwatch_json"

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            data = {"error": f"{type(data).__name__}: {data}"}
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    def deserialize(self, serialized_data: str) -> Any:
        found = json.loads(serialized_data)
        return Unavailable(found["error"]) if isinstance(found, dict) and set(found) == {"error"} else found


class _ToStructlog(logging.Handler):
    """What DBOS logs stands where ours stands, without its notes of every start."""

    def emit(self, record: logging.LogRecord) -> None:
        say = log.error if record.levelno >= logging.ERROR else log.warning
        say("of the engine", told=record.getMessage())


class _Memory:
    """`Durable` for the run whose body calls it."""

    def once(self, name: str, work: Callable[[], Any]) -> Any:
        return DBOS.run_step({"name": name}, work)

    def wait(self, seconds: float) -> bool:
        return DBOS.recv(INBOX, timeout_seconds=max(0.0, seconds)) is not None


@DBOS.workflow(name="run")
def _run(run: str) -> None:
    assert _body is not None
    _under_way.add(run)
    try:
        _body(run, _Memory())
    finally:
        _under_way.discard(run)


def _end() -> None:
    """A run that waits does so in a thread that nothing wakes; it must not hold up the process's end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class DbosEngine:
    """`Engine`; there is one in a process."""

    def __init__(self, url: str, poll_s: float = 1.0) -> None:
        self._url = url
        self._poll_s = poll_s

    @classmethod
    def of_folder(cls, folder: Path, poll_s: float = 1.0) -> DbosEngine:
        path = folder / "workflows.db"
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        return cls(f"sqlite:///{path}", poll_s)

    def start(self, body: Body) -> None:
        global _body
        _body = body
        logger = logging.getLogger("dbos")
        logger.handlers[:] = [_ToStructlog()]
        logger.propagate = False
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": self._url,
            "application_version": VERSION,
            "executor_id": NAME,
            "serializer": _Json(),
            "enable_otlp": False,
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": self._poll_s,
        }
        try:
            DBOS(config=config)
            DBOS.launch()
        except Exception as error:  # whatever a database's driver raises
            DBOS.destroy()
            raise Unavailable(f"the engine of workflows does not start: {error}") from error

    def begin(self, run: str) -> None:
        if DBOS.get_workflow_status(run) is not None:
            return  # it goes on by itself
        with SetWorkflowID(run):
            DBOS.start_workflow(_run, run)

    def wake(self, run: str) -> None:
        DBOS.send(run, True, INBOX)

    def drop_foreign(self, run: str) -> bool:
        found = DBOS.get_workflow_status(run)
        if found is None or found.app_version == VERSION:
            return False
        DBOS.cancel_workflow(run)
        return True

    def forget(self, runs: Sequence[str]) -> None:
        DBOS.delete_workflows(list(runs))

    def stop(self) -> None:
        """Runs that are under way go on with the next start."""
        DBOS.destroy()
        if _under_way:
            threading._register_atexit(_end)  # type: ignore[attr-defined]  # atexit's own come after threads
