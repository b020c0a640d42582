"""Batches to a heapwatch server: `POST /api/v1/batch`, one connection kept open.

200  stored, or stored before: (agent, sequence) names a batch, so sending it again is safe
408 425 429 5xx   later; Retry-After is heeded
400 413 415 422   this batch never
any other         no batch as things stand: wrong token, wrong address, a proxy's page
"""

from __future__ import annotations

import http.client
import json
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Tuple
from urllib.parse import urlsplit

from heapwatch import __version__
from heapwatch.errors import Refused, Unavailable, UsageError
from heapwatch.model import Batch
from heapwatch.ship import NotLetIn
from heapwatch.wire.batch import CONTENT_TYPE, encode

PATH = "/api/v1/batch"

_BAD_BATCH = (400, 413, 415, 422)
_TRY_LATER = (408, 425, 429)
_ANSWER_LIMIT = 64 << 10
_LONGEST_WAIT = 3600.0
_GONE = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError, http.client.RemoteDisconnected)


class HttpSink:
    """Delivered means stored: the server answers 200 only when the batch is on its disk.

    `url` is the server's, `token` or the first line of `token_file` goes along as a bearer token; the file
    is read for every batch, so that a new token needs no restart. With https the certificate is verified,
    against `ca_file` when there is one and else against the system's authorities; to a server that wants
    one, `client_cert` (PEM) is shown, with its key in `client_key` or in the same file.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        token_file: Path | None = None,
        ca_file: Path | None = None,
        client_cert: Path | None = None,
        client_key: Path | None = None,
        timeout: float = 10.0,
        name: str = "heapwatch",
    ) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        try:
            port = parts.port
        except ValueError as error:
            raise UsageError(f"server {url!r}: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise UsageError(f"server {url!r}: needs the form http://host:port or https://host:port")
        self.name = name
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._path = parts.path.rstrip("/") + PATH
        self._host, self._port = parts.hostname, port or (443 if parts.scheme == "https" else 80)
        self._secure = parts.scheme == "https"
        self._ca_file = ca_file
        self._client_cert, self._client_key = client_cert, client_key
        self._token, self._token_file = token, token_file
        self._timeout = timeout
        self.heard: Callable[[object], None] | None = None  # is told answers that ask for something
        self._open: http.client.HTTPConnection | None = None

    def send(self, batch: Batch) -> None:
        self.send_encoded(encode(batch))

    def send_encoded(self, data: bytes) -> None:
        headers = {"Content-Type": CONTENT_TYPE, "User-Agent": f"heapwatch/{__version__}", **self._bearer()}
        try:
            answer, text = self._exchange(data, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unavailable(f"server {self.url}: {self._told(error)}") from error
        if answer.status not in (200, 201, 202, 204):
            self._complain(answer, text)
        if self.heard is not None and b'"probe"' in text:
            with suppress(ValueError, RecursionError):
                self.heard(json.loads(text))

    def close(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()

    def _exchange(self, data: bytes, headers: Dict[str, str]) -> Tuple[http.client.HTTPResponse, bytes]:
        if self._open is not None:
            try:
                return self._post(self._open, data, headers)
            except _GONE:  # it was closed while idle; whether the batch arrived does not matter
                self.close()
        self._open = self._connect()
        return self._post(self._open, data, headers)

    def _post(
        self, connection: http.client.HTTPConnection, data: bytes, headers: Dict[str, str]
    ) -> Tuple[http.client.HTTPResponse, bytes]:
        connection.request("POST", self._path, data, headers)
        answer = connection.getresponse()
        text = answer.read(_ANSWER_LIMIT)
        if not answer.isclosed() or answer.will_close:  # more than anyone should say to a batch
            self.close()
        return answer, text

    def _connect(self) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        from heapwatch.ship.tls import Connection, client_context

        context = client_context(self._ca_file, self._client_cert, self._client_key)
        return Connection(self._host, self._port, timeout=self._timeout, context=context)

    def _told(self, error: Exception) -> str:
        if self._secure:
            from heapwatch.ship import tls

            said = tls.words(error, shows_certificate=self._client_cert is not None)
            if said:
                return said
        elif isinstance(error, (http.client.RemoteDisconnected, http.client.BadStatusLine)):
            return (
                "closed the connection without an answer; if it speaks TLS, its address begins with https://"
            )
        return _words(error)

    def _bearer(self) -> Dict[str, str]:
        token = self._token
        if self._token_file is not None:
            try:
                token = self._token_file.read_text("ascii").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise NotLetIn(f"token file {self._token_file}: {_words(error)}") from error
        if not token.isascii() or not token.isprintable() or " " in token:
            raise NotLetIn(f"the token for {self.url} is not one word of plain letters and digits")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _complain(self, answer: http.client.HTTPResponse, text: bytes) -> None:
        said = f"server {self.url} answered {answer.status}: {_message(text) or answer.reason}"
        if answer.status in _TRY_LATER or answer.status >= 500:
            raise Unavailable(said, _seconds(answer.getheader("Retry-After")))
        if answer.status in _BAD_BATCH:
            raise Refused(said)
        if 300 <= answer.status < 400:
            said += f" (it points to {answer.getheader('Location', 'nowhere')[:200]}; use that address)"
        raise NotLetIn(said)


def _message(text: bytes) -> str:
    """What our server says is wrong, on one line; "" when the answer is somebody else's."""
    try:
        error = json.loads(text)["error"]
        words = f"{error['message']} {error.get('hint') or ''}"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ""
    return " ".join(words.split())[:400]


def _seconds(retry_after: str | None) -> float | None:
    try:
        return min(max(0.0, float(retry_after or "")), _LONGEST_WAIT)
    except ValueError:
        return None


def _words(error: Exception) -> str:
    if (
        isinstance(error, TimeoutError) or str(error) == "timed out"
    ):  # Python 3.9 has a class of its own for it
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__} {error}".strip()
