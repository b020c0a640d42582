"""Rows as columns, and who was killed for memory."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from heapwatch.agent.watch import Killings, Readings, columns, metaspace_limit
from heapwatch.jvm.counters import Plan, metrics


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


def reading(young: int, milliseconds: float, used: int) -> dict[str, int | str]:
    """What a VM with one collector and one space says."""
    return {
        "sun.os.hrt.frequency": 1_000_000_000,
        "sun.gc.collector.0.invocations": young,
        "sun.gc.collector.0.time": int(milliseconds * 1e6),
        "sun.gc.collector.0.lastExitTime": 1,
        "sun.gc.generation.1.space.0.used": used,
        "sun.gc.generation.1.space.0.capacity": 1 << 20,
        "sun.gc.generation.1.space.0.maxCapacity": 1 << 20,
        "sun.gc.generation.1.maxCapacity": 1 << 20,
        "java.threads.live": 7,
    }


def test_readings_become_the_columns_that_one_after_the_other_would_have_given() -> None:
    raws = [reading(n, 10.0 * n, 1000 * n) for n in range(5)]
    readings = Readings(Plan(raws[0]))
    for at, raw in enumerate(raws):
        readings.add(5000 + 1000 * at, 20.0 + at, raw, 77.0 if at == 3 else None)
    (block,) = readings.blocks({"jvm": "a"})
    assert list(block.times) == [5000, 6000, 7000, 8000, 9000]
    for name, values in metrics(raws[0]).items():
        assert block.values[name][0] == values
    assert list(block.values["jvm.heap.used"]) == [0, 1000, 2000, 3000, 4000]
    assert [round(load, 9) for load in block.values["jvm.gc.load"][1:]] == [0.01] * 4
    assert [left for left in block.values["jvm.heap.after_gc"] if not math.isnan(left)] == [77.0]
    assert readings.blocks({}) == []
    assert readings.newest()["jvm.heap.used"] == 4000


def test_the_load_goes_on_from_one_batch_to_the_next() -> None:
    readings = Readings(Plan(reading(0, 0, 0)))
    readings.add(1000, 1.0, reading(0, 0.0, 0), None)
    readings.blocks({})
    readings.add(2000, 2.0, reading(1, 500.0, 0), 5.0)
    assert readings.newest_load() == 0.5
    (block,) = readings.blocks({})
    assert list(block.values["jvm.gc.load"]) == [0.5]


def test_a_vm_that_was_read_once_has_no_load_yet() -> None:
    readings = Readings(Plan(reading(0, 0, 0)))
    readings.add(1000, 1.0, reading(0, 0.0, 0), None)
    assert readings.newest_load() == 0.0
    (block,) = readings.blocks({})
    assert "jvm.gc.load" not in block.values


def test_two_readings_of_one_millisecond_are_one_row() -> None:
    readings = Readings(Plan(reading(0, 0, 0)))
    for time in (1000, 1000, 1001):
        readings.add(time, time / 1000, reading(0, 0.0, 0), None)
    (block,) = readings.blocks({})
    readings.add(1001, 1.001, reading(0, 0.0, 0), None)
    assert list(block.times) == [1000, 1001]
    assert readings.blocks({}) == []


@pytest.mark.parametrize(
    ("arguments", "limit"),
    [
        ("-Xmx96m -XX:MaxMetaspaceSize=128m", 128 << 20),
        ("-XX:MaxMetaspaceSize=1G -XX:MaxMetaspaceSize=65536k", 64 << 20),
        ("-XX:MetaspaceSize=64m", None),
        ("", None),
    ],
)
def test_the_limit_of_metaspace_is_what_the_options_say(arguments: str, limit: int | None) -> None:
    assert metaspace_limit(arguments) == limit
