"""Who may do what: API tokens and their scopes.

A token is `hw_` and 256 random bits; only its SHA-256 is kept (a slow hash protects guessable secrets, and
nobody guesses this one), in DATA/tokens.json, mode 0600, replaced atomically under a lock. So the command
line may make a token while the server runs; the server sees the file's change on the next request.

`admin` may do everything, `act` may acknowledge leaks and no more; none of `read`, `ingest` and `act`
implies another: an agent's token shows no data.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from heapwatch.errors import HeapwatchError, UsageError

SCOPES = ("ingest", "read", "act", "admin")
PREFIX = "hw_"
USED_EVERY_S = 60
"""How fine `last_used` is on disk; finer would be a write for each request."""


class Unauthenticated(HeapwatchError):
    """No token, or one that is wrong, expired or revoked."""


class Forbidden(HeapwatchError):
    """A valid caller who may not do this."""


class Damaged(HeapwatchError):
    """The file of tokens cannot be read; nobody is let in, for without tokens everybody would be."""


@dataclass(frozen=True)
class Token:
    """What is kept of a token. Times are epoch ms; `last_used` is about a minute coarse."""

    id: str
    name: str
    scopes: tuple[str, ...]
    digest: str
    created: int
    expires: int | None = None
    last_used: int | None = None

    def public(self) -> dict[str, Any]:
        """Everything but the digest, for lists."""
        fields = asdict(self)
        del fields["digest"]
        return {**fields, "scopes": list(self.scopes)}


@dataclass(frozen=True)
class Caller:
    """Who a request comes from: a token's holder, or anybody on this machine while no token exists."""

    name: str
    scopes: tuple[str, ...]
    token_id: str = ""

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


ANYBODY = Caller("anybody on this machine", SCOPES)


class Tokens:
    """The file of tokens. Safe to use from any thread and next to another process that edits the file."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()
        self._used: dict[str, int] = {}

    def create(
        self, name: str, scopes: list[str] | tuple[str, ...], expires: int | None = None
    ) -> tuple[str, Token]:
        """Make a token; the secret is returned here and never again."""
        wrong = [scope for scope in scopes if scope not in SCOPES]
        if wrong or not scopes:
            raise UsageError(f"scopes are {', '.join(SCOPES)}; not {', '.join(wrong) or 'none'}")
        if not name.strip() or len(name) > 100:
            raise UsageError("a token needs a name of 1 to 100 characters, to know later whose it is")
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(
            id=secrets.token_hex(4),
            name=name.strip(),
            scopes=tuple(scope for scope in SCOPES if scope in scopes),
            digest=_digest(secret),
            created=self._now(),
            expires=expires,
        )
        with self._edit() as tokens:
            if any(other.name == token.name for other in tokens):
                raise UsageError(
                    f"there is a token named {token.name!r} already; revoke it or choose another name"
                )
            tokens.append(token)
        return secret, token

    def revoke(self, name_or_id: str) -> Token:
        """Remove a token; the next request with it is refused."""
        with self._edit() as tokens:
            for token in tokens:
                if name_or_id in (token.id, token.name):
                    tokens.remove(token)
                    return token
        raise UsageError(f"no token has the name or id {name_or_id!r}")

    def all(self) -> tuple[Token, ...]:
        """All tokens, expired ones too."""
        with self._lock:
            self._refresh()
            return tuple(
                replace(token, last_used=self._used.get(token.id, token.last_used)) for token in self._tokens
            )

    def exist(self) -> bool:
        """Whether there is any, expired ones too."""
        with self._lock:
            self._refresh()
            return bool(self._tokens)

    def authenticate(self, secret: str) -> Caller:
        """The holder of a secret, or `Unauthenticated`."""
        digest = _digest(secret)
        with self._lock:
            self._refresh()
            # Every digest is compared, each in constant time: how long it takes tells nothing.
            matching = [token for token in self._tokens if hmac.compare_digest(token.digest, digest)]
            if not matching:
                raise Unauthenticated("this token is not known here; it may have been revoked")
            token = matching[0]
            now = self._now()
            if token.expires is not None and token.expires <= now:
                raise Unauthenticated(f"the token {token.name!r} has expired")
            self._used[token.id] = now
        return Caller(token.name, token.scopes, token.id)

    def flush(self) -> None:
        """Write the times of last use, where they moved by more than a minute."""
        with self._lock:
            self._refresh()
            stale = [
                t for t in self._tokens if self._used.get(t.id, 0) - (t.last_used or 0) >= USED_EVERY_S * 1000
            ]
            if stale:
                with self._edit() as tokens:
                    tokens[:] = [
                        replace(token, last_used=self._used.get(token.id, token.last_used))
                        for token in tokens
                    ]

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _refresh(self) -> None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._tokens = None, ()
            return
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._tokens = _read(self.path)
            self._stamp = stamp

    @contextlib.contextmanager
    def _edit(self) -> Iterator[list[Token]]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock_file = self.path.with_suffix(".lock")
        with self._lock, open(os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = list(_read(self.path)) if self.path.exists() else []
            yield tokens
            _write(self.path, tokens)
            self._stamp = None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _read(path: Path) -> tuple[Token, ...]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["tokens"]
        return tuple(Token(**{**entry, "scopes": tuple(entry["scopes"])}) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError) as error:
        # Never "no tokens then": without tokens a server on loopback is open to everybody on the machine.
        raise Damaged(f"{path} is damaged ({error}); restore it or remove it and make new tokens") from error


def _write(path: Path, tokens: list[Token]) -> None:
    text = json.dumps({"version": 1, "tokens": [asdict(token) for token in tokens]}, indent=1)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
