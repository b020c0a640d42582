"""Rates: a burst is let through, then as many a second as the rate says, for each sender alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.ingest.limits import Rates, TooMany


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_passes_and_the_next_is_told_how_long_to_wait(clock: Clock) -> None:
    rates = Rates(2, 3, clock=clock)
    for _ in range(3):
        rates.take("web1")
    with pytest.raises(TooMany, match="web1") as refused:
        rates.take("web1")
    assert refused.value.retry_after == pytest.approx(0.5)


def test_whoever_waits_as_told_is_let_in(clock: Clock) -> None:
    rates = Rates(2, 1, clock=clock)
    rates.take("web1")
    with pytest.raises(TooMany) as refused:
        rates.take("web1")
    clock.now += refused.value.retry_after
    rates.take("web1")


def test_one_senders_flood_does_not_touch_another(clock: Clock) -> None:
    rates = Rates(1, 1, clock=clock)
    rates.take("web1")
    rates.take("web2")


def test_a_rate_of_zero_limits_nobody(clock: Clock) -> None:
    rates = Rates(0, 1, clock=clock)
    for _ in range(1000):
        rates.take("web1")


def test_forgotten_senders_do_not_fill_the_memory(clock: Clock) -> None:
    rates = Rates(1, 1, sources=10, clock=clock)
    for number in range(1000):
        rates.take(f"host{number}")
    assert len(rates._full_at) == 10


@given(st.lists(st.floats(0, 5), max_size=200), st.floats(0.5, 20), st.integers(1, 20))
def test_never_more_than_burst_and_rate_allow(pauses: list[float], rate: float, burst: int) -> None:
    clock = Clock()
    rates = Rates(rate, burst, clock=clock)
    taken = 0
    for pause in pauses:
        clock.now += pause
        try:
            rates.take("web1")
            taken += 1
        except TooMany:
            continue
    assert taken <= burst + rate * sum(pauses) + 1e-6
