"""The pause budget: how long, how often and when not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heapwatch.jvm.budget import BACK_OFF_S, Limits, PauseBudget, prior_ms
from heapwatch.model import LIVE

GB = 1 << 30
MB = 1 << 20


@pytest.mark.parametrize(
    ("collector", "mode", "version", "expected"),
    [
        ("G1", "all", "17.0.9", 200),
        ("Serial", "all", "8", 200),
        ("ZGC", "all", "21.0.8", 600),
        ("Shenandoah", "all", "17.0.9", 600),
        ("G1", LIVE, "17.0.9", 800),
        ("Parallel", LIVE, "1.8.0_252", 1600),
        ("", "all", "", 200),
    ],
)
def test_the_first_visit_is_predicted_from_heap_and_collector(collector, mode, version, expected):
    assert prior_ms(GB / 2, collector, mode, version) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("pause", "interval"), [(8, 10), (42, 10), (130, 26), (534, 106.8), (2200, 440), (30_000, 3600)]
)
def test_the_interval_keeps_pauses_at_half_a_per_cent(pause, interval):
    budget = PauseBudget()
    budget.visited(100, pause)
    assert budget.interval_s() == pytest.approx(interval)


def test_a_first_visit_that_may_take_too_long_is_refused_with_the_numbers():
    decision = PauseBudget(collector="G1").decide(0, 2 * GB)
    assert not decision.allowed
    assert decision.why == "a pause of 800 ms is expected, 500 ms are allowed"


def test_a_higher_limit_allows_it():
    assert PauseBudget(Limits(max_pause_ms=1000), "G1").decide(0, 2 * GB).allowed


def test_what_was_measured_replaces_the_prior():
    budget = PauseBudget(collector="G1")
    budget.visited(0, 30, GB)
    assert budget.prediction_ms(GB) == pytest.approx(45)


def test_a_small_heap_with_a_dear_visit_does_not_make_a_large_one_forbidden():
    """Ten ms for an almost empty heap are its classes; they do not grow with the bytes."""
    budget = PauseBudget(collector="G1")
    budget.visited(0, 10, 5 * MB)
    assert budget.prediction_ms(400 * MB) < 300


def test_growth_is_expected_to_cost_what_the_prior_says():
    budget = PauseBudget(collector="G1")
    budget.visited(0, 10, GB / 4)
    assert budget.prediction_ms(GB / 2) == pytest.approx(1.5 * (10 + 100))


def test_a_long_pause_of_three_times_its_prediction_stops_visits_for_ten_minutes():
    budget = PauseBudget()
    budget.visited(0, 40, GB)
    budget.visited(20, 400, GB)
    decision = budget.decide(30, GB)
    assert not decision.allowed
    assert decision.retry_after == BACK_OFF_S - 10
    assert budget.next_visit(30, 0.5) == 20 + BACK_OFF_S
    assert budget.decide(20 + BACK_OFF_S, 0).why != decision.why


def test_a_short_surprise_is_not_punished():
    budget = PauseBudget()
    budget.visited(0, 3, GB)
    budget.visited(20, 30, GB)
    assert budget.decide(40, GB).allowed


@pytest.mark.parametrize(
    ("pressure", "throttled", "why"),
    [(35.0, False, "the host is short of CPU (PSI 35 %)"), (None, True, "control group is being throttled")],
)
def test_nobody_is_visited_while_there_is_no_cpu(pressure, throttled, why):
    decision = PauseBudget().decide(0, 0, pressure, throttled)
    assert not decision.allowed
    assert why in decision.why


def test_a_host_without_pressure_readings_is_visited():
    assert PauseBudget().decide(0, 0, None, False).allowed


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 5000))
def test_chance_moves_a_visit_by_no_more_than_a_quarter_of_the_interval(chance, pause):
    budget = PauseBudget()
    budget.visited(1000, pause)
    wait = budget.next_visit(1000, chance) - 1000
    assert 0.75 * budget.interval_s() - 1e-6 <= wait <= 1.25 * budget.interval_s() + 1e-6


def test_a_visit_waits_for_a_collection_for_half_an_interval():
    budget = PauseBudget()
    budget.visited(0, 130)
    due = budget.next_visit(0, 0.5)
    assert due == pytest.approx(26)
    assert budget.overdue(due) == pytest.approx(39)


def test_a_failed_visit_counts_for_the_interval():
    budget = PauseBudget()
    budget.visited(0, 8)
    budget.failed(50)
    assert budget.next_visit(50, 0.5) == 60
    assert budget.average_ms == 8


@given(st.lists(st.tuples(st.floats(0.5, 300), st.floats(0, 1, exclude_max=True)), min_size=30, max_size=60))
@settings(max_examples=50)
def test_the_share_is_kept_over_time_whatever_the_pauses_are(visits):
    """The bucket allows three seconds more than the share, not a moment longer."""
    budget = PauseBudget()
    now, spent, began = 0.0, 0.0, 0.0
    for pause, chance in visits:
        now = max(now, budget.next_visit(now, chance))
        decision = budget.decide(now, None)
        while not decision.allowed:
            now += max(decision.retry_after, 0.001)
            decision = budget.decide(now, None)
        budget.visited(now, pause)
        spent += pause
    elapsed_ms = (now - began) * 1000
    assert spent <= 0.005 * elapsed_ms + 3000 + 300


def test_asking_for_more_visits_than_the_share_allows_is_refused_at_last():
    budget = PauseBudget()
    allowed = 0
    for _ in range(100):
        decision = budget.decide(0, None)
        if not decision.allowed:
            break
        budget.visited(0, 100)
        allowed += 1
    assert decision.why == "the pause budget is used up"
    assert 25 <= allowed <= 30
    assert budget.decide(decision.retry_after + 1, None).allowed
