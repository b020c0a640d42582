"""Child processes that end with us: in order when we end in order, by the kernel when we are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Mapping, Sequence

from heapwatch.errors import HeapwatchError

TETHER = Path(__file__).with_name("tether.py")


class Process:
    """One program, its output in a file, in a session of its own: the terminal's Ctrl-C is ours alone."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None = None,
        orphaned: signal.Signals = signal.SIGTERM,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._read = log.stat().st_size if log.exists() else 0
        self._partial = ""
        tethered = [sys.executable, "-I", "-S", str(TETHER), str(int(orphaned)), str(os.getpid()), *command]
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                tethered,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._popen.poll()

    def new_lines(self) -> list[str]:
        """What it printed since the last call, whole lines only."""
        with self.log.open("rb") as log:
            log.seek(self._read)
            text = log.read()
        self._read += len(text)
        *lines, self._partial = (self._partial + text.decode(errors="replace")).split("\n")
        return lines

    def last_words(self, count: int = 12) -> str:
        """The end of its output, for an error message's neighbourhood."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def ask_to_end(self) -> None:
        if self.exit_code() is None:
            self._popen.terminate()

    def kill(self) -> None:
        """At once, with whatever it started itself."""
        if self.exit_code() is None:
            with contextlib.suppress(ProcessLookupError):  # ended this moment
                os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait()

    def stop(self, grace_s: float) -> None:
        """SIGTERM, and SIGKILL when that is not enough."""
        self.ask_to_end()
        try:
            self._popen.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self, timeout_s: float) -> int:
        """Its exit code; it is killed when it takes too long."""
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise HeapwatchError(f"{self.name} did not end within {timeout_s:.0f} s") from None


def stop_all(processes: Sequence[Process], grace_s: float = 8.0) -> None:
    """End several at the same time, so that one slow one costs no more than itself."""
    for process in processes:
        process.ask_to_end()
    deadline = time.monotonic() + grace_s
    for process in processes:
        process.stop(max(0.0, deadline - time.monotonic()))
