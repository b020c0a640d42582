"""kill -9 at any moment: what was acknowledged is there once, what was not is there once after its replay."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from inserting import CLASSES, HOSTS, numbered
from makers import NOW

from heapwatch.model import Batch
from heapwatch.store import Settings, Store, open_store

pytestmark = pytest.mark.store

KILLS = 3
TABLES = ("class_sample", "sample", "event", "log", "snapshot", "ack")


class Inserting:
    """The inserting process, and what it has said."""

    def __init__(self, directory: Path, state: Path, dies_after: str = "") -> None:
        script = Path(__file__).with_name("inserting.py")
        command = [sys.executable, str(script), str(directory), str(state), dies_after]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._said: list[str] = []
        self._heard = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._heard:
                self._said.append(line.strip())
                self._heard.notify_all()
        with self._heard:
            self._said.append("gone")
            self._heard.notify_all()

    def wait_for(self, count: int) -> None:
        """Until it has acknowledged so many batches of this life."""
        with self._heard:
            heard = self._heard.wait_for(lambda: len(self._said) > count or "gone" in self._said, 60)
            assert heard
            assert "gone" not in self._said

    def kill(self, delay: float) -> int:
        """kill -9 so many seconds from now; the last batch it acknowledged, 0 for none."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # nothing ends it but us: then it is time
            self._process.wait(delay)
        self._process.send_signal(signal.SIGKILL)
        return self.death()

    def death(self) -> int:
        """Until it is dead; the last batch it acknowledged, 0 for none."""
        assert self._process.wait(60) == -signal.SIGKILL
        with self._heard:
            assert self._heard.wait_for(lambda: "gone" in self._said, 10)
            acknowledged = [int(line.split()[1]) for line in self._said if line.startswith("stored")]
        return acknowledged[-1] if acknowledged else 0


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, int]]:
    """A store whose writer died after each table and at random moments; the newest batch acknowledged."""
    directory = tmp_path_factory.mktemp("killed")
    state = tmp_path_factory.mktemp("agent") / "next"
    chance = random.Random()
    acknowledged = 0
    for table in TABLES:
        acknowledged = max(acknowledged, Inserting(directory, state, table).death())
    for _ in range(KILLS):
        process = Inserting(directory, state)
        process.wait_for(chance.randrange(1, 4))
        acknowledged = max(acknowledged, process.kill(chance.random() * 0.15))
    with open_store(directory, Settings(readers=1, min_free_disk_bytes=0), clock=lambda: NOW) as store:
        yield store, acknowledged


def rows_by_snapshot(store: Store) -> dict[tuple[int, str], int]:
    """How many class samples there are of each time and host, counted in the table itself."""
    engine = store.parts.engine
    found = engine.query(
        "SELECT incarnation, toUnixTimestamp64Milli(time) AS at, count() AS rows, "
        "uniqExact(class) AS classes FROM class_sample GROUP BY incarnation, time"
    )
    assert found["rows"].tolist() == found["classes"].tolist()
    owner = {each.id: each.who.host for each in store.parts.names.jvms.by_id.values()}
    keys = zip(found["at"].tolist(), map(owner.get, found["incarnation"].tolist()), strict=True)
    return dict(zip(keys, found["rows"].tolist(), strict=True))


def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(killed: tuple[Store, int]) -> None:
    store, acknowledged = killed
    assert acknowledged >= KILLS
    expected = {
        (numbered(number).snapshots[0].time, host): CLASSES
        for number in range(acknowledged)
        for host in HOSTS
    }
    rows = rows_by_snapshot(store)
    assert {key: rows.get(key) for key in expected} == expected
    heads = store.snapshots(from_=0, to=NOW, limit=100_000)["columns"]
    found = list(zip(heads["time"], heads["host"], strict=True))
    assert len(found) == len(set(found))
    assert expected.keys() <= set(found)


def test_what_was_not_acknowledged_is_stored_once_by_its_replay(killed: tuple[Store, int]) -> None:
    store, acknowledged = killed
    replay = [numbered(number) for number in range(acknowledged + 30)]
    store.insert(replay)
    assert store.insert(replay) == [False] * len(replay)
    rows = rows_by_snapshot(store)
    assert rows == {(each.snapshots[0].time, host): CLASSES for each in replay for host in HOSTS}
    found = store.parts.engine.query("SELECT count() AS rows, uniqExact(series, time) AS kinds FROM sample")
    assert found["rows"].tolist() == found["kinds"].tolist() == [len(replay) * len(HOSTS) * 10]
    deploys = store.events(from_=0, to=NOW)["events"]
    assert [each["text"] for each in deploys] == [each.events[0].text for each in replay if each.events]


def logs_by_text(store: Store) -> Counter[str]:
    return Counter(store.parts.engine.query("SELECT text FROM log")["text"])


def texts_of(batches: Iterable[Batch]) -> Counter[str]:
    return Counter(text for batch in batches for block in batch.logs for text in block.texts)


def test_log_messages_outlive_kill_9_once_each(killed: tuple[Store, int]) -> None:
    store, acknowledged = killed
    numbers = range(acknowledged + 30)
    found, expected = logs_by_text(store), texts_of(map(numbered, numbers[:acknowledged]))
    assert {text: found[text] for text in expected if text != "twice"} == {
        text: count for text, count in expected.items() if text != "twice"
    }
    store.insert([numbered(number) for number in numbers])
    assert logs_by_text(store) == texts_of(map(numbered, numbers))


def test_a_store_that_was_killed_opens_and_goes_on(killed: tuple[Store, int]) -> None:
    store, _ = killed
    assert store.status()["broken"] == []
    assert store.totals(host="kill-a", from_=NOW - 20_000_000, to=NOW)["series"]
