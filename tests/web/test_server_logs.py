"""What the server logs of other people's records."""

from __future__ import annotations

import json
import subprocess
import sys

ENDING = """
import asyncio, logging
from heapwatch.web import logs
logs.configure("info", "json")
uvicorn = logging.getLogger("uvicorn.error")
uvicorn.error("Cancel %s running task(s), timeout graceful shutdown exceeded", 3)
uvicorn.error("Exception in ASGI application", exc_info=asyncio.CancelledError("timeout"))
uvicorn.error("Exception in ASGI application", exc_info=ValueError("ours"))
"""


def test_requests_that_are_cut_off_at_the_end_are_one_warning() -> None:
    done = subprocess.run([sys.executable, "-c", ENDING], capture_output=True, text=True, check=True)
    cut, ours = [json.loads(line) for line in done.stderr.splitlines()]
    assert (cut["level"], cut["event"].split(" took")[0]) == ("warning", "3 requests")
    assert ours["level"] == "error"
    assert "ValueError: ours" in ours["exception"]
