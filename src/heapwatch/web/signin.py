"""Signing in with a password: how often one may try, and what trying costs us.

A guess costs 64 MB and some tens of milliseconds, on purpose. So two are checked at a time, few wait, and
who tries too often, from one address or for one name, is told to come later. Names that nobody has are
treated as those that somebody has, down to the time it takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from heapwatch.ingest.limits import Rates, TooMany
from heapwatch.web.access import Access
from heapwatch.web.auth import User

MOST_WAITING = 16
BURST_OF_ADDRESS, SECONDS_OF_ADDRESS = 20, 6.0
BURST_OF_NAME, SECONDS_OF_NAME = 10, 12.0
"""So many tries at once, and one more each so many seconds."""


class SignIn:
    """Lives on the event loop; passwords are checked in threads of its own."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._by_address = Rates(1 / SECONDS_OF_ADDRESS, BURST_OF_ADDRESS, clock=clock)
        self._by_name = Rates(1 / SECONDS_OF_NAME, BURST_OF_NAME, clock=clock)
        self._workers = ThreadPoolExecutor(2, "heapwatch-signin")
        self._waiting = 0

    def close(self) -> None:
        self._workers.shutdown(wait=False, cancel_futures=True)

    def try_from(self, address: str) -> None:
        """Count one try from an address, or raise `TooMany`."""
        _take(self._by_address, address, "from this address")

    async def password(self, name: str, password: str, address: str) -> tuple[str, User]:
        """The secret of a new session, and whose it is; `Unauthenticated` when name or password is wrong."""
        return await self._tried(name, address, lambda: self._access.users.authenticate(name, password))

    async def change(self, name: str, password: str, fresh: str, address: str) -> tuple[str, User]:
        """A user's own new password: their sessions end, and this is the secret of a new one."""

        def change() -> User:
            self._access.users.authenticate(name, password)
            return self._access.users.set_password(name, fresh)

        return await self._tried(name, address, change)

    async def _tried(self, name: str, address: str, check: Callable[[], User]) -> tuple[str, User]:
        self.try_from(address)
        _take(self._by_name, name.lower()[:200], "for this name")
        if self._waiting >= MOST_WAITING:
            raise TooMany("too many sign-ins at once", 1.0)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._workers, self._begun, check)
        finally:
            self._waiting -= 1

    def _begun(self, check: Callable[[], User]) -> tuple[str, User]:
        user = check()
        return self._access.sessions.begin(user.name, user.role, "user", user.generation), user


def _take(rates: Rates, source: str, words: str) -> None:
    try:
        rates.take(source)
    except TooMany as error:
        seconds = error.retry_after
        raise TooMany(f"too many tries to sign in {words}; wait {seconds:.0f} s", seconds) from None
