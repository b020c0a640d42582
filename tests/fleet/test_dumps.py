"""Heap dumps of a JVM of another host, over a real OpenSSH server: fetched, searched, gone on both sides."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Iterator

import pytest
from sshd import Sshd

from heapwatch import human
from heapwatch.cli.main import run
from heapwatch.errors import Refused
from heapwatch.fleet import dumps
from heapwatch.fleet.hosts import Host, Inventory
from heapwatch.fleet.reach import Fleet
from heapwatch.fleet.results import HostFailed
from jvms import provision
from jvms.fixtures import Program, Start, home_of, starter

pytestmark = pytest.mark.jvm

OBJECTS = 400_000
SUSPECT = "Lab$Node"
NAME = f"dump-shop-{os.getpid()}"
ALLOWED = {"approved_by": "the test"}
OWNER = 65534 if os.geteuid() == 0 else os.geteuid()
"""Whose the JVM is: nobody's where it can be, whose things in /tmp are few."""


@pytest.fixture(scope="module")
def holding(request: pytest.FixtureRequest) -> Iterator[Program]:
    """A JVM whose heap dump takes a moment to fetch."""
    started: list[Program] = []
    start = starter(request.getfixturevalue("classes"), started)
    flags = ["-XX:+UseSerialGC", "-Xmx128m", f"-Dheapwatch.name={NAME}"]
    owner = {"user": OWNER, "group": OWNER, "extra_groups": []} if os.geteuid() == 0 else {}
    program = start(home_of(provision.VERSIONS[-1]), "Lab", *flags, cwd="/", **owner)
    program.tell(f"hold {OBJECTS}")
    yield program
    for each in started:
        each.stop()


@pytest.fixture
def fleet(server: Sshd) -> Iterator[Fleet]:
    hosts = [Host("web1", "127.0.0.1", server.port), Host("bare", "127.0.0.1", server.port, python="none")]
    inventory = Inventory({host.name: host for host in hosts})
    with Fleet(inventory, ssh_config=server.folder / "config") as fleet:
        yield fleet


