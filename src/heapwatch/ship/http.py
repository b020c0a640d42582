"""Batches to a heapwatch server: `POST /api/v1/batch`, which answers 200 for what is stored.

(agent, sequence) names a batch, so sending it again is safe: it was stored before, and is answered the same.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Callable
from urllib.parse import urlsplit

from heapwatch.errors import UsageError
from heapwatch.model import Batch
from heapwatch.ship.post import Post
from heapwatch.wire.batch import CONTENT_TYPE, encode

PATH = "/api/v1/batch"


class HttpSink:
    """Delivered means stored: the server answers 200 only when the batch is on its disk.

    `url` is the server's; what else there is to say about the connection is told in `post.Post`.
    """

    def __init__(self, url: str, *, name: str = "heapwatch", **connection: Any) -> None:
        if urlsplit(url).query:
            raise UsageError(f"server {url!r}: needs the form http://host:port or https://host:port")
        self.name = name
        self.heard: Callable[[object], None] | None = None  # is told answers that ask for something
        self._post = Post(url, PATH, **connection)

    def send(self, batch: Batch) -> None:
        self.send_encoded(encode(batch))

    def send_encoded(self, data: bytes) -> None:
        text = self._post.send(data, {"Content-Type": CONTENT_TYPE})
        if self.heard is not None and b'"probe"' in text:
            with suppress(ValueError, RecursionError):
                self.heard(json.loads(text))

    def close(self) -> None:
        self._post.close()
