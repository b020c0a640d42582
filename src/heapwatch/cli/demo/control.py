"""How another terminal talks to a running demo: a socket in a folder that only the user can enter.

A line `fix`, `status` or `stop` goes in, one line of JSON comes out.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any, Callable

from heapwatch.errors import Refused, Unavailable

ANSWER_S = 10.0


def default_folder() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime) / "heapwatch-demo"
    return Path(tempfile.gettempdir()) / f"heapwatch-demo-{os.getuid()}"


class ControlSocket:
    """The demo's end. `poll` answers whoever has come; it never waits."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "control"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise Refused(f"{folder} belongs to somebody else; name another folder with --state")
        running = _somebody_answers(folder)
        if running:
            raise Refused(
                f"a demo is running already (pid {running['pid']}, {running['url']}); "
                "end it with `heapwatch demo stop`, or give this one --state FOLDER"
            )
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(str(self._path))
        except OSError as error:
            raise Refused(
                f"{self._path} cannot be a socket: {error}; name another folder with --state"
            ) from error
        self._path.chmod(0o600)
        self._socket.listen(4)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def poll(self, answer: Callable[[str], dict[str, Any]]) -> None:
        try:
            peer, _ = self._socket.accept()
        except BlockingIOError:
            return
        with peer:
            peer.settimeout(1.0)
            try:
                word = peer.recv(64).decode(errors="replace").strip()
                peer.sendall(json.dumps(answer(word)).encode() + b"\n")
            except OSError:  # the asker went away; its affair
                return

    def close(self) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)


def ask(folder: Path, word: str) -> dict[str, Any]:
    """Say a word to the demo whose control is in `folder`."""
    try:
        return _exchange(folder, word)
    except (OSError, ValueError) as error:
        raise Unavailable("no demo is running here: start one with `heapwatch demo`") from error


def _somebody_answers(folder: Path) -> dict[str, Any] | None:
    try:
        return _exchange(folder, "status")
    except (FileNotFoundError, ConnectionRefusedError):  # none, or one that was killed and left its socket
        return None
    except (OSError, ValueError):
        return {"pid": "unknown", "url": "it does not answer"}


def _exchange(folder: Path, word: str) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(ANSWER_S)
        peer.connect(str(folder / "control"))
        peer.sendall(word.encode() + b"\n")
        with peer.makefile("rb") as answer:
            line = answer.readline()
    result = json.loads(line)
    if not isinstance(result, dict):
        raise ValueError("not a demo")
    return result
