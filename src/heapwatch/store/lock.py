"""One process per directory: the engine cannot share its files, and does not say who has them.

The lock is the kernel's (`flock`), so that it ends with its holder however that died; the file's text only
says who holds it:

    {"pid": 4711, "host": "box", "since": "2026-11-03T10:15:00Z", "command": "heapwatch serve"}
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.store.errors import StoreLocked

NAME = "store.lock"


class DirectoryLock:
    """Held from `__init__` to `release`."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UsageError(f"cannot open the store in {directory}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = self._holder()
            os.close(self._file)
            raise StoreLocked(f"{directory} is in use by {_sentence(holder)}") from None
        os.ftruncate(self._file, 0)
        with suppress(OSError):  # a full disk: then the next one is not told who we are
            os.pwrite(self._file, json.dumps(_ourselves()).encode(), 0)

    def release(self) -> None:
        """Let the next one in; the file stays, since removing it would race with who waits for it."""
        os.ftruncate(self._file, 0)
        os.close(self._file)

    def _holder(self) -> dict[str, Any]:
        try:
            holder = json.loads(os.pread(self._file, 4096, 0))
        except ValueError:
            return {}
        return holder if isinstance(holder, dict) else {}


def _ourselves() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "command": " ".join([os.path.basename(sys.argv[0] or "python"), *sys.argv[1:]])[:200],
    }


def _sentence(holder: dict[str, Any]) -> str:
    if not {"pid", "host", "since", "command"} <= holder.keys():
        return "another process; stop it, or ask it over HTTP (--server)"
    return (
        f"process {holder['pid']} on {holder['host']} since {holder['since']} ({holder['command']}); "
        "stop it, or ask it over HTTP (--server)"
    )
