"""The server over HTTP. Every failure becomes one sentence that says what to do."""

from __future__ import annotations

import json
import re
import ssl
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Iterator, Mapping

import httpx2
from rich.cells import cell_len

from heapwatch import __version__
from heapwatch.cli.options import ServerOptions
from heapwatch.errors import Refused, Unavailable, UsageError
from heapwatch.ship import tls

_HUNG_UP = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)
TIMEOUT = httpx2.Timeout(30.0, connect=5.0)


class BadQuery(UsageError):
    """A query that the server does not understand; `start` to `end` are the characters that are wrong."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        hint = f"; {error['hint']}" if error.get("hint") else ""
        super().__init__(f"line {error['line']}, column {error['column']}: {error['message']}{hint}")
        self.start: int = error["start"]
        self.end: int = error["end"]

    def shown(self, text: str) -> list[str]:
        """The line with a caret under the place."""
        begin = text.rfind("\n", 0, self.start) + 1
        line = text[begin:].partition("\n")[0]
        width = max(1, min(self.end, begin + len(line)) - self.start)
        return [line, " " * cell_len(text[begin : self.start]) + "^" * width]


class Client:
    """One connection pool to one server; a context manager."""

    def __init__(self, options: ServerOptions) -> None:
        self.url = _base(options.server)
        headers = {"User-Agent": f"heapwatch-cli/{__version__}", "Accept": "application/json"}
        token = _token(options)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._has_token = bool(token)
        self._has_certificate = options.client_cert is not None
        # Proxies of the environment are for the outside; asking one for 127.0.0.1 ends in its error page.
        loopback = httpx2.URL(self.url).host in ("127.0.0.1", "localhost", "::1")
        self._http = httpx2.Client(
            base_url=self.url,
            headers=headers,
            timeout=TIMEOUT,
            trust_env=not loopback,
            verify=_context(options) if self.url.startswith("https:") else True,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer to a GET."""
        return self._json("GET", path, params=_given(params))

    def text(self, path: str, params: Mapping[str, Any] | None = None) -> str:
        """The answer as text."""
        with self._errors():
            return self._checked(self._http.get(path, params=_given(params))).text

    def post(self, path: str, body: object = None, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer to a POST of JSON."""
        return self._json("POST", path, json=body, params=_given(params))

    def packed(self, path: str, body: object, media_type: str) -> bytes:
        """The answer to a POST of JSON in a form that is not JSON."""
        with self._errors():
            answer = self._checked(self._http.post(path, json=body, headers={"Accept": media_type}))
        if answer.headers.get("content-type", "").partition(";")[0] != media_type:
            raise Unavailable(f"what answers at {self.url} does not answer as {media_type}")
        return answer.content

    def put(self, path: str, body: object) -> Any:
        """The JSON answer to a PUT of JSON."""
        return self._json("PUT", path, json=body)

    def delete(self, path: str) -> Any:
        return self._json("DELETE", path)

    def send(self, path: str, body: bytes, content_type: str) -> Any:
        """The JSON answer to a POST of bytes."""
        return self._json("POST", path, content=body, headers={"Content-Type": content_type})

    @contextmanager
    def stream(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Iterator[bytes]]:
        """The answer's body in pieces, however long it is."""
        with self._errors(), self._http.stream("GET", path, params=_given(params)) as answer:
            if answer.status_code >= 400:
                answer.read()
            self._checked(answer)
            yield answer.iter_bytes()

    @contextmanager
    def events(self, path: str, params: Mapping[str, Any]) -> Iterator[Iterator[tuple[str, Any]]]:
        """Server-sent events as they come, each with its kind and what its JSON says."""
        with self._errors(), self._http.sse(path, params=_given(params)) as source:
            if source.response.status_code >= 400:
                source.response.read()
            self._checked(source.response)
            yield ((each.event, each.json()) for each in source)

    def _json(self, method: str, path: str, **parts: Any) -> Any:
        with self._errors():
            answer = self._checked(self._http.request(method, path, **parts))
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise Unavailable(f"what answers at {self.url} is not heapwatch (no JSON)") from error

    def _checked(self, answer: httpx2.Response) -> httpx2.Response:
        if answer.status_code < 400:
            return answer
        message = _sentence(answer)
        if answer.status_code == 401:
            raise Refused(
                f"{self.url} does not accept this token: {message}"
                if self._has_token
                else f"{self.url} wants a token: give --token-file, or HEAPWATCH_TOKEN in the environment"
            )
        if answer.status_code in (429, 503):
            raise Unavailable(f"{self.url}: {message}", _retry_after(answer))
        error = _error(answer)
        if error.get("code") == "bad_query":
            raise BadQuery(error)
        raise Refused(message)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except httpx2.ConnectError as error:
            cause = _tls_error(error)
            if cause is not None:
                raise Unavailable(f"{self.url} {self._of_tls(cause)}") from error
            raise Unavailable(
                f"no server at {self.url} ({_reason(error)}): "
                "start one with `heapwatch up`, or name another with --server"
            ) from error
        except httpx2.TimeoutException as error:
            raise Unavailable(f"{self.url} did not answer in time") from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise UsageError(f"--server {self.url}: {error}") from error
        except httpx2.HTTPError as error:
            cause = _tls_error(error)
            if cause is None and self.url.startswith("https:") and isinstance(error, _HUNG_UP):
                cause = ConnectionResetError()  # what a server does that misses a certificate
            raise Unavailable(f"{self.url}: {self._of_tls(cause) if cause else _reason(error)}") from error

    def _of_tls(self, cause: OSError) -> str:
        return _as_flags(tls.words(cause, shows_certificate=self._has_certificate))


def _base(url: str) -> str:
    url = url.strip().rstrip("/")
    if "://" not in url:
        url = f"http://{url}"
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise UsageError(f"--server {url!r} is not a URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageError(f"--server {url!r} is not an http:// or https:// URL")
    return url


def _context(options: ServerOptions) -> ssl.SSLContext | bool:
    if not (options.ca_file or options.client_cert or options.client_key):
        return True
    ca, cert, key = (
        Path(each).expanduser() if each else None
        for each in (options.ca_file, options.client_cert, options.client_key)
    )
    try:
        return tls.client_context(ca, cert, key)
    except Refused as error:
        raise UsageError(_as_flags(str(error))) from error


def _as_flags(text: str) -> str:
    """What the agent's settings are called is a flag here."""
    return re.sub(
        r"\b(ca_file|client_cert|client_key)\b", lambda name: f"--{name[0].replace('_', '-')}", text
    )


def _token(options: ServerOptions) -> str | None:
    if options.token:
        return options.token.strip()
    if not options.token_file:
        return None
    try:
        token = Path(options.token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {options.token_file}: {error}") from error
    if not token or not token.isascii() or any(c.isspace() for c in token):
        raise UsageError(f"--token-file {options.token_file} holds no token (one line, hw_...)")
    return token


def _given(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (params or {}).items() if value is not None and value != []}


def _error(answer: httpx2.Response) -> Mapping[str, Any]:
    """What our API says when something is wrong; empty when it is not ours."""
    try:
        error = json.loads(answer.text)["error"]
        return error if isinstance(error, dict) else {}
    except (ValueError, KeyError, TypeError):
        return {}


def _sentence(answer: httpx2.Response) -> str:
    error = _error(answer)
    if "message" not in error:
        return f"{answer.url} answered {answer.status_code} {answer.reason_phrase}"
    hint = f" ({error['hint']})" if error.get("hint") else ""
    return f"{error['message']}{hint}"


def _retry_after(answer: httpx2.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None


def _tls_error(error: BaseException | None) -> OSError | None:
    """OpenSSL's error in the chain of causes, if there is one."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text.split("] ", 1)[-1].lower() if text.startswith("[Errno") else text
