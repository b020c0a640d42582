"""What comes with loaded classes is no leak, though it grows as long as classes are loaded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated import Floats, Program, leaking

from heapwatch.detect.history import History
from heapwatch.detect.judge import judge

STEPS = np.array([6.0, 13, 19, 28, 40, 47, 58, 66, 79, 83, 91, 104, 112])
"""Moments at which a part of the program is used for the first time, so that its classes are loaded."""


def warming_up(*, steps: Floats | None, each: float, name: str, again: str = "") -> History:
    """A JVM that loads classes and makes so many objects with each; one name may have ever more rows."""
    chance = np.random.default_rng(3)
    at = np.arange(1.0, 120.0) if steps is None else steps
    many = chance.integers(*((5, 45) if steps is not None else (1, 4)), len(at)).astype(float)
    history = Program(
        populations={name: lambda times, _: 900 + np.round(each * loaded(times, at, many))}, old_every=0
    ).run()
    place = history.classes.index("com.lib.Fixed1")
    history.rows[:, place] += np.floor(history.times / 15) * bool(again)
    history.instances[:, place] += 8 * (np.arange(len(history)) % 2)
    classes = [again if again and other == place else each for other, each in enumerate(history.classes)]
    known = {**history.counters, "loaded": 3000 + loaded(history.times, at, many)}
    return replace(history, classes=classes, counters=known)


def loaded(times: Floats, at: Floats, many: Floats) -> Floats:
    return np.array([float(many[at <= moment].sum()) for moment in times])


def roots(history: History) -> set[str]:
    return {leak.root for leak in judge(history).leaks}


@pytest.mark.parametrize(
    ("name", "each"),
    [("java.util.HashMap$Node", 15.0), ("java.lang.String", 25.0), ("java.lang.Object", 1.0)],
)
@pytest.mark.parametrize("steps", [STEPS, None], ids=["by steps", "all the time"])
def test_what_comes_with_loaded_classes_is_warm_up(name: str, each: float, steps: Floats | None) -> None:
    history = warming_up(steps=steps, each=each, name=name)
    assert name in roots(replace(history, counters={**history.counters, "loaded": np.full(120, 3000.0)}))
    assert name not in roots(history)


def test_lambdas_share_a_name_without_a_loader_that_leaks() -> None:
    lambdas = "harness.Noise$$Lambda"
    assert roots(warming_up(steps=STEPS, each=25.0, name="java.lang.String", again=lambdas)) == set()


def test_the_applications_own_classes_do_not_come_twice_without_a_loader() -> None:
    script = "org.depot.Script"
    assert roots(warming_up(steps=STEPS, each=25.0, name="java.lang.String", again=script)) == {
        "java.lang.String"
    }


def test_what_goes_on_growing_while_no_class_is_loaded_leaks() -> None:
    """Both rise, so they are alike; but one of them does not wait for the other."""
    program = Program(populations={"java.lang.String": leaking(30)})
    history = program.run()
    classes = 3000 + loaded(history.times, STEPS, np.full(len(STEPS), 40.0))
    both = np.corrcoef(history.instances[:, history.classes.index("java.lang.String")], classes)[0, 1]
    assert both > 0.9
    assert roots(replace(history, counters={**history.counters, "loaded": classes})) == {"java.lang.String"}
