"""The Ansible collection, run by the real ansible-playbook: from a playbook to lines at port 2003."""

from __future__ import annotations

import getpass
import grp
import json
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

import build_agent_pyz
import build_collection
import pytest
import tomllib
from shop import SHOP

from jvms.fixtures import Program

pytestmark = pytest.mark.jvm

TOOLS = Path(sys.executable).parent


def surroundings(folder: Path) -> dict[str, str]:
    """The environment for Ansible with the collections of this folder only."""
    return {
        **os.environ,
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_PIPELINING": "true",
    }


def test_a_playbook_takes_histograms_and_sends_lines_to_port_2003(
    shop: Program, tmp_path: Path, needs: Callable[[str], str]
) -> None:
    needs("nc")
    made = build_collection.build(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as graphite, ThreadPoolExecutor(1) as reader:
        graphite.settimeout(60)
        heard = reader.submit(read_all, graphite)  # nc ends when somebody has read what it sent
        command = [TOOLS / "ansible-playbook", "-i", "web1,", "-c", "local", made / "playbooks/collect.yml"]
        more = {
            "jvms": [SHOP],
            "graphite_port": graphite.getsockname()[1],
            "ansible_python_interpreter": sys.executable,
        }
        done = subprocess.run(
            [*command, "-e", json.dumps(more)],
            env=surroundings(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = heard.result().splitlines()
    assert all(len(line.split()) == 3 for line in found), found[:3]
    assert any(line.startswith("web1.count.java.lang.String ") for line in found), found[:3]


def read_all(listener: socket.socket) -> str:
    connection, _ = listener.accept()
    with connection, connection.makefile() as lines:
        return lines.read()


class Role:
    """The role `agent` on this machine, with all its paths below a folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self._folder = folder
        self._made = build_collection.build(folder)
        self._pyz = build_agent_pyz.build(folder / "heapwatch-agent.pyz")

    def play(self, *words: str, **more: object) -> dict[str, int]:
        """One run of the playbook; the counts of its last line."""
        me = getpass.getuser()
        given = {
            "agent_pyz": str(self._pyz),
            "agent_become": False,
            "agent_user": me,
            "agent_group": grp.getgrgid(os.getgid()).gr_name,
            "agent_create_user": False,
            "agent_service": False,
            "agent_program": str(self.root / "bin" / "heapwatch-agent"),
            "agent_config_dir": str(self.root / "etc"),
            "agent_spool": str(self.root / "spool"),
            "agent_unit_dir": str(self.root / "units"),
            "agent_token": "s3cret",
            "agent_labels": {"env": 'pr"od'},
            "ansible_python_interpreter": sys.executable,
            **more,
        }
        command = [
            TOOLS / "ansible-playbook",
            "-i",
            "web1,",
            "-c",
            "local",
            self._made / "playbooks/agent.yml",
        ]
        done = subprocess.run(
            [*command, "-e", json.dumps(given), *words],
            env=surroundings(self._folder),
            capture_output=True,
            text=True,
            check=False,
        )
        assert "s3cret" not in done.stdout + done.stderr
        last = done.stdout.splitlines()[-2:] or [""]
        counts = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", " ".join(last))}
        assert counts, done.stdout + done.stderr
        self.said = done.stdout + done.stderr
        return counts


@pytest.mark.timeout(180)
def test_the_agents_role_installs_it_once_and_removes_it(tmp_path: Path) -> None:
    role = Role(tmp_path)
    first = role.play()
    assert (first["failed"], first["changed"] > 0) == (0, True), role.said
    program, settings = role.root / "bin/heapwatch-agent", role.root / "etc/agent.toml"
    read = tomllib.loads(settings.read_text())
    assert read["labels"] == {"env": 'pr"od'}
    assert Path(read["sink"][0]["token_file"]).read_text() == "s3cret\n"
    assert settings.stat().st_mode & 0o777 == 0o600
    told = subprocess.run([program, "check-config", "--config", settings], capture_output=True, check=False)
    assert told.returncode == 0, told.stderr
    unit = (role.root / "units/heapwatch-agent.service").read_text()
    assert f"ExecStart={program} run --config {settings}\n" in unit
    assert "{{" not in unit
    assert "{%" not in unit

    assert role.play()["changed"] == 0, role.said

    assert role.play(agent_state="absent", agent_purge=True)["failed"] == 0, role.said
    assert [file.name for file in role.root.rglob("*") if file.is_file()] == []


def test_ansible_lint_finds_nothing(tmp_path: Path) -> None:
    made = build_collection.build(tmp_path)
    done = subprocess.run(
        [
            TOOLS / "ansible-lint",
            "--offline",
            "-q",
            "--nocolor",
            "--profile",
            "production",
            "playbooks",
            "roles",
        ],
        cwd=made,
        env={**surroundings(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
