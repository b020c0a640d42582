"""What the server logs of other people's records."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

from heapwatch.web import logs


@pytest.fixture
def uvicorn(capsys: pytest.CaptureFixture[str]) -> Iterator[logging.Logger]:
    before = logging.getLogger().handlers[:]
    logs.configure("info", "json")
    yield logging.getLogger("uvicorn.error")
    logging.getLogger().handlers[:] = before


def test_requests_that_are_cut_off_at_the_end_are_one_warning(
    uvicorn: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    uvicorn.error("Cancel %s running task(s), timeout graceful shutdown exceeded", 3)
    uvicorn.error("Exception in ASGI application\n", exc_info=asyncio.CancelledError("timeout"))
    uvicorn.error("Exception in ASGI application\n", exc_info=ValueError("ours"))
    cut, ours = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (cut["level"], cut["event"].split(" took")[0]) == ("warning", "3 requests")
    assert ours["level"] == "error"
    assert "ValueError: ours" in ours["exception"]
