"""What the agent says on standard error: one line a message, and not the same one again and again.

Under systemd (JOURNAL_STREAM is set) a line begins with its priority, `<4>`; elsewhere with the time.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Dict, TextIO, Tuple

_AGAIN_S = 600.0
_REMEMBERED = 500
_PRIORITIES = {"error": 3, "warning": 4, "notice": 5, "info": 6}


class Journal:
    """Messages for the operator. A subject whose message has not changed is told again only after a while."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._to_systemd = stream is None and "JOURNAL_STREAM" in os.environ
        self._quiet = quiet
        self._told: Dict[str, Tuple[str, float]] = {}

    def info(self, message: str, subject: str = "") -> None:
        if not self._quiet:
            self._tell("info", message, subject)

    def warning(self, message: str, subject: str = "") -> None:
        self._tell("warning", message, subject)

    def error(self, message: str, subject: str = "") -> None:
        self._tell("error", message, subject)

    def solved(self, subject: str, message: str) -> None:
        """Tell that a trouble that was told is over."""
        if self._told.pop(subject, None) is not None:
            self._tell("info", message, "")

    def _tell(self, level: str, message: str, subject: str) -> None:
        now = time.monotonic()
        if subject:
            before = self._told.get(subject)
            if before is not None and before[0] == message and now - before[1] < _AGAIN_S:
                return
            if len(self._told) >= _REMEMBERED:
                self._told.clear()
            self._told[subject] = (message, now)
        start = f"<{_PRIORITIES[level]}>" if self._to_systemd else time.strftime("%Y-%m-%dT%H:%M:%S ")
        word = "" if self._to_systemd or level == "info" else f"{level}: "
        try:
            self._stream.write(f"{start}{word}{' '.join(message.split())}\n")
            self._stream.flush()
        except (OSError, ValueError):
            return  # nobody listens; that must not stop the agent
