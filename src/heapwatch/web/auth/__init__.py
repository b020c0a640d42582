"""Who is asking, and what they may do: tokens for programs, users and their sessions for people.

`kept` is the file that each of them lives in, `rights` the scopes and roles; `tokens`, `users` and `sessions`
are what one can show.
"""

from __future__ import annotations

from heapwatch.web.auth.kept import Damaged
from heapwatch.web.auth.rights import (
    ANYBODY,
    ROLES,
    SCOPES,
    Caller,
    Forbidden,
    Unauthenticated,
)
from heapwatch.web.auth.sessions import Session, Sessions
from heapwatch.web.auth.tokens import Token, Tokens
from heapwatch.web.auth.users import User, Users

__all__ = [
    "ANYBODY",
    "ROLES",
    "SCOPES",
    "Caller",
    "Damaged",
    "Forbidden",
    "Session",
    "Sessions",
    "Token",
    "Tokens",
    "Unauthenticated",
    "User",
    "Users",
]
