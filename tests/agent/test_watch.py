"""Rows as columns, and who was killed for memory."""

from __future__ import annotations

import math
from pathlib import Path

from heapwatch.agent.watch import Killings, columns


def test_rows_become_columns_and_what_is_missing_is_no_sample() -> None:
    times, values = columns([(1, {"a": 1.0}), (2, {"a": 2.0, "b": 5.0}), (3, {"b": 6.0})])
    assert list(times) == [1, 2, 3]
    assert list(values["a"][:2]) == [1.0, 2.0]
    assert math.isnan(values["a"][2])
    assert math.isnan(values["b"][0])
    assert list(values["b"][1:]) == [5.0, 6.0]


def test_two_rows_of_one_millisecond_become_one() -> None:
    times, values = columns([(1, {"a": 1.0}), (1, {"b": 2.0})])
    assert (list(times), list(values["a"]), list(values["b"])) == ([1], [1.0], [2.0])


def test_a_killing_counts_from_the_last_look_on(tmp_path: Path) -> None:
    group = tmp_path / "pod" / "container"
    group.mkdir(parents=True)
    for place in (group, group.parent):
        (place / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    killings = Killings("/pod/container", str(tmp_path))
    assert not killings.happened()
    (group / "memory.events").write_text("low 0\noom 4\noom_kill 3\n")
    assert killings.happened()
    killings.look()
    assert not killings.happened()


def test_a_container_that_is_gone_with_its_process_is_asked_about_above_it(tmp_path: Path) -> None:
    group = tmp_path / "pod" / "container"
    group.mkdir(parents=True)
    (group / "memory.events").write_text("oom_kill 0\n")
    (group.parent / "memory.events").write_text("oom_kill 7\n")
    killings = Killings("/pod/container", str(tmp_path))
    (group / "memory.events").unlink()
    group.rmdir()
    (group.parent / "memory.events").write_text("oom_kill 8\n")
    assert killings.happened()


def test_without_control_groups_nobody_was_killed() -> None:
    assert not Killings("").happened()
