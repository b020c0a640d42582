"""How many series a sender may have, over days."""

from __future__ import annotations

import numpy as np
import pytest

from heapwatch.model import JvmId
from heapwatch.store.claims import ACTIVE_MS
from heapwatch.store.dimensions import Names
from heapwatch.store.latest import Latest
from heapwatch.store.makers import Makers

HOUR = 3_600_000


class Clock:
    now = 10 * ACTIVE_MS

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize("hashed", [False, True])
def test_series_that_nobody_hears_of_make_room_for_new_ones(hashed: bool) -> None:
    clock, latest = Clock(), Latest(hashed)
    makers = Makers(Names(hashed), latest, 10, 1000, clock)

    def make(first: int, count: int, maker: str) -> None:
        ids = np.arange(first, first + count, dtype=np.uint64) << np.uint64(40 * hashed)
        makers.made(dict.fromkeys(ids.tolist(), maker))
        latest.took(ids, np.full(count, clock.now), np.zeros(count))

    make(1, 8, "graphite 10.0.0.1")
    assert (makers.room("graphite 10.0.0.1"), makers.room("graphite 10.0.0.2")) == (2, 10)
    clock.now += 20 * HOUR
    make(100, 2, "graphite 10.0.0.1")
    assert makers.room("graphite 10.0.0.1") == 0
    clock.now += 5 * HOUR  # the first eight are older than a day
    assert makers.room("graphite 10.0.0.1") == 8


def test_a_limit_is_not_counted_anew_for_every_point() -> None:
    clock, latest = Clock(), Latest()
    makers = Makers(Names(False), latest, 3, 1000, clock)
    makers.made({1: "a", 2: "a", 3: "a"})
    assert makers.room("a") == 3, "none of them was heard of"
    latest.took(np.array([1, 2, 3]), np.full(3, clock.now), np.zeros(3))
    assert makers.room("a") == 3
    clock.now += 60_001
    makers.made({4: "a", 5: "a", 6: "a"})
    assert makers.room("a") == 0


def test_jvms_and_classes_count_beside_series_for_a_day() -> None:
    clock = Clock()
    makers = Makers(Names(False), Latest(), 5, 1000, clock)
    one, two = JvmId("web1", "shop", 0, 0), JvmId("web2", "shop", 0, 0)
    assert makers.claim("graphite 10.0.0.1", [one, "java.lang.String", "com.shop.Order"])
    assert makers.claim("graphite 10.0.0.1", [one, "java.lang.String"]), "what it has costs nothing"
    assert makers.claim("graphite 10.0.0.2", [one, "java.lang.String"]), "nor what somebody else has made"
    assert not makers.claim("graphite 10.0.0.1", [two, "a.B", "a.C"]), "all of it or nothing"
    assert (makers.room("graphite 10.0.0.1"), makers.room("graphite 10.0.0.2")) == (2, 5)
    clock.now += 25 * HOUR
    assert makers.claim("graphite 10.0.0.1", [two, "a.B"])
    assert makers.room("graphite 10.0.0.1") == 3, "what is a day old made room once room was short"


def test_all_names_together_have_a_limit() -> None:
    makers = Makers(Names(False), Latest(), 100, 3, Clock())
    assert makers.claim("a", ["a.A", "a.B"])
    assert not makers.claim("b", ["b.A", "b.B"])
    assert makers.claim("b", ["b.A"])
