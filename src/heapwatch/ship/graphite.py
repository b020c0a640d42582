"""Class samples and metrics to a Graphite (or anything else that listens to its line protocol)."""

from __future__ import annotations

import socket

from heapwatch.errors import Unavailable
from heapwatch.model import Batch
from heapwatch.wire import graphite
from heapwatch.wire.paths import Template


class GraphiteSink:
    """Best effort: the line protocol has no answer, so a hang-up can cost what is in flight.

    A connection that the other side closed since the last batch is noticed before anything is written. A
    batch that failed on the way is sent again whole; Graphite keeps one value a second, so that changes
    nothing there.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        template: Template | None = None,
        timeout: float = 10.0,
        name: str = "graphite",
    ) -> None:
        self.name = name
        self._address = (host, port)
        self._template = template or Template()
        self._timeout = timeout
        self._open: socket.socket | None = None

    def send(self, batch: Batch) -> None:
        try:
            connection = self._connection()
            for block in graphite.encode(batch, self._template):
                connection.sendall(block)
        except OSError as error:
            self.close()
            host, port = self._address
            raise Unavailable(f"graphite at {host}:{port}: {error.strerror or error}") from error

    def close(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()

    def _connection(self) -> socket.socket:
        if self._open is not None and _hung_up(self._open, self._timeout):
            self.close()
        if self._open is None:
            self._open = socket.create_connection(self._address, timeout=self._timeout)
        return self._open


def _hung_up(connection: socket.socket, timeout: float) -> bool:
    """True when the other side has closed. What it says is thrown away: nobody asked it anything."""
    connection.setblocking(False)
    try:
        return any(not connection.recv(4096) for _ in range(64))
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(timeout)
