"""A disk that fills up: inserts are refused, reads go on, and with room again everything goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from makers import DAY, MINUTE, NOW, batch, jvm, messages, metrics, snapshot

from heapwatch.errors import Unavailable
from heapwatch.store import Settings, open_store

pytestmark = pytest.mark.store

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "heapwatch-test", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def fill(path: Path, leave: int) -> None:
    """A file that takes all room but `leave` bytes."""
    free = os.statvfs(path.parent)
    with path.open("wb") as file:
        left = free.f_bavail * free.f_frsize - leave
        while left > 0:
            left -= file.write(b"\0" * min(MIB, left))


@pytest.mark.parametrize("leave", [8 * MIB, 0], ids=["below the reserve", "nothing left"])
def test_a_full_disk_refuses_inserts_until_there_is_room(small_disk: Path, leave: int) -> None:
    who = jvm("full")
    settings = Settings(readers=1, fsync=False, min_free_disk_bytes=16 * MIB)

    def numbered(minute: int) -> object:
        time = NOW - 60 * MINUTE + minute * MINUTE
        classes = {f"com.shop.Class{each}": (minute + 1, 24) for each in range(200)}
        block = metrics(who, [time, time + 1000], jvm__heap__used=[minute, minute])
        logs = [messages(day, f"minute {minute}", "x" * 1000, host="full") for day in (time - DAY, time)]
        return batch(snapshot(who, time, classes), metrics=[block], logs=logs, agent="full", sequence=minute)

    with open_store(small_disk / "store", settings, clock=lambda: NOW) as store:
        assert store.insert([numbered(0)]) == [True]
        filler = small_disk / "filler"
        fill(filler, leave)
        for _ in range(3):
            with pytest.raises(Unavailable) as refused:
                store.insert([numbered(1), numbered(2)])
            assert refused.value.retry_after
        assert len(store.snapshot(host="full")["columns"]["class"]) == 200
        assert store.totals(host="full", from_=NOW - 120 * MINUTE, to=NOW)["series"]
    with open_store(small_disk / "store", settings, clock=lambda: NOW) as store:
        assert len(store.snapshot(host="full")["columns"]["class"]) == 200
        with pytest.raises(Unavailable):
            store.insert([numbered(1)])
        filler.unlink()
        assert store.insert([numbered(1), numbered(2)]) == [True, True]
        rows = store.parts.engine.query("SELECT count() AS rows, uniqExact(time) AS times FROM class_sample")
        assert (int(rows["rows"][0]), int(rows["times"][0])) == (600, 3)
        samples = store.parts.engine.query("SELECT count() AS rows FROM sample")
        assert samples["rows"].tolist() == [6]
        logs = store.parts.engine.query("SELECT count() AS rows, uniqExact(time) AS times FROM log")
        assert (int(logs["rows"][0]), int(logs["times"][0])) == (12, 12)
