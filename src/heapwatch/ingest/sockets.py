"""What the doors for lines share: sockets of both transports, who may connect, how many, and the hanging up.

The protocols behind have no answer, so a door can only stop reading a connection (its sender then waits) and
drop and count datagrams.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from heapwatch.errors import UsageError
from heapwatch.ingest.doors import Door
from heapwatch.ingest.rejects import Rejects

Sockets: TypeAlias = "tuple[socket.socket, socket.socket | None]"
"""A listening stream socket, and a datagram socket on the same port or None."""

BURST = 4 << 20
"""Bytes of datagrams that may wait in the kernel, as far as it lets us."""


def bind(host: str, port: int, *, udp: bool, what: str, setting: str) -> Sockets:
    """Listening sockets for both transports, on one port; the kernel chooses it when it is 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    stream = socket.socket(family, socket.SOCK_STREAM)
    datagrams = None
    try:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stream.bind((host, port))
        stream.listen(256)
        stream.setblocking(False)
        if udp:
            datagrams = socket.socket(family, socket.SOCK_DGRAM)
            datagrams.bind((host, stream.getsockname()[1]))
            datagrams.setblocking(False)
            with contextlib.suppress(OSError):
                datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BURST)
    except OSError as error:
        stream.close()
        if datagrams:
            datagrams.close()
        raise UsageError(
            f"cannot listen on {host}:{port} for {what}: {error.strerror}; "
            f"choose another address with {setting}, or `off`"
        ) from error
    return stream, datagrams


class Listener:
    """Both transports of one door, on the event loop: `read` gets each connection, `take` each datagram."""

    def __init__(
        self,
        name: str,
        rejects: Rejects,
        read: Callable[[asyncio.StreamReader, str], Awaitable[None]],
        take: Callable[[bytes, str], None],
        *,
        connections: int,
        allow: Sequence[str],
        piece: int,
    ) -> None:
        self.tcp = Door(f"{name}-tcp")
        self.udp = Door(f"{name}-udp")
        self.stopping = asyncio.Event()
        self._rejects = rejects
        self._read = read
        self._take = take
        self._connections = connections
        self._allow = [ipaddress.ip_network(network) for network in allow]
        self._piece = piece
        self._readers: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self, sockets: Sockets) -> None:
        """Listen on sockets that `bind` made."""
        stream, datagrams = sockets
        self._server = await asyncio.start_server(self._connected, sock=stream, limit=self._piece)
        self.tcp.address = name_of(stream.getsockname())
        if datagrams is not None:
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=datagrams)
            self.udp.address = name_of(datagrams.getsockname())

    async def stop(self, patience: float) -> None:
        """Accept nothing more; readers have so many seconds for what has arrived, then they are ended."""
        self.stopping.set()
        if self._server:
            self._server.close()
        if self._transport:
            self._transport.close()
        if self._readers:
            await asyncio.wait(self._readers, timeout=patience)
        for reader in list(self._readers):
            reader.cancel()
        if self._readers:
            await asyncio.wait(self._readers, timeout=2.0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._readers.add(task)
        peer = name_of(writer.get_extra_info("peername"))
        self.tcp.came(0, requests=1)
        self.tcp.open += 1
        try:
            if not self._may_send(peer):
                self._rejects.add(self.tcp.name, "not-allowed", peer=peer)
            elif self.tcp.open > self._connections:
                self._rejects.add(self.tcp.name, "too-many-connections", peer=peer)
            else:
                await self._read(reader, peer)
        except ConnectionError:
            self._rejects.add(self.tcp.name, "hung-up", peer=peer)
        except asyncio.CancelledError:
            if not self.stopping.is_set():
                raise
        finally:
            self.tcp.open -= 1
            self._readers.discard(task)
            writer.close()

    def datagram(self, data: bytes, peer: str) -> None:
        self.udp.came(len(data), requests=1)
        if self._may_send(peer):
            self._take(data, peer)
        else:
            self._rejects.add(self.udp.name, "not-allowed", peer=peer)

    def _may_send(self, peer: str) -> bool:
        """Loopback may, and who is in the networks, if there are any."""
        address = ipaddress.ip_address(peer.rpartition(":")[0].strip("[]").partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        return mapped.is_loopback or not self._allow or any(mapped in network for network in self._allow)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._listener.datagram(data, name_of(addr))


def name_of(address: tuple[str, int] | tuple[str, int, int, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
