"""Asking in the query language: on the command line, at the prompt, from scripts."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import time
from pathlib import Path

import httpx2
import pyarrow.parquet as pq
import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from cli.conftest import Run, Server, command, environment
from heapwatch.cli.client import Client
from heapwatch.cli.options import ServerOptions
from heapwatch.cli.prompt import Offers, history, talk
from heapwatch.cli.query import Question

pytestmark = [pytest.mark.e2e, pytest.mark.store]

NOW = int(time.time() * 1000) // 10_000 * 10_000
STEPS = 6
QUESTION = Question("-1h", "now+1m", None, "all", "table")

SCRIPT = """\
load every 10s from 2026-01-01T00:00:00Z
  {metric=heap.bytes host=web1 jvm=shop class=byte[]}  100+10x5
query from 2026-01-01T00:00:00Z to +60s interval 10s
  metric=heap.bytes | sum by host
expect
  {host=web1}  100 110 120 130 140 150
"""


def text_of(carts: int) -> str:
    rows = [("[B (java.base@17.0.15)", 1000, 64_000), ("com.shop.Cart", carts, carts * 24)]
    lines = [f"{i:4d}: {count:13d}  {size:13d}  {name}\n" for i, (name, count, size) in enumerate(rows, 1)]
    head = " num     #instances         #bytes  class name (module)\n" + "-" * 55 + "\n"
    return head + "".join(lines) + f"Total {1000 + carts:13d}  {64_000 + carts * 24:13d}\n"


@pytest.fixture(scope="module")
def filled(server: Server, inside: Run, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Two hosts, six minutes, a cart leak on both; and three lines of log."""
    folder = tmp_path_factory.mktemp("files")
    for host, factor in (("web1", 10), ("web2", 20)):
        (folder / host).mkdir()
        for step in range(STEPS):
            at = NOW - (STEPS - step) * 60_000
            (folder / host / f"shop-4711-{at}.txt").write_text(text_of(100 + factor * step))
    pattern = ("--pattern", "{host}/{jvm}-{pid}-{time}.txt")
    assert inside("import", str(folder), *pattern, "--server", server.url).returncode == 0
    say(server, "ERROR cart 1 is full", "INFO cart 2\n  is well", "ERROR cart 3 is full")
    return server


