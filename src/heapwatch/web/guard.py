"""The first thing every request meets: who may talk to us at all, and what browsers may do with our answers.

A server without tokens trusts everybody on its own machine, and a browser on it runs pages from anywhere.
Two checks keep those out: the Host header must be a loopback name (a page that rebinds its own name to
127.0.0.1 still sends that name), and a request that changes something must not come from another origin.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heapwatch.errors import HeapwatchError
from heapwatch.web.auth import Forbidden
from heapwatch.web.errors import response_to

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def host_name(header: str) -> str:
    """The name in a Host header, without its port: `[::1]:80` -> `::1`."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """`localhost`, its subdomains (browsers resolve them themselves) and loopback addresses."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware; `only_loopback_names()` says whether the Host check applies at the moment."""

    def __init__(
        self,
        app: ASGIApp,
        only_loopback_names: Callable[[], bool],
        allowed_hosts: Callable[[], Collection[str]],
    ) -> None:
        self._app = app
        self._only_loopback_names = only_loopback_names
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            refusal = self._refusal(HTTPConnection(scope))
        except HeapwatchError as error:  # whether we are open depends on the tokens, which may be unreadable
            refusal = error
        if refusal:
            await response_to(refusal)(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _refusal(self, request: HTTPConnection) -> HeapwatchError | None:
        host = host_name(request.headers.get("host", ""))
        if self._only_loopback_names() and not is_loopback(host) and host not in self._allowed_hosts():
            return Forbidden(
                f"a server without tokens answers to loopback names only, not to {host[:100]!r}; "
                "make a token (heapwatch token create) or set allowed_hosts"
            )
        if request.scope["method"] not in SAFE_METHODS and _foreign(request.headers, self._allowed_hosts()):
            return Forbidden("a page of another origin may not change anything here")
        return None


def from_own_page(headers: Headers, allowed_hosts: Collection[str]) -> bool:
    """Whether a browser says that one of our own pages sent this; saying nothing is no proof."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin"
    return _is_ours(origin, headers, allowed_hosts)


def _foreign(headers: Headers, allowed_hosts: Collection[str]) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    return not _is_ours(origin, headers, allowed_hosts)


def _is_ours(origin: str, headers: Headers, allowed_hosts: Collection[str]) -> bool:
    try:
        netloc = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    name = host_name(netloc)
    return bool(name) and (netloc == headers.get("host", "").lower() or name in allowed_hosts)
