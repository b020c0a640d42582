"""Scopes, the roles that people have, and the caller that a proof makes of a request.

`admin` may do everything, `act` may acknowledge leaks, run workflows and no more; none of `read`, `ingest`
and `act` implies another: an agent's token shows no data. A role is a set of scopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from heapwatch.errors import HeapwatchError, UsageError

SCOPES = ("ingest", "read", "act", "admin")
ROLES: Mapping[str, tuple[str, ...]] = {
    "viewer": ("read",),
    "operator": ("read", "act"),
    "admin": ("admin",),
}


class Unauthenticated(HeapwatchError):
    """No proof of who is asking, or one that is wrong, expired or revoked."""


class Forbidden(HeapwatchError):
    """A valid caller who may not do this."""


@dataclass(frozen=True)
class Caller:
    """Who a request comes from: a token's holder, a signed-in person, or anybody while the server is open."""

    name: str
    scopes: tuple[str, ...]
    token_id: str = ""
    hosts: tuple[str, ...] = ()
    """Patterns of the hosts that a token may send for; none = all."""
    role: str = ""
    kind: Literal["anybody", "token", "user", "oidc"] = "anybody"
    csrf: str = ""
    """What a page must send along to change something; of sessions only."""

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes

    @property
    def identity(self) -> str:
        """As the audit names them: `token:web1`, `user:ann`, `oidc:ann@example.org`, `anybody`."""
        return "anybody" if self.kind == "anybody" else f"{self.kind}:{self.name}"


ANYBODY = Caller("anybody on this machine", SCOPES)


def checked_role(role: str) -> str:
    """The role, if there is one of this name."""
    if role not in ROLES:
        raise UsageError(f"roles are {', '.join(ROLES)}; not {role!r}")
    return role
