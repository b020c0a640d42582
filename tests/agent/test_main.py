"""The agent's command line: help with examples, errors of one line, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.agent.conftest import SOURCE, run_agent

from heapwatch.agent import main
from heapwatch.agent.status import as_text


@pytest.mark.parametrize("command", sorted(main.COMMANDS))
def test_every_command_has_help_that_says_what_it_is_for(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main.command([command, "--help"])
    told = capsys.readouterr().out
    assert f"usage: heapwatch-agent {command}" in told
    if command != "version":
        assert re.search(rf"examples?:\n  heapwatch-agent {command}", told)


@pytest.mark.parametrize("line", [[], ["fly"], ["run", "--colour", "red"], ["once", "-o", "xml"]])
def test_a_command_line_that_makes_no_sense_ends_with_2(line: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main.command(line)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (["check-config", "--config", "/nowhere.toml"], "/nowhere.toml: No such file or directory"),
        (["check-config", "--interval", "soon"], "command line: interval: 'soon' is not understood"),
        (["check-config", "--label", "env"], "label 'env': write it like env=prod"),
        (["check-config", "--server", "ftp://x"], "server 'ftp://x': needs the form"),
        (["status", "--spool", "/nowhere"], "no agent has left word in /nowhere"),
        (["status", "--address", "127.0.0.1:1"], "no agent answers at 127.0.0.1:1: Connection refused"),
        (["once", "--only", "no-such-jvm", "--spool", "/tmp/x"], "no JVM runs here that fits the settings"),
        (["doctor", "--only", "no-such-jvm"], "no JVM here is called no-such-jvm"),
    ],
)
def test_an_error_is_one_line_and_ends_with_2(
    line: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.command(line) == 2
    told = capsys.readouterr().err
    assert told.startswith("heapwatch-agent: ")
    assert complaint in told
    assert told.count("\n") == 1


def test_flags_and_file_come_together_as_check_config_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "agent.json"
    config.write_text(json.dumps({"host": "file", "labels": {"a": "1"}}))
    line = [
        "check-config",
        "--config",
        str(config),
        "--label",
        "b=2",
        "--only",
        "shop",
        "pay",
        "--only",
        "4711",
    ]
    assert main.command(line) == 0
    told = capsys.readouterr().out
    assert "host = file" in told
    assert "labels = a=1, b=2" in told
    assert "only = shop, pay, 4711" in told
    assert "sink heapwatch (heapwatch): url = http://127.0.0.1:7077" in told


def test_the_same_program_whichever_way_it_is_called() -> None:
    for module in ("heapwatch.agent", "heapwatch.agent.main"):
        command = [sys.executable, "-m", module, "version"]
        told = subprocess.run(
            command, capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, check=True
        )
        assert told.stdout.startswith("heapwatch-agent ")


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    told = run_agent("doctor", "--help")
    assert told.returncode == 0
    command = f"{sys.executable} -m heapwatch.agent check-config --host a | true"
    told = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, check=False
    )
    assert "Traceback" not in told.stderr


def test_an_agent_that_just_began_can_be_asked_too() -> None:
    text = as_text(
        {
            "version": "1", "pid": 7, "host": "a", "uptime_s": 0.0, "batches": 0, "rss": 20e6, "cpu_ms": 100,
            "jvms": [], "sinks": [], "logs": {"files": 1, "messages": 7, "bytes": 70, "skipped_bytes": 0},
            "spool": {
                "directory": "/x", "bytes": 0, "max_bytes": 1e6, "disk_errors": 0, "error": ""
            },
        }
    )  # fmt: skip
    assert "no JVM is watched" in text


def test_loading_the_agent_loads_neither_openssl_nor_what_it_does_not_need() -> None:
    program = (
        "import sys\n"
        "from heapwatch.agent import sinks, config\n"
        "sinks.spare_openssl(config.load(None, {}, {}).sinks)\n"
        "import heapwatch.agent.run, heapwatch.ship.http\n"
        "heavy = ('ssl', 'asyncio', 'logging', 'subprocess', 'tempfile')\n"
        "print(*[name for name in heavy if name in sys.modules])"
    )
    command = [sys.executable, "-S", "-c", program]
    told = subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, check=True
    )
    assert told.stdout.split() == []


def test_https_works_also_where_openssl_was_spared() -> None:
    program = (
        "from heapwatch.agent import sinks, config\n"
        "sinks.spare_openssl(config.load(None, {}, {}).sinks)\n"
        "from heapwatch.ship.http import HttpSink\n"
        "sink = HttpSink('https://localhost:1')\n"
        "sink._post._connect()\n"
        "print('connected by TLS')"
    )
    command = [sys.executable, "-c", program]
    told = subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, check=False
    )
    assert told.stdout == "connected by TLS\n", told.stderr
