"""Graphite's plaintext door, TCP and UDP: `cat histogram-in-graphite | nc -q0 localhost 2003`.

The protocol has no answer. What it can do instead: a full queue makes the server stop reading, so that the
sender's socket fills and the sender waits; a bad line is counted and skipped and its neighbours stay; a last
line without its end counts when the sender closes. A datagram cannot wait and is dropped and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog

from heapwatch.errors import HeapwatchError, Unavailable, UsageError
from heapwatch.ingest.batcher import Batcher, Samples
from heapwatch.ingest.class_lines import ClassLines
from heapwatch.ingest.doors import Door
from heapwatch.ingest.rejects import Rejects
from heapwatch.model import Batch
from heapwatch.wire.graphite import Splitter, parse_lines

log = structlog.get_logger("heapwatch.ingest")

BLOCK = 256 * 1024
TCP, UDP = "graphite-tcp", "graphite-udp"
SETTLE_EVERY_S = 0.5
AGAIN_AFTER_S = 2.0


GraphiteSockets: TypeAlias = "tuple[socket.socket, socket.socket | None]"
"""A listening stream socket, and a datagram socket on the same port or None."""


def bind(
    host: str, port: int, *, udp: bool, what: str = "Graphite lines", setting: str = "graphite_listen"
) -> GraphiteSockets:
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
    except OSError as error:
        stream.close()
        if datagrams:
            datagrams.close()
        raise UsageError(
            f"cannot listen on {host}:{port} for {what}: {error.strerror}; "
            f"choose another address with {setting}, or `off`"
        ) from error
    return stream, datagrams


class GraphiteDoor:
    """Both transports. Everything happens on the event loop; a block of 256 kB takes it a few ms."""

    def __init__(
        self,
        batcher: Batcher,
        rejects: Rejects,
        class_lines: ClassLines,
        *,
        connections: int = 256,
        idle: float = 300.0,
        allow: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.tcp = Door(TCP)
        self.udp = Door(UDP)
        self._batcher = batcher
        self._rejects = rejects
        self._class_lines = class_lines
        self._connections = connections
        self._idle = idle
        self._allow = [ipaddress.ip_network(network) for network in allow]
        self._clock = clock
        self._stopping = asyncio.Event()
        self._handlers: set[asyncio.Task[None]] = set()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._settler: asyncio.Task[None] | None = None

    async def start(self, stream: socket.socket, datagrams: socket.socket | None) -> None:
        """Listen on sockets that `bind` made."""
        self._server = await asyncio.start_server(self._connected, sock=stream, limit=BLOCK)
        self.tcp.address = name_of(stream.getsockname())
        if datagrams is not None:
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=datagrams)
            self.udp.address = name_of(datagrams.getsockname())
        self._settler = asyncio.create_task(self._settle(), name="graphite-settle")

    async def stop(self) -> None:
        """Accept nothing more, take what has arrived, hang up; the batcher must still run."""
        self._stopping.set()
        if self._server:
            self._server.close()
        if self._transport:
            self._transport.close()
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=2.0)
        for handler in self._handlers:
            handler.cancel()
        if self._settler:
            await self._settler
        if self._deliveries:
            await asyncio.wait(self._deliveries)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        peer = name_of(writer.get_extra_info("peername"))
        self.tcp.came(0, requests=1)
        self.tcp.open += 1
        try:
            if not peer_allowed(peer, self._allow):
                self._rejects.add(TCP, "not-allowed", peer=peer)
            elif self.tcp.open > self._connections:
                self._rejects.add(TCP, "too-many-connections", peer=peer)
            else:
                await self._read(reader, peer)
        except ConnectionError:
            self._rejects.add(TCP, "hung-up", peer=peer)
        finally:
            self.tcp.open -= 1
            self._handlers.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, peer: str) -> None:
        splitter = Splitter()
        while True:
            try:
                piece = await self._piece(reader)
            except TimeoutError:
                self._rejects.add(TCP, "idle", peer=peer, detail=f"nothing came for {self._idle:g} s")
                break
            if not piece:
                break
            self.tcp.came(len(piece))
            await self._take(splitter.feed(piece), self.tcp, peer)
        await self._take(splitter.close(), self.tcp, peer)

    async def _piece(self, reader: asyncio.StreamReader) -> bytes:
        """What came; nothing at the end of the stream or, once we stop, when no more has arrived."""
        reading = asyncio.ensure_future(reader.read(BLOCK))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            done, _ = await asyncio.wait(
                (reading, stopping), timeout=self._idle, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise TimeoutError
            if reading not in done:
                await asyncio.wait((reading,), timeout=0.05)
            return reading.result() if reading.done() else b""
        finally:
            for task in (reading, stopping):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await task

    async def _take(self, block: bytes, door: Door, peer: str) -> None:
        samples = self._parse(block, door, peer)
        if samples:
            await self._batcher.add_samples(samples)
        while self._class_lines.full and self._deliveries:
            await asyncio.wait(self._deliveries, return_when=asyncio.FIRST_COMPLETED)

    def datagram(self, data: bytes, peer: str) -> None:
        """One datagram, which is whole lines."""
        self.udp.came(len(data), requests=1)
        if not peer_allowed(peer, self._allow):
            self._rejects.add(UDP, "not-allowed", peer=peer)
            return
        samples = self._parse(data, self.udp, peer)
        if samples and not self._batcher.offer_samples(samples):
            self._rejects.add(UDP, "queue-full", data, peer, count=len(samples.series))

    def _parse(self, block: bytes, door: Door, peer: str) -> Samples | None:
        if not block:
            return None
        lines = parse_lines(block, int(self._clock() * 1000))
        kept = dict(lines.rejects.samples)
        for reason, count in lines.rejects.counts.items():
            self._rejects.add(door.name, reason, kept.get(reason, b""), peer, count=count)
        door.samples += len(lines)
        series, times, values = self._class_lines.sift(lines)
        if self._class_lines.full:
            self._deliver_ready()
        return Samples(series, times, values, door.name) if series else None

    async def _settle(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), SETTLE_EVERY_S)
            self._deliver_ready()
        self._deliver_ready(everything=True)

    def _deliver_ready(self, everything: bool = False) -> None:
        for batch in self._class_lines.ready(everything):
            task = asyncio.create_task(self._deliver(batch))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, batch: Batch) -> None:
        while True:
            try:
                await self._batcher.add(batch)
                return
            except HeapwatchError as error:
                if self._stopping.is_set() or not isinstance(error, Unavailable):
                    host = batch.snapshots[0].jvm.host
                    self._rejects.add(TCP, "not-stored", peer=host, detail=str(error))
                    log.error("a histogram sent as Graphite lines is lost", host=host, error=str(error))
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), AGAIN_AFTER_S)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, door: GraphiteDoor) -> None:
        self._door = door

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._door.datagram(data, name_of(addr))


def peer_allowed(peer: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    """Whether a peer may send: loopback may, and who is in the networks, if there are any."""
    address = ipaddress.ip_address(peer.rpartition(":")[0].strip("[]").partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_loopback or not networks or any(mapped in network for network in networks)


def name_of(address: tuple[str, int] | tuple[str, int, int, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
