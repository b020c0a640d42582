"""Receivers: what Apprise is given arrives where its address leads, and a refusal never shows the address."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from heapwatch.errors import HeapwatchError
from heapwatch.monitor.alerts import Alert
from heapwatch.web.notifying import MOST_LINES, _apprise


@pytest.fixture
def listener() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    came: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200 if self.path == "/hook" else 500)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], came
    server.shutdown()
    server.server_close()


def alert(host: str) -> Alert:
    labels = {"alertname": "load", "monitor": "load", "severity": "critical", "host": host}
    return Alert(labels, {"summary": "95 is above 90"}, 1_790_000_000_000, 95.0)


def test_apprise_tells_what_fires_what_ended_and_how_many_more(
    listener: tuple[int, list[dict[str, Any]]],
) -> None:
    port, came = listener
    more = [(alert(f"web{number}"), None) for number in range(MOST_LINES)]
    _apprise(
        f"json://127.0.0.1:{port}/hook", "load", [(alert("db1"), 1_790_000_060_000), *more], "http://hw/"
    )
    (told,) = came
    assert told["title"] == "heapwatch: load"
    lines = told["message"].splitlines()
    assert lines[0] == "resolved: severity=critical host=db1: 95 is above 90"
    assert lines[1] == "firing: severity=critical host=web0: 95 is above 90"
    assert lines[-2:] == ["and 1 more", "http://hw/monitors/load"]


def test_what_apprise_cannot_deliver_is_said_without_the_address(
    listener: tuple[int, list[dict[str, Any]]],
) -> None:
    port, _ = listener
    for address in (f"json://127.0.0.1:{port}/secret", "nothing-like-it://secret"):
        with pytest.raises(HeapwatchError) as caught:
            _apprise(address, "load", [(alert("web1"), None)], "http://hw/")
        assert "Apprise" in str(caught.value)
        assert "secret" not in str(caught.value)
