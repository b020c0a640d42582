"""Whose turn it is: budgets, collections, back-off and one JVM at a time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.agent.schedule import FRESH_S, LAST_RETRY_S, Schedule
from heapwatch.jvm.budget import Limits, PauseBudget


def schedule(chance: float = 0.5) -> Schedule[str]:
    return Schedule(lambda: chance, host_share=0.05)


def budget(interval: float = 10.0) -> PauseBudget:
    return PauseBudget(Limits(min_interval_s=interval))


def watched(_: str) -> bool:
    return True


def test_the_first_visit_comes_within_a_quarter_of_the_interval() -> None:
    turns = schedule(chance=0.999)
    turns.add("a", budget(), now=100.0)
    assert turns.next(100.0, lambda _: False) is None
    assert turns.next(102.5, lambda _: False) == "a"


def test_a_due_visit_waits_for_a_collection_and_follows_it_at_once() -> None:
    turns = schedule(chance=0.0)
    turns.add("a", budget(), now=0.0)
    assert turns.next(1.0, watched) is None
    turns.saw_collection("a", 1.5)
    assert turns.next(1.5, watched) == "a"
    assert turns.next(1.5 + FRESH_S + 0.1, watched) is None, "that collection is old by now"


def test_without_any_collection_the_visit_comes_half_an_interval_later() -> None:
    turns = schedule(chance=0.0)
    turns.add("a", budget(), now=0.0)
    assert turns.next(4.9, watched) is None
    assert turns.next(5.0, watched) == "a"


def test_a_jvm_without_counters_waits_for_nothing() -> None:
    turns = schedule(chance=0.0)
    turns.add("a", budget(), now=0.0)
    assert turns.next(0.0, lambda _: False) == "a"


def test_who_is_due_longest_comes_first() -> None:
    turns = schedule(chance=0.0)
    turns.add("late", budget(), now=3.0)
    turns.add("early", budget(), now=1.0)
    assert turns.next(60.0, watched) == "early"


def test_after_a_pause_the_whole_host_rests() -> None:
    turns = schedule(chance=0.0)
    turns.add("a", budget(), now=0.0)
    turns.add("b", budget(), now=0.0)
    turns.visited("a", now=10.0, pause_ms=50.0, used_bytes=None)
    assert turns.next(10.9, watched) is None, "50 ms are 5 % of a second"
    assert turns.next(11.1, watched) == "b"


def test_intervals_differ_by_chance_but_not_by_more_than_a_quarter() -> None:
    turns: Schedule[str] = Schedule(random.Random(7).random)
    turns.add("a", budget(), now=0.0)
    waits = []
    for visit in range(200):
        turns.visited("a", now=visit * 100.0, pause_ms=1.0, used_bytes=None)
        waits.append(turns.turn("a").due - visit * 100.0)
    assert 7.5 <= min(waits) < 8.0
    assert 12.0 < max(waits) <= 12.5


def test_a_long_pause_makes_the_interval_as_long_as_the_budget_needs() -> None:
    turns = schedule()
    turns.add("a", budget(), now=0.0)
    turns.visited("a", now=0.0, pause_ms=534.0, used_bytes=None)
    assert turns.turn("a").due == pytest.approx(106.8)


def test_failures_are_tried_again_ever_more_seldom_until_one_succeeds() -> None:
    turns = schedule()
    turns.add("a", budget(), now=0.0)
    waits = [turns.failed("a", 1000.0 * n, temporary=True) for n in range(8)]
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600]
    turns.visited("a", now=9000.0, pause_ms=1.0, used_bytes=None)
    assert turns.failed("a", 9100.0, temporary=True) == 10


def test_what_needs_a_person_is_tried_again_after_ten_minutes() -> None:
    turns = schedule()
    turns.add("a", budget(), now=0.0)
    assert turns.failed("a", 0.0, temporary=False) == LAST_RETRY_S


def test_a_jvm_that_says_when_is_not_asked_before() -> None:
    turns = schedule()
    turns.add("a", budget(), now=0.0)
    assert turns.failed("a", 0.0, temporary=True, retry_after=60.0) == 60.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 400)), min_size=1, max_size=40))
def test_the_host_s_share_of_pauses_is_never_exceeded(pauses: list[tuple[str, float]]) -> None:
    turns = schedule()
    for key in "abc":
        turns.add(key, PauseBudget(Limits(share=1.0, min_interval_s=0.1)), now=0.0)
    now, stood = 20.0, 0.0
    first = now
    for _, pause in pauses:
        while (key := turns.next(now, lambda _: False)) is None:
            now += 0.5
        turns.visited(key, now, pause, None)
        stood += pause / 1000
        last = pause / 1000
    assert stood - last <= 0.05 * (now - first) + 1e-6
