"""The systemd unit: understood by systemd, and no more powerful than it needs to be."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import build_agent_pyz
import pytest

from heapwatch.agent import config, toml
from heapwatch.agent.tail_settings import TailSettings

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "systemd" / "heapwatch-agent.service"
PROGRAM = "/usr/local/bin/heapwatch-agent"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as installed, with the agent where this test can put one."""
    program = build_agent_pyz.build(tmp_path / "heapwatch-agent")
    installed = tmp_path / UNIT.name
    installed.write_text(UNIT.read_text().replace(PROGRAM, str(program)))
    return installed


@pytest.fixture(scope="module")
def analyze() -> str:
    path = shutil.which("systemd-analyze")
    if path is None:
        pytest.skip("no systemd-analyze on this machine")
    return path


def test_systemd_understands_every_line(unit: Path, analyze: str) -> None:
    command = [analyze, "verify", "--man=no", str(unit)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    about_it = [line for line in told.stderr.splitlines() if unit.name in line]
    assert (told.returncode, about_it) == (0, [])


def test_its_exposure_is_small(unit: Path, analyze: str) -> None:
    command = [analyze, "security", "--offline=true", "--threshold=40", str(unit)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout.splitlines()[-1]


def test_it_may_do_what_attaching_to_other_users_needs() -> None:
    (line,) = [line for line in UNIT.read_text().splitlines() if line.startswith("CapabilityBoundingSet=")]
    needed = "SYS_PTRACE DAC_READ_SEARCH DAC_OVERRIDE SETUID SETGID CHOWN KILL"
    assert {f"CAP_{name}" for name in needed.split()} <= set(line.partition("=")[2].split())


def test_the_commands_in_it_exist(tmp_path: Path) -> None:
    program = build_agent_pyz.build(tmp_path / "heapwatch-agent")
    config = tmp_path / "agent.toml"
    config.write_text('host = "a"\n')
    (line,) = [line for line in UNIT.read_text().splitlines() if line.startswith("ExecStartPre=")]
    command = (
        line.partition("=")[2]
        .replace(PROGRAM, str(program))
        .replace("/etc/heapwatch/agent.toml", str(config))
    )
    assert subprocess.run(command.split(), capture_output=True, check=False).returncode == 0


def test_the_example_configuration_means_the_defaults_until_it_is_changed() -> None:
    example = UNIT.with_name("agent.toml")
    assert config.load(example, {}, {}) == config.load(None, {"server": "http://127.0.0.1:7077"}, {})
    assert toml.loads(example.read_text()).keys() >= {"labels", "budget", "sink"}


def test_what_the_example_comments_out_can_be_used_as_it_stands(tmp_path: Path) -> None:
    text = UNIT.with_name("agent.toml").read_text()
    (tmp_path / "agent.toml").write_text(re.sub(r"(?m)^#(?=\S)", "", text))
    settings = config.load(tmp_path / "agent.toml", {}, {})
    assert settings.labels == {"env": "prod"}
    assert [sink.kind for sink in settings.sinks] == [
        "heapwatch",
        "graphite",
        "prometheus",
        "sumo",
        "file",
        "stdout",
    ]
    (tail,) = settings.tails
    assert replace(tail, path="", jvm="", category="", name="", first_line=None) == TailSettings("")
    assert replace(settings.limits, max_interval_s=3600.0) == config.load(None, {}, {}).limits
