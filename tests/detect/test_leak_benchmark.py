"""The benchmark of leak detectors: its table of runs, its baselines and its scores. No JVM starts here."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from heapwatch.detect.history import History  # noqa: E402
from leaks import baselines, report, score  # noqa: E402
from leaks.labels import EITHER, LEAK, NONE, PROGRAMS  # noqa: E402
from leaks.scenarios import all_runs  # noqa: E402

TIMES = np.arange(1.0, 119.0)


def history(**classes: np.ndarray) -> History:
    counts = np.stack(list(classes.values()), axis=1)
    return History(
        host="h1",
        service="s",
        times=TIMES,
        classes=list(classes),
        instances=counts,
        bytes=counts * 100,
        rows=np.ones_like(counts),
        mode="live",
        heap_max=1e6,
    )


def steady(seed: int = 1) -> np.ndarray:
    return 2000.0 + np.random.default_rng(seed).integers(-20, 20, len(TIMES))


LEAKING = history(Leak=100 + 50 * TIMES, Rest=steady())
QUIET = history(One=steady(2), Rest=steady(3))


def test_every_program_is_there_under_its_name():
    for name, program in PROGRAMS.items():
        source = (BENCHMARKS / "leaks" / "programs" / f"{name}.java").read_text()
        package = re.search(r"^package ([\w.]+);", source, re.MULTILINE)
        assert package, name
        assert f"{package[1]}.{name}" == program.main


def test_every_leak_has_classes_that_may_be_named():
    assert all(run.roots for run in all_runs() if run.label == LEAK)
    assert not any(run.roots for run in all_runs() if run.label in (NONE, EITHER))


def test_the_runs_reach_over_collectors_jdks_modes_and_parts():
    runs = all_runs()
    assert {run.gc for run in runs} == {"G1", "Serial", "Parallel", "ZGC", "Shenandoah"}
    assert {run.jdk for run in runs} == {"11", "17", "21", "25", "jdk"}
    assert {run.mode for run in runs} == {"all", "live"}
    assert {run.part for run in runs} == {"detect", "patch", "fleet", "restart", "forecast", "hour"}
    assert sum(run.part == "forecast" for run in runs) >= 20


def test_no_two_runs_share_their_chance():
    seeds = [
        (run.program.main, next(word for word in run.arguments if word.startswith("seed=")))
        for run in all_runs()
    ]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("name", ["regression, R² ≥ 0.85", "share of rising intervals", "two histograms"])
def test_a_straight_leak_is_named_by_the_simple_rules(name):
    assert baselines.BASELINES[name](LEAKING).roots[:1] == ["Leak"]
    assert baselines.BASELINES[name](QUIET).roots == []


def test_cork_ranks_what_grows_from_little_above_its_threshold():
    seen = history(Leak=10 + 50 * TIMES, Rest=steady())
    assert baselines.cork(seen).roots == ["Leak"]
    assert baselines.cork(QUIET).roots == []


def test_mann_kendall_alone_sees_any_trend():
    assert baselines.mann_kendall(LEAKING).roots == ["Leak"]


def test_the_line_meets_the_limit_when_it_should():
    said = baselines.regression(LEAKING)
    assert said.end
    mid, low, high = said.end
    now = float(LEAKING.bytes[-1].sum())
    assert mid == pytest.approx((1e6 - now) / 5000, rel=0.05)
    assert low < mid < high


def test_few_histograms_say_nothing():
    few = LEAKING.cut(slice(0, 8))
    assert not any(rule(few).roots for rule in baselines.BASELINES.values())


def outcome(label: str, **verdict: object) -> score.Outcome:
    truth = {
        "label": label,
        "kind": "k",
        "gc": "G1",
        "jdk": "17",
        "mode": "all",
        "roots": ["A"],
        "onset": 0.0,
    }
    return score.Outcome("run", truth, {score.OWN: score.Verdict(**verdict)})


def test_precision_and_recall_leave_out_what_may_be_called_either():
    runs = [
        outcome(LEAK, positive=True, first="A", right=True, delay_s=50.0, delay_samples=48, ever=True),
        outcome(LEAK, positive=True, first="B", right=False),
        outcome(LEAK, positive=False),
        outcome(NONE, positive=True, ever=True),
        outcome(NONE, positive=False),
        outcome(EITHER, positive=True),
    ]
    found = score.scores(runs, score.OWN)
    assert (found["found"], found["leaks"], found["false_alarms"], found["clean"]) == (2, 3, 1, 2)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["root"] == pytest.approx(1 / 2)
    assert found["delay_s"] == 50.0
    assert found["ever_of_clean"] == pytest.approx(1 / 2)


def test_a_forecast_holds_when_the_true_end_is_in_its_interval():
    ends = [
        score.Forecast("a", 0.4, 100.0, (90.0, 80.0, 110.0), None),
        score.Forecast("a", 0.6, 100.0, (60.0, 50.0, 80.0), (120.0, 110.0, 130.0)),
        score.Forecast("a", 0.8, 100.0, None, None),
    ]
    found = score.coverage(ends, "own")
    assert found["all"]["held"] == pytest.approx(1 / 2)
    assert found["all"]["too_early"] == pytest.approx(1 / 2)
    assert found["all"]["given"] == 2
    assert found["80%"]["held"] is None
    assert score.coverage(ends, "regression")["all"]["too_late"] == 1.0


def test_prefixes_end_before_the_end_and_have_no_probe():
    whole = list(score.prefixes(LEAKING))
    assert [round(part.times[-1]) for part in whole] == list(range(20, 118, 10))
    assert all(part.survivors is None for part in whole)


def test_the_page_names_what_is_wrong_and_which_targets_are_kept():
    runs = [outcome(LEAK, positive=False), outcome(NONE, positive=False)]
    pair = score.Pair("patch-x", "before", "fixed", "fixed", "not fixed", "wrong")
    found = {
        "runs": [score.asdict(each) for each in runs],
        "scores": {score.OWN: score.scores(runs, score.OWN)},
        "forecasts": [],
        "coverage": {score.OWN: score.coverage([], "own")},
        "patches": [score.asdict(pair)],
        "verdicts": score.verdicts([pair]),
        "groups": [],
        "hours": [],
    }
    kept = {aim: is_kept for aim, _, is_kept in report.targets(found)}
    assert kept["recall at least 0.95"] is False
    assert kept["wrong verdicts on fixes at most 2 %"] is False
    assert kept["an hour without a leak raises nothing"] is None
    page = report.page(found)
    assert "run (k, G1, JDK 17, all): not found" in page
    assert "patch-x, before against fixed: not fixed is said, the truth is fixed" in page
