"""SSH as the user's own configuration has it: ~/.ssh/config, known hosts, agent, keys, jump hosts.

A host key that is not known is refused, whatever: nobody is there to be asked. Many hosts behind one jump
host share one connection to it. What goes wrong becomes one word (results.py) and one sentence.
"""

from __future__ import annotations

import asyncio
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any, Sequence

import asyncssh

from heapwatch.fleet.doors import MOST, STOP, Done, Said, Take, heard
from heapwatch.fleet.hosts import Host
from heapwatch.fleet.results import (
    AUTH_REFUSED,
    FAILED,
    HUNG_UP,
    INVENTORY,
    KEY_CHANGED,
    KEY_UNKNOWN,
    UNREACHABLE,
    HostFailed,
)

_KNOWN = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_KNOWN_TO_ALL = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")


class Connections:
    """Opens connections; keeps those to jump hosts until it is closed."""

    def __init__(self, *, connect_timeout_s: float = 10.0, config: Path | None = None) -> None:
        self._timeout = connect_timeout_s
        self._config: Any = () if config is None else [str(config)]
        self._jumps: dict[str, asyncio.Task[asyncssh.SSHClientConnection]] = {}
        self._known: dict[tuple[str, ...], asyncssh.SSHKnownHosts] = {}

    async def open(self, host: Host) -> SshDoor:
        """A connection to the host; HostFailed says why there is none."""
        return SshDoor(await self._connected(host), host)

    async def close(self) -> None:
        jumps, self._jumps = self._jumps, {}
        for task in jumps.values():
            task.cancel()
            if task.done() and not task.cancelled() and task.exception() is None:
                await _closed(task.result())

    async def _connected(self, host: Host, jumping: str = "") -> asyncssh.SSHClientConnection:
        options = await self._options(host)
        through = str(options.tunnel or "")
        tunnel = await self._jump(through) if through and through != jumping else None
        known = self._known_hosts(host, options)
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncssh.connect(
                    host.address or host.name,
                    options=options,
                    tunnel=tunnel,
                    known_hosts=known,
                )
        except TimeoutError as error:
            raise HostFailed(UNREACHABLE, f"no connection within {self._timeout:g} s") from error
        except asyncssh.HostKeyNotVerifiable as error:
            raise _of_key(options, known, error) from error
        except asyncssh.KeyExchangeFailed as error:
            if "host key" in str(error).lower():
                raise _of_key(options, known, error) from error
            raise HostFailed(FAILED, f"no common way to encrypt: {error.reason}") from error
        except asyncssh.PermissionDenied as error:
            raise HostFailed(AUTH_REFUSED, f"{options.username} is not let in: {error.reason}") from error
        except asyncssh.ChannelOpenError as error:
            raise HostFailed(UNREACHABLE, f"from {options.tunnel}: {error.reason}") from error
        except asyncssh.Error as error:
            raise HostFailed(HUNG_UP, f"the connection ended: {error.reason}") from error
        except OSError as error:
            raise HostFailed(UNREACHABLE, _words(error)) from error
        except ValueError as error:  # of a key file that it cannot read
            raise HostFailed(FAILED, str(error)) from error

    async def _options(self, host: Host) -> asyncssh.SSHClientConnectionOptions:
        given: dict[str, Any] = {
            "port": host.port,
            "username": host.user,
            "password": host.password,
            "client_keys": [str(Path(key).expanduser()) for key in host.keys] or None,
            "tunnel": host.jump or None,
            "proxy_command": shlex.split(host.proxy_command) or None,
        }
        given = {name: value for name, value in given.items() if value is not None}
        try:
            options: asyncssh.SSHClientConnectionOptions = (
                await asyncssh.SSHClientConnectionOptions.construct(
                    None,
                    config=self._config,
                    host=host.address or host.name,
                    connect_timeout=self._timeout,
                    login_timeout=self._timeout,
                    keepalive_interval=15,
                    **given,
                )
            )
            return options
        except asyncssh.ConfigParseError as error:
            raise HostFailed(INVENTORY, f"ssh configuration: {error}") from error
        except (OSError, ValueError, asyncssh.Error) as error:
            raise HostFailed(FAILED, f"ssh: {error}") from error

    async def _jump(self, text: str) -> asyncssh.SSHClientConnection:
        """The connection to a jump host, by `user@host:port`, or through several joined by commas."""
        task = self._jumps.get(text)
        if task is None or (task.done() and _is_over(task)):
            # `Host *` with a ProxyJump is also said of the jump host itself.
            task = self._jumps[text] = asyncio.create_task(self._connected(_jump_host(text), text))
        try:
            return await asyncio.shield(task)
        except HostFailed as error:
            raise HostFailed(error.outcome, f"jump host {text}: {error}") from error

    def _known_hosts(
        self, host: Host, options: asyncssh.SSHClientConnectionOptions
    ) -> asyncssh.SSHKnownHosts | None:
        """The keys of the user's files and the machine's, read once; None is for who asked not to check."""
        if not host.check_host_key:
            return None
        told = options.known_hosts
        files = [host.known_hosts] if host.known_hosts else list(told) if isinstance(told, list) else []
        if not any(str(file) not in _KNOWN_TO_ALL for file in files):
            files = [*_KNOWN, *files]
        places = tuple(str(Path(file).expanduser()) for file in (*files, *_KNOWN_TO_ALL))
        if places not in self._known:
            keys = asyncssh.SSHKnownHosts()
            for place in dict.fromkeys(places):
                try:
                    keys.load(Path(place).read_text(encoding="utf-8", errors="replace"))
                except OSError:
                    continue
            self._known[places] = keys
        return self._known[places]


