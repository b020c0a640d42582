"""What the documentation tells people to type, typed.

A page says `<!-- tested -->` (or `<!-- tested with server, jvm -->`, for what it assumes to be running) at
its top. Then its sh blocks are run in order, in one folder, but for those after `<!-- not tested: WHY -->`.
`PID` and `shop` stand for the JVM of the page, and the usual addresses for those of its server.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from watching import HEAPWATCH

from heapwatch.cli.demo.build import build
from heapwatch.cli.demo.hosts import FAULTY, Happening, Host, Load
from heapwatch.cli.demo.processes import Process
from heapwatch.cli.demo.show import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
HEAD = re.compile(r"<!-- tested(?: with (?P<with>[a-z, ]+))? -->")
BLOCK = re.compile(r"(?P<skip><!-- not tested: [^>]+ -->\n)?```sh\n(?P<code>.*?)```", re.DOTALL)
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if HEAD.match(page.read_text())]


SHOP = f"shop-{os.getpid()}"
"""Other JVMs of the machine may be called shop."""


@dataclass(frozen=True)
class Server:
    http: str
    graphite: int


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    http, graphite = free_port(0), free_port(0)
    command = [*HEAPWATCH, "serve", "--data", str(folder / "data")]
    command += ["--listen", f"127.0.0.1:{http}", "--graphite-listen", f"127.0.0.1:{graphite}"]
    process = Process("server", command, folder / "log")
    try:
        while not any("serving" in line for line in process.new_lines()):
            assert process.exit_code() is None, process.last_words()
        yield Server(f"127.0.0.1:{http}", graphite)
    finally:
        process.stop(10)


@pytest.fixture(scope="module")
def jvm(tmp_path_factory: pytest.TempPathFactory, needs) -> Iterator[int]:
    """The pid of the JVM that is the shop."""
    needs("javac")
    folder = tmp_path_factory.mktemp("shop")
    told: list[Happening] = []
    shop = Host(Load(SHOP, 50, 128), build(folder, print, twin=True), folder, told.append, FAULTY)
    shop.start()
    assert shop.process
    try:
        while shop.state != "up":
            shop.tick()
        yield shop.process.pid
    finally:
        shop.process.stop(5)


def commands(document: Path) -> list[str]:
    return [block["code"] for block in BLOCK.finditer(document.read_text()) if not block["skip"]]


@pytest.mark.parametrize("document", PAGES, ids=lambda page: str(page.relative_to(ROOT / "docs")))
def test_what_a_page_says_can_be_typed(document: Path, tmp_path: Path, request, needs) -> None:
    head = HEAD.match(document.read_text())
    assumed = re.findall(r"[a-z]+", head["with"] or "") if head else []
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "HEAPWATCH_DATA": str(tmp_path / "data"),
        "NO_COLOR": "1",
    }
    replaced: dict[str, str] = {}
    if "server" in assumed:
        running: Server = request.getfixturevalue("server")
        replaced["127.0.0.1:7077"] = running.http
        replaced["127.0.0.1 2003"] = f"127.0.0.1 {running.graphite}"
        environment["HEAPWATCH_SERVER"] = f"http://{running.http}"
    if "jvm" in assumed:
        replaced["PID"] = str(request.getfixturevalue("jvm"))
        replaced["shop"] = SHOP
    for code in commands(document):
        for tool in ("nc", "curl", "jmap"):
            if re.search(rf"(^|\s){tool}\s", code):
                needs(tool)
        for word, instead in replaced.items():
            code = code.replace(word, instead)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="argparse words its help differently from 3.13 on")
def test_the_reference_is_what_the_program_says_of_itself() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr


def test_some_pages_are_tested() -> None:
    assert len(PAGES) >= 3
    assert all(commands(page) for page in PAGES)
