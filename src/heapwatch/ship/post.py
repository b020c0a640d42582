"""Bodies to one address by HTTP POST, one connection kept open; what the answers mean to a sink.

2xx               delivered
408 425 429 5xx   later; Retry-After is heeded
400 413 415 422   this body never
any other         nothing as things stand: wrong token, wrong address, a proxy's page
"""

from __future__ import annotations

import base64
import http.client
import json
from pathlib import Path
from typing import Dict, Mapping, Tuple
from urllib.parse import urlsplit

from heapwatch import __version__
from heapwatch.errors import Refused, Unavailable, UsageError
from heapwatch.ship import NotLetIn

_BAD_BODY = (400, 413, 415, 422)
_TRY_LATER = (408, 425, 429)
_ANSWER_LIMIT = 64 << 10
_LONGEST_WAIT = 3600.0
_GONE = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError, http.client.RemoteDisconnected)


class Post:
    """One address; `who` is what messages call it. `path` comes after that of `url`.

    `token` or the first line of `token_file` goes along as a bearer token, or with a `username` as its
    password; the file is read for every body, so that a new token needs no restart. With https the
    certificate is verified, against `ca_file` when there is one and else against the system's authorities; to
    a server that wants one, `client_cert` (PEM) is shown, with its key in `client_key` or in the same file.
    Where the address itself is `secret`, messages tell its host only.
    """

    def __init__(
        self,
        url: str,
        path: str = "",
        *,
        who: str = "server",
        secret: bool = False,
        token: str = "",
        token_file: Path | None = None,
        username: str = "",
        ca_file: Path | None = None,
        client_cert: Path | None = None,
        client_key: Path | None = None,
        timeout: float = 10.0,
    ) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        shown = "(secret)" if secret else repr(url)
        try:
            port = parts.port
        except ValueError as error:
            raise UsageError(f"{who} {shown}: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise UsageError(f"{who} {shown}: needs the form http://host:port or https://host:port")
        if not url.isascii() or not url.isprintable() or " " in url:
            raise UsageError(f"{who} {shown}: an address has no spaces and no letters but plain ones")
        place = f"{parts.scheme}://{parts.netloc}"
        self.called = f"{who} {place}" + ("" if secret else parts.path.rstrip("/"))
        self._path = parts.path.rstrip("/") + path if path else parts.path or "/"
        self._path += f"?{parts.query}" if parts.query else ""
        self._host, self._port = parts.hostname, port or (443 if parts.scheme == "https" else 80)
        self._secure = parts.scheme == "https"
        self._ca_file = ca_file
        self._client_cert, self._client_key = client_cert, client_key
        self._token, self._token_file, self._username = token, token_file, username
        self._timeout = timeout
        self._open: http.client.HTTPConnection | None = None

    def send(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """What the other side answers to a body that it took."""
        whole = {"User-Agent": f"heapwatch/{__version__}", **headers, **self._authorization()}
        try:
            answer, text = self._exchange(body, whole)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unavailable(f"{self.called}: {self._told(error)}") from error
        if not 200 <= answer.status < 300:
            self._complain(answer, text)
        return text

    def close(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()

    def _exchange(self, body: bytes, headers: Dict[str, str]) -> Tuple[http.client.HTTPResponse, bytes]:
        if self._open is not None:
            try:
                return self._post(self._open, body, headers)
            except _GONE:  # it was closed while idle; whether the body arrived does not matter
                self.close()
        self._open = self._connect()
        return self._post(self._open, body, headers)

    def _post(
        self, connection: http.client.HTTPConnection, body: bytes, headers: Dict[str, str]
    ) -> Tuple[http.client.HTTPResponse, bytes]:
        connection.request("POST", self._path, body, headers)
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

    def _authorization(self) -> Dict[str, str]:
        token = self._token
        if self._token_file is not None:
            try:
                token = self._token_file.read_text("ascii").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise NotLetIn(f"token file {self._token_file}: {_words(error)}") from error
        if not token.isascii() or not token.isprintable() or " " in token:
            raise NotLetIn(f"the token for {self.called} is not one word of plain letters and digits")
        if self._username:
            both = base64.b64encode(f"{self._username}:{token}".encode()).decode()
            return {"Authorization": f"Basic {both}"}
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _complain(self, answer: http.client.HTTPResponse, text: bytes) -> None:
        said = f"{self.called} answered {answer.status}: {_message(answer, text) or answer.reason}"
        if answer.status in _TRY_LATER or answer.status >= 500:
            raise Unavailable(said, _seconds(answer.getheader("Retry-After")))
        if answer.status in _BAD_BODY:
            raise Refused(said)
        if 300 <= answer.status < 400:
            said += f" (it points to {answer.getheader('Location', 'nowhere')[:200]}; use that address)"
        raise NotLetIn(said)


def _message(answer: http.client.HTTPResponse, text: bytes) -> str:
    """What our server says is wrong, or anybody in plain text, on one line; "" for a proxy's page."""
    try:
        error = json.loads(text)["error"]
        words = f"{error['message']} {error.get('hint') or ''}"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        plain = (answer.getheader("Content-Type") or "").lower().startswith("text/plain")
        words = text.decode("utf-8", "replace") if plain else ""
    return "".join(filter(str.isprintable, " ".join(words.split())))[:400]


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
