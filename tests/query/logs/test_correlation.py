"""What logs said in a window and had not said in the hour before, and messages as they come."""

from __future__ import annotations

import itertools
import math
import random
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from heapwatch.model import Batch, Event, JvmId, LogBlock
from heapwatch.query.errors import QueryError
from heapwatch.query.logs import correlate as module
from heapwatch.query.logs.correlate import Signature, correlate, dispersion, scored
from heapwatch.query.logs.follow import follow_logs, newest
from heapwatch.store import Store
from heapwatch.store.errors import NotFound

pytestmark = pytest.mark.store

HOUR, MINUTE = 3_600_000, 60_000
AT = 1_782_000_000_000 // HOUR * HOUR
_numbers = itertools.count(1)

Say = Callable[[Any], None]


@pytest.fixture
def host() -> str:
    return f"host{next(_numbers)}"


def steadily(host: str, every: int, text: Callable[[int], str], begin: int, end: int) -> list[Any]:
    return [(time, {"host": host}, text(time // 1000)) for time in range(begin, end, every)]


def test_what_appears_vanishes_or_changes_is_told_and_the_rest_is_not(
    store: Store, say: Say, host: str
) -> None:
    before, after = AT - HOUR, AT + 10 * MINUTE
    say(
        steadily(host, 5000, lambda n: f"served /api/x in {n} ms", before, after)
        + steadily(host, 20_000, lambda n: f"heartbeat {n}", before, AT)
        + steadily(host, 60_000, lambda n: f"pool at {n}%", before, AT)
        + steadily(host, 5_000, lambda n: f"pool at {n}%", AT, after)
        + steadily(host, 30_000, lambda n: f"java.lang.OutOfMemoryError: heap {n}", AT + MINUTE, after)
    )
    found = correlate(store, from_=AT, to=after, host=[host])
    assert found["window"] == {"from": AT, "to": after}
    assert found["before"] == {"from": before, "to": AT}
    assert [(row["signature"], row["count"], row["before"]) for row in found["appeared"]] == [
        ("java.lang.OutOfMemoryError: heap *", 18, 0)
    ]
    assert [(row["signature"], row["count"], row["before"]) for row in found["vanished"]] == [
        ("heartbeat *", 0, 180)
    ]
    (changed,) = found["changed"]
    assert (changed["signature"], changed["count"], changed["before"]) == ("pool at *%", 120, 60)
    assert changed["ratio"] == pytest.approx(12)
    assert found["appeared"][0]["first"] == AT + MINUTE
    assert found["appeared"][0]["sample"].startswith("java.lang.OutOfMemoryError: heap 1")
    assert found["appeared"][0]["hosts"] == [host]
    assert found["warnings"] == []


def test_only_the_hosts_that_were_asked_for_count(store: Store, say: Say, host: str) -> None:
    other = f"{host}-other"
    say(
        [
            (AT + 1, {"host": host}, "here"),
            (AT + 2, {"host": other}, "there"),
            (AT - 5, {"host": host}, "old"),
        ]
    )
    found = correlate(store, from_=AT, to=AT + MINUTE, host=[host])
    assert [row["signature"] for row in found["appeared"]] == ["here"]
    both = correlate(store, from_=AT, to=AT + MINUTE, host=[f"{host}*"])
    assert sorted(row["signature"] for row in both["appeared"]) == ["here", "there"]


def test_a_jvm_brings_the_messages_of_its_host_that_belong_to_no_jvm(
    store: Store, say: Say, host: str
) -> None:
    store.insert(
        [
            Batch(
                "a",
                next(_numbers),
                events=[Event(AT + 5, "deploy", {"host": host, "jvm": f"{host}-shop"}, "v2")],
            )
        ]
    )
    say([
        (AT + 1, {"host": host, "jvm": f"{host}-shop"}, "of the shop"),
        (AT + 2, {"host": host, "jvm": f"{host}-cart"}, "of the cart"),
    ])  # fmt: skip
    found = correlate(store, from_=AT, to=AT + MINUTE, jvm=[f"{host}-shop"])
    assert [row["signature"] for row in found["appeared"]] == ["of the shop"]


def test_events_of_the_window_stand_beside_it(store: Store, say: Say, host: str) -> None:
    who = JvmId(host, "shop", 1, AT - 2 * HOUR)
    labels = {"host": host, "jvm": "shop", "pid": "1", "started": str(who.started)}
    batch = Batch("b", next(_numbers), events=[
        Event(AT + 5, "deploy", labels, "version 2"), Event(AT - 5, "restart", labels, "before"),
    ])  # fmt: skip
    store.insert([batch])
    say([(AT + 1, {"host": host}, "up")])
    found = correlate(store, from_=AT, to=AT + MINUTE)
    assert [
        (event["kind"], event["text"]) for event in found["events"] if event["labels"]["host"] == host
    ] == [("deploy", "version 2")]


def test_a_host_that_nobody_has_is_an_error(store: Store) -> None:
    with pytest.raises(NotFound, match="no host 'nowhere'"):
        correlate(store, from_=AT, to=AT + MINUTE, host=["nowhere"])


def test_raw_histograms_are_no_messages(store: Store, say: Say, host: str) -> None:
    say(
        [
            (AT + 1, {"host": host, "_sourceCategory": "heapwatch/histogram"}, " num #instances"),
            (AT - 1, {"host": host}, "x"),
        ]
    )
    assert correlate(store, from_=AT, to=AT + MINUTE, host=[host])["appeared"] == []


def test_without_an_hour_before_it_is_said(store: Store, say: Say, host: str) -> None:
    say([(AT + 1, {"host": host}, "up")])
    found = correlate(store, from_=AT, to=AT + MINUTE, host=[host])
    assert [warning["message"] for warning in found["warnings"]] == [
        "there are no messages from the hour before to compare with"
    ]


def test_a_sample_keeps_the_proportions_and_says_so(
    store: Store, say: Say, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SAMPLED_FROM", 200)
    say(
        steadily(host, 10_000, lambda n: f"pool at {n}%", AT - HOUR, AT)
        + steadily(host, 1000, lambda n: f"pool at {n}%", AT, AT + 10 * MINUTE)
    )
    found = correlate(store, from_=AT, to=AT + 10 * MINUTE, host=[host])
    assert found["warnings"][0]["message"].startswith("960 messages: one in 5 was looked at")
    (changed,) = found["changed"]
    assert changed["ratio"] == pytest.approx(10, rel=0.5)


def of(minutes: list[float], inside: float) -> Signature:
    return Signature("x", np.array(minutes, float), inside)


def test_the_score_is_the_likelihood_ratio_of_two_poisson_rates() -> None:
    score, ratio = scored(of([1.0] * 60, 60), HOUR)
    assert (score, ratio) == (pytest.approx(0), pytest.approx(1))
    score, ratio = scored(of([1.0] * 60, 120), HOUR)
    by_hand = 2 * (120 * math.log(120 / 90) + 60 * math.log(60 / 90))
    assert (score, ratio) == (pytest.approx(by_hand), pytest.approx(2))
    assert scored(of([0.0] * 60, 5), 5 * MINUTE)[0] == pytest.approx(2 * 5 * math.log(13))


def test_what_comes_in_bursts_is_less_of_a_surprise() -> None:
    bursts = [60.0 if place == 7 else 0.0 for place in range(60)]
    assert dispersion(np.array(bursts)) == pytest.approx(60)
    assert dispersion(np.array([1.0] * 60)) == 1
    assert scored(of(bursts, 20), 5 * MINUTE)[0] < scored(of([1.0] * 60, 20), 5 * MINUTE)[0] / 10


def test_chance_alone_is_hardly_ever_told_as_a_change() -> None:
    chance = random.Random(11)
    told = 0
    for _ in range(2000):
        minutes = [float(sum(chance.random() < 0.1 for _ in range(30))) for _ in range(60)]
        inside = sum(chance.random() < 0.1 for _ in range(300))
        told += scored(of(minutes, float(inside)), 10 * MINUTE)[0] >= module.CHANGED
    assert told <= 8


# ---- following


def test_messages_are_followed_in_the_order_of_their_arrival(store: Store, say: Say, host: str) -> None:
    say([(AT + 10, {"host": host}, "before")])
    at = newest(store)
    assert follow_logs(store, f"host={host}", at)["total"] == 0
    say(
        [
            (AT + 30, {"host": host}, "n=2"),
            (AT + 20, {"host": host}, "n=1, late"),
            (AT + 40, {"host": host}, "other"),
        ]
    )
    first = follow_logs(store, f'host={host} | parse "n=*" as n', at)
    assert first["columns"]["n"] == ["1, late", "2"]
    assert first["columns"]["_text"] == ["n=1, late", "n=2"]
    say([(AT + 5, {"host": host}, "n=0, later still")])
    again = follow_logs(store, f"host={host}", type(at)(*first["position"]))
    assert "n=0, later still" in again["columns"]["_text"]
    assert "n=2" not in again["columns"]["_text"]


def test_a_page_that_is_full_goes_on_with_the_next(store: Store, say: Say, host: str) -> None:
    at = newest(store)
    store.insert_logs(
        [LogBlock({"host": host}, array("q", range(AT, AT + 10)), [f"m{n}" for n in range(10)])]
    )
    seen: list[str] = []
    for _ in range(4):
        page = follow_logs(store, f"host={host}", at, limit=3)
        seen += page["columns"]["_text"]
        at = type(at)(*page["position"])
    assert seen == [f"m{n}" for n in range(10)]


def test_an_aggregation_cannot_be_followed(store: Store) -> None:
    with pytest.raises(QueryError, match="aggregate cannot be followed"):
        follow_logs(store, "* | count", newest(store))
