"""Columns of points against plain Python: the newest of each series, hours, owners; ids of both kinds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.store.hours import by_hour
from heapwatch.store.latest import Latest, PerSeries, Value, newest

HOUR = 3_600_000
COUNTED = st.integers(1, 3000)
HASHED = st.integers(1, 2**64 - 1)
points = st.one_of(
    *(
        st.lists(st.tuples(ids, st.integers(0, 5 * HOUR), st.floats(allow_nan=False)), max_size=40)
        for ids in (COUNTED, HASHED)
    )
)
Point = tuple[int, int, float]


def columns(some: list[Point]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ids, times, values = ([each[n] for each in some] for n in range(3))
    return np.array(ids, np.uint64), np.array(times, np.int64), np.array(values, np.float64)


def last_of(some: list[Point]) -> dict[int, Value]:
    known: dict[int, Value] = {}
    for id_, time, value in some:
        if id_ not in known or time >= known[id_].time:
            known[id_] = Value(time, value)
    return known


@given(points)
def test_the_newest_point_of_each_series_is_found(some: list[Point]) -> None:
    ids, times, values = columns(some)
    places = newest(ids, times)
    found = {int(ids[n]): Value(int(times[n]), float(values[n])) for n in places}
    assert found == last_of(some)
    assert len(places) == len(found)


@given(st.lists(points, max_size=4))
def test_the_newest_values_stay_over_inserts(inserts: list[list[Point]]) -> None:
    latest = Latest(hashed=any(id_ > 3000 for some in inserts for id_, _, _ in some))
    for some in inserts:
        ids, times, values = columns(some)
        places = newest(ids, times)
        latest.took(ids[places], times[places], values[places])
    everything = [point for some in inserts for point in some]
    for id_, value in last_of(everything).items():
        assert latest.get(id_) == value
    assert latest.get(3001) is None or any(id_ == 3001 for id_, _, _ in everything)


@given(st.lists(st.integers(0, 100 * HOUR), max_size=50))
def test_hours_hold_each_point_once(times: list[int]) -> None:
    moments = np.array(times, np.int64)
    seen: list[int] = []
    for hour, places in by_hour(moments):
        assert {int(time) // HOUR for time in moments[places]} == {hour}
        seen += moments[places].tolist()
    assert sorted(seen) == sorted(times)


@given(
    st.one_of(*(st.dictionaries(ids, st.integers(0, 2**32 - 1), max_size=30) for ids in (COUNTED, HASHED)))
)
def test_owners_are_what_they_were_said_to_be(owners: dict[int, int]) -> None:
    known = PerSeries(np.uint32, hashed=any(id_ > 3000 for id_ in owners))
    for some in (list(owners)[::2], list(owners)[1::2]):
        known.add(np.array(some, np.uint64), np.array([owners[id_] for id_ in some], np.uint64))
    ids = np.array(list(owners), np.uint64)
    assert known.of(ids).tolist() == list(owners.values())
