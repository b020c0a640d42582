"""Servers of our own for sinks to talk to: real sockets on loopback that can be down, rude or hostile."""

from __future__ import annotations

import queue
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from heapwatch.model import Batch
from heapwatch.wire.batch import decode

STORED = b'{"stored":true,"duplicate":false}'


class Request:
    def __init__(self, path: str, headers: dict[str, str], body: bytes, connection: int) -> None:
        self.path, self.headers, self.body, self.connection = path, headers, body, connection


class HttpDoor:
    """Answers POSTs with what was queued by `answer`, else with 200; keeps what it accepted in order."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.accepted: queue.Queue[Batch] = queue.Queue()
        self.arrived = threading.Semaphore(0)
        self._answers: queue.Queue[bytes | None] = queue.Queue()
        self._connections = 0
        self._context = context
        self._lock = threading.Lock()
        self.port = 0
        self._open()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        """Queue an answer; header names are written with _ for -."""
        lines = [f"HTTP/1.1 {status} As-told", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._answers.put("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def answer_raw(self, data: bytes) -> None:
        self._answers.put(data)

    def hang_up(self) -> None:
        """Read the next request and close without a word."""
        self._answers.put(None)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody listens on the port meanwhile."""
        self.close()
        yield
        self._open()

    def batches(self, count: int) -> list[Batch]:
        """The next accepted batches; waits for them."""
        return [self.accepted.get(timeout=60) for _ in range(count)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for kept in self._sockets:
            _cut(kept)

    def _open(self) -> None:
        self._sockets: list[socket.socket] = []
        self._server = _Server(("127.0.0.1", self.port), self._handler())
        if self._context:
            self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                with door._lock:
                    door._connections += 1
                    self.number = door._connections
                door._sockets.append(self.connection)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = Request(
                    self.path, {k.lower(): v for k, v in self.headers.items()}, body, self.number
                )
                door.requests.append(request)
                door.arrived.release()
                self._respond(body)

            def _respond(self, body: bytes) -> None:
                try:
                    told = door._answers.get_nowait()
                except queue.Empty:
                    door.accepted.put(decode(body))
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(STORED)}\r\n\r\n"
                    self.wfile.write(head.encode() + STORED)
                    return
                if told is not None:
                    self.wfile.write(told)
                if told is None or b"Connection: close" in told or not told.startswith(b"HTTP/1.1 "):
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def __enter__(self) -> HttpDoor:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what these tests are about."""


class CarbonDoor:
    """Listens for the line protocol and keeps every line."""

    def __init__(self) -> None:
        self.lines: queue.Queue[str] = queue.Queue()
        self.port = 0
        self._open()

    def take(self, count: int) -> list[str]:
        return [self.lines.get(timeout=60) for _ in range(count)]

    def drop_connections(self) -> None:
        for kept in self._sockets:
            _cut(kept)
        self._sockets.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.drop_connections()

    @contextmanager
    def down(self) -> Iterator[None]:
        self.close()
        yield
        self._open()

    def _open(self) -> None:
        self._sockets: list[socket.socket] = []
        door = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                door._sockets.append(self.connection)
                for line in self.rfile:
                    door.lines.put(line.decode().rstrip("\n"))

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
