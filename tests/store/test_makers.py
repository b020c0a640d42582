"""How many series a sender may have, over days."""

from __future__ import annotations

import numpy as np
import pytest

from heapwatch.store.latest import Latest
from heapwatch.store.makers import ACTIVE_MS, Makers

HOUR = 3_600_000


class Clock:
    now = 10 * ACTIVE_MS

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize("hashed", [False, True])
def test_series_that_nobody_hears_of_make_room_for_new_ones(hashed: bool) -> None:
    clock, latest = Clock(), Latest(hashed)
    makers = Makers(hashed, latest, 10, clock)

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
    makers = Makers(False, latest, 3, clock)
    makers.made({1: "a", 2: "a", 3: "a"})
    assert makers.room("a") == 3, "none of them was heard of"
    latest.took(np.array([1, 2, 3]), np.full(3, clock.now), np.zeros(3))
    assert makers.room("a") == 3
    clock.now += 60_001
    makers.made({4: "a", 5: "a", 6: "a"})
    assert makers.room("a") == 0
