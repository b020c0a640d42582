"""What the doors for lines share: sockets of both transports, who may connect, how many, and the hanging up.

The protocols behind have no answer, so a door can only stop reading a connection (its sender then waits) and
drop and count datagrams.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from heapwatch.errors import UsageError
from heapwatch.ingest.doors import Door
from heapwatch.ingest.rejects import Rejects


class Sockets(NamedTuple):
    """Bound sockets of one door, on the same port: a listening one for streams, one for datagrams."""

    stream: socket.socket | None
    datagrams: socket.socket | None

    @property
    def address(self) -> tuple[str, int]:
        one = self.stream or self.datagrams
        assert one is not None
        host, port = one.getsockname()[:2]
        return host, port

    def close(self) -> None:
        for one in self:
            if one is not None:
                one.close()


BURST = 4 << 20
"""Bytes of datagrams that may wait in the kernel, as far as it lets us."""


def bind(host: str, port: int, *, tcp: bool = True, udp: bool, what: str, setting: str) -> Sockets:
    """Sockets for these transports, on one port; the kernel chooses it when it is 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made: list[socket.socket] = []
    try:
        stream = _stream(family, host, port, made) if tcp else None
        taken = stream.getsockname()[1] if stream else port
        datagrams = _datagrams(family, host, taken, made) if udp else None
    except OSError as error:
        for one in made:
            one.close()
        raise UsageError(
            f"cannot listen on {host}:{port} for {what}: {error.strerror}; "
            f"choose another address with {setting}, or `off`"
        ) from error
    return Sockets(stream, datagrams)


def _stream(family: int, host: str, port: int, made: list[socket.socket]) -> socket.socket:
    stream = socket.socket(family, socket.SOCK_STREAM)
    made.append(stream)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    stream.bind((host, port))
    stream.listen(256)
    stream.setblocking(False)
    return stream


def _datagrams(family: int, host: str, port: int, made: list[socket.socket]) -> socket.socket:
    datagrams = socket.socket(family, socket.SOCK_DGRAM)
    made.append(datagrams)
    datagrams.bind((host, port))
    datagrams.setblocking(False)
    with contextlib.suppress(OSError):
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BURST)
    return datagrams


class Listener:
    """Both transports of one door, on the event loop: `read` gets each connection, `take` each datagram."""

    def __init__(
        self,
        name: str,
        rejects: Rejects,
        read: Callable[[asyncio.StreamReader, str], Awaitable[None]] | None,
        take: Callable[[bytes, str], None] | None,
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

    async def start(self, sockets: Sockets, tls: ssl.SSLContext | None = None) -> None:
        """Listen on sockets that `bind` made; streams are encrypted when there is a context for it."""
        stream, datagrams = sockets
        if stream is not None:
            self._server = await asyncio.start_server(
                self._connected, sock=stream, limit=self._piece, ssl=tls
            )
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
            elif self._read:
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
        if not self._may_send(peer):
            self._rejects.add(self.udp.name, "not-allowed", peer=peer)
        elif self._take:
            self._take(data, peer)

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
