"""What the demo does with a JVM that starts, ends, is deployed or fails. A shell script plays the JVM."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Callable

import pytest

from heapwatch.cli.demo.build import Program
from heapwatch.cli.demo.hosts import FIXED, Happening, Host, Load, Patience
from heapwatch.errors import HeapwatchError, Refused

GENEROUS_S = 30.0
PATIENT = Patience()

HEALTHY = "echo READY memleak1; exec sleep 600"
LEAKING = "echo READY memleak1; echo memleak1: java.lang.OutOfMemoryError: Java heap space; exit 3"


class Played:
    """A host whose `java` is a script."""

    def __init__(self, folder: Path, script: str, patience: Patience) -> None:
        self.java = folder / "java"
        self.becomes(script)
        self.happenings: list[Happening] = []
        program = Program(str(self.java), "classes", twin=True)
        self.host = Host(Load("memleak1", 10, 64), program, folder, self.happenings.append, patience=patience)

    def becomes(self, script: str) -> None:
        self.java.write_text(f'#!/bin/sh\necho "$@"\n{script}\n')
        self.java.chmod(0o755)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + GENEROUS_S
        while not condition():
            assert time.monotonic() < deadline, (self.host.state, self.happenings)
            self.host.tick()

    def kinds(self) -> list[str]:
        return [happening.kind for happening in self.happenings]

    def close(self) -> None:
        if self.host.process:
            self.host.process.kill()


@pytest.fixture
def played(tmp_path: Path):
    made: list[Played] = []

    def play(script: str, patience: Patience = PATIENT) -> Played:
        made.append(Played(tmp_path, script, patience))
        return made[-1]

    yield play
    for each in made:
        each.close()


def test_a_jvm_is_up_when_it_says_so(played) -> None:
    jvm = played(HEALTHY)
    jvm.host.start()
    assert jvm.host.state == "starting"
    jvm.until(lambda: jvm.host.state == "up")
    assert jvm.kinds() == ["start"]


def test_a_jvm_out_of_memory_is_shown_and_started_again(played) -> None:
    jvm = played(LEAKING, Patience(restart=0.0))
    jvm.host.start()
    jvm.until(lambda: "exit" in jvm.kinds())
    jvm.becomes(HEALTHY)
    jvm.until(lambda: jvm.host.state == "up")
    assert jvm.kinds() == ["start", "oom", "exit", "start"]
    assert jvm.host.restarts == 1


def test_a_jvm_that_limps_after_its_last_words_is_ended(played) -> None:
    jvm = played(LEAKING.replace("exit 3", "trap '' TERM; exec sleep 600"), Patience(limp=0.0))
    jvm.host.start()
    jvm.until(lambda: "exit" in jvm.kinds())
    assert jvm.host.state == "down"


def test_a_deploy_replaces_the_version_and_is_no_crash(played) -> None:
    jvm = played(HEALTHY)
    jvm.host.start()
    jvm.until(lambda: jvm.host.state == "up")
    jvm.host.deploy(FIXED)
    jvm.until(lambda: jvm.kinds().count("start") == 2)
    assert jvm.kinds() == ["start", "deploy", "start"]
    assert jvm.host.restarts == 0
    command = (jvm.host.logs / "memleak1.log").read_text().splitlines()[-2]
    assert "-Dheapwatch.label.version=1.0.1" in command
    assert "-Dfixed=true" in command


def test_a_jvm_that_was_killed_waits_for_whoever_repairs_it(played) -> None:
    jvm = played(HEALTHY, Patience(restart=float("inf"), others=True))
    jvm.host.start()
    jvm.until(lambda: jvm.host.state == "up")
    jvm.host.crash()
    jvm.until(lambda: jvm.host.state == "down")
    with pytest.raises(Refused, match="memleak1 is down already"):
        jvm.host.crash()
    jvm.host.tick()
    assert jvm.host.process is None
    jvm.host.repair()
    jvm.until(lambda: jvm.host.state == "up")
    process = jvm.host.process
    jvm.host.repair()  # where it runs nothing happens
    jvm.host.tick()
    assert (jvm.host.process, jvm.host.state, jvm.host.restarts) == (process, "up", 1)
    assert jvm.kinds() == ["start", "crash", "exit", "start"]
    assert "if nobody repairs it before" in jvm.happenings[2].text


def test_a_deploy_starts_what_is_down_in_its_new_version(played) -> None:
    jvm = played(HEALTHY, Patience(restart=float("inf"), others=True))
    jvm.host.start()
    jvm.until(lambda: jvm.host.state == "up")
    jvm.host.crash()
    jvm.until(lambda: jvm.host.state == "down")
    jvm.host.deploy(FIXED)
    jvm.until(lambda: jvm.host.state == "up")
    assert "-Dfixed=true" in (jvm.host.logs / "memleak1.log").read_text().splitlines()[-2]


def test_a_jvm_that_does_not_come_up_ends_the_demo_with_its_log_named(played) -> None:
    jvm = played("echo no memory for a heap; exit 1")
    jvm.host.start()
    with pytest.raises(HeapwatchError, match=r"exit code 1\); its log: .*memleak1.log"):
        jvm.until(lambda: False)
