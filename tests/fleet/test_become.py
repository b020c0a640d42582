"""Becoming the JVM's user over SSH, by the real sudo and doas: what it gives, and what it refuses."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Iterator

import pytest
from sshd import Sshd

from heapwatch.fleet.hosts import Host, Inventory
from heapwatch.fleet.reach import Fleet
from jvms import provision
from jvms.fixtures import Program, home_of, missing, starter

pytestmark = [
    pytest.mark.jvm,
    pytest.mark.skipif(
        os.geteuid() != 0, reason="a JVM of another user, and rules for becoming it, take root"
    ),
]

NOBODY = 65534
NAME = f"become-shop-{os.getpid()}"
RULES = Path("/etc/doas.conf")


@pytest.fixture(scope="module")
def theirs(request: pytest.FixtureRequest) -> Iterator[Program]:
    """A JVM of the user nobody."""
    started: list[Program] = []
    java = starter(request.getfixturevalue("classes"), started)
    flags = ["-XX:+UseSerialGC", f"-Dheapwatch.name={NAME}"]
    home = home_of(provision.VERSIONS[-1])
    yield java(home, "Lab", *flags, cwd="/", user=NOBODY, group=NOBODY, extra_groups=[])
    for program in started:
        program.stop()


@pytest.fixture(params=["sudo", "doas", "runuser"])
def method(request: pytest.FixtureRequest) -> Iterator[str]:
    """A way to become somebody. sudo lets root do so as it comes; doas takes a rule."""
    name = str(request.param)
    if shutil.which(name) is None:
        missing(name)
    if name != "doas" or RULES.exists():
        yield name
        return
    RULES.write_text("permit nopass root as nobody\n")
    RULES.chmod(0o400)
    yield name
    RULES.unlink()


def fleet_of(server: Sshd, method: str, user: str) -> Fleet:
    host = Host("web1", "127.0.0.1", server.port, become=True, become_user=user, become_method=method)
    return Fleet(Inventory({"web1": host}), ssh_config=server.folder / "config")


def test_a_jvm_of_another_user_is_asked_as_that_user(
    method: str, server: Sshd, theirs: Program, tmp_path: Path
) -> None:
    with fleet_of(server, method, "nobody") as fleet:
        (result,) = fleet.collect(jvms=[NAME])
        assert (result.outcome, result.user) == ("ok", "nobody"), result.why
        (jvm,) = result.jvms
        assert (jvm.pid, jvm.user) == (theirs.pid, "nobody")
        assert jvm.classes is not None
        assert jvm.classes > 100
        assert fleet.operate("web1", NAME, "thread_dump")["pid"] == theirs.pid
        path = tmp_path / "heap.hprof"
        answer = fleet.heap_dump("web1", NAME, str(path), {"approved_by": "the test"})
    assert path.stat().st_size == answer["bytes"]  # not a byte of it was changed by a terminal in between
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_uid == os.geteuid()


def test_whom_nobody_may_become_is_said(method: str, server: Sshd, theirs: Program) -> None:
    with fleet_of(server, method, "nobody-here") as fleet:
        (result,) = fleet.collect(jvms=[NAME])
    assert result.outcome == "become refused"
    assert result.why.startswith(f"{method} to nobody-here: {method}: ")
    assert theirs.is_alive()
