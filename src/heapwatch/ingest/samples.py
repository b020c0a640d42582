"""Doors for samples that come by socket: Graphite's lines, its pickles, collectd's packets.

`cat histogram-in-graphite | nc -q0 localhost 2003`. None of these protocols has an answer. What a door can do
instead: a full queue makes the server stop reading, so that the sender's socket fills and the sender waits; a
bad line is counted and skipped and its neighbours stay; a last line without its end counts when the sender
closes. A datagram cannot wait and is dropped and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from heapwatch.errors import HeapwatchError, Unavailable, Unreadable
from heapwatch.ingest.batcher import Batcher, Samples
from heapwatch.ingest.blocks import Block, BlockReader
from heapwatch.ingest.class_lines import ClassLines
from heapwatch.ingest.doors import Door
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.sockets import Listener, Sockets
from heapwatch.model import Batch
from heapwatch.wire import graphite_pickle
from heapwatch.wire.graphite import Lines, Splitter, parse_lines

log = structlog.get_logger("heapwatch.ingest")

BLOCK = 256 * 1024
SETTLE_EVERY_S = 0.5
AGAIN_AFTER_S = 2.0


class Stream(Protocol):
    """What one connection says, cut and read."""

    broken: str
    """Why nothing that can be read may follow; empty as long as it may."""

    def feed(self, piece: bytes, now_ms: int) -> Lines | Block: ...

    def close(self, now_ms: int) -> Lines:
        """What is left when the sender closes."""
        ...


class PlainLines:
    """Graphite's lines."""

    broken = ""

    def __init__(self, reader: BlockReader) -> None:
        self._splitter = Splitter()
        self._reader = reader

    def feed(self, piece: bytes, now_ms: int) -> Lines | Block:
        return self._reader.read(self._splitter.feed(piece), now_ms)

    def close(self, now_ms: int) -> Lines:
        return parse_lines(self._splitter.close(), now_ms)


class Pickles:
    """Graphite's frames of pickled lists."""

    def __init__(self) -> None:
        self.broken = ""
        self._frames = graphite_pickle.Frames()

    def feed(self, piece: bytes, now_ms: int) -> Lines:
        found = Lines()
        try:
            for frame in self._frames.feed(piece):
                found.extend(_frame(frame, now_ms))
        except Unreadable as error:
            self.broken = str(error)
        return found

    def close(self, now_ms: int) -> Lines:
        del now_ms
        found = Lines()
        if self._frames.rest and not self.broken:
            found.rejects.add("cut", self._frames.rest)
        return found


def _frame(frame: bytes, now_ms: int) -> Lines:
    try:
        return graphite_pickle.parse(frame, now_ms)
    except Unreadable as error:
        found = Lines()
        found.rejects.add("unreadable", f"{error}: ".encode() + frame)
        return found


Read = Callable[[bytes, int], Lines]
"""One datagram and the time of now in epoch ms."""


class SampleDoor:
    """Streams, datagrams or both. All happens on the event loop; a block of 256 kB takes it a few ms."""

    def __init__(
        self,
        name: str,
        batcher: Batcher,
        rejects: Rejects,
        *,
        stream: Callable[[], Stream] | None = None,
        datagram: Read | None = None,
        class_lines: ClassLines | None = None,
        connections: int = 256,
        idle: float = 300.0,
        allow: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._listener = Listener(
            name,
            rejects,
            self._read if stream else None,
            self._datagram if datagram else None,
            connections=connections,
            allow=allow,
            piece=BLOCK,
        )
        self.tcp, self.udp = self._listener.tcp, self._listener.udp
        self._stopping = self._listener.stopping
        self._batcher = batcher
        self._rejects = rejects
        self._stream = stream
        self._read_datagram = datagram
        self._class_lines = class_lines
        self._idle = idle
        self._clock = clock
        self._deliveries: set[asyncio.Task[None]] = set()
        self._settler: asyncio.Task[None] | None = None

    async def start(self, sockets: Sockets, tls: ssl.SSLContext | None = None) -> None:
        """Listen on sockets that `bind` made."""
        await self._listener.start(sockets, tls)
        if self._class_lines is not None:
            self._settler = asyncio.create_task(self._settle(self._class_lines), name="settle")

    async def stop(self) -> None:
        """Accept nothing more, take what has arrived, hang up; the batcher must still run."""
        await self._listener.stop(2.0)
        if self._settler:
            await self._settler
        if self._deliveries:
            await asyncio.wait(self._deliveries)

    async def _read(self, reader: asyncio.StreamReader, peer: str) -> None:
        assert self._stream is not None
        stream = self._stream()
        try:
            while piece := await self._piece(reader):
                self.tcp.came(len(piece))
                await self._take(stream.feed(piece, self._now()), peer)
                if stream.broken:
                    self._rejects.add(self.tcp.name, "unreadable", piece, peer, stream.broken)
                    break
        except TimeoutError:
            self._rejects.add(self.tcp.name, "idle", peer=peer, detail=f"nothing came for {self._idle:g} s")
        await self._take(stream.close(self._now()), peer)

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

    async def _take(self, lines: Lines | Block, peer: str) -> None:
        samples = self._sifted(lines, self.tcp, peer)
        if samples:
            await self._batcher.add_samples(samples)
        while self._class_lines and self._class_lines.full and self._deliveries:
            await asyncio.wait(self._deliveries, return_when=asyncio.FIRST_COMPLETED)

    def _datagram(self, data: bytes, peer: str) -> None:
        """One datagram, which is whole lines."""
        assert self._read_datagram is not None
        try:
            samples = self._sifted(self._read_datagram(data, self._now()), self.udp, peer)
        except Unreadable as error:
            self._rejects.add(self.udp.name, "unreadable", data, peer, str(error))
            return
        if samples and not self._batcher.offer_samples(samples):
            self._rejects.add(self.udp.name, "queue-full", data, peer, count=len(samples.series))

    def _sifted(self, lines: Lines | Block, door: Door, peer: str) -> Samples | None:
        """The plain points; lines that are halves of class samples wait for the other half."""
        door.samples += len(lines)
        series: Sequence[str] = lines.paths
        times: Sequence[int] = lines.times
        values: Sequence[float] = lines.values
        if self._class_lines is not None:
            maker = f"{door.name} {peer.rpartition(':')[0]}"
            series, times, values = self._class_lines.sift(lines, maker)
            if self._class_lines.full:
                self._deliver_ready(self._class_lines)
        kept = dict(lines.rejects.samples)
        for reason, count in lines.rejects.counts.items():
            self._rejects.add(door.name, reason, kept.get(reason, b""), peer, count=count)
        return self._of(series, times, values, door, peer)

    @staticmethod
    def _of(
        series: Sequence[str], times: Sequence[int], values: Sequence[float], door: Door, peer: str
    ) -> Samples | None:
        sender = peer.rpartition(":")[0]
        return Samples(series, times, values, door.name, sender=sender) if series else None

    def _now(self) -> int:
        return int(self._clock() * 1000)

    async def _settle(self, class_lines: ClassLines) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), SETTLE_EVERY_S)
            self._deliver_ready(class_lines)
        self._deliver_ready(class_lines, everything=True)

    def _deliver_ready(self, class_lines: ClassLines, everything: bool = False) -> None:
        for batch in class_lines.ready(everything):
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
