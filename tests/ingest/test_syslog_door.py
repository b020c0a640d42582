"""The syslog door on real sockets, fed by the real `logger`."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from heapwatch.errors import Refused, Unavailable, UsageError
from heapwatch.ingest import syslog
from heapwatch.ingest.batcher import Batcher, Samples
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.sockets import bind
from heapwatch.ingest.syslog import SyslogDoor
from heapwatch.model import Batch, LogBlock

pytestmark = pytest.mark.anyio


class House:
    """A door, its batcher, and every block that came through."""

    def __init__(self, **given: object) -> None:
        self.blocks: list[LogBlock] = []
        self.batches = 0
        self.arrived = asyncio.Condition()
        self.rejects = Rejects()
        self.loop = asyncio.get_running_loop()
        self.closed = threading.Event()  # the store takes nothing as long as it is clear
        self.closed.set()
        self.errors: list[Exception] = []
        self.batcher = Batcher(self._insert, self._insert_samples, interval=0.01)
        self.door = SyslogDoor(self.batcher, self.rejects, **given)  # type: ignore[arg-type]
        self.sockets = bind("127.0.0.1", 0, udp=True, what="syslog", setting="syslog_listen")
        self.port: int = self.sockets[0].getsockname()[1]

    def _insert(self, batches: Sequence[Batch]) -> list[bool]:
        assert self.closed.wait(20)
        if self.errors:
            raise self.errors.pop()
        self.batches += len(batches)
        self.blocks += [block for batch in batches for block in batch.logs]
        asyncio.run_coroutine_threadsafe(self._tell(), self.loop)
        return [True] * len(batches)

    def _insert_samples(self, parts: Sequence[Samples]) -> list[dict[str, int]]:
        raise AssertionError(parts)

    async def _tell(self) -> None:
        async with self.arrived:
            self.arrived.notify_all()

    def texts(self) -> list[str]:
        return [text for block in self.blocks for text in block.texts]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20), self.arrived:
            await self.arrived.wait_for(condition)

    async def send(self, data: bytes) -> None:
        _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def send_datagram(self, data: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(data, ("127.0.0.1", self.port))

    async def logger(self, program: str, *arguments: str) -> None:
        where = ("--server", "127.0.0.1", "--port", str(self.port))
        process = await asyncio.create_subprocess_exec(program, *where, *arguments)
        assert await process.wait() == 0


@asynccontextmanager
async def house(**given: object) -> AsyncIterator[House]:
    it = House(**given)
    it.batcher.start()
    await it.door.start(it.sockets)
    yield it
    await it.door.stop()
    await it.batcher.stop()


@pytest.mark.parametrize("transport", [("--tcp",), ("--tcp", "--octet-count"), ("--udp",)])
@pytest.mark.parametrize("dialect", ["--rfc5424", "--rfc3164"])
async def test_the_real_logger_is_understood(
    needs: Callable[[str], str], transport: tuple[str, ...], dialect: str
) -> None:
    async with house() as it:
        said = (
            dialect,
            "--tag",
            "shop",
            "--id=4711",
            "--priority",
            "daemon.warning",
            "cannot sell: no shelf",
        )
        await it.logger(needs("logger"), *transport, *said)
        await it.until(it.texts)
        (block,) = it.blocks
        (text,) = block.texts
        assert text == "shop[4711]: cannot sell: no shelf"
        assert block.levels == ["warn"]
        assert block.labels["_sourceCategory"] == "syslog/daemon"
        assert block.labels["_sourceName"] == "shop"
        assert block.labels["host"] == socket.gethostname().partition(".")[0]


async def test_a_file_sent_by_logger_arrives_to_its_last_line(
    needs: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("sent") / "app.log"
    lines = [f"line {number}" for number in range(5000)]
    file.write_text("\n".join(lines))
    async with house() as it:
        await it.logger(needs("logger"), "--tcp", "--tag", "shop", "--file", str(file))
        await it.until(lambda: len(it.texts()) == len(lines))
        assert it.texts() == [f"shop: {line}" for line in lines]


async def test_messages_of_many_senders_share_inserts() -> None:
    async with house() as it:
        await asyncio.gather(*(it.send(f"<13>app{n}: x\n".encode() * 100) for n in range(20)))
        await it.until(lambda: len(it.texts()) == 2000)
        assert it.batches < 20
        assert {block.labels["_sourceName"] for block in it.blocks} == {f"app{n}" for n in range(20)}


async def test_a_sender_that_does_not_say_its_host_is_known_by_its_address() -> None:
    async with house() as it:
        it.send_datagram(b"<13>no host")
        await it.until(it.texts)
        assert it.blocks[0].labels["host"] == "127.0.0.1"


async def test_what_has_arrived_is_stored_when_the_door_closes() -> None:
    async with house() as it:
        _reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(b"<13>one\n<13>without an end")
        await writer.drain()
        while it.door.tcp.bytes < 25:
            await asyncio.sleep(0)
    assert it.texts() == ["one", "without an end"]
    writer.close()


async def test_while_the_store_takes_nothing_connections_wait_and_datagrams_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(syslog, "MOST_WAITING", 1000)
    async with house() as it:
        it.closed.clear()
        line = "x" * 400
        sent = 60_000  # more than all buffers on the way
        sending = asyncio.create_task(it.send(f"<13>{line}\n".encode() * sent))
        while it.door.tcp.samples < 1000:
            await asyncio.sleep(0)
        while not it.rejects.counts().get("syslog-udp", {}).get("queue-full"):
            it.send_datagram(b"<13>app: lost")
            await asyncio.sleep(0)
        assert not sending.done()
        assert it.door.tcp.samples < sent
        it.closed.set()
        await sending
        await it.until(lambda: it.texts().count(line) == sent)


async def test_messages_that_could_not_be_stored_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "AGAIN_AFTER_S", 0.01)
    async with house() as it:
        it.errors = [Unavailable("disk full"), Unavailable("disk full")]
        await it.send(b"<13>app: kept\n")
        await it.until(it.texts)
        assert it.texts() == ["app: kept"]
        it.errors = [Refused("never")]
        await it.send(b"<13>app: lost\n")
        while not it.rejects.counts().get("syslog-tcp", {}).get("not-stored"):
            await asyncio.sleep(0)
        await it.send(b"<13>app: next\n")
        await it.until(lambda: "app: next" in it.texts())


async def test_a_message_without_end_is_cut_and_counted() -> None:
    async with house() as it:
        await it.send(b"<13>" + b"x" * (3 << 20) + b"\n<13>next\n")
        await it.until(lambda: "next" in it.texts())
        assert len(it.texts()) == 2
        assert it.rejects.counts()["syslog-tcp"] == {"cut": 1}


async def test_an_address_in_use_is_a_sentence_that_names_the_setting() -> None:
    async with house() as it:
        with pytest.raises(UsageError, match=r"for syslog: .*; choose another address with syslog_listen"):
            bind("127.0.0.1", it.port, udp=True, what="syslog", setting="syslog_listen")
