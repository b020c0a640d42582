"""Graphite's plaintext door, TCP and UDP: `cat histogram-in-graphite | nc -q0 localhost 2003`.

The protocol has no answer. What it can do instead: a full queue makes the server stop reading, so that the
sender's socket fills and the sender waits; a bad line is counted and skipped and its neighbours stay; a last
line without its end counts when the sender closes. A datagram cannot wait and is dropped and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

import structlog

from heapwatch.errors import HeapwatchError, Unavailable
from heapwatch.ingest.batcher import Batcher, Samples
from heapwatch.ingest.class_lines import ClassLines
from heapwatch.ingest.doors import Door
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.sockets import Listener, Sockets
from heapwatch.model import Batch
from heapwatch.wire.graphite import Splitter, parse_lines

log = structlog.get_logger("heapwatch.ingest")

BLOCK = 256 * 1024
SETTLE_EVERY_S = 0.5
AGAIN_AFTER_S = 2.0


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
        self._listener = Listener(
            "graphite",
            rejects,
            self._read,
            self._datagram,
            connections=connections,
            allow=allow,
            piece=BLOCK,
        )
        self.tcp, self.udp = self._listener.tcp, self._listener.udp
        self._stopping = self._listener.stopping
        self._batcher = batcher
        self._rejects = rejects
        self._class_lines = class_lines
        self._idle = idle
        self._clock = clock
        self._deliveries: set[asyncio.Task[None]] = set()
        self._settler: asyncio.Task[None] | None = None

    async def start(self, sockets: Sockets) -> None:
        """Listen on sockets that `bind` made."""
        await self._listener.start(sockets)
        self._settler = asyncio.create_task(self._settle(), name="graphite-settle")

    async def stop(self) -> None:
        """Accept nothing more, take what has arrived, hang up; the batcher must still run."""
        await self._listener.stop(2.0)
        if self._settler:
            await self._settler
        if self._deliveries:
            await asyncio.wait(self._deliveries)

    async def _read(self, reader: asyncio.StreamReader, peer: str) -> None:
        splitter = Splitter()
        while True:
            try:
                piece = await self._piece(reader)
            except TimeoutError:
                self._rejects.add(
                    self.tcp.name, "idle", peer=peer, detail=f"nothing came for {self._idle:g} s"
                )
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

    def _datagram(self, data: bytes, peer: str) -> None:
        """One datagram, which is whole lines."""
        samples = self._parse(data, self.udp, peer)
        if samples and not self._batcher.offer_samples(samples):
            self._rejects.add(self.udp.name, "queue-full", data, peer, count=len(samples.series))

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
                    self._rejects.add(self.tcp.name, "not-stored", peer=host, detail=str(error))
                    log.error("a histogram sent as Graphite lines is lost", host=host, error=str(error))
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), AGAIN_AFTER_S)
