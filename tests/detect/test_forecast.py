"""The end of the heap is told early, and still when collections follow each other at the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated import Program, leaking

from heapwatch.detect.forecast import FULL, exhausted, heap_end, heap_levels
from heapwatch.detect.history import History

RATE, SIZE, LIMIT = 20_000, 48, 160e6


def ends(seed: int, until: float) -> tuple[float, float, float, float]:
    """The moment foretold with its interval, and the true one."""
    history = Program(seed=seed, populations={"com.shop.Order": leaking(RATE)}, heap_max=LIMIT).run()
    known = history.between(0, until)
    found = heap_end(known, 24)
    assert found is not None
    others = float(history.bytes[0].sum() - history.bytes[0, history.classes.index("com.shop.Order")])
    now = float(known.times[-1])
    return now + found.seconds, now + found.low, now + found.high, (FULL * LIMIT - others) / (RATE * SIZE)


@pytest.mark.parametrize("until", [60, 90, 110])
def test_the_end_is_told_from_half_of_the_way_on(until: float) -> None:
    at, low, high, truth = ends(1, until)
    assert low <= at <= high
    assert at == pytest.approx(truth, rel=0.06)


def test_most_intervals_hold_the_end() -> None:
    held = [low <= truth <= high for seed in range(30) for _, low, high, truth in [ends(seed, 80)]]
    assert np.mean(held) >= 0.7


def test_what_does_not_grow_does_not_end() -> None:
    assert heap_end(Program(heap_max=LIMIT).run(), 24) is None
    assert heap_end(Program(populations={"a.B": leaking(RATE)}, heap_max=float("nan")).run(), 24) is None


def test_a_line_ends_where_it_meets_the_limit() -> None:
    times = np.arange(0.0, 100.0, 5.0)
    found = exhausted("threads", times, 100 + 3 * times, 1000, 95.0)
    assert found is not None
    assert found.seconds == pytest.approx((970 - 385) / 3)
    assert found.high == pytest.approx((1000 - 385) / 3)


def with_old_garbage(share: float, *, full: bool) -> tuple[History, float]:
    """A leak with objects beside it that died old, by its share; and the moment when what lives is full."""
    program = Program(populations={"com.shop.Order": leaking(RATE)}, heap_max=LIMIT, old_every=0, churn={})
    history = program.run()
    alive = history.bytes.sum(axis=1)
    dead = share * (alive - alive[0])
    after = history.times > 70
    if full:
        dead = np.where(after, 0.0, dead)
    heap = alive + dead + history.eden
    counters = {**history.counters, "full": np.where(after, float(full), 0.0)}
    return replace(history, heap=heap, counters=counters), (FULL * LIMIT - alive[0]) / (RATE * SIZE)


def test_what_died_old_makes_room_again() -> None:
    history, truth = with_old_garbage(0.1, full=False)
    found = heap_end(history.between(0, 80), 24)
    assert found is not None
    assert found.low < found.seconds < truth - 80 < found.high
    straight = (FULL * LIMIT - found.level) / found.slope
    assert found.low < straight < found.seconds


def test_after_a_full_collection_nothing_is_left_that_died_old() -> None:
    history, truth = with_old_garbage(0.0, full=True)
    found = heap_end(history.between(0, 110), 24)
    assert found is not None
    assert found.seconds == pytest.approx((FULL * LIMIT - found.level) / found.slope)
    assert found.seconds == pytest.approx(truth - float(history.times[history.times <= 110][-1]), rel=0.1)


def test_what_full_collections_leave_in_eden_is_alive() -> None:
    """The old generation is full at 60 s: from then on full collections alone run, and eden fills up."""
    times = np.arange(0.0, 120.0)
    alive = 30e6 + 0.8e6 * times
    kept = np.maximum(alive - (30e6 + 0.8e6 * 60), 0.0)
    eden = kept + 3e6 * (times % 4)
    one = np.ones((len(times), 1))
    history = History(
        host="h1",
        service="s",
        times=times,
        classes=["a.B"],
        instances=one,
        bytes=one,
        rows=one,
        counters={
            "young": np.floor(np.minimum(times, 60) / 4),
            "full": np.floor(np.maximum(times - 60, 0) / 4),
            "eden": eden,
        },
        heap=alive + eden - kept,
        heap_max=LIMIT,
    )
    moments, levels = heap_levels(history, 24)
    assert levels == pytest.approx(30e6 + 0.8e6 * moments, abs=3e6)
    assert levels[-4:] == pytest.approx(30e6 + 0.8e6 * moments[-4:], rel=0.02)
