"""The tests for trends answer what scipy and pymannkendall do."""

from __future__ import annotations

import numpy as np
import pymannkendall
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.detect.statistics import (
    benjamini_hochberg,
    hinge,
    mann_kendall,
    medians_of_three,
    slope_of,
    theil_sen,
    upper_tail,
)

series = st.lists(st.integers(0, 30), min_size=4, max_size=30)


@given(series)
def test_mann_kendall_is_that_of_pymannkendall(values: list[int]) -> None:
    z, variance = mann_kendall(np.array(values, float)[:, None])
    if len(set(values)) == 1:
        assert z[0] == 0
        return
    other = pymannkendall.original_test(values)
    assert z[0] == pytest.approx(other.z)
    assert variance[0] == pytest.approx(other.var_s)


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=20))
def test_tails_are_those_of_scipy(z: list[float]) -> None:
    assert upper_tail(np.array(z)) == pytest.approx(scipy.stats.norm.sf(z))


@given(series)
def test_slopes_are_those_of_scipy(values: list[int]) -> None:
    times = np.cumsum(np.arange(1, len(values) + 1)).astype(float)
    levels = np.array(values, float)
    wanted = scipy.stats.theilslopes(levels, times)
    slope, low, high = slope_of(times, levels)
    assert slope == pytest.approx(wanted.slope)
    assert low <= slope <= high
    assert low <= wanted.low_slope + 1e-12  # ours is never narrower
    assert high >= wanted.high_slope - 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.sampled_from([0.01, 0.05, 0.2]))
def test_discoveries_are_those_of_scipy(p: list[float], rate: float) -> None:
    wanted = scipy.stats.false_discovery_control(p) <= rate
    found = benjamini_hochberg(np.array(p), len(p), rate)
    apart = np.abs(scipy.stats.false_discovery_control(p) - rate) > 1e-9  # the last bit decides ties
    assert (found == wanted)[apart].all()


def test_tests_that_were_not_made_count_as_failed() -> None:
    p = np.array([0.004, 0.2])
    assert benjamini_hochberg(p, 2, 0.01).tolist() == [True, False]
    assert benjamini_hochberg(p, 1000, 0.01).tolist() == [False, False]


@given(series, st.floats(0.1, 100), st.floats(-1e3, 1e3))
def test_slopes_scale_with_units_and_do_not_move_with_the_origin(
    values: list[int], unit: float, origin: float
) -> None:
    times, levels = np.arange(len(values), dtype=float), np.array(values, float)
    slope = slope_of(times, levels, counts=False)
    assert slope_of(times + origin, levels, counts=False) == pytest.approx(slope)
    assert slope_of(times, levels * unit, counts=False) == pytest.approx([each * unit for each in slope])
    assert slope_of(times * unit, levels, counts=False) == pytest.approx([each / unit for each in slope])


def test_columns_are_tested_each_by_itself() -> None:
    chance = np.random.default_rng(3)
    levels = chance.integers(0, 9, (24, 50)).astype(float)
    times = np.sort(chance.uniform(0, 100, 24))
    z, variance = mann_kendall(levels)
    slopes = theil_sen(times, levels, variance)
    for column in range(50):
        alone = levels[:, column : column + 1]
        assert mann_kendall(alone)[0][0] == z[column]
        assert theil_sen(times, alone, variance[column : column + 1])[0][0] == slopes[0][column]


def test_the_median_of_three_takes_a_spike_away() -> None:
    assert medians_of_three(np.array([1.0, 9.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("knee", [20.0, 50.0, 80.0])
def test_the_knee_of_a_hinge_is_found(knee: float) -> None:
    times = np.arange(0, 120, 5.0)
    noise = np.random.default_rng(1).normal(0, 3, len(times))
    at, low, high = hinge(times, np.maximum(times - knee, 0) * 4 + noise)
    assert low <= at <= high
    assert at == pytest.approx(knee, abs=6)
