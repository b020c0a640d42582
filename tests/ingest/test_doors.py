"""What a door counted becomes a pace: over the last minute, whoever asks and however often."""

from __future__ import annotations

from heapwatch.ingest.doors import Door, Pace


class Watch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_pace_is_of_the_last_minute_only() -> None:
    watch = Watch()
    pace = Pace(watch)
    for second in range(0, 300, 10):
        watch.now = 100.0 + second
        pace.note({"batch": {"samples": 1000 if second < 200 else 1000 + second}})
    per_minute = pace.per_minute("batch", {"samples": 1290})
    assert per_minute == {"samples": 60.0}


def test_nothing_is_said_of_a_pace_before_a_second_has_passed() -> None:
    watch = Watch()
    pace = Pace(watch)
    assert pace.per_minute("batch", {"samples": 5}) is None
    pace.note({})
    assert pace.per_minute("batch", {"samples": 5}) is None
    watch.now += 30
    assert pace.per_minute("batch", {"samples": 5}) == {"samples": 10.0}


def test_the_readings_of_a_year_are_as_few_as_those_of_a_minute() -> None:
    watch = Watch()
    pace = Pace(watch)
    for _ in range(10_000):
        watch.now += 10
        pace.note({})
    assert len(pace._readings) <= 8


def test_a_door_tells_its_counters_alone_and_with_its_open_connections() -> None:
    door = Door("graphite-tcp", "127.0.0.1:2003", clock=lambda: 1.5)
    door.came(20, requests=1)
    door.open = 2
    told = door.status(rejects=3)
    assert told["counters"] == {**door.counters(3), "open": 2}
    assert (told["last"], told["bytes"], told["rejects"]) == (1500, 20, 3)
