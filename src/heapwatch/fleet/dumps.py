"""A heap dump of a JVM of another host, fetched while the host reads it: nothing of it stays there.

The host writes it into a directory that only the JVM's user can look into, opens it, deletes it, and sends it
over the connection that is open already; a fetch that ends early leaves nothing on either side.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any, Mapping

from heapwatch.fleet import probe, visit
from heapwatch.fleet.arriving import Arriving
from heapwatch.fleet.doors import Door
from heapwatch.fleet.hosts import Host
from heapwatch.fleet.results import NO_TOOLS, TIMED_OUT, TOO_MUCH, HostFailed
from heapwatch.jvm.heapdump import TIMEOUT_S
from heapwatch.jvm.outbox import NothingWritten, check_new, deleted_if_it_fails, free_at, new_file

BEYOND_S = 60.0
"""How long a host may take for what is not the dump itself, and between two pieces of it."""

Progress = Callable[[float], object]


async def fetch(
    door: Door, host: Host, jvm: str, path: str, options: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """The answer of heap_dump, its file in `path`: new, and readable by us alone.

    Nothing is done there when it may be larger than what is free there, or here. HostFailed, Refused or
    NothingWritten when there is none; then there is no file either.
    """
    check_new(path)
    room = free_at(path)
    request = {
        "do": "dump",
        "host": host.name,
        "jvm": jvm,
        "options": {**options, "path": ""},
        "room": room,
        "deadline_s": TIMEOUT_S + BEYOND_S,
    }
    begun_ms = _now_ms()
    loop = asyncio.get_running_loop()
    with new_file(path) as file, deleted_if_it_fails(path):

        def keep(part: bytes) -> None:
            try:
                file.write(part)
                if not part:
                    file.flush()
            except OSError as error:
                raise NothingWritten(f"{path}: {error.strerror}; nothing of the dump is kept") from error

        arriving = Arriving(host.name, keep, room)
        try:
            async with asyncio.timeout(TIMEOUT_S + BEYOND_S) as limit:

                def take(piece: bytes) -> None:
                    arriving.take(piece)
                    if arriving.size is not None:
                        limit.reschedule(loop.time() + BEYOND_S)
                        progress(arriving.share)

                done = await door.pour(visit.command(host), probe.stdin(request), take)
        except TimeoutError as error:
            when = "no more of the heap dump came" if arriving.size else "no heap dump came"
            raise HostFailed(TIMED_OUT, f"{when} in time; nothing of it is kept") from error
        except HostFailed as error:
            raise _died(error, arriving) from error
        if done.code in (probe.NO_PYTHON, probe.TOO_OLD):
            raise HostFailed(NO_TOOLS, "a heap dump takes Python 3.9 or newer there")
        if done.code != 0:
            raise _died(visit.died(done, host), arriving)
        answer = arriving.answer(begun_ms, _now_ms())
        keep(b"")
    return {**answer, "path": os.path.abspath(path), "gz": _is_packed(path)}


def _died(error: HostFailed, arriving: Arriving) -> HostFailed:
    """With how far it came, when the connection ended within the file."""
    if error.outcome == TOO_MUCH or not arriving.share:
        return error
    at = f"after {arriving.share:.0%} of the heap dump; nothing of it is kept there or here"
    return HostFailed(error.outcome, f"{error}, {at}")


def _is_packed(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _now_ms() -> int:
    return int(time.time() * 1000)
