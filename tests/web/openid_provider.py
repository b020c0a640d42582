"""A small OpenID provider on loopback: one user, who always consents; it can be told to be wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

CLIENT, SECRET = "heapwatch", "a secret of the client"


@cache
def _material(place: int) -> dict[str, Any]:
    return RSAKey.generate_key(2048).as_dict(private=True)


def _key(turn: int, kid: str) -> RSAKey:
    """One of three keys: making them takes long."""
    return RSAKey.import_key({**_material(turn % 3), "kid": kid, "use": "sig", "alg": "RS256"})


class OpenIdProvider:
    """A context manager. `claims` go into the next id tokens; a value of None leaves a claim out."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": "4711"}
        self.answer: dict[str, str] = {}  # put into the address to which it sends back
        self.algorithm = "RS256"
        self.answers_tokens_with = 0  # a status, to refuse codes
        self.discovery: dict[str, Any] = {}
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._turn = 0
        self.rotate()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/realm"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def rotate(self) -> None:
        """From now on another key signs, and only it is published."""
        self._turn += 1
        self.key = self.published = _key(self._turn, secrets.token_hex(4))

    def forge(self) -> None:
        """From now on another key signs under the name of the one that is published."""
        self.key = _key(self._turn + 1, str(self.published.kid))

    def go_away(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> OpenIdProvider:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_away()

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.discovery,
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], **self.answer})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != f"Basic {basic}":
            return 401, {"error": "invalid_client", "error_description": "the client's secret is wrong"}
        asked = self._codes.pop(form["code"], None)
        if self.answers_tokens_with or asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return self.answers_tokens_with or 400, {"error": "invalid_grant"}
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        assert proof.rstrip(b"=").decode() == asked["code_challenge"]
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "4711",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "preferred_username": "ann",
            "groups": ["heap-admins"],
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self._signed(claims)}

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.algorithm == "none":
            parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
            return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
        header = {"alg": self.algorithm, "kid": self.published.kid}
        if self.algorithm == "HS256":  # with a secret that the client knows, and others may
            secret = OctKey.import_key(SECRET * 2, {"kid": self.published.kid})
            return jwt.encode(header, claims, secret, algorithms=["HS256"])
        return jwt.encode(header, claims, self.key)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                provider.asked.append(parts.path)
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                if parts.path == "/realm/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(asked))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self._say(
                    200,
                    {
                        "/realm/.well-known/openid-configuration": provider.metadata,
                        "/realm/keys": lambda: KeySet([provider.published]).as_dict(private=False),
                        "/realm/userinfo": lambda: provider.userinfo,
                    }[parts.path](),
                )

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                self._say(*provider.token(form, self.headers.get("Authorization", "")))

            def _say(self, status: int, said: Any) -> None:
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: object) -> None:
                """Nothing: a test says what was wrong."""

        return Handler
