"""Talking to a running demo from another terminal."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from heapwatch.cli.demo.control import ControlSocket, ask
from heapwatch.errors import Refused, Unavailable


class Listening:
    """A control socket with a loop, as a demo has one."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[str] = []
        self._socket = ControlSocket(folder)
        self._asked = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop)
        self._thread.start()

    def _loop(self) -> None:
        while not self._over.wait(0.01):
            self._socket.poll(self._answer)

    def _answer(self, word: str) -> dict[str, Any]:
        self.heard.append(word)
        return {"pid": 4711, "url": "http://127.0.0.1:7077"}

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()


def test_a_word_reaches_the_demo_and_its_answer_comes_back(tmp_path: Path) -> None:
    with closing(Listening(tmp_path)) as demo:
        assert ask(tmp_path, "fix")["pid"] == 4711
        assert demo.heard == ["fix"]


def test_without_a_demo_the_error_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="start one with `heapwatch demo`"):
        ask(tmp_path, "fix")


def test_a_second_demo_is_told_of_the_first(tmp_path: Path) -> None:
    with (
        closing(Listening(tmp_path)),
        pytest.raises(Refused, match=r"running already \(pid 4711, http://127.0.0.1:7077\)"),
    ):
        ControlSocket(tmp_path)


def test_the_socket_of_a_killed_demo_is_no_obstacle(tmp_path: Path) -> None:
    left_behind = socket.socket(socket.AF_UNIX)
    left_behind.bind(str(tmp_path / "control"))
    left_behind.close()
    with closing(Listening(tmp_path)):
        assert ask(tmp_path, "status")["pid"] == 4711


def test_only_the_user_can_reach_the_socket(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with closing(Listening(folder)):
        assert folder.stat().st_mode & 0o077 == 0
        assert (folder / "control").stat().st_mode & 0o077 == 0


def test_a_folder_whose_name_is_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="--state"):
        ControlSocket(tmp_path / ("x" * 120))
