"""`heapwatch collect` and `hosts`: an inventory, a real sshd, a real server, a folder and lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest
from servers import Server
from sshd import Sshd

from jvms.fixtures import Program

pytestmark = pytest.mark.jvm

Run = Callable[..., "subprocess.CompletedProcess[str]"]

INVENTORY = """
[defaults]
port = {port}

[[hosts]]
name = "web1"
address = "127.0.0.1"
groups = ["web"]
labels = {{ service = "shop" }}

[[hosts]]
name = "dead"
address = "127.0.0.1"
port = 1
"""


@pytest.fixture(scope="module")
def folder(server: Sshd, shop: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("collect")
    (made / "hosts.toml").write_text(INVENTORY.format(port=server.port))
    (made / "hosts.ini").write_text(
        f"[web]\nweb1 ansible_host=127.0.0.1 ansible_port={server.port}\n[other]\ndead ansible_port=1\n"
    )
    return made


@pytest.fixture(scope="module")
def heapwatch(server: Sshd, folder: Path) -> Run:
    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("HEAPWATCH_")}
        tools = f"{Path(sys.executable).parent}{os.pathsep}{known.get('PATH', '')}"
        variables = {**known, "PATH": tools, "HEAPWATCH_RUNTIME_DIR": str(folder / "run"), **more}
        config = () if words[0] == "import" else ("--ssh-config", str(server.folder / "config"))
        return subprocess.run(
            [sys.executable, "-m", "heapwatch.cli.main", *words, *config],
            capture_output=True,
            text=True,
            cwd=folder,
            env=variables,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("store") / "data") as running:
        yield running


def test_what_is_collected_stands_in_the_server_as_columns(
    heapwatch: Run, store: Server, shop: Program
) -> None:
    done = heapwatch("collect", "-i", "hosts.toml", "--jvm", "fleet-shop", "--server", store.url, "--json")
    assert done.returncode == 1, done.stderr
    web1, dead = json.loads(done.stdout)
    assert (web1["host"], web1["outcome"], dead["outcome"]) == ("web1", "ok", "unreachable")
    assert web1["pause_ms"] > 0
    (jvm,) = web1["jvms"]
    answer = store.http.get("/api/v1/jvms").json()
    (known,) = [each for each in answer["jvms"] if each["jvm"] == "fleet-shop"]
    assert known["host"] == "web1"
    assert known["labels"]["service"] == "shop"
    stored = store.http.get("/api/v1/classes", params={"jvm": "fleet-shop"})
    assert stored.status_code == 200, stored.text
    assert "java.lang.String" in stored.text
    stored = store.http.get("/api/v1/snapshots", params={"jvm": "fleet-shop", "from": "-5m"})
    assert str(jvm["bytes"]) in stored.text


def test_a_folder_of_what_was_collected_can_be_imported(heapwatch: Run, store: Server, folder: Path) -> None:
    done = heapwatch(
        "collect", "-i", "hosts.ini", "--limit", "web", "--jvm", "fleet-shop", "--out", "texts", "-v"
    )
    assert done.returncode == 0, done.stderr
    assert "stood" in done.stderr
    (file,) = (folder / "texts").rglob("*.histo")
    assert file.parts[-4:-2] == ("web1", "fleet-shop")
    done = heapwatch("import", "texts", "--server", store.url)
    assert done.returncode == 0, done.stderr
    assert "1 histogram" in done.stdout


def test_graphite_lines_are_printed_and_nothing_else_with_them(heapwatch: Run) -> None:
    done = heapwatch("collect", "-i", "hosts.ini", "-l", "web1", "--jvm", "fleet-shop", "--print", "graphite")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert all(len(line.split()) == 3 for line in lines), lines[:3]
    assert any("java.lang.String" in line or "String" in line for line in lines)
    assert "web1" in done.stderr


def test_check_takes_nothing_and_says_what_it_would_cost(heapwatch: Run) -> None:
    done = heapwatch("collect", "-i", "hosts.toml", "-l", "web1", "--jvm", "fleet-shop", "--check", "--json")
    assert done.returncode == 0, done.stderr
    ((jvm,),) = (each["jvms"] for each in json.loads(done.stdout))
    assert jvm["predicted_ms"] > 0
    assert jvm["bytes"] is None


def test_hosts_tells_the_inventory_and_who_answers(heapwatch: Run) -> None:
    done = heapwatch("hosts", "-i", "hosts.toml")
    assert done.returncode == 0, done.stderr
    assert "web1" in done.stdout
    done = heapwatch("hosts", "-i", "hosts.toml", "--ping", "--json")
    assert done.returncode == 1, done.stderr
    web1, dead = json.loads(done.stdout)
    assert web1["asked"].startswith("Python 3.")
    assert "fleet-shop" in [jvm["name"] for jvm in web1["jvms"]]
    assert dead["outcome"] == "unreachable"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-i", "nothing.toml"), "no inventory nothing.toml"),
        (("-i", "hosts.toml", "-l", "db"), "called 'db'"),
        ((), "which hosts?"),
        (("-i", "hosts.toml", "--graphite", "here"), "host:port"),
    ],
)
def test_a_mistake_is_one_line(heapwatch: Run, words: tuple[str, ...], told: str) -> None:
    done = heapwatch("collect", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
