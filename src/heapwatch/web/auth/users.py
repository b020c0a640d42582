"""People with a password and a role, in DATA/users.json.

Each change of password or role gives a user a new `generation`. Sessions name the one they began in, so a
change ends them all, whichever process made it.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.web.auth import passwords
from heapwatch.web.auth.kept import Kept
from heapwatch.web.auth.rights import Unauthenticated, checked_role

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


@dataclass(frozen=True)
class User:
    """What is kept of a user. Times are epoch ms."""

    name: str
    role: str
    hash: str
    generation: str
    created: int
    changed: int
    last_signin: int | None = None

    def public(self) -> dict[str, Any]:
        """What lists show: no hash."""
        return {
            "name": self.name,
            "role": self.role,
            "source": "password",
            "created": self.created,
            "changed": self.changed,
            "last_signin": self.last_signin,
        }


class Users:
    """The file of users. Safe to use from any thread and next to another process that edits the file."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._kept: Kept[User] = Kept(path, "users", lambda entry: User(**entry), asdict)

    def add(self, name: str, role: str, password: str) -> User:
        """A new user, or `UsageError`."""
        if not NAME.fullmatch(name):
            raise UsageError("a user's name has 1 to 100 letters, digits and ._@+-, a letter or digit first")
        now = self._now()
        user = User(name, checked_role(role), passwords.hashed(password), secrets.token_hex(8), now, now)
        with self._kept.edit() as users:
            if any(other.name.lower() == name.lower() for other in users):
                raise UsageError(f"there is a user named {name!r} already")
            users.append(user)
        return user

    def set_password(self, name: str, password: str) -> User:
        """A new password; all sessions of the user end."""
        known = passwords.hashed(password)
        return self._change(name, lambda user: replace(user, hash=known))

    def set_role(self, name: str, role: str) -> User:
        """A new role; all sessions of the user end."""
        checked_role(role)
        return self._change(name, lambda user: replace(user, role=role))

    def remove(self, name: str) -> User:
        """The user is gone, and with them their sessions."""
        with self._kept.edit() as users:
            return users.pop(_place(users, name))

    def all(self) -> tuple[User, ...]:
        return self._kept.now()

    def exist(self) -> bool:
        return bool(self._kept.now())

    def find(self, name: str) -> User | None:
        """The user of this name, upper and lower case alike."""
        return next((user for user in self._kept.now() if user.name.lower() == name.lower()), None)

    def authenticate(self, name: str, password: str) -> User:
        """The user whose name and password these are; it takes as long when there is none of this name."""
        user = self.find(name)
        if not passwords.fits(password, user.hash if user else None) or user is None:
            raise Unauthenticated("name or password is wrong")
        fresh = passwords.hashed(password) if passwords.outdated(user.hash) else user.hash
        with self._kept.edit() as users:
            place = _place(users, user.name)
            if users[place].generation != user.generation:
                raise Unauthenticated("name or password is wrong")  # changed a moment ago
            users[place] = replace(users[place], hash=fresh, last_signin=self._now())
            return users[place]

    def _change(self, name: str, change: Callable[[User], User]) -> User:
        with self._kept.edit() as users:
            place = _place(users, name)
            changed = change(users[place])
            users[place] = replace(changed, generation=secrets.token_hex(8), changed=self._now())
            return users[place]

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _place(users: list[User], name: str) -> int:
    for place, user in enumerate(users):
        if user.name.lower() == name.lower():
            return place
    raise UsageError(f"there is no user named {name!r}")
