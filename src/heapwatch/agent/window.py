"""Where others look in: `/metrics` (Prometheus), `/healthz`, `/status` (JSON). Read-only, one at a time."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Callable, Tuple

from heapwatch import __version__
from heapwatch.agent.health import Report, prometheus
from heapwatch.errors import UsageError

_PATIENCE_S = 5.0


class Window:
    """Answers from a thread of its own until closed. `alive` tells whether the agent makes its rounds."""

    def __init__(self, host: str, port: int, report: Callable[[], Report], alive: Callable[[], bool]) -> None:
        self._report = report
        self._alive = alive
        try:
            self._server = _Server((host, port), self._handler())
        except OSError as error:
            raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        self._thread = threading.Thread(target=self._server.serve, name="window", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def close(self) -> None:
        self._server.end()
        self._thread.join()
        self._server.server_close()

    def _answer(self, path: str) -> Tuple[int, str, str]:
        if path == "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", prometheus(self._report())
        if path == "/status":
            return 200, "application/json", json.dumps(self._report())
        if path == "/healthz":
            return (
                (200, "text/plain", "ok\n") if self._alive() else (503, "text/plain", "it makes no rounds\n")
            )
        return 404, "text/plain", "there are /metrics, /healthz and /status\n"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        window = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"
            server_version = f"heapwatch-agent/{__version__}"
            sys_version = ""
            timeout = _PATIENCE_S

            def do_GET(self) -> None:
                if not _is_address(self.headers.get("Host", "")):  # a web page that had its name rebound
                    self.send_error(403, "ask for the address, not for a name")
                    return
                status, kind, text = window._answer(self.path.partition("?")[0])
                body = text.encode("utf-8", "backslashreplace")
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Scrapes are not worth a line."""

        return Handler


class _Server(HTTPServer):
    closed = False

    def serve(self) -> None:
        """As `serve_forever`, which wakes twice a second to see whether it shall end: 3 % of our CPU."""
        while not self.closed:
            self.handle_request()

    def end(self) -> None:
        """Let `serve` end, also when it waits for a client."""
        self.closed = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """As HTTPServer's, without asking the name service who we are."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up or is too slow is its own problem."""


def _is_address(host: str) -> bool:
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    return name in ("", "localhost") or name.startswith("[") or name.replace(".", "").isdigit()
