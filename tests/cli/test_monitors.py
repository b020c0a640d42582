"""`heapwatch monitor` against a server: what fires is listed, shown, tried on the past, silenced and kept."""

from __future__ import annotations

import csv
import io
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Run, Server

pytestmark = [pytest.mark.e2e, pytest.mark.store]

RULES = """
monitors:
  - {name: load, kind: query, query: metric=load | max by host, every: 1s, delay: 0s, window: 10m,
     critical: {above: 90}}
  - {name: calm, kind: query, query: metric=load | min by host, every: 1s, delay: 0s, window: 10m,
     critical: {below: 5}}
  - {name: ends, kind: exhaustion, critical: {below: 6h}}
"""


@pytest.fixture(scope="module")
def firing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which `load` is critical for web1 and nothing else is wrong."""
    folder = tmp_path_factory.mktemp("monitors")
    (folder / "rules.yml").write_text(RULES)
    running = Server(folder / "data", "--monitors", str(folder / "rules.yml"))
    now = int(time.time() * 1000)
    lines = f'load{{host="web1"}} 95 {now}\nload{{host="web2"}} 50 {now}\n'
    urllib.request.urlopen(
        urllib.request.Request(f"{running.url}/api/v1/import/prometheus", lines.encode())
    ).close()
    deadline = time.monotonic() + 30
    while {(each["name"], each["state"]) for each in states(running)} != {
        ("load", "critical"),
        ("calm", "ok"),
        ("ends", "ok"),
    } or not all(sum(each["counts"].values()) for each in states(running)[:2]):
        assert time.monotonic() < deadline, states(running)
        time.sleep(0.1)
    yield running
    assert running.stop() == 0


def states(server: Server) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{server.url}/api/v1/monitors") as answer:
        return list(json.load(answer)["monitors"])


def refused(inside: Run, server: Server, *words: str) -> str:
    """The one line that is said of what cannot be done."""
    answer = inside("monitor", *words, "--server", server.url)
    assert answer.returncode not in (0, 1), answer.stdout
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1, answer.stderr
    return answer.stderr


def test_all_are_listed_with_the_gravest_state_of_their_groups(inside: Run, firing: Server) -> None:
    listed = inside("monitor", "list", "--server", firing.url)
    assert listed.returncode == 1
    rows = [line.split()[:4] for line in listed.stdout.splitlines()[1:]]
    assert ["critical", "load", "query", "2"] in rows
    assert ["ok", "calm", "query", "2"] in rows
    told = json.loads(inside("monitor", "list", "-o", "json", "--server", firing.url).stdout)
    assert {each["name"]: each["counts"]["critical"] for each in told} == {"load": 1, "calm": 0, "ends": 0}
    cells = csv.DictReader(io.StringIO(inside("monitor", "list", "-o", "csv", "--server", firing.url).stdout))
    assert [each["name"] for each in cells] == ["load", "calm", "ends"]


def test_one_is_shown_with_its_groups_the_gravest_first(inside: Run, firing: Server) -> None:
    shown = inside("monitor", "show", "load", "--server", firing.url)
    assert shown.returncode == 1
    lines = shown.stdout.splitlines()
    assert lines[0] == "load (query): metric=load | max by host"
    assert [line.split()[:3] for line in lines[3:]] == [
        ["critical", "host=web1", "95"],
        ["ok", "host=web2", "50"],
    ]
    told = json.loads(inside("monitor", "show", "load", "-o", "json", "--server", firing.url).stdout)
    assert told["groups"][0]["text"] == "95 is above 90 at some time in 10m"
    assert inside("monitor", "show", "calm", "--server", firing.url).returncode == 0
    assert "there is no monitor 'laod'" in refused(inside, firing, "show", "laod")


def test_how_they_changed_is_kept(inside: Run, firing: Server) -> None:
    words = ["monitor", "history", "load", "--from", "-1h", "--server", firing.url]
    (line,) = inside(*words).stdout.splitlines()[1:]
    assert [word for word in ("load", "host=web1", "ok", "critical") if word not in line] == []
    told = json.loads(inside(*words, "-o", "json").stdout)
    assert [(each["labels"], each["before"], each["after"], each["value"]) for each in told] == [
        ({"host": "web1"}, "ok", "critical", 95)
    ]
    none = inside("monitor", "history", "calm", "--from", "-1h", "--server", firing.url)
    assert (none.returncode, none.stdout.splitlines()[-1]) == (0, "no change in this time")
    assert "there is no monitor 'laod'" in refused(inside, firing, "history", "laod")


def test_one_is_tried_on_the_past(inside: Run, firing: Server) -> None:
    tried = inside("monitor", "backtest", "load", "--from", "-1m", "--server", firing.url)
    assert tried.returncode == 1
    assert "load would have fired once, first at " in tried.stdout.splitlines()[-1]
    told = json.loads(
        inside("monitor", "backtest", "calm", "--from", "-1m", "-o", "json", "--server", firing.url).stdout
    )
    assert (told["fired"], told["errors"], told["transitions"]) == (0, 0, [])
    assert told["looks"] in (60, 61)
    ends = inside("monitor", "backtest", "ends", "--from", "-1m", "--server", firing.url)
    assert (ends.returncode, ends.stdout.splitlines()[-1][:29]) == (0, "ends would have fired 0 times")
    assert "more than 20000" in refused(inside, firing, "backtest", "load", "--from", "-7d")
    assert "there is no monitor 'laod'" in refused(inside, firing, "backtest", "laod")


def test_a_silence_is_made_listed_seen_and_ended(inside: Run, firing: Server) -> None:
    made = inside(
        "monitor",
        "silence",
        "lo*",
        "-l",
        "host=web1",
        "--for",
        "2h",
        "--note",
        "deploy",
        "--server",
        firing.url,
    )
    assert made.returncode == 0, made.stderr
    id_ = made.stdout.partition(":")[0]
    assert made.stdout.startswith(f"{id_}: lo* is silent until ")
    (listed,) = json.loads(inside("monitor", "silence", "-o", "json", "--server", firing.url).stdout)
    assert (listed["id"], listed["match"], listed["note"]) == (id_, {"host": "web1"}, "deploy")
    assert listed["ends"] - listed["starts"] == 2 * 3_600_000
    shown = json.loads(inside("monitor", "show", "load", "-o", "json", "--server", firing.url).stdout)
    assert [each["silenced"] for each in shown["groups"]] == [f"silence {id_}", ""]
    ended = inside("monitor", "unsilence", id_, "--server", firing.url)
    assert (ended.returncode, ended.stdout) == (0, f"{id_} has ended\n")
    assert inside("monitor", "silence", "--server", firing.url).stdout.splitlines()[-1] == "no silence"
    assert f"there is no silence '{id_}'" in refused(inside, firing, "unsilence", id_)
    assert "'web1' is not NAME=GLOB" in refused(inside, firing, "silence", "load", "-l", "web1")
    assert "soon" in refused(inside, firing, "silence", "load", "--for", "soon")


def test_files_are_checked_without_a_server(inside: Run, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    fine = inside("monitor", "check", str(rules))
    assert (fine.returncode, fine.stdout) == (0, "3 monitors in 1 file: fine\n")
    rules.write_text(RULES.replace("above: 90", "abvoe: 90"))
    wrong = inside("monitor", "check", str(tmp_path))
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
    assert "rules.yml:4:17: monitors[0].critical.abvoe" in wrong.stderr
    assert "name files of monitors" in inside("monitor", "check").stderr
    assert str(tmp_path / "none.yml") in inside("monitor", "check", str(tmp_path / "none.yml")).stderr


SCRIPT = """\
monitors rules.yml
load every 1m from 2026-01-01T00:00:00Z
  {metric=load host=web1}  50 95x2
