"""The fleet, for code that waits: an event loop in a thread of its own visits many hosts at once.

    with Fleet(inventory) as fleet:
        for result in fleet.results("web*"):      as each host is done, however slow the others are
            ...
        fleet.operate("web1", "shop", "thread_dump", {})

A host that is dead, slow or lies costs its own place among `forks`, until `timeout_s`, and nobody else
anything. Whoever takes results slowly is waited for: no more than `forks` of them lie about.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent import futures
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Mapping, Sequence, TypeVar

from heapwatch.errors import UsageError
from heapwatch.fleet import dumps
from heapwatch.fleet import visit as visiting
from heapwatch.fleet.accounts import Accounts
from heapwatch.fleet.asked import Asked
from heapwatch.fleet.doors import MOST, Door, Here, stoppable
from heapwatch.fleet.dumps import Progress
from heapwatch.fleet.hosts import KUBECTL, LOCAL, SSH, Host, Inventory
from heapwatch.fleet.results import FAILED, INVENTORY, STOPPED, TIMED_OUT, HostFailed, HostResult
from heapwatch.jvm.budget import Limits
from heapwatch.model import ALL

if TYPE_CHECKING:
    from heapwatch.fleet.ssh import Connections

FORKS = 25
TIMEOUT_S = 60.0
LOOK_S = 0.1
"""How often somebody who waits looks whether to stop."""

_T = TypeVar("_T")


class Fleet:
    """The hosts of an inventory, and this machine. Safe to use from several threads; close it at the end.

    With `keep`, connections stay open from one round to the next. Once a `stop` is set, what runs is ended,
    on its host too, and HostFailed says so.
    """

    def __init__(
        self,
        inventory: Inventory,
        *,
        forks: int = FORKS,
        connect_timeout_s: float = 10.0,
        ssh_config: Path | None = None,
        keep: bool = False,
        limits: Limits | None = None,
        agent: str = "collect",
    ) -> None:
        self.inventory = inventory
        self._forks = max(1, forks)
        self._connect_timeout_s = connect_timeout_s
        self._ssh_config = ssh_config
        self._keep = keep
        self._limits = limits or Limits(min_interval_s=0.0)
        self._agent = agent
        self._accounts = Accounts(self._limits)
        self._connections: Connections | None = None
        self._kept: dict[str, Door] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fleet", daemon=True)
        self._thread.start()

    # -- for those who wait ---------------------------------------------------------------------------------

    def results(
        self, pattern: str = "", asked: Asked | None = None, stop: threading.Event | None = None
    ) -> Iterator[HostResult]:
        """Every host of the pattern, as it is done; UsageError when the pattern names none."""
        hosts = self.inventory.select(pattern)
        asked = asked or self.asked()
        self._ready(hosts)
        done: asyncio.Queue[HostResult | None] = asyncio.Queue(self._forks)
        round_ = asyncio.run_coroutine_threadsafe(self._round(hosts, asked, done), self._loop)
        try:
            while (result := self._wait(done.get(), stop)) is not None:
                yield result
            round_.result()
        finally:
            round_.cancel()

    def collect(
        self,
        pattern: str = "",
        *,
        jvms: Sequence[str] = (),
        mode: str = ALL,
        timeout_s: float = TIMEOUT_S,
    ) -> list[HostResult]:
        """A histogram of every JVM of these hosts, within the pause budget; one result a host."""
        return list(self.results(pattern, self.asked(jvms=jvms, mode=mode, timeout_s=timeout_s)))

    def operate(
        self,
        host: str,
        jvm: str,
        operation: str,
        options: Mapping[str, Any] | None = None,
        timeout_s: float = 120.0,
        stop: threading.Event | None = None,
    ) -> dict[str, Any]:
        """What an operation of jvm/operations.py answers on a host; `jvm` is a name or pid, "" the only one.

        HostFailed when the host cannot be asked, Refused when its JVM says no.
        """
        found = self._host(host)
        self._ready([found])

        async def operated(door: Door) -> dict[str, Any]:
            done = await visiting.operate(door, found, str(jvm), operation, options or {}, timeout_s)
            return dict(done)

        return self._wait(self._at(found, timeout_s, operated), stop)

    def predict(
        self, host: str, jvm: str, operation: str, options: Mapping[str, Any], timeout_s: float = 60.0
    ) -> float | None:
        """How long an operation may stop a JVM, in ms; None where only the answer of `operate` tells."""
        found = self._host(host)
        self._ready([found])

        async def predicted(door: Door) -> float | None:
            return await visiting.predict(door, found, str(jvm), operation, options, timeout_s)

        return self._wait(self._at(found, timeout_s, predicted))

    def heap_dump(
        self,
        host: str,
        jvm: str,
        path: str,
        options: Mapping[str, Any],
        timeout_s: float | None = None,
        progress: Progress = lambda _: None,
        stop: threading.Event | None = None,
    ) -> dict[str, Any]:
        """A heap dump that somebody allows (the option approved_by), fetched to `path`; its answer.

        It ends when nothing has come for a minute, or after `timeout_s`. Nothing stays on the host; nor here,
        when it is not all here and what was sent.
        """
        found = self._host(host)
        self._ready([found])

        async def fetched(door: Door) -> dict[str, Any]:
            return await dumps.fetch(door, found, str(jvm), path, options, progress)

        return self._wait(self._at(found, timeout_s, fetched), stop)

    def command(
        self,
        host: str,
        argv: Sequence[str],
        timeout_s: float = 60.0,
        stop: threading.Event | None = None,
    ) -> dict[str, Any]:
        """Run a command there, without a shell's reading of its words: `code`, `stdout` and `stderr`."""
        found = self._host(host)
        self._ready([found])

        async def commanded(door: Door) -> dict[str, Any]:
            done = await door.run(found.as_user(stoppable(argv)), b"", MOST)
            out = done.out.decode("utf-8", "replace")
            return {"code": done.code, "stdout": out, "stderr": done.errors}

        return self._wait(self._at(found, timeout_s, commanded), stop)

    def asked(self, **wanted: Any) -> Asked:
        """What to ask for, with this fleet's limits."""
        return Asked(**{"limits": self._limits, "agent": self._agent, **wanted})

    def close(self) -> None:
        """Hang up everywhere and end the thread."""
        if self._loop.is_closed():
            return
        with suppress(HostFailed):
            self._wait(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, work: Coroutine[Any, Any, _T], stop: threading.Event | None = None) -> _T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while stop is not None and not futures.wait([future], LOOK_S).done:
                if stop.is_set():
                    raise HostFailed(
                        STOPPED, "stopped while it ran: what was under way there was told to end"
                    )
            return future.result()
        except BaseException:  # Ctrl-C while waiting: the work is not wanted any more
            future.cancel()
            raise

    def _host(self, name: str) -> Host:
        found = self.inventory.find(name)
        if found is not None:
            return found
        if name in ("localhost", socket.gethostname(), socket.getfqdn()):
            return Host(name, connection=LOCAL)
        raise UsageError(f"{name!r} is no host of the inventory")

    def _ready(self, hosts: Sequence[Host]) -> None:
        """SSH is loaded when the first host needs it."""
        if self._connections is None and any(host.connection == SSH for host in hosts):
            from heapwatch.fleet.ssh import Connections

            self._connections = Connections(
                connect_timeout_s=self._connect_timeout_s, config=self._ssh_config
            )

    # -- in the thread --------------------------------------------------------------------------------------

    async def _round(
        self, hosts: Sequence[Host], asked: Asked, done: asyncio.Queue[HostResult | None]
    ) -> None:
        left = iter(hosts)

        async def work() -> None:
            for host in left:
                await done.put(await self._visited(host, asked))

        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self._forks, len(hosts))):
                    workers.create_task(work())
        finally:
            with suppress(asyncio.CancelledError):
                await done.put(None)

    async def _visited(self, host: Host, asked: Asked) -> HostResult:
        begun = time.monotonic()
        known = self._accounts.known(host.name, begun)
        try:
            async with asyncio.timeout(asked.timeout_s):
                door = await self._open(host)
                try:
                    result = await visiting.visit(door, host, asked, known)
                except BaseException:
                    self._kept.pop(host.name, None)
                    await door.close()
                    raise
                await self._leave(host, door)
        except TimeoutError:
            result = HostResult(host.name, TIMED_OUT, f"no answer within {asked.timeout_s:g} s")
        except HostFailed as error:
            result = HostResult(host.name, error.outcome, str(error))
        except Exception as error:  # noqa: BLE001 - whatever a host provokes, the others are visited
            result = HostResult(host.name, FAILED, f"unexpected: {type(error).__name__}: {error}")
        self._accounts.note(result, time.monotonic())
        return replace(result, took_s=time.monotonic() - begun)

    async def _at(
        self, host: Host, timeout_s: float | None, work: Callable[[Door], Coroutine[Any, Any, _T]]
    ) -> _T:
        """One piece of work on a host, its failures under the host's name."""
        try:
            async with asyncio.timeout(timeout_s):
                door = await self._open(host)
                try:
                    return await work(door)
                finally:
                    await self._leave(host, door)
        except TimeoutError as error:
            raise HostFailed(TIMED_OUT, f"{host.name}: no end within {timeout_s or 0:g} s") from error
        except HostFailed as error:
            raise HostFailed(error.outcome, f"{host.name}: {error.outcome}: {error}") from error

    async def _open(self, host: Host) -> Door:
        if host.trouble:
            raise HostFailed(INVENTORY, host.trouble)
        kept = self._kept.get(host.name)
        if kept is not None and kept.is_open():
            return kept
        if host.connection == LOCAL:
            return Here()
        if host.connection == KUBECTL and host.pod is not None:
            return Here(host.pod.command())
        if self._connections is None:
            raise HostFailed(FAILED, f"no way to a host by {host.connection!r}")
        return await self._connections.open(host)

    async def _leave(self, host: Host, door: Door) -> None:
        if self._keep and door.is_open():
            self._kept[host.name] = door
        else:
            self._kept.pop(host.name, None)
            await door.close()

    async def _hang_up(self) -> None:
        kept, self._kept = self._kept, {}
        await asyncio.gather(*(door.close() for door in kept.values()))
        if self._connections is not None:
            await self._connections.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
