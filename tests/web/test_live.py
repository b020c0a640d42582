"""The live hub: everybody gets what they asked for, and a slow reader slows nobody."""

from __future__ import annotations

import asyncio
import json
import math
from array import array
from typing import Any

import pytest

from heapwatch.errors import Unavailable
from heapwatch.model import Batch, Event, Histogram, JvmId, MetricBlock, Snapshot
from heapwatch.web.live import QUEUE, Client, Hub, messages

pytestmark = pytest.mark.anyio


def snapshot(host: str = "web1", jvm: str = "shop", time: int = 1000) -> Snapshot:
    histogram = Histogram(["a.B", "c.D"], array("q", [1, 2]), array("q", [16, 48]), array("q", [1, 1]))
    return Snapshot(JvmId(host, jvm, 7, 500), time, "all", histogram, pause=8.5)


def batch(*snapshots: Snapshot) -> Batch:
    return Batch("a", 1, list(snapshots))


async def take(client: Client, count: int) -> list[tuple[str | None, Any]]:
    taken: list[tuple[str | None, Any]] = []
    async with asyncio.timeout(20):
        async for event in client.events():
            taken.append((event.event, json.loads(event.data)))
            if len(taken) == count:
                break
    return taken


async def test_a_stored_snapshot_is_told_with_its_totals() -> None:
    hub = Hub()
    client = hub.join()
    hub.publish([batch(snapshot())])
    assert await take(client, 1) == [
        (
            "snapshot",
            {
                "host": "web1",
                "jvm": "shop",
                "pid": 7,
                "started": 500,
                "time": 1000,
                "mode": "all",
                "bytes": 64,
                "instances": 3,
                "classes": 2,
                "pause_ms": 8.5,
            },
        )
    ]


async def test_metrics_come_as_their_newest_values() -> None:
    labels = {"host": "web1", "jvm": "shop", "pid": "7", "started": "500"}
    values = {"a": array("d", [1, 2]), "b": array("d", [3, math.nan]), "c": array("d", [math.nan, math.nan])}
    told = list(messages(Batch("a", 1, metrics=[MetricBlock(labels, array("q", [1000, 2000]), values)])))
    assert [message.kind for message in told] == ["metrics"]
    assert json.loads(told[0].data) == {
        "host": "web1",
        "jvm": "shop",
        "pid": 7,
        "started": 500,
        "time": 2000,
        "values": {"a": 2.0, "b": 3.0},
    }


async def test_a_client_hears_only_of_what_it_selected() -> None:
    hub = Hub()
    one, all_ = hub.join(["web*"], ["shop"]), hub.join()
    hub.publish([batch(snapshot("web1"), snapshot("db1"), snapshot("web2", "mail"), snapshot("web3"))])
    hub.publish([Batch("a", 2, events=[Event(1, "oom", {"host": "web9", "jvm": "shop"}, "it died")])])
    assert [data.get("host") or data["labels"]["host"] for _, data in await take(one, 3)] == [
        "web1",
        "web3",
        "web9",
    ]
    assert len(await take(all_, 5)) == 5


async def test_a_slow_client_loses_the_oldest_and_is_told_to_ask_again() -> None:
    hub = Hub()
    slow = hub.join()
    hub.publish([batch(*(snapshot(time=number) for number in range(QUEUE + 3)))])
    first, second = await take(slow, 2)
    assert first == ("resync", {"dropped": 3})
    assert second[1]["time"] == 3
    assert hub.dropped == 3


async def test_closing_ends_every_stream_and_lets_nobody_in() -> None:
    hub = Hub()
    readers = [asyncio.create_task(take(hub.join(), 1)) for _ in range(3)]
    await asyncio.sleep(0)
    hub.close()
    assert await asyncio.gather(*readers) == [[], [], []]
    with pytest.raises(Unavailable, match="stopping"):
        hub.join()


async def test_there_are_only_so_many_streams() -> None:
    hub = Hub(most=1)
    client = hub.join()
    with pytest.raises(Unavailable, match="live_clients"):
        hub.join()
    hub.leave(client)
    hub.join()
