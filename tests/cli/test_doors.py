"""`heapwatch doors`: what came by which door, what was refused, who made series, what is scraped."""

from __future__ import annotations

import csv
import io
import json
import time
import urllib.request
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import Run, Server
from heapwatch.model import Batch, MetricBlock
from heapwatch.wire.batch import CONTENT_TYPE, encode

pytestmark = pytest.mark.store

BOMB = "".join(f'requests{{request="{n}"}} {n}\n' for n in range(30))


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that was sent bad lines and a bomb, and that scrapes what is not there."""
    folder = tmp_path_factory.mktemp("doors")
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        "scrape_configs: [{job_name: gone, static_configs: [{targets: ['127.0.0.1:9']}]}]\n"
    )
    running = Server(folder / "data", "--scrape", str(config), "--sender-series", "10")
    try:
        address = f"{running.url}/api/v1/import/prometheus"
        body = f"{BOMB}\x1b[31m evil\norders one\n".encode()
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=60) as answer:
            assert json.load(answer)["stored"] is True
        sent = urllib.request.Request(
            f"{running.url}/api/v1/batch", encode(held()), {"Content-Type": CONTENT_TYPE}
        )
        with urllib.request.urlopen(sent, timeout=60) as answer:
            assert json.load(answer)["stored"] is True
        yield running
    finally:
        assert running.stop() == 0


def held() -> Batch:
    """What an agent sends that still has three batches of 2 MiB in all."""
    told = {"heapwatch.spool_bytes": float(2 << 20), "heapwatch.spool_batches": 3.0}
    columns = {name: array("d", [value]) for name, value in told.items()}
    block = MetricBlock({"host": "web1"}, array("q", [int(time.time() * 1000)]), columns)
    return Batch("agent-of-web1", 1, metrics=[block])


def asked(inside: Run, server: Server, *words: str) -> str:
    answer = inside("doors", *words, "--server", server.url)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_doors_show_what_came_and_what_is_shut(inside: Run, busy: Server) -> None:
    shown = asked(inside, busy)
    lines = shown.splitlines()
    lines = lines[: lines.index("")]
    assert max(map(len, lines)) <= 80
    (row,) = [line for line in lines if line.startswith("prometheus ")]
    assert row.split()[-1] == "22"
    assert "prometheus refused: " in shown
    assert "20 x too-many-series" in shown
    assert "syslog (syslog_listen)" in shown
    answer = json.loads(asked(inside, busy, "--json"))
    assert set(answer) == {"doors", "unused"}
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(asked(inside, busy, "-o", "csv")))}
    assert rows["prometheus"]["address"] == "POST /api/v1/import/prometheus"
    assert rows["prometheus"]["rejects"] == "22"


def test_rejects_come_with_what_was_sent_and_what_to_do(inside: Run, busy: Server) -> None:
    shown = asked(inside, busy, "--rejects", "--door", "prometheus")
    assert "\x1b" not in shown
    assert "orders one" in shown
    assert "bad-number: The value is not a number: send digits" in shown
    rows = json.loads(asked(inside, busy, "--rejects", "--reason", "bad-number", "--json"))["rejects"]
    assert [row["sample"] for row in rows] == ["orders one"]
    assert len(json.loads(asked(inside, busy, "--rejects", "-n", "1", "--json"))["rejects"]) == 1
    assert "nothing like that was refused" in asked(inside, busy, "--rejects", "--door", "syslog-tcp")


def test_senders_are_named_with_the_label_that_makes_so_many_series(inside: Run, busy: Server) -> None:
    shown = asked(inside, busy, "--senders")
    (row,) = [line for line in shown.splitlines() if line.startswith("prometheus 127.0.0.1 ")]
    assert row.split()[2:4] == ["10", "20"]
    assert "10 a sender (sender_series)" in shown
    assert "refused of prometheus 127.0.0.1: requests;request=" in shown
    (exact,) = [
        row
        for row in csv.DictReader(io.StringIO(asked(inside, busy, "--senders", "-o", "csv")))
        if row["maker"] == "prometheus 127.0.0.1"
    ]
    assert (exact["label"], exact["values"]) == ("request", "10")
    assert (exact["jvms"], exact["classes"], exact["used"]) == ("0", "0", "10")


def test_targets_that_are_down_say_why(inside: Run, busy: Server) -> None:
    while (row := json.loads(asked(inside, busy, "--targets", "--json"))["targets"][0])[
        "health"
    ] == "unknown":
        pass
    assert (row["job"], row["health"]) == ("gone", "down")
    assert row["error"]
    assert "down" in asked(inside, busy, "--targets")


def test_agents_say_what_waits_in_their_spools(inside: Run, busy: Server) -> None:
    (row,) = [line for line in asked(inside, busy, "--agents").splitlines() if "web1" in line]
    assert row.split()[-3:] == ["2.00", "MiB", "3"]
    (agent,) = json.loads(asked(inside, busy, "--agents", "--json"))["agents"]
    assert (agent["id"], agent["spool_bytes"], agent["spool_batches"]) == ("agent-of-web1", 2 << 20, 3)


def test_a_server_that_scrapes_nothing_says_so(inside: Run, server: Server) -> None:
    assert "the setting scrape names targets" in asked(inside, server, "--targets")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--rejects", "--senders"), "give one of them"),
        (("--targets", "--agents"), "give one of them"),
        (("--door", "batch"), "give --rejects"),
        (("--rejects", "-n", "501"), "from 0 to 500"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    inside: Run, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    answer = inside("doors", *words)
    assert answer.returncode == 2
    assert says in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_tab_offers_doors_and_reasons_that_there_are(inside: Run, busy: Server) -> None:
    where = {"HEAPWATCH_SERVER": busy.url}
    assert "prometheus" in inside("__complete", "doors", "--rejects", "--door", "", **where).stdout
    assert "bad-number" in inside("__complete", "doors", "--rejects", "--reason", "", **where).stdout
