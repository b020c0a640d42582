"""The end of the heap is told early, and still when collections follow each other at the end."""

from __future__ import annotations

import numpy as np
import pytest
from simulated import Program, leaking

from heapwatch.detect.forecast import FULL, exhausted, heap_end

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
