"""Three hundred hosts in one process: asyncssh plays them on 127.0.x.y, some dead, slow, lying or swapped."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from array import array
from pathlib import Path
from typing import Any, Iterator

import asyncssh
import pytest

from heapwatch.fleet.hosts import Host, Inventory
from heapwatch.fleet.reach import Fleet
from heapwatch.jvm.budget import Limits
from heapwatch.model import Batch, Histogram, JvmId, Snapshot
from heapwatch.wire.batch import encode

HOSTS = 300
ODD = {
    7: "host key changed",
    20: "bad answer",
    21: "bad answer",
    22: "bad answer",
    23: "bad answer",
    40: "too much output",
    60: "timed out",
    61: "timed out",
    80: "hung up",
    100: "unreachable",
    101: "unreachable",
    120: "auth refused",
    140: "no jvm",
    160: "failed",
}
"""What is the matter with which host; all others are well."""


def answer(host: str, of: str = "", late_ms: int = 0) -> bytes:
    """What a probe says of one JVM with a histogram."""
    now = int(time.time() * 1000)
    classes = Histogram(["a.B", "[B"], array("q", [3, 4]), array("q", [72, 4096]), array("q", [1, 1]))
    snapshot = Snapshot(JvmId(of or host, "shop", 4711, 1000), now - late_ms, "all", classes, 3.5, 9.0)
    told = {"is": "jvm", "pid": 4711, "name": "shop", "started": 1000, "outcome": "ok", "pause_ms": 3.5}
    told["batch"] = base64.b64encode(encode(Batch("x", 0, [snapshot]))).decode()
    lines = [hello(now), told, {"is": "end", "jvms": 1}]
    return b"Welcome!\n" + b"".join(
        json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines
    )


def hello(now: int) -> dict[str, Any]:
    return {"is": "hello", "python": "3.9.18", "user": "app", "time": now}


class Played(asyncssh.SSHServer):
    """One host: lets in the one key, but for those that refuse."""

    def __init__(self, number: int) -> None:
        self._number = number

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return ODD.get(self._number) != "auth refused"

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return True


async def perform(number: int, process: asyncssh.SSHServerProcess[bytes]) -> None:
    """What the host does with the probe."""
    name, odd = f"host{number}", ODD.get(number)
    if odd == "timed out":
        await asyncio.sleep(60)
    elif odd == "hung up":
        process.get_extra_info("connection").abort()
        return
    elif odd == "too much output":
        while True:
            process.stdout.write(b"x" * 65536)
            await process.stdout.drain()
    await process.stdin.readexactly(int(await process.stdin.readline()))
    await process.stdin.readline()
    lies = {
        20: answer(name, of="host1"),
        21: answer(name, late_ms=86_400_000),
        22: answer(name)[:-30],
        23: b"\x00\xff{}\n",
        140: json.dumps(hello(int(time.time() * 1000)), separators=(",", ":")).encode()
        + b'\n{"is":"end","jvms":0}\n',
    }
    process.stdout.write(lies.get(number, answer(name)))
    process.exit(1 if odd == "failed" else 0)


def address(number: int) -> str:
    return f"127.0.{number // 200 + 1}.{number % 200 + 1}"


class Town:
    """The hosts, on a loop in a thread of its own."""

    def __init__(self) -> None:
        self.key, self.other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.ports = asyncio.run_coroutine_threadsafe(self._open(), self.loop).result(60)

    async def _open(self) -> dict[int, int]:
        ports = {}
        self.listeners = []
        for number in range(HOSTS):
            if ODD.get(number) == "unreachable":
                ports[number] = 1
                continue
            listener = await asyncssh.listen(
                address(number),
                0,
                server_host_keys=[self.other if ODD.get(number) == "host key changed" else self.key],
                server_factory=lambda number=number: Played(number),
                process_factory=lambda process, number=number: perform(number, process),
                encoding=None,
                line_editor=False,
            )
            self.listeners.append(listener)
            ports[number] = listener.get_port()
        return ports

    def close(self) -> None:
        async def end() -> None:
            for listener in self.listeners:
                listener.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(60)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    town = Town()
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "key")
    known = tmp_path / "known_hosts"
    line = town.key.export_public_key().decode().strip()
    known.write_text("".join(f"[{address(number)}]:{port} {line}\n" for number, port in town.ports.items()))
    config = tmp_path / "config"
    config.write_text(
        f"Host *\n IdentityFile {tmp_path / 'key'}\n IdentityAgent none\n UserKnownHostsFile {known}\n"
    )
    hosts = {
        f"host{number}": Host(f"host{number}", address(number), port, user="app")
        for number, port in town.ports.items()
    }
    limits = Limits(min_interval_s=0.0)
    try:
        with Fleet(Inventory(hosts), forks=40, ssh_config=config, limits=limits) as fleet:
            yield fleet
    finally:
        town.close()


def test_the_dead_the_slow_and_the_liars_cost_only_themselves(fleet: Fleet) -> None:
    asked = fleet.asked(timeout_s=12.0, most=1 << 20)
    found = {int(result.host[4:]): result for result in fleet.results(asked=asked)}
    assert len(found) == HOSTS
    assert {number: result.outcome for number, result in found.items() if result.outcome != "ok"} == ODD
    for result in found.values():
        if result.outcome == "ok":
            (jvm,) = result.jvms
            assert jvm.batch is not None
            assert jvm.batch.snapshots[0].jvm.host == result.host
            assert result.pause_ms == 3.5
        elif result.outcome != "no jvm":
            assert not result.jvms
            assert result.failed
            assert result.why
