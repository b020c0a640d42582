"""The demo's children end with it, however it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from heapwatch.cli.demo.processes import Process, stop_all
from heapwatch.errors import HeapwatchError

# A demo in small: starts a child that says its pid, and hands it on.
STARTER = """
import sys, pathlib
from heapwatch.cli.demo.processes import Process
child = Process("child", ["sleep", "600"], pathlib.Path(sys.argv[1]))
print(child.pid, flush=True)
sys.stdin.read()
"""


def ended(descriptor: int) -> bool:
    """True once the process of a pidfd is gone; a generous deadline, an event, no polling."""
    return bool(select.select([descriptor], [], [], 30)[0])


def test_a_demo_that_is_killed_leaves_no_child_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path / "log")]
    starter = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert starter.stdout
    child = os.pidfd_open(int(starter.stdout.readline()))
    try:
        starter.kill()
        starter.communicate()
        assert ended(child)
    finally:
        os.close(child)


def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    stubborn = Process("stubborn", ["sh", "-c", "trap '' TERM; echo deaf; sleep 600"], tmp_path / "log")
    while "deaf" not in stubborn.last_words():
        assert stubborn.exit_code() is None
    stop_all([stubborn], grace_s=0.2)
    assert stubborn.exit_code() == -signal.SIGKILL


def test_lines_are_read_whole_and_once(tmp_path: Path) -> None:
    process = Process("printer", ["printf", "one\\ntwo\\nthr"], tmp_path / "log")
    assert process.wait(30) == 0
    assert process.new_lines() == ["one", "two"]
    with (tmp_path / "log").open("a") as log:
        log.write("ee\n")
    assert process.new_lines() == ["three"]
    assert process.new_lines() == []


def test_a_restarted_program_does_not_read_what_its_forerunner_printed(tmp_path: Path) -> None:
    Process("first", ["echo", "READY first"], tmp_path / "log").wait(30)
    second = Process("second", ["echo", "READY second"], tmp_path / "log")
    second.wait(30)
    assert second.new_lines() == ["READY second"]


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = Process("missing", ["no-such-program"], tmp_path / "log")
    assert missing.wait(30) == 1
    assert "no-such-program: No such file or directory" in missing.last_words()


def test_what_takes_too_long_is_ended_and_said(tmp_path: Path) -> None:
    slow = Process("mvn", ["sleep", "600"], tmp_path / "log")
    with pytest.raises(HeapwatchError, match="mvn did not end within 0 s"):
        slow.wait(0.05)
    assert slow.exit_code() == -signal.SIGKILL
