"""A process that inserts until it is killed: `python inserting.py DIRECTORY STATE [TABLE]`.

STATE holds what agents keep: which batch comes next. It prints `opened`, then `stored N` for each insert that
the store acknowledged. Batch N is made from N alone, so a replay is the same batch. With TABLE it kills
itself right after the rows of that table were written in its second insert.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path

from makers import DAY, NOW, batch, jvm, metrics, snapshot

from heapwatch.model import Batch, Event, LogBlock
from heapwatch.store import Settings, open_store, opening
from heapwatch.store.engine import Engine
from heapwatch.store.native import Column

HOSTS = ("kill-a", "kill-b")
CLASSES = 400
AT_ONCE = 3


def numbered(number: int) -> Batch:
    """Batch N: a snapshot of each host, ten samples each, eight log messages, an event now and then."""
    time_ = NOW - 10_000_000 + number * 10_000
    snapshots, blocks = [], []
    for host in HOSTS:
        who = jvm(host)
        classes = {f"com.shop.Class{each}": (number + each, (number + each) * 24) for each in range(CLASSES)}
        snapshots.append(snapshot(who, time_, classes))
        blocks.append(
            metrics(who, array("q", range(time_, time_ + 10_000, 1000)), jvm__heap__used=[number] * 10)
        )
    events = (
        [Event(time_, "deploy", {"host": HOSTS[0], "jvm": "shop"}, f"v{number}")] if number % 5 == 0 else []
    )
    times = array("q", [time_ - DAY, time_, time_])  # of two days, and two of the same moment are two
    texts = [f"INFO batch {number} begins", f"ERROR batch {number}\n\tat Shop.buy", f"INFO batch {number}"]
    logs = [LogBlock({"host": host, "_sourceCategory": "shop"}, times, texts) for host in HOSTS]
    logs.append(LogBlock({"host": HOSTS[0]}, times[1:], ["twice"] * 2))
    return batch(*snapshots, metrics=blocks, events=events, logs=logs, agent="killed", sequence=number)


class DeadlyEngine(Engine):
    """Dies by kill -9 once it has written rows of one table for the second time."""

    table = ""
    written = 0

    def insert(self, table: str, columns: Sequence[Column]) -> None:
        super().insert(table, columns)
        if table == self.table:
            DeadlyEngine.written += 1
            if DeadlyEngine.written == 2:
                os.kill(os.getpid(), signal.SIGKILL)


def main(directory: str, state: Path, dies_after: str) -> None:
    if dies_after:
        DeadlyEngine.table = dies_after
        opening.Engine = DeadlyEngine  # type: ignore[misc]
    settings = Settings(readers=1, fsync=not dies_after, min_free_disk_bytes=0)
    with open_store(directory, settings, clock=itertools.count(NOW, 1000).__next__) as store:
        print("opened", flush=True)
        number = int(state.read_text()) if state.exists() else 0
        while True:
            store.insert([numbered(each) for each in range(number, number + AT_ONCE)])
            number += AT_ONCE
            print("stored", number, flush=True)
            fresh = state.with_suffix(".new")
            fresh.write_text(str(number))
            os.replace(fresh, state)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")
