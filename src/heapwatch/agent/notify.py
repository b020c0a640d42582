"""Telling systemd how we are: READY=1, WATCHDOG=1, STATUS=..., over the socket it names. (sd_notify(3))"""

from __future__ import annotations

import os
import socket
from typing import Mapping


class Notifier:
    """Silent when nobody asked to be told. A service manager that went away is no reason to stop."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        address = variables.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address[:1] in ("/", "@") else None
        if self._socket is not None:
            self._socket.setblocking(False)
        self.watchdog_s = self._watchdog(variables)

    @property
    def heard(self) -> bool:
        """Whether somebody asked to be told."""
        return self._socket is not None

    def tell(self, **states: str) -> None:
        """`tell(READY="1", STATUS="3 JVMs")`"""
        if self._socket is None:
            return
        message = "\n".join(f"{name}={' '.join(value.split())}" for name, value in states.items())
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError:
            return

    @staticmethod
    def _watchdog(variables: Mapping[str, str]) -> float | None:
        """How often the watchdog wants to hear of us: half of its patience."""
        if variables.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
            return None
        text = variables.get("WATCHDOG_USEC", "")
        return int(text) / 1e6 / 2 if text.isdigit() and int(text) else None