class SshDoor:
    """A connection to one host."""

    def __init__(self, connection: asyncssh.SSHClientConnection, host: Host) -> None:
        self._connection = connection
        self._host = host

    async def run(self, command: Sequence[str], given: bytes = b"", most: int = MOST) -> Done:
        said = Said(most)
        done = await self.pour(command, given, said.take)
        return done._replace(out=said.all())

    async def pour(self, command: Sequence[str], given: bytes, take: Take) -> Done:
        try:
            process = await self._connection.create_process(shlex.join(command), encoding=None)
        except asyncssh.Error as error:
            raise HostFailed(HUNG_UP, f"no command can be run: {error.reason}") from error
        feeding = asyncio.create_task(_feed(process.stdin, given))
        try:
            errors = await heard(process.stdout, process.stderr, take)
            ended = await process.wait(check=False)
        except (asyncssh.Error, OSError) as error:
            raise HostFailed(HUNG_UP, f"the connection ended: {error}") from error
        except asyncio.CancelledError:
            with suppress(OSError, asyncssh.Error):  # the connection has ended meanwhile
                process.stdin.write(STOP)
            raise
        finally:
            feeding.cancel()
            process.close()
        return Done(b"", errors, ended.returncode if ended.exit_status != -1 else None)

    def is_open(self) -> bool:
        return not self._connection.is_closed()

    async def close(self) -> None:
        await _closed(self._connection)


async def _feed(stdin: asyncssh.SSHWriter[bytes], given: bytes) -> None:
    try:
        stdin.write(given)
        await stdin.drain()
    except (BrokenPipeError, ConnectionResetError, asyncssh.Error):
        pass  # a command that ended without reading has said why


async def _closed(connection: asyncssh.SSHClientConnection) -> None:
    """Closed in order; by force where the other side does not answer."""
    connection.close()
    try:
        async with asyncio.timeout(1):
            await connection.wait_closed()
    except TimeoutError:
        connection.abort()


def _is_over(task: asyncio.Task[asyncssh.SSHClientConnection]) -> bool:
    return task.cancelled() or task.exception() is not None or task.result().is_closed()


def _jump_host(text: str) -> Host:
    before, _, last = text.rpartition(",")
    user, _, place = last.rpartition("@")
    name, colon, port = place.rpartition(":")
    if colon and port.isdigit():
        return Host(name.strip("[]"), user=user or None, port=int(port), jump=before)
    return Host(place.strip("[]"), user=user or None, jump=before)


def _of_key(
    options: asyncssh.SSHClientConnectionOptions,
    known: asyncssh.SSHKnownHosts | None,
    error: asyncssh.Error,
) -> HostFailed:
    """A key that nobody has seen is one thing, another key than before is quite another."""
    name = options.host_key_alias or options.host
    place = name if options.port == 22 else f"[{name}]:{options.port}"
    if known is not None and any(known.match(name, "", options.port)[:2]):
        return HostFailed(
            KEY_CHANGED,
            f"{place} shows another key than the one in known_hosts: if it was set up anew, "
            f"`ssh-keygen -R '{place}'` and accept its new key; else somebody is between you and it",
        )
    return HostFailed(
        KEY_UNKNOWN,
        f"{place} is not in known_hosts ({error.reason}): connect once with ssh, or put its key there",
    )


def _words(error: OSError) -> str:
    """`asyncio` joins the addresses that it tried; one reason is enough."""
    text = error.strerror or str(error)
    return text.rpartition("] ")[2] if text.startswith("[Errno") else text
