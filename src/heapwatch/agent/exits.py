"""Waiting that ends when time is up, when a watched process ends, or when a signal arrives."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from typing import Dict, Set


class Exits:
    """One poll over the pidfds of watched processes and a pipe that signals and other threads write to."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._pids: Dict[int, int] = {}  # descriptor -> pid
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll.register(self._woken, select.POLLIN)

    def listen_to_signals(self) -> None:
        """Let every signal that has a handler end the waiting. For the main thread only."""
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def add(self, pid: int) -> None:
        """Watch a process; where the kernel cannot (before 5.3) its end is seen by the next look around."""
        try:
            descriptor = os.pidfd_open(pid)
        except (OSError, AttributeError):
            return
        self._pids[descriptor] = pid
        self._poll.register(descriptor, select.POLLIN)

    def remove(self, pid: int) -> None:
        for descriptor in [one for one, owner in self._pids.items() if owner == pid]:
            self._poll.unregister(descriptor)
            os.close(descriptor)
            del self._pids[descriptor]

    def wake(self) -> None:
        """End the waiting, from any thread."""
        with suppress(BlockingIOError):  # full: whoever reads it wakes up anyway
            os.write(self._wake, b"\0")

    def wait(self, seconds: float) -> Set[int]:
        """The processes that ended, after at most so long."""
        ended = set()
        for descriptor, _ in self._poll.poll(max(0.0, seconds) * 1000):
            if descriptor == self._woken:
                os.read(self._woken, 4096)
            elif descriptor in self._pids:
                ended.add(self._pids[descriptor])
        return ended

    def close(self) -> None:
        for pid in list(self._pids.values()):
            self.remove(pid)
        os.close(self._woken)
        os.close(self._wake)
