"""Whoever is told by webhook: it keeps what comes, and refuses what comes to `/refused`."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any


class Hook:
    """Takes webhooks."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.news = threading.Condition()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                refused = self.path.endswith("/refused")
                self.send_response(500 if refused else 200)
                self.end_headers()
                if refused:
                    return
                with hook.news:
                    hook.bodies.append(body)
                    hook.news.notify_all()

            def log_message(self, *_: Any) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/secret-path"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def first(self, count: int = 1) -> list[dict[str, Any]]:
        with self.news:
            assert self.news.wait_for(lambda: len(self.bodies) >= count, 30), self.bodies
            return list(self.bodies)
