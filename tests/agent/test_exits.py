"""Waiting for time, for the end of processes and for signals."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from heapwatch.agent.exits import Exits


@pytest.fixture
def exits() -> Iterator[Exits]:
    exits = Exits()
    yield exits
    exits.close()


def test_a_process_that_ends_ends_the_waiting(exits: Exits) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        exits.add(process.pid)
        assert exits.wait(0) == set()
        assert process.stdin is not None
        process.stdin.close()
        assert exits.wait(60) == {process.pid}
        exits.remove(process.pid)
        assert exits.wait(0) == set()


def test_a_process_that_is_gone_already_is_no_trouble(exits: Exits) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    exits.add(process.pid)
    assert exits.wait(0) == set()


def test_another_thread_can_end_the_waiting(exits: Exits) -> None:
    threading.Timer(0.01, exits.wake).start()
    assert exits.wait(60) == set()


def test_a_signal_ends_the_waiting(exits: Exits) -> None:
    heard = []
    before = signal.signal(signal.SIGHUP, lambda *_: heard.append(1))
    try:
        exits.listen_to_signals()
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGHUP)).start()
        exits.wait(60)
        assert heard == [1]
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGHUP, before)
