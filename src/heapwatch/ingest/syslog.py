"""Syslog's door, TCP and UDP: `logger -n server -P 1514 -T --octet-count "sold out"`.

The protocol has no answer. As at Graphite's door a full queue makes the server stop reading a connection, so
that its sender waits; a datagram cannot wait and is dropped and counted. Messages of all senders wait half a
second for each other, so that a chatty host costs an insert and not thousands.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
import time
from array import array
from collections.abc import Callable, Sequence

import structlog

from heapwatch.errors import HeapwatchError, Unavailable
from heapwatch.ingest.batcher import Batcher
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.sockets import Listener, Sockets
from heapwatch.model import Batch, LogBlock
from heapwatch.store.logs import UNKEYED
from heapwatch.wire.syslog import Entry, Framer, parse

log = structlog.get_logger("heapwatch.ingest")

PIECE = 64 * 1024
SETTLE_EVERY_S = 0.5
AGAIN_AFTER_S = 2.0
MOST_WAITING = 20_000
"""Messages that wait to be delivered; then connections are not read, and datagrams dropped."""
MOST_BYTES = 32 << 20


class SyslogDoor:
    """Both transports. Everything happens on the event loop."""

    def __init__(
        self,
        batcher: Batcher,
        rejects: Rejects,
        *,
        connections: int = 256,
        idle: float = 3600.0,
        allow: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._listener = Listener(
            "syslog",
            rejects,
            self._read,
            self._datagram,
            connections=connections,
            allow=allow,
            piece=PIECE,
        )
        self.tcp, self.udp = self._listener.tcp, self._listener.udp
        self._stopping = self._listener.stopping
        self._batcher = batcher
        self._rejects = rejects
        self._idle = idle
        self._clock = clock
        self._waiting: dict[tuple[str, str, str], LogBlock] = {}
        self._messages = self._bytes = 0  # that wait
        self._delivered = asyncio.Event()
        self._urgent = asyncio.Event()
        self._deliverer: asyncio.Task[None] | None = None

    async def start(self, sockets: Sockets, tls: ssl.SSLContext | None = None) -> None:
        """Listen on sockets that `bind` made."""
        await self._listener.start(sockets, tls)
        self._deliverer = asyncio.create_task(self._deliver(), name="syslog-deliver")

    async def stop(self) -> None:
        """Accept nothing more, take what has arrived, hang up; the batcher must still run."""
        await self._listener.stop(0.1)
        self._urgent.set()
        if self._deliverer:
            await self._deliverer

    async def _read(self, reader: asyncio.StreamReader, peer: str) -> None:
        framer = Framer()
        try:
            while piece := await asyncio.wait_for(reader.read(PIECE), self._idle):
                self.tcp.came(len(piece))
                self._take(framer.feed(piece), peer)
                if framer.too_long:
                    self._rejects.add(self.tcp.name, "cut", piece, peer, count=framer.too_long)
                    framer.too_long = 0
                while self._full() and not self._stopping.is_set():
                    self._delivered.clear()
                    await self._delivered.wait()
        except TimeoutError:
            self._rejects.add(self.tcp.name, "idle", peer=peer, detail=f"nothing came for {self._idle:g} s")
        finally:
            self._take(framer.close(), peer)

    def _datagram(self, data: bytes, peer: str) -> None:
        """One datagram, which is one message."""
        if self._full() or self._stopping.is_set():
            self._rejects.add(self.udp.name, "queue-full", data, peer)
        elif data.strip():
            self._keep(parse(data, int(self._clock() * 1000)), peer)
            self.udp.samples += 1

    def _take(self, frames: Sequence[bytes], peer: str) -> None:
        now = int(self._clock() * 1000)
        for frame in frames:
            self._keep(parse(frame, now), peer)
        self.tcp.samples += len(frames)

    def _keep(self, entry: Entry, peer: str) -> None:
        host = entry.host or peer.rpartition(":")[0].strip("[]")
        category = f"syslog/{entry.facility}" if entry.facility else "syslog"
        key = (host, category, entry.app)
        block = self._waiting.get(key)
        if block is None:
            labels = {"host": host, "_sourceCategory": category, "_sourceName": entry.app}
            labels = {name: value for name, value in labels.items() if value}
            block = self._waiting[key] = LogBlock(labels, array("q"), [])
        line = entry.line
        block.times.append(int(self._clock() * 1000) if entry.time is None else entry.time)
        block.texts.append(line)
        block.levels.append(entry.level)
        self._messages += 1
        self._bytes += len(line)
        if self._messages >= MOST_WAITING // 4:
            self._urgent.set()

    def _full(self) -> bool:
        return self._messages >= MOST_WAITING or self._bytes >= MOST_BYTES

    async def _deliver(self) -> None:
        while not (self._stopping.is_set() and not self._waiting):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._urgent.wait(), SETTLE_EVERY_S)
            if not self._stopping.is_set():
                self._urgent.clear()
            if self._waiting:
                blocks, self._waiting = list(self._waiting.values()), {}
                self._messages = self._bytes = 0
                await self._store(Batch(UNKEYED, secrets.randbits(63), logs=blocks))
            self._delivered.set()

    async def _store(self, batch: Batch) -> None:
        """Until it is stored: meanwhile senders fill what may wait, and then wait themselves."""
        while True:
            try:
                await self._batcher.add(batch)
                return
            except HeapwatchError as error:
                if self._stopping.is_set() or not isinstance(error, Unavailable):
                    count = sum(len(block.texts) for block in batch.logs)
                    self._rejects.add(self.tcp.name, "not-stored", detail=str(error), count=count)
                    log.error("syslog messages are lost", messages=count, error=str(error))
                    return
            await asyncio.sleep(AGAIN_AFTER_S)
