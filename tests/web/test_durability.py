"""What was acknowledged is there after `kill -9`, once; what was not can be sent again."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from histograms import TEXT, batch, now
from servers import DidNotStart, Server

from heapwatch.wire.batch import encode

pytestmark = [pytest.mark.store, pytest.mark.e2e]

KILLS = 3
SENDERS = 3


class Sender(threading.Thread):
    """An agent: sends batches in order, repeats each until it is acknowledged, sometimes once more."""

    def __init__(self, name: str, url: list[str], done: threading.Event, begin: int) -> None:
        super().__init__(name=name)
        self._url = url
        self._done = done
        self._begin = begin
        self._http = httpx2.Client(timeout=30, trust_env=False)
        self.acknowledged: list[int] = []
        self.progress = threading.Semaphore(0)
        self.wrong: list[str] = []

    def run(self) -> None:
        for sequence in itertools.count(1):
            body = encode(batch(sequence, self._begin + sequence * 1000, self.name, f"host-{self.name}"))
            while not self._delivered(body):
                if self._done.is_set():
                    return
            self.acknowledged.append(sequence)
            self.progress.release()
            if sequence % 3 == 0:
                self._delivered(body)
            if self._done.is_set():
                return

    def _delivered(self, body: bytes) -> bool:
        try:
            answer = self._http.post(f"{self._url[0]}/api/v1/batch", content=body)
        except httpx2.TransportError:
            self._done.wait(0.02)
            return False
        if answer.status_code not in (200, 503):
            self.wrong.append(answer.text)
        return answer.status_code == 200


def times_of(server: Server, host: str) -> list[int]:
    query = {"host": host, "from": "-1d", "to": "now+1d", "limit": 100_000}
    columns: dict[str, list[Any]] = server.http.get("/api/v1/snapshots", params=query).json()["columns"]
    return columns["time"]


def test_nothing_acknowledged_is_lost_or_doubled_by_killing_the_server_again_and_again(data: Path) -> None:
    begin = now() - 3_600_000
    done = threading.Event()
    server = Server(data)
    url = [server.url]
    senders = [Sender(f"agent{number}", url, done, begin) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    dice = random.Random(7)
    try:
        for _ in range(KILLS):
            for sender in senders:
                for _ in range(dice.randint(1, 5)):
                    assert sender.progress.acquire(timeout=60)
            server.kill()
            server.start()
            url[0] = server.url
    finally:
        done.set()
        for sender in senders:
            sender.join(timeout=60)
    with server:
        for sender in senders:
            assert sender.wrong == []
            assert len(sender.acknowledged) >= KILLS
            counted = Counter(times_of(server, f"host-{sender.name}"))
            wanted = {begin + sequence * 1000 for sequence in sender.acknowledged}
            assert wanted <= set(counted)
            assert set(counted.values()) == {1}
            # At most the one batch whose answer was lost may be there beyond what was acknowledged.
            assert len(set(counted) - wanted) <= 1
        assert server.stop() == 0


def test_what_arrived_before_sigterm_is_stored_and_the_server_ends_in_order(data: Path) -> None:
    with Server(data, flush_interval=5) as server:
        codes: list[int] = []
        begin = now() - 100_000

        def send(number: int) -> None:
            query = f"host=late&jvm=shop&time={begin + number * 1000}"
            codes.append(server.http.post(f"/api/v1/histogram?{query}", content=TEXT.encode()).status_code)

        first = threading.Thread(target=send, args=(0,))
        first.start()
        first.join()
        # The first delivery went in at once; these wait for the next insert, which is seconds away.
        waiting = [threading.Thread(target=send, args=(number,)) for number in range(1, 5)]
        for thread in waiting:
            thread.start()
        while server.http.get("/api/v1/status").json()["doors"][0]["requests"] < 5:
            pass
        assert server.stop() == 0
        for thread in waiting:
            thread.join()
        assert codes == [200] * 5
        server.start()
        assert len(times_of(server, "late")) == 5


def test_a_second_server_on_the_same_data_is_told_who_has_it(data: Path) -> None:
    with Server(data) as first:
        with pytest.raises(DidNotStart, match=rf"in use by process {first.process.pid} "):
            Server(data)
        assert first.http.get("/readyz").status_code == 200
