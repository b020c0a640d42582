"""What systemd is told."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from heapwatch.agent.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(60)
    yield listening
    listening.close()


def test_the_manager_hears_each_state_on_a_line(manager: socket.socket) -> None:
    Notifier({"NOTIFY_SOCKET": manager.getsockname()}).tell(READY="1", STATUS="3 JVMs,\n2 batches")
    assert manager.recv(1000) == b"READY=1\nSTATUS=3 JVMs, 2 batches"


def test_an_abstract_socket_works_too() -> None:
    name = f"heapwatch-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).tell(STOPPING="1")
        assert listening.recv(1000) == b"STOPPING=1"


def test_without_a_manager_nothing_happens() -> None:
    notifier = Notifier({})
    notifier.tell(READY="1")
    assert notifier.watchdog_s is None


def test_a_manager_that_is_gone_stops_nobody(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname()})
    os.unlink(manager.getsockname())
    notifier.tell(WATCHDOG="1")


def test_the_watchdog_is_fed_twice_as_often_as_it_asks() -> None:
    assert Notifier({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}).watchdog_s == 30
    assert Notifier({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}).watchdog_s is None