run from 2026-01-01T00:01:00Z to +3s
expect at +3s
  load {host=web1} critical 95
"""


def test_scripts_of_rules_are_run_without_a_server(inside: Run, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    script = tmp_path / "load.hwt"
    script.write_text(SCRIPT)
    answer = inside("test", "rules", str(tmp_path), "--verbose")
    assert (answer.returncode, answer.stdout) == (0, f"{script}:4: as expected\n1 run: none failed\n")
    script.write_text(SCRIPT.replace("critical 95", "warning"))
    answer = inside("test", "rules", str(script), "-o", "json")
    assert answer.returncode == 1
    told = json.loads(answer.stdout)
    assert (told["runs"], told["failed"], told["outcomes"][0]["where"]) == (1, 1, f"{script}:4")
    assert "is not so: load {host=web1} critical 95" in told["outcomes"][0]["problems"][0]
    script.write_text(SCRIPT.partition("run from")[0])
    for words, told in (
        ([str(script)], "there is no run in these files"),
        ([str(tmp_path / "none.hwt")], "no such file or folder"),
        ([str(script), "-o", "csv"], "outcomes come as a table or as JSON"),
        ([], r"name scripts (*.hwt) or folders of them"),
    ):
        answer = inside("test", "rules", *words)
        assert answer.returncode == 2
        assert told in answer.stderr
