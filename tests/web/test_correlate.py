"""What logs said in a window and not before, over HTTP and on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest
from servers import Server

from heapwatch.web.routes.correlate import Correlation

pytestmark = pytest.mark.store

NOW = int(time.time() * 1000)
BEGIN = NOW - 5 * 60_000


@pytest.fixture(scope="module", autouse=True)
def _filled(server: Server) -> None:
    """An hour of requests, and in the last five minutes a new complaint beside them."""
    lines = [
        {"time": at, "text": f"served /cart/{at} in {at % 97} ms"}
        for at in range(BEGIN - 3_600_000, NOW, 20_000)
    ]
    lines += [{"time": at, "text": f"ERROR pool exhausted after {at} ms"} for at in range(BEGIN, NOW, 10_000)]
    server.http.post(
        "/api/v1/logs?host=web1&jvm=shop",
        content="".join(json.dumps(line) + "\n" for line in lines),
        headers={"Content-Type": "application/x-ndjson"},
    ).raise_for_status()


def ask(server: Server, **given: Any) -> Any:
    return server.http.get("/api/v1/correlate", params={"from": BEGIN, "to": NOW, **given})


def test_a_new_kind_of_message_is_told_first(server: Server) -> None:
    answer = ask(server, host="web1")
    assert answer.status_code == 200, answer.text
    found = Correlation.model_validate_json(answer.content)
    assert [row.signature for row in found.appeared] == ["ERROR pool exhausted after * ms"]
    assert found.appeared[0].count == 30
    assert (found.vanished, found.changed) == ([], [])
    assert (found.before.from_, found.before.to) == (BEGIN - 3_600_000, BEGIN)


def test_the_query_of_a_signature_finds_its_messages(server: Server) -> None:
    row = ask(server, host="web*").json()["appeared"][0]
    asked = {"query": row["query"], "from": BEGIN, "to": NOW}
    found = server.http.post("/api/v1/logs/query", json=asked)
    assert found.status_code == 200, found.text
    assert found.json()["total"] == row["count"]


def test_a_host_that_nobody_has_is_told_as_such(server: Server) -> None:
    answer = ask(server, host="web9")
    assert answer.status_code == 404
    assert "web9" in answer.json()["error"]["message"]


def test_an_unknown_parameter_is_refused(server: Server) -> None:
    answer = ask(server, hots="web1")
    assert answer.status_code == 400
    assert "did you mean host" in answer.json()["error"]["message"]


def test_completion_of_logs_knows_the_labels_of_their_sources(server: Server) -> None:
    asked = {"query": "* | count by ho", "position": 15, "language": "logs"}
    items = server.http.post("/api/v1/query/complete", json=asked).json()["items"]
    assert "host" in [item["text"] for item in items]
    asked = {"query": "host=", "position": 5, "language": "logs"}
    items = server.http.post("/api/v1/query/complete", json=asked).json()["items"]
    assert [item["text"] for item in items] == ["web1"]


def run(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEAPWATCH_")}
    command = [sys.executable, "-m", "heapwatch.cli.main", "correlate", "--server", server.url, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**environment, "COLUMNS": "200"})


def test_the_command_shows_the_same_as_a_table_and_as_json(server: Server) -> None:
    range_ = ["--from", str(BEGIN), "--to", str(NOW)]
    table = run(server, "--host", "web1", *range_)
    assert table.returncode == 0, table.stderr
    (row,) = [line for line in table.stdout.splitlines() if "appeared" in line]
    assert "ERROR pool exhausted after * ms" in row
    assert " 30 " in row
    document = run(server, "--host", "web1", *range_, "-o", "json")
    assert json.loads(document.stdout)["appeared"][0]["count"] == 30


def test_the_command_says_when_there_is_nothing(server: Server) -> None:
    done = run(server, "--host", "web1", "--from", str(NOW - 3_600_000 * 5), "--to", str(NOW - 3_600_000 * 4))
    assert done.returncode == 0, done.stderr
    assert "nothing unusual in this range" in done.stdout