@pytest.fixture
def words(server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A diagnosis of the JVM on `web1`; what it puts away while it lasts is in `private`."""
    inventory = tmp_path / "hosts.toml"
    inventory.write_text(f'[[hosts]]\nname = "web1"\naddress = "127.0.0.1"\nport = {server.port}\n')
    (tmp_path / "private").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "private"))
    monkeypatch.setattr("tempfile.tempdir", None)
    reach = ["-i", str(inventory), "--ssh-config", str(server.folder / "config")]
    rest = ["--seconds", "1ms", "--suspect", SUSPECT, "--allow", "heap-dump"]
    return ["diagnose", f"web1:{NAME}", *reach, *rest]


@pytest.fixture(autouse=True)
def nothing_stays_on_the_host(holding: Program) -> Iterator[None]:
    """Whatever a test did to a dump: soon the JVM's directories for it are gone, and it has none open."""
    before = boxes()
    yield
    end = time.monotonic() + 30
    while boxes() - before:
        assert time.monotonic() < end, boxes() - before
        time.sleep(0.05)
    assert holding.is_alive()


def boxes() -> set[str]:
    found = set()
    for path in Path("/tmp").glob("heapwatch-*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_uid == OWNER and len(path.name) == 26:
                found.add(path.name)
    return found


def test_the_way_to_the_suspect_is_found_in_a_dump_that_was_fetched(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--yes-heap-dump"]) == 0
    printed = capsys.readouterr().out
    way = [
        "static Lab.KEPT",
        "ArrayList.elementData",
        "Object[]",
        "Lab$Node[]",
        "Lab$Node  (1 held, the suspect)",
    ]
    assert [line.partition("└─ ")[2] for line in printed.splitlines() if "└─ " in line] == [
        way[0],
        f"java.util.{way[1]}",
        f"java.lang.{way[2]}",
        *way[3:],
    ]
    assert f"{human.count(OBJECTS)} objects of {SUSPECT} are held by" in printed
    assert "confirmed by heap-dump: its objects stay" in printed
    assert ") is deleted" in printed
    assert list((tmp_path / "private").iterdir()) == []


def test_one_that_is_kept_is_for_nobody_else(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "shop.hprof"
    assert run([*words, "--yes-heap-dump", "--keep", str(kept), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    step = found["steps"][-1]
    assert (step["operation"], step["answer"]["approved_by"]) == ("heap_dump", "the command line")
    assert step["answer"]["path"] == str(kept)
    assert step["answer"]["bytes"] == kept.stat().st_size > 20 * OBJECTS
    assert step["predicted_pause_ms"] > 0
    assert step["pause_ms"] > 0
    assert "passwords" in step["answer"]["warning"]
    assert found["holders"]["heap_dump"]["suspects"] == OBJECTS
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_somebody_is_asked_first_and_no_is_an_answer(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO("n\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run(words) == 0
    printed = capsys.readouterr()
    assert re.search(
        rf"A heap dump may stop {NAME} for [\d.]+ m?s; .*passwords.* Go on\? \[y/N\]", printed.err
    )
    assert "not taken" in printed.out


def broken(server: Sshd, how: str) -> Callable[[float], None]:
    def at(share: float) -> None:
        if share < 0.2:
            return
        if how == "here":
            raise OSError(28, "No space left on device")
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        for pid in map(int, children):
            os.kill(pid, signal.SIGKILL)  # the connection's own sshd

    return at


@pytest.mark.parametrize("how", ["here", "there"])
def test_a_fetch_that_breaks_off_leaves_nothing_on_either_side(
    how: str, server: Sshd, fleet: Fleet, holding: Program, tmp_path: Path
) -> None:
    path = tmp_path / "heap.hprof"
    with pytest.raises((HostFailed, OSError)) as caught:
        fleet.heap_dump("web1", NAME, str(path), ALLOWED, progress=broken(server, how))
    assert not path.exists()
    if how == "there":
        assert "web1: hung up: " in str(caught.value)
        assert "% of the heap dump; nothing of it is kept there or here" in str(caught.value)
    answer = fleet.heap_dump("web1", NAME, str(path), ALLOWED)
    assert path.stat().st_size == answer["bytes"]


def test_whoever_is_ended_while_it_is_fetched_removes_it(words: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "heapwatch.cli.main", *words, "--yes-heap-dump"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not any(path.stat().st_size for path in (tmp_path / "private").glob("*/heap.hprof")):
            assert process.poll() is None
            time.sleep(0.002)
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM
    assert list((tmp_path / "private").iterdir()) == []


def test_without_room_here_nothing_is_done_there(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dumps, "free_at", lambda _: 2 << 20)
    told = r"web1: 2 MiB are free where the heap dump .* is to go, it may take \d+ MiB .*; nothing was done"
    with pytest.raises(Refused, match=told):
        fleet.heap_dump("web1", NAME, str(tmp_path / "a"), ALLOWED)
    assert not (tmp_path / "a").exists()


def test_without_room_there_nothing_is_done(fleet: Fleet, java: Start, tmp_path: Path) -> None:
    here = shlex.quote(str(provision.ROOT))  # which may be in /tmp itself
    aside = f"mount --bind {here} /mnt && mount -t tmpfs -o size=1m tmpfs /tmp"
    back = f"mkdir -p {here} && mount --bind /mnt {here}"
    small = ["unshare", "--mount", "sh", "-c", f'{aside} && {back} && exec "$@"', "sh"]
    probe = subprocess.run([*small, "true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"not permitted here: {probe.stderr.strip()[:200]}")
    program = java(home_of(provision.VERSIONS[-1]), "Lab", "-Dheapwatch.name=small", before=small, cwd="/")
    program.tell("hold 200000")
    told = r"the /tmp of JVM \d+ has [01] MiB free, a heap dump may take \d+ MiB .*; nothing was done"
    with pytest.raises(Refused, match=told):
        fleet.heap_dump("web1", "small", str(tmp_path / "a"), ALLOWED)
    assert not (tmp_path / "a").exists()


def test_what_cannot_be_fetched_is_said(fleet: Fleet, tmp_path: Path) -> None:
    path = str(tmp_path / "a")
    for host, jvm, options, told in (
        ("web1", NAME, {}, "somebody has to allow it"),
        ("web1", NAME, {**ALLOWED, "max_pause_ms": 0.5}, "0 ms are allowed"),
        ("web1", "nothing", ALLOWED, "no JVM here is called 'nothing'"),
        ("bare", NAME, ALLOWED, "a heap dump takes Python 3.9 or newer there"),
    ):
        with pytest.raises((Refused, HostFailed), match=told):
            fleet.heap_dump(host, jvm, path, options)
        assert not Path(path).exists()
    Path(path).write_text("mine")
    with pytest.raises(Exception, match="is there already"):
        fleet.heap_dump("web1", NAME, path, ALLOWED)
    assert Path(path).read_text() == "mine"
