"""The demo where things are missing or go wrong."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest
from watching import HEAPWATCH, Api, demo_url

from heapwatch.cli.demo import control
from heapwatch.cli.demo.build import build

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

OUT_OF_REACH = "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=9 -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=9"
"""Nothing listens on the discard port: Maven is refused as by a closed network."""


def test_where_maven_central_is_out_of_reach_the_twin_runs_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs
) -> None:
    needs("mvn")
    needs("javac")
    monkeypatch.setenv("MAVEN_OPTS", f"-Dmaven.repo.local={tmp_path / 'empty'} {OUT_OF_REACH}")
    told: list[str] = []
    program = build(tmp_path / "cache", told.append)
    assert program.twin
    assert "is Maven Central out of reach?" in "\n".join(told)
    assert "plain-Java twin" in told[-1]


def test_a_demo_that_is_killed_takes_server_agents_and_jvms_with_it(tmp_path: Path, needs) -> None:
    needs("javac")
    log = tmp_path / "log"
    command = [
        *HEAPWATCH,
        "demo",
        "--twin",
        "--no-browser",
        "--plain",
        "--state",
        str(tmp_path),
        "--for",
        "4m",
    ]
    with log.open("wb") as out:
        demo = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        api = Api(demo_url(demo, tmp_path, log))
        api.until("an agent that sends", lambda: len(api.get("jvms")["jvms"]) == 3)
        started = control.ask(tmp_path, "status")["processes"]
        assert len(started) == 7
        watched = [os.pidfd_open(pid) for pid in started]
    finally:
        demo.kill()
        demo.wait()
    for descriptor in watched:
        assert select.select([descriptor], [], [], 60)[0]
        os.close(descriptor)


WITHOUT_ENGINE = """
import sys
from heapwatch.cli.demo import workflows
workflows.NEEDED = ("no_such_engine",)
from heapwatch.cli.main import main
sys.argv[1:1] = ["demo", "--twin", "--no-browser", "--plain", "--for", "4m"]
sys.exit(main())
"""


def test_without_the_engine_of_workflows_it_is_said_and_the_demo_goes_on(tmp_path: Path, needs) -> None:
    needs("javac")
    log = tmp_path / "log"
    command = [sys.executable, "-c", WITHOUT_ENGINE, "--state", str(tmp_path)]
    with log.open("wb") as out:
        demo = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        api = Api(demo_url(demo, tmp_path, log))
        api.until("an agent that sends", lambda: len(api.get("jvms")["jvms"]) == 3)
        status = control.ask(tmp_path, "status")
        assert status["workflows"] == "no no_such_engine; pip install 'heapwatch[workflows]' has it"
        assert api.get("workflows")["configured"] is False
        subprocess.run([*HEAPWATCH, "demo", "stop", "--state", str(tmp_path)], check=True, timeout=60)
        assert demo.wait(60) == 0
    finally:
        demo.kill()
        demo.wait()
    told = log.read_text()
    assert f"going on without workflows: {status['workflows']}" in told
    assert "Workflow " not in told
