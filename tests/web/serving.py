"""What the process of a test's server runs."""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection
from typing import Any

from heapwatch.errors import HeapwatchError
from heapwatch.web.serve import Serving, serve
from heapwatch.web.settings import load


def run(flags: dict[str, Any], log: str, environment: dict[str, str], tells: Connection) -> None:
    """Serve, and tell where; what is said besides is for the log."""
    os.environ.clear()
    os.environ.update(environment)
    with open(log, "ab") as out:
        os.dup2(out.fileno(), sys.stdout.fileno())
        os.dup2(out.fileno(), sys.stderr.fileno())
    file = flags.pop("config", None)

    def ready(serving: Serving) -> None:
        tells.send({"url": serving.url, "ports": dict(serving.ports)})
        tells.close()

    try:
        serve(load(flags, file).settings, ready=ready, reload=lambda: load(flags, file).settings)
    except HeapwatchError as error:
        sys.exit(f"heapwatch: {error}")
