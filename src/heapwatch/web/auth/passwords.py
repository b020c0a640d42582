"""Passwords: argon2id with the parameters that argon2-cffi recommends; what is guessed costs time and memory.

A hash says its own parameters, so that hashes of older ones are recognised and made anew at the next sign-in.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from heapwatch.errors import UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 8
LONGEST = 1024


def hashed(password: str, hasher: PasswordHasher | None = None) -> str:
    """What is kept of a password; `UsageError` where it is too short or too long."""
    if len(password) < SHORTEST:
        raise UsageError(f"a password has at least {SHORTEST} characters; length protects it best")
    if len(password) > LONGEST:
        raise UsageError(f"a password has at most {LONGEST} characters")
    return (hasher or _hasher()).hash(_bytes(password))


def fits(password: str, known: str | None) -> bool:
    """Whether a password is the one of this hash; without a hash it takes as long and is False."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        _hasher().verify(known or _nobodys(), _bytes(password[: LONGEST + 1]))
    except (Argon2Error, InvalidHashError):
        return False
    return known is not None


def outdated(known: str) -> bool:
    """Whether a hash was made with parameters that are no longer the recommended ones."""
    return _hasher().check_needs_rehash(known)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # its library is loaded where somebody has a password

    return PasswordHasher()


@cache
def _nobodys() -> str:
    """A hash that no password of anybody fits, at the same price."""
    return _hasher().hash(b"nobody")


def _bytes(password: str) -> bytes:
    """One form for all keyboards: accents may come composed or not."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
