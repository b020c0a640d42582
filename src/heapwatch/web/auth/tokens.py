"""API tokens: what programs show.

A token is `hw_` and 256 random bits; only its SHA-256 is kept (a slow hash protects guessable secrets, and
nobody guesses this one), in DATA/tokens.json. A token for agents may be bound to hosts, by patterns such as
`web-*`: what it sends for others is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.web.auth.kept import Kept
from heapwatch.web.auth.rights import SCOPES, Caller, Unauthenticated

PREFIX = "hw_"
USED_EVERY_S = 60
"""How fine `last_used` is on disk; finer would be a write for each request."""
MOST_PATTERNS = 100


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
    hosts: tuple[str, ...] = ()

    def public(self) -> dict[str, Any]:
        """Everything but the digest, for lists."""
        fields = asdict(self)
        del fields["digest"]
        return {**fields, "scopes": list(self.scopes), "hosts": list(self.hosts)}


class Tokens:
    """The file of tokens. Safe to use from any thread and next to another process that edits the file."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._kept: Kept[Token] = Kept(path, "tokens", _read, asdict)
        self._used: dict[str, int] = {}

    def create(
        self,
        name: str,
        scopes: list[str] | tuple[str, ...],
        expires: int | None = None,
        hosts: list[str] | tuple[str, ...] = (),
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
            digest=digest(secret),
            created=self._now(),
            expires=expires,
            hosts=_patterns(hosts, scopes),
        )
        with self._kept.edit() as tokens:
            if any(other.name == token.name for other in tokens):
                raise UsageError(
                    f"there is a token named {token.name!r} already; "
                    "revoke it, rotate it or choose another name"
                )
            tokens.append(token)
        return secret, token

    def rotate(self, name_or_id: str, expires: int | None = None) -> tuple[str, Token]:
        """A new secret for a token that stays what it is; the old one is refused from now on.

        `expires` is a new end; without it the old end stays.
        """
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._kept.edit() as tokens:
            place = _place(tokens, name_or_id)
            fresh = replace(
                tokens[place],
                digest=digest(secret),
                created=self._now(),
                expires=tokens[place].expires if expires is None else expires,
            )
            tokens[place] = fresh
        return secret, fresh

    def revoke(self, name_or_id: str) -> Token:
        """Remove a token; the next request with it is refused."""
        with self._kept.edit() as tokens:
            return tokens.pop(_place(tokens, name_or_id))

    def all(self) -> tuple[Token, ...]:
        """All tokens, expired ones too."""
        with self._kept.lock:
            return tuple(
                replace(token, last_used=self._used.get(token.id, token.last_used))
                for token in self._kept.now()
            )

    def exist(self) -> bool:
        """Whether there is any, expired ones too."""
        return bool(self._kept.now())

    def authenticate(self, secret: str) -> Caller:
        """The holder of a secret, or `Unauthenticated`."""
        shown = digest(secret)
        with self._kept.lock:
            # Every digest is compared, each in constant time: how long it takes tells nothing.
            matching = [token for token in self._kept.now() if hmac.compare_digest(token.digest, shown)]
            if not matching:
                raise Unauthenticated("this token is not known here; it may have been revoked")
            token = matching[0]
            now = self._now()
            if token.expires is not None and token.expires <= now:
                raise Unauthenticated(f"the token {token.name!r} has expired")
            self._used[token.id] = now
        return Caller(token.name, token.scopes, token.id, token.hosts, kind="token")

    def flush(self) -> None:
        """Write the times of last use, where they moved by more than a minute."""
        with self._kept.lock:
            moved = USED_EVERY_S * 1000
            if any(self._used.get(t.id, 0) - (t.last_used or 0) >= moved for t in self._kept.now()):
                with self._kept.edit() as tokens:
                    tokens[:] = [
                        replace(token, last_used=self._used.get(token.id, token.last_used))
                        for token in tokens
                    ]

    def _now(self) -> int:
        return int(self._clock() * 1000)


def digest(secret: str) -> str:
    """What is kept of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _place(tokens: list[Token], name_or_id: str) -> int:
    for place, token in enumerate(tokens):
        if name_or_id in (token.id, token.name):
            return place
    raise UsageError(f"no token has the name or id {name_or_id!r}")


def _patterns(hosts: list[str] | tuple[str, ...], scopes: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    if hosts and set(scopes) != {"ingest"}:
        raise UsageError("hosts bind what a token may send, so its only scope is ingest")
    if len(hosts) > MOST_PATTERNS or any(not host.strip() or len(host) > 253 for host in hosts):
        raise UsageError(f"hosts are at most {MOST_PATTERNS} names or patterns such as web-*")
    return tuple(host.strip() for host in hosts)


def _read(entry: Mapping[str, Any]) -> Token:
    scopes, hosts = tuple(entry["scopes"]), tuple(entry.get("hosts", ()))
    return Token(**{**entry, "scopes": scopes, "hosts": hosts})
