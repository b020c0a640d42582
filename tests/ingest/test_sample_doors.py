"""The Graphite door on real sockets: what is sent arrives, whatever is around it and however it ends."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from heapwatch.ingest.batcher import Batcher, Samples
from heapwatch.ingest.blocks import BlockReader
from heapwatch.ingest.class_lines import ClassLines
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.samples import PlainLines, SampleDoor
from heapwatch.ingest.sockets import bind
from heapwatch.model import Batch, Snapshot
from heapwatch.wire.graphite import parse_lines
from heapwatch.wire.paths import Template

pytestmark = pytest.mark.anyio

T = 1_795_341_600
Line = tuple[str, int, float]


class House:
    """A door, its batcher, and everything that came through."""

    def __init__(self, **given: object) -> None:
        self.lines: list[Line] = []
        self.snapshots: list[Snapshot] = []
        self.arrived = asyncio.Condition()
        self.rejects = Rejects()
        self.loop = asyncio.get_running_loop()
        self.batcher = Batcher(self._insert, self._insert_samples, interval=0.01)
        forms = {
            "stream": lambda: PlainLines(BlockReader()),
            "datagram": parse_lines,
            "class_lines": ClassLines(Template(), settle=0.05),
        }
        self.door = SampleDoor("graphite", self.batcher, self.rejects, **{**forms, **given})  # type: ignore[arg-type]
        self.sockets = bind("127.0.0.1", 0, udp=True, what="Graphite", setting="graphite_listen")
        self.port: int = self.sockets[0].getsockname()[1]

    def _insert(self, batches: Sequence[Batch]) -> list[bool]:
        self.snapshots += [snapshot for batch in batches for snapshot in batch.snapshots]
        asyncio.run_coroutine_threadsafe(self._tell(), self.loop)
        return [True] * len(batches)

    def _insert_samples(self, parts: Sequence[Samples]) -> list[dict[str, int]]:
        for samples in parts:
            self.lines += zip(samples.series, samples.times, samples.values, strict=True)
        asyncio.run_coroutine_threadsafe(self._tell(), self.loop)
        return [{} for _ in parts]

    async def _tell(self) -> None:
        async with self.arrived:
            self.arrived.notify_all()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20), self.arrived:
            await self.arrived.wait_for(condition)

    async def send(self, data: bytes) -> None:
        """As `nc -q0` does: write everything, close."""
        _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def house(**given: object) -> AsyncIterator[House]:
    it = House(**given)
    it.batcher.start()
    await it.door.start(it.sockets)
    yield it
    await it.door.stop()
    await it.batcher.stop()


async def test_a_file_sent_with_nc_is_loaded_to_its_last_line() -> None:
    async with house() as it:
        count = 50_000
        await it.send("".join(f"a.b.c{n} {n} {T}\n" for n in range(count)).encode()[:-1])
        await it.until(lambda: len(it.lines) == count)
        assert it.lines[-1] == (f"a.b.c{count - 1}", T * 1000, count - 1.0)


async def test_the_nc_line_of_the_story_loads_all_of_it(
    needs: Callable[[str], str], tmp_path: os.PathLike[str]
) -> None:
    nc = needs("nc")
    file = os.path.join(tmp_path, "histogram-in-graphite")
    with open(file, "w") as out:
        for n in range(3000):
            out.write(f"memleak1.count.app.C{n} {n} {T}\nmemleak1.size.app.C{n} {n * 16} {T}\n")
    async with house() as it:
        command = f"cat {file} | {nc} -q0 127.0.0.1 {it.port}"
        process = await asyncio.create_subprocess_shell(command)
        assert await process.wait() == 0
        await it.until(lambda: it.snapshots)
        (snapshot,) = it.snapshots
        assert len(snapshot.histogram) == 3000
        assert snapshot.histogram.total_bytes == sum(range(3000)) * 16


async def test_lines_cut_anywhere_between_packets_are_whole_again() -> None:
    async with house() as it:
        data = f"a.b 1 {T}\r\na.c\t2  {T}\n\n a.d 3 -1\n".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await it.until(lambda: len(it.lines) == 3)
        assert [name for name, _, _ in it.lines] == ["a.b", "a.c", "a.d"]


async def test_bad_lines_are_counted_and_kept_and_their_neighbours_stay() -> None:
    async with house() as it:
        bad = b"nonsense\na.c one 1\na.d nan 1\n\x00\xff\x80 1 1\na.e 1 99999999999999\n" + b"x" * 20_000
        await it.send(f"a.b 1 {T}\n".encode() + bad + f"\na.f 2 {T}\n".encode())
        await it.until(lambda: len(it.lines) == 2)
        assert [name for name, _, _ in it.lines] == ["a.b", "a.f"]
        counts = it.rejects.counts()["graphite-tcp"]
        assert counts == {
            "not-three-cells": 1,
            "bad-value": 1,
            "not-finite": 1,
            "not-utf-8": 1,
            "time-out-of-range": 1,
            "line-too-long": 1,
        }
        kept = {reject["reason"]: reject["sample"] for reject in it.rejects.newest()}
        assert kept["not-three-cells"] == "nonsense"


async def test_binary_garbage_ends_in_counters_and_the_door_stays_open() -> None:
    async with house() as it:
        await it.send(os.urandom(300_000))
        await it.send(f"a.b 1 {T}\n".encode())
        await it.until(lambda: it.lines)
        assert ("a.b", T * 1000, 1.0) in it.lines
        assert sum(it.rejects.counts()["graphite-tcp"].values()) > 0


async def test_a_connection_that_says_nothing_is_closed() -> None:
    async with house(idle=0.05) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(f"a.b 1 {T}".encode())
        assert await reader.read() == b""
        writer.close()
        await it.until(lambda: it.lines)
        assert it.rejects.counts() == {"graphite-tcp": {"idle": 1}}


async def test_connections_beyond_the_limit_are_closed_and_the_others_work() -> None:
    async with house(connections=2) as it:
        first = [await asyncio.open_connection("127.0.0.1", it.port) for _ in range(2)]
        reader, extra = await asyncio.open_connection("127.0.0.1", it.port)
        assert await reader.read() == b""
        extra.close()
        for number, (_reader, writer) in enumerate(first):
            writer.write(f"a.b{number} 1 {T}\n".encode())
        await it.until(lambda: len(it.lines) == 2)
        assert it.rejects.counts() == {"graphite-tcp": {"too-many-connections": 1}}
        for _reader, writer in first:
            writer.close()


async def test_stopping_takes_what_has_arrived_from_open_connections() -> None:
    async with house() as it:
        _reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(f"a.b 1 {T}\nmemleak1.count.a.B 2 {T}\n".encode())
        await writer.drain()
    assert it.lines == [("a.b", T * 1000, 1.0)]
    assert it.snapshots[0].histogram.classes == ["a.B"]
    writer.close()


async def test_datagrams_are_lines_too() -> None:
    async with house() as it:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(f"a.b 1 {T}\na.c 2 {T}".encode(), ("127.0.0.1", it.port))
            sender.sendto(b"nonsense", ("127.0.0.1", it.port))
            sender.sendto(f"a.d;x=1 3 {T}\n".encode(), ("127.0.0.1", it.port))
        await it.until(lambda: len(it.lines) == 3)
        assert [name for name, _, _ in it.lines] == ["a.b", "a.c", "a.d;x=1"]
        assert it.rejects.counts() == {"graphite-udp": {"not-three-cells": 1}}