def say(server: Server, *texts: str) -> None:
    lines = "".join(json.dumps({"time": int(time.time() * 1000), "text": text}) + "\n" for text in texts)
    answer = httpx2.post(
        f"{server.url}/api/v1/logs?host=web1&jvm=shop",
        content=lines,
        headers={"Content-Type": "application/x-ndjson"},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text


def asked(inside: Run, server: Server, *words: str) -> str:
    answer = inside(*words, "--server", server.url)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_a_query_is_a_table_a_drawing_or_every_point(inside: Run, filled: Server) -> None:
    words = ("query", "metric=heap.bytes | sum by host", "--interval", "1m")
    table = asked(inside, filled, *words).splitlines()
    assert table[0].split()[:3] == ["HOST", "FIRST", "LAST"]
    assert [line.split()[0] for line in table[1:3]] == ["web1", "web2"]
    assert "+1.17 KiB" in table[1]  # 50 carts of 24 bytes
    assert "avg: 2 series" in table[-1]
    assert max(map(len, table)) <= 80
    assert re.search(r"[⠁-⣿]", asked(inside, filled, *words, "-o", "chart"))
    points = list(csv.DictReader(io.StringIO(asked(inside, filled, *words, "-o", "csv"))))
    assert len(points) == 2 * STEPS
    assert set(points[0]) == {"time", "host", "value"}
    answer = json.loads(asked(inside, filled, *words, "--json"))
    assert len(answer["rows"][0]["series"]) == 2


def test_a_query_is_a_parquet_file_and_never_binary_on_a_terminal(
    inside: Run, filled: Server, tmp_path: Path
) -> None:
    words = ("query", "metric=heap.bytes | sum by host", "--interval", "1m")
    points = list(csv.DictReader(io.StringIO(asked(inside, filled, *words, "-o", "csv"))))
    file = tmp_path / "found.parquet"
    assert str(file) in asked(inside, filled, *words, "-o", "parquet", "--save", str(file))
    rows = pq.read_table(file).to_pylist()
    assert sorted((row["host"], row["value"]) for row in rows) == sorted(
        (point["host"], float(point["value"])) for point in points
    )
    asked(inside, filled, "export", str(tmp_path / "all.parquet"))
    assert pq.read_table(tmp_path / "all.parquet").num_rows == 2 * 2 * STEPS
    wrong = inside(*words, "-o", "csv", "--save", str(file), "--server", filled.url)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    parent, terminal = pty.openpty()
    try:
        shown = subprocess.run(
            command(*words, "-o", "parquet", "--server", filled.url),
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            env=environment(HOME=str(tmp_path)),
        )
    finally:
        os.close(terminal)
        os.close(parent)
    assert shown.returncode == 2
    assert "not for a terminal: name a file with --save" in shown.stderr


def test_rows_stand_below_each_other(inside: Run, filled: Server) -> None:
    shown = asked(inside, filled, "query", "metric=heap.bytes | sum by host\n#A / 2 as half")
    assert [line for line in shown.splitlines() if line.startswith("#")] == ["#A", "#B"]


def test_a_query_can_come_from_a_file_and_a_pipe(
    inside: Run, heapwatch: Run, filled: Server, tmp_path: Path
) -> None:
    (tmp_path / "q").write_text("metric=heap.bytes\n  | sum by host\n")
    assert "web2" in asked(inside, filled, "query", "--file", str(tmp_path / "q"))
    piped = heapwatch("query", "-", "--server", filled.url, stdin="metric=heap.bytes | sum by host")
    assert "web2" in piped.stdout


def test_an_error_is_shown_in_its_line(inside: Run, filled: Server) -> None:
    answer = inside("query", "metric=heap.bytes\n  | smu by host", "--server", filled.url)
    assert answer.returncode == 2
    assert answer.stderr.splitlines() == [
        "  | smu by host",
        "    ^^^",
        "heapwatch: line 2, column 5: unknown operator 'smu'; did you mean sum?",
    ]


@pytest.mark.parametrize("name", ["query", "logs"])
def test_a_mistyped_option_is_no_query(inside: Run, name: str) -> None:
    answer = inside(name, "--folow")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "unknown option --folow" in answer.stderr


def test_what_a_query_left_out_is_told_on_stderr(inside: Run, filled: Server) -> None:
    answer = inside("query", "metric=heap.bytes | sum by team", "--server", filled.url)
    assert answer.returncode == 0
    assert "team" in answer.stderr


def test_classes_at_two_times_are_a_table(inside: Run, filled: Server) -> None:
    query = f"metric=heap.bytes host=web1 | diff between {NOW - STEPS * 60_000} and now"
    shown = asked(inside, filled, "query", query)
    assert "com.shop.Cart" in shown
    rows = list(csv.DictReader(io.StringIO(asked(inside, filled, "query", query, "-o", "csv"))))
    assert {row["class"] for row in rows} == {"byte[]", "com.shop.Cart"}


def test_logs_are_lines_with_the_newest_last(inside: Run, filled: Server) -> None:
    shown = asked(inside, filled, "logs", "cart", "--to", "now+1m").splitlines()
    assert [line.partition("web1/shop ")[2] for line in shown if "web1" in line] == [
        "ERROR cart 1 is full",
        "INFO cart 2",
        "ERROR cart 3 is full",
    ]
    assert "  is well" in shown
    few = inside("logs", "cart", "--to", "now+1m", "-n", "1", "--server", filled.url)
    assert few.stdout.count("\n") == 1
    assert "3 messages" in few.stderr


def test_what_is_counted_is_a_table(inside: Run, filled: Server) -> None:
    words = ("logs", "cart | count by _level", "--to", "now+1m")
    assert sorted(asked(inside, filled, *words).split()) == sorted(
        ["_count", "_level", "2", "error", "1", "info"]
    )
    rows = list(csv.DictReader(io.StringIO(asked(inside, filled, *words, "-o", "csv"))))
    assert {row["_level"]: row["_count"] for row in rows} == {"error": "2", "info": "1"}


def test_following_prints_what_arrives(filled: Server) -> None:
    words = ("logs", "full", "--follow", "-n", "1", "-o", "json", "--server", filled.url)
    with subprocess.Popen(command(*words), stdout=subprocess.PIPE, env=environment(), text=True) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["_text"] == "ERROR cart 3 is full"
        say(filled, "ERROR basket 4 is full")
        assert json.loads(process.stdout.readline())["_text"] == "ERROR basket 4 is full"
        process.terminate()


def test_at_the_prompt_one_asks_again_and_again(
    filled: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with create_pipe_input() as keys:
        for line in (
            "metric=heap.bytes | smu",
            "metric=heap.bytes | sum by host",
            ".output csv",
            ".nonsense",
            ".logs",
            "cart | count",
            ".quit",
        ):
            keys.send_text(f"{line}\r")
        assert talk(ServerOptions(filled.url), QUESTION, keys, DummyOutput()) == 0
    told = capsys.readouterr()
    assert "                    ^^^" in told.err
    assert "did you mean sum?" in told.out
    assert "web2" in told.out
    assert "no command .nonsense" in told.out
    assert "_count\n" in told.out
    kept = (tmp_path / "heapwatch" / "query_history").read_text()
    assert "+metric=heap.bytes | sum by host" in kept
    assert (tmp_path / "heapwatch" / "query_history").stat().st_mode & 0o077 == 0


def test_the_prompt_offers_what_the_server_knows(filled: Server) -> None:
    with Client(ServerOptions(filled.url)) as client:
        offers = Offers(client, lambda: "metrics")
        found = list(offers.get_completions(Document("host=we", 7), CompleteEvent()))
        assert [(each.text, each.start_position) for each in found] == [("web1", -2), ("web2", -2)]
    nobody = Offers(Client(ServerOptions("http://127.0.0.1:9")), lambda: "metrics")
    assert list(nobody.get_completions(Document("host=we", 7), CompleteEvent())) == []


def test_where_no_history_can_be_written_there_is_one_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heapwatch").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert type(history()).__name__ == "InMemoryHistory"


def test_scripts_are_run_without_a_server(heapwatch: Run, inside: Run, tmp_path: Path) -> None:
    (tmp_path / "good.hwq").write_text(SCRIPT)
    answer = heapwatch("test", "queries", str(tmp_path))
    assert (answer.returncode, answer.stdout) == (0, "1 query: none failed\n")
    (tmp_path / "bad.hwq").write_text(SCRIPT.replace("110 120", "110 121"))
    answer = inside("test", "queries", str(tmp_path))
    assert answer.returncode == 1
    assert "    - {host=web1} 100 110 121 130 140 150" in answer.stdout
    assert "    + {host=web1} 100 110 120 130 140 150" in answer.stdout
    assert answer.stdout.endswith("2 queries: 1 failed\n")
    (tmp_path / "bad.hwq").write_text("load every 10s\n")
    answer = inside("test", "queries", str(tmp_path))
    assert answer.returncode == 2
    assert f"{tmp_path}/bad.hwq:1: expected `load every 10s from TIME`" in answer.stderr
