"""The Ansible collection, run by the real ansible-playbook: from a playbook to lines at port 2003."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

import build_collection
import pytest

from jvms.fixtures import Program

pytestmark = pytest.mark.jvm

TOOLS = Path(sys.executable).parent


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
            "jvms": ["fleet-shop"],
            "graphite_port": graphite.getsockname()[1],
            "ansible_python_interpreter": sys.executable,
        }
        variables = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        done = subprocess.run(
            [*command, "-e", json.dumps(more)], env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = heard.result().splitlines()
    assert all(len(line.split()) == 3 for line in found), found[:3]
    assert any(line.startswith("web1.count.java.lang.String ") for line in found), found[:3]


def read_all(listener: socket.socket) -> str:
    connection, _ = listener.accept()
    with connection, connection.makefile() as lines:
        return lines.read()


def test_ansible_lint_finds_nothing(tmp_path: Path) -> None:
    made = build_collection.build(tmp_path)
    variables = {**os.environ, "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    variables["ANSIBLE_COLLECTIONS_PATH"] = str(tmp_path)
    done = subprocess.run(
        [TOOLS / "ansible-lint", "--offline", "-q", "--nocolor", "playbooks/collect.yml"],
        cwd=made,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
