"""Sample times while the wall clock is set this way and that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heapwatch.agent.clock import Clock


class Clocks:
    """A wall clock that can be set, and a monotonic one that cannot."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_790_000_000.0, 50.0
        self.clock = Clock(lambda: self.wall, lambda: self.monotonic)

    def after(self, seconds: float, set_by: float = 0.0) -> int:
        self.monotonic += seconds
        self.wall += seconds + set_by
        return self.clock.now_ms()


def test_a_clock_that_nobody_sets_is_the_wall_clock() -> None:
    clocks = Clocks()
    assert [clocks.after(1.5) for _ in range(3)] == [1_790_000_001_500, 1_790_000_003_000, 1_790_000_004_500]
    assert clocks.clock.stepped() == 0


def test_a_jump_forward_is_followed_at_once_and_told_once() -> None:
    clocks = Clocks()
    assert clocks.after(1, set_by=3600) == 1_790_003_601_000
    assert clocks.clock.stepped() == 3600
    assert clocks.clock.stepped() == 0


def test_a_step_back_slows_samples_down_until_the_wall_has_caught_up() -> None:
    clocks = Clocks()
    clocks.after(1)
    times = [clocks.after(1, set_by=-10)] + [clocks.after(1) for _ in range(30)]
    assert all(earlier < later for earlier, later in zip(times, times[1:]))
    assert times[-1] == clocks.wall * 1000
    assert times[0] == 1_790_000_001_500
    assert clocks.clock.stepped() == -10
    assert clocks.clock.ahead_s == 0


def test_how_far_samples_are_ahead_can_be_seen() -> None:
    clocks = Clocks()
    clocks.after(1, set_by=-100)
    assert 99 < clocks.clock.ahead_s < 101


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(-1e5, 1e5)), max_size=30))
def test_times_rise_whatever_is_done_to_the_wall_clock(steps: list[tuple[float, float]]) -> None:
    clocks = Clocks()
    times = [clocks.clock.now_ms()] + [clocks.after(seconds, set_by) for seconds, set_by in steps]
    assert all(earlier < later for earlier, later in zip(times, times[1:]))
