"""What the tests of the fleet share: a real OpenSSH server, real JVMs, a runtime directory of their own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterator

import pytest
from shop import SHOP
from sshd import Sshd, sshd

from jvms import provision
from jvms.fixtures import Program, classes, home_of, java, missing, starter  # noqa: F401


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """OpenSSH on loopback; `~/.ssh/config` for it is `config` in its folder."""
    if shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin") is None:
        missing("sshd (openssh-server)")
    folder = tmp_path_factory.mktemp("sshd")
    with sshd(folder) as running:
        (folder / "known_hosts").write_text(running.known_hosts("127.0.0.1"))
        (folder / "config").write_text(
            f"Host *\n IdentityFile {running.key}\n IdentityAgent none\n"
            f" UserKnownHostsFile {folder / 'known_hosts'}\n"
        )
        yield running


@pytest.fixture(scope="session")
def shop(request: pytest.FixtureRequest) -> Iterator[Program]:
    """A JVM of this machine that is called SHOP."""
    started: list[Program] = []
    start = starter(request.getfixturevalue("classes"), started)
    yield start(home_of(provision.VERSIONS[-1]), "Lab", "-XX:+UseSerialGC", f"-Dheapwatch.name={SHOP}")
    for program in started:
        program.stop()


@pytest.fixture(autouse=True)
def private_runtime_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEAPWATCH_RUNTIME_DIR", str(tmp_path))
