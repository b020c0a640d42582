"""Sessions: what a browser shows after its user has signed in, in DATA/sessions.json.

A session is 256 random bits in a cookie; only their SHA-256 is kept. It ends when it was not used for a
while, at the latest a fixed time after the sign-in, and at once when its user's password or role changes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from heapwatch.web.auth.kept import Kept
from heapwatch.web.auth.rights import Unauthenticated
from heapwatch.web.auth.tokens import USED_EVERY_S, digest

MOST_OF_ONE = 50
"""Sessions of one person; the one unused for longest makes room."""


@dataclass(frozen=True)
class Session:
    """One sign-in. Times are epoch ms. `generation` is the user's then; OpenID sessions have none."""

    digest: str
    name: str
    role: str
    kind: Literal["user", "oidc"]
    generation: str
    created: int
    used: int


class Sessions:
    """The file of sessions. Safe to use from any thread; limits are in seconds."""

    def __init__(
        self, path: Path, idle: float, longest: float, clock: Callable[[], float] = time.time
    ) -> None:
        self.idle = idle
        self.longest = longest
        self._clock = clock
        self._kept: Kept[Session] = Kept(path, "sessions", lambda entry: Session(**entry), asdict)
        self._used: dict[str, int] = {}

    def begin(self, name: str, role: str, kind: Literal["user", "oidc"], generation: str = "") -> str:
        """The secret of a new session."""
        secret, now = secrets.token_urlsafe(32), self._now()
        fresh = Session(digest(secret), name, role, kind, generation, now, now)
        with self._kept.edit() as sessions:
            sessions[:] = _most([*self._alive(sessions), fresh])
        return secret

    def find(self, secret: str) -> Session:
        """The session of a cookie, or `Unauthenticated`. It counts as used now."""
        shown = digest(secret)
        with self._kept.lock:
            matching = [each for each in self._kept.now() if hmac.compare_digest(each.digest, shown)]
            if not matching or not self._lives(matching[0]):
                raise Unauthenticated("the session has ended; sign in again")
            self._used[shown] = self._now()
            return matching[0]

    def living(self) -> list[Session]:
        """All that have not ended, with their last use."""
        with self._kept.lock:
            return self._alive(list(self._kept.now()))

    def end(self, secret: str) -> None:
        """End the session of a cookie, if there is one."""
        shown = digest(secret)
        with self._kept.edit() as sessions:
            sessions[:] = [each for each in sessions if each.digest != shown]
        self._used.pop(shown, None)

    def end_all(self, name: str) -> int:
        """End all sessions of one person, wherever they have signed in; how many there were."""
        with self._kept.edit() as sessions:
            ended = [each for each in self._alive(sessions) if each.name == name]
            sessions[:] = [each for each in sessions if each.name != name]
        return len(ended)

    def flush(self) -> None:
        """Write the times of last use where they moved by more than a minute, and forget what has ended."""
        with self._kept.lock:
            sessions, moved = self._kept.now(), USED_EVERY_S * 1000
            stale = any(self._used.get(each.digest, 0) - each.used >= moved for each in sessions)
            if stale or not all(self._lives(each) for each in sessions):
                with self._kept.edit() as entries:
                    entries[:] = self._alive(entries)
            known = {each.digest for each in sessions}
            self._used = {each: used for each, used in self._used.items() if each in known}

    def _alive(self, sessions: list[Session]) -> list[Session]:
        """Those that have not ended, with their last use."""
        return [replace(each, used=self._last(each)) for each in sessions if self._lives(each)]

    def _last(self, session: Session) -> int:
        return max(session.used, self._used.get(session.digest, 0))

    def _lives(self, session: Session) -> bool:
        now = self._now()
        idle, age = now - self._last(session), now - session.created
        return idle < self.idle * 1000 and age < self.longest * 1000

    def _now(self) -> int:
        return int(self._clock() * 1000)


def csrf_of(secret: str) -> str:
    """What a page of this session sends along with a change: known to who can read our answers only."""
    return hmac.new(secret.encode("utf-8", "surrogateescape"), b"heapwatch csrf", hashlib.sha256).hexdigest()


def _most(sessions: list[Session]) -> list[Session]:
    number = Counter((each.kind, each.name) for each in sessions)
    for each in sorted(sessions, key=lambda each: each.used):
        if number[each.kind, each.name] > MOST_OF_ONE:
            number[each.kind, each.name] -= 1
            sessions.remove(each)
    return sessions
