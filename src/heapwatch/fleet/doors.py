"""A way to run commands on a host, whichever it is: what goes in, what comes out, and how much of it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol, Sequence

from heapwatch.fleet.results import FAILED, TOO_MUCH, HostFailed

MOST = 64 << 20
"""Bytes that a host may say to one request."""

_MOST_ERRORS = 64 << 10
_PIECE = 64 << 10


ENDS_S = 1.0
STOP = b"stop\n"
"""On the standard input of a command that is told to end."""
_STOPPABLE = """
exec 3<&0
{ read x && kill 0; } <&3 3<&- >/dev/null 2>&1 & r=$!
"$@" </dev/null 3<&-
s=$?
exec 2>/dev/null
kill $r
exit $s
"""


def stoppable(command: Sequence[str]) -> list[str]:
    """A command that ends, with all of its process group, when it is told so; it reads nothing itself.

    By its standard input, because sshd sends signals neither for root nor to what another user runs, and a
    channel that closes tells a command nothing. A connection that breaks does not end it.
    """
    return ["sh", "-c", _STOPPABLE, "sh", *command]


class Done(NamedTuple):
    """What a command left behind. `code` is None when the connection ended before it did."""

    out: bytes
    errors: str
    code: int | None


Take = Callable[[bytes], None]
"""Hears a command's output piece by piece, however it was cut on its way."""


class Door(Protocol):
    """An open way to a host. Failures are HostFailed; time is kept by whoever waits.

    A command's standard input stays open. When whoever waits is cancelled, it is told `STOP`.
    """

    async def run(self, command: Sequence[str], given: bytes = b"", most: int = MOST) -> Done: ...

    async def pour(self, command: Sequence[str], given: bytes, take: Take) -> Done:
        """As `run`, for what is too large for memory: its output goes to `take`, and is not in the answer."""
        ...

    def is_open(self) -> bool:
        """Whether another command can be run."""
        ...

    async def close(self) -> None: ...


class Source(Protocol):
    """Where a command's output is read."""

    async def read(self, size: int, /) -> bytes: ...


class Said:
    """All that a command says, at most `most` bytes."""

    def __init__(self, most: int) -> None:
        self._parts: list[bytes] = []
        self._most = self._left = most

    def take(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise HostFailed(TOO_MUCH, f"it says more than {self._most >> 20} MiB")
        self._parts.append(piece)

    def all(self) -> bytes:
        return b"".join(self._parts)


async def heard(out: Source, errors: Source, take: Take) -> str:
    """All that is said goes to `take`; the answer is the beginning of the errors."""
    _, complaints = await asyncio.gather(_all(out, take), _beginning(errors))
    return complaints.decode("utf-8", "replace").strip()


async def _all(source: Source, take: Take) -> None:
    while piece := await source.read(_PIECE):
        take(piece)


async def _beginning(source: Source) -> bytes:
    kept = b""
    while piece := await source.read(_PIECE):
        kept += piece[: _MOST_ERRORS - len(kept)]
    return kept


class Here:
    """This machine, or what a program on it reaches: `before` is put in front of every command."""

    def __init__(self, before: Sequence[str] = ()) -> None:
        self._before = before

    async def run(self, command: Sequence[str], given: bytes = b"", most: int = MOST) -> Done:
        said = Said(most)
        done = await self.pour(command, given, said.take)
        return done._replace(out=said.all())

    async def pour(self, command: Sequence[str], given: bytes, take: Take) -> Done:
        words = [*self._before, *command]
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise HostFailed(FAILED, f"{words[0]} does not run here: {error.strerror}") from error
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        feeding = asyncio.create_task(_feed(process.stdin, given))
        try:
            errors = await heard(process.stdout, process.stderr, take)
            code = await process.wait()
        finally:
            feeding.cancel()
            if process.returncode is None:
                await _ended(process)
        return Done(b"", errors, code)

    def is_open(self) -> bool:
        return True

    async def close(self) -> None:
        """Nothing is kept open."""


async def _feed(stdin: asyncio.StreamWriter, given: bytes) -> None:
    try:
        stdin.write(given)
        await stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # a command that ended without reading has said why


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Told to end; what does not is killed."""
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.write(STOP)
    try:
        async with asyncio.timeout(ENDS_S):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
