"""`heapwatch collect` and `hosts`: an inventory, a real sshd, a real server, a folder and lines."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Iterator

import pytest
from servers import Server
from shop import SHOP
from sshd import Sshd

from jvms.fixtures import Program

pytestmark = pytest.mark.jvm

Start = Callable[..., "subprocess.Popen[str]"]
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
def start(server: Sshd, folder: Path) -> Start:
    def start(*words: str) -> subprocess.Popen[str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("HEAPWATCH_")}
        tools = f"{Path(sys.executable).parent}{os.pathsep}{known.get('PATH', '')}"
        config = () if words[0] == "import" else ("--ssh-config", str(server.folder / "config"))
        return subprocess.Popen(
            [sys.executable, "-m", "heapwatch.cli.main", *words, *config],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**known, "PATH": tools, "HEAPWATCH_RUNTIME_DIR": str(folder / "run")},
        )

    return start


@pytest.fixture(scope="module")
def heapwatch(start: Start) -> Run:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        with start(*words) as running:
            out, errors = running.communicate(timeout=120)
            return subprocess.CompletedProcess(words, running.returncode, out, errors)

    return run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("store") / "data") as running:
        yield running


def test_what_is_collected_stands_in_the_server_as_columns(
    heapwatch: Run, store: Server, shop: Program
) -> None:
    done = heapwatch("collect", "-i", "hosts.toml", "--jvm", SHOP, "--server", store.url, "--json")
    assert done.returncode == 1, done.stderr
    web1, dead = json.loads(done.stdout)
    assert (web1["host"], web1["outcome"], dead["outcome"]) == ("web1", "ok", "unreachable")
    assert web1["pause_ms"] > 0
    (jvm,) = web1["jvms"]
    answer = store.http.get("/api/v1/jvms").json()
    (known,) = [each for each in answer["jvms"] if each["jvm"] == SHOP]
    assert known["host"] == "web1"
    assert known["labels"]["service"] == "shop"
    stored = store.http.get("/api/v1/classes", params={"jvm": SHOP})
    assert stored.status_code == 200, stored.text
    assert "java.lang.String" in stored.text
    stored = store.http.get("/api/v1/snapshots", params={"jvm": SHOP, "from": "-5m"})
    assert str(jvm["bytes"]) in stored.text


def test_a_folder_of_what_was_collected_can_be_imported(heapwatch: Run, store: Server, folder: Path) -> None:
    done = heapwatch("collect", "-i", "hosts.ini", "--limit", "web", "--jvm", SHOP, "--out", "texts", "-v")
    assert done.returncode == 0, done.stderr
    assert "stood" in done.stderr
    (file,) = (folder / "texts").rglob("*.histo")
    assert file.parts[-4:-2] == ("web1", SHOP)
    done = heapwatch("import", "texts", "--server", store.url)
    assert done.returncode == 0, done.stderr
    assert "1 histogram" in done.stdout


def test_graphite_lines_are_printed_and_nothing_else_with_them(heapwatch: Run) -> None:
    done = heapwatch("collect", "-i", "hosts.ini", "-l", "web1", "--jvm", SHOP, "--print", "graphite")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert all(len(line.split()) == 3 for line in lines), lines[:3]
    assert any("java.lang.String" in line or "String" in line for line in lines)
    assert "web1" in done.stderr


def test_rounds_go_to_graphite_until_they_are_interrupted(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as graphite, ThreadPoolExecutor(1) as reader:
        graphite.settimeout(60)
        heard = reader.submit(read_all, graphite)
        words = ("collect", "-i", "hosts.toml", "--jvm", SHOP, "-o", "csv", "--every", "200ms")
        port = graphite.getsockname()[1]
        with start(*words, "--budget", "100", "--graphite", f"127.0.0.1:{port}") as running:
            assert running.stdout is not None
            rounds = 0
            while rounds < 2:
                line = running.stdout.readline()
                assert line, running.communicate()
                rounds += line.startswith("dead,unreachable,")
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=60)
        lines = heard.result().splitlines()
    assert running.returncode == 1, errors
    summary = errors.splitlines()[-1]
    assert re.fullmatch(r"heapwatch: \d+ rounds, \d+ histograms; failed: dead \d+ times", summary), errors
    assert all(len(line.split()) == 3 for line in lines), lines[:3]
    strings = [line for line in lines if line.startswith("web1.count.java.lang.String ")]
    assert len(strings) >= 2, lines[:3]


def read_all(listener: socket.socket) -> str:
    connection, _ = listener.accept()
    with connection, connection.makefile() as lines:
        return lines.read()


def test_check_takes_nothing_and_says_what_it_would_cost(heapwatch: Run) -> None:
    done = heapwatch("collect", "-i", "hosts.toml", "-l", "web1", "--jvm", SHOP, "--check", "--json")
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
    assert SHOP in [jvm["name"] for jvm in web1["jvms"]]
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
