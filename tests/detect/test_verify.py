"""A fix is proved by the curve and by the traffic; without traffic nothing is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated import Floats, Program, leaking, walking

from heapwatch.detect.verify import FIXED, NOT_ENOUGH, NOT_FIXED, PARTLY, REDUCED, Proof, verify
from heapwatch.detect.words import proof

ROOT = "com.shop.Order"
CHURN = {ROOT: 6e-3}


def fix(after: Program, seconds: int = 120) -> Proof:
    before = Program(seed=1, populations={ROOT: leaking(20)}, churn=CHURN)
    return verify(before.run(), after.run(), ROOT)


@pytest.mark.parametrize("seed", range(2, 8))
def test_a_flat_curve_under_the_same_load_is_fixed(seed: int) -> None:
    found = fix(Program(seed=seed, populations={ROOT: walking(300, step=2)}, churn=CHURN))
    assert found.verdict == FIXED
    assert found.after is not None
    assert found.before.balance.share < found.after.balance.share


@pytest.mark.parametrize("seed", range(2, 6))
def test_the_same_curve_is_not_fixed(seed: int) -> None:
    assert fix(Program(seed=seed, populations={ROOT: leaking(20)}, churn=CHURN)).verdict == NOT_FIXED


@pytest.mark.parametrize("seed", range(2, 6))
def test_half_the_slope_is_partly_fixed(seed: int) -> None:
    found = fix(Program(seed=seed, populations={ROOT: leaking(9)}, churn=CHURN))
    assert found.verdict == PARTLY
    assert found.residual == pytest.approx(0.45, abs=0.15)


@pytest.mark.parametrize(("a_second", "verdict"), [(0.01, FIXED), (0.5, REDUCED)])
def test_what_is_left_is_nothing_below_a_thousandth(a_second: float, verdict: str) -> None:
    def growing(times: Floats, _chance: np.random.Generator) -> Floats:
        return 300 + np.floor(times * a_second)

    found = fix(Program(seed=3, seconds=600, populations={ROOT: growing}, churn=CHURN))
    assert found.after is not None
    assert found.after.low > 0
    assert found.verdict == verdict


def test_without_traffic_nothing_is_proved() -> None:
    idle = Program(seed=3, populations={ROOT: walking(300, step=1)}, churn={ROOT: 6e-3}, allocation=1e6)
    found = fix(idle)
    assert found.verdict == NOT_ENOUGH
    assert "hardly exercised" in proof(found)


def test_a_class_that_never_came_is_no_proof() -> None:
    found = fix(Program(seed=3, churn={"byte[]": 1e-3}))
    assert found.verdict == NOT_ENOUGH
    assert "was not seen" in proof(found)


def test_a_few_histograms_are_no_proof_and_it_says_how_many_are_missing() -> None:
    found = fix(Program(seed=3, seconds=9, populations={ROOT: walking(300, step=2)}, churn=CHURN))
    assert found.verdict == NOT_ENOUGH
    assert found.more_samples >= 6
    assert "more histograms are needed" in proof(found)


def test_garbage_after_a_fix_is_told_from_a_leak_by_live_objects() -> None:
    """Nothing old was collected after the change, so that dead objects pile up; a probe tells them."""
    before = Program(populations={ROOT: leaking(40)}).run()
    after = Program(seed=3, populations={ROOT: leaking(40)}, old_every=0, version="1.1").run()
    assert verify(before, after, ROOT).verdict == NOT_FIXED
    assert verify(before, replace(after, survivors={ROOT: 200.0}), ROOT).verdict == FIXED
    some = verify(before, replace(after, survivors={ROOT: 1500.0}), ROOT)
    assert some.verdict == NOT_ENOUGH
    assert "garbage" in some.why
