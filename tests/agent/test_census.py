"""What began and what ended, told from one look to the next."""

from __future__ import annotations

from dataclasses import replace

from heapwatch.agent.census import RESTART_WITHIN_S, Census
from heapwatch.model import Target

SHOP = Target(
    pid=10, nspid=10, start_ticks=5, started=1, name="shop", uid=0, gid=0, user="root", vm="hotspot",
    labels={"version": "1.0"},
)  # fmt: skip
PAY = replace(SHOP, pid=11, name="pay")


def labels(target: Target) -> dict[str, str]:
    return {"jvm": target.name, "pid": str(target.pid), **target.labels}


def kinds(events: list) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    return [(event.kind, event.labels["jvm"]) for event in events]


def test_jvms_that_ran_before_us_are_watched_without_an_event() -> None:
    changes = Census(labels).look([SHOP, PAY], 1000, 0.0)
    assert changes.new == [SHOP, PAY]
    assert changes.events == []


def test_a_start_and_an_exit_are_told_once() -> None:
    census = Census(labels)
    census.look([], 1000, 0.0)
    started = census.look([SHOP], 2000, 1.0)
    assert kinds(started.events) == [("start", "shop")]
    assert started.events[0].time == 2000
    assert census.look([SHOP], 3000, 2.0).events == []
    ended = census.look([], 4000, 3.0)
    assert ended.gone == [SHOP]
    assert kinds(ended.events) == [("exit", "shop")]
    assert census.look([], 5000, 4.0).events == []


def test_a_new_process_of_the_same_name_is_a_restart() -> None:
    census = Census(labels)
    census.look([SHOP], 1000, 0.0)
    again = replace(SHOP, pid=20, start_ticks=900)
    changes = census.look([again], 2000, 1.0)
    assert kinds(changes.events) == [("exit", "shop"), ("restart", "shop")]
    assert changes.events[1].labels["pid"] == "20"
    assert "after pid 10" in changes.events[1].text


def test_the_same_pid_with_another_start_is_another_jvm() -> None:
    census = Census(labels)
    census.look([SHOP], 1000, 0.0)
    changes = census.look([replace(SHOP, start_ticks=6)], 2000, 1.0)
    assert [len(changes.gone), len(changes.new)] == [1, 1]


def test_a_restart_with_another_version_is_a_deploy_too() -> None:
    census = Census(labels)
    census.look([SHOP], 1000, 0.0)
    census.look([], 2000, 1.0)
    changes = census.look([replace(SHOP, pid=20, labels={"version": "1.1"})], 3000, 2.0)
    assert kinds(changes.events) == [("restart", "shop"), ("deploy", "shop")]
    assert changes.events[1].text == "shop changed from version 1.0 to 1.1"


def test_of_three_workers_that_end_and_two_that_come_back_two_are_restarts() -> None:
    census = Census(labels)
    workers = [replace(SHOP, pid=pid) for pid in (1, 2, 3)]
    census.look(workers, 1000, 0.0)
    census.look([], 2000, 1.0)
    changes = census.look([replace(SHOP, pid=pid) for pid in (7, 8)], 3000, 2.0)
    assert kinds(changes.events) == [("restart", "shop"), ("restart", "shop")]


def test_a_second_worker_beside_the_first_is_a_start() -> None:
    census = Census(labels)
    census.look([SHOP], 1000, 0.0)
    assert kinds(census.look([SHOP, replace(SHOP, pid=12)], 2000, 1.0).events) == [("start", "shop")]


def test_what_comes_back_the_next_day_is_a_start() -> None:
    census = Census(labels)
    census.look([SHOP], 1000, 0.0)
    census.look([], 2000, 1.0)
    later = census.look([replace(SHOP, pid=20)], 3000, 2.0 + RESTART_WITHIN_S)
    assert kinds(later.events) == [("start", "shop")]


def test_an_end_for_lack_of_memory_says_so() -> None:
    census = Census(labels, lambda _: "its heap was full")
    census.look([SHOP], 1000, 0.0)
    (event,) = census.look([], 2000, 1.0).events
    assert (event.kind, event.text) == ("oom", "shop (pid 10) ended: its heap was full")


def test_a_jvm_of_which_more_is_known_now_is_neither_new_nor_gone() -> None:
    census = Census(labels)
    census.look([replace(SHOP, java_version="")], 1000, 0.0)
    changes = census.look([replace(SHOP, java_version="17.0.9")], 2000, 1.0)
    assert changes.changed == [replace(SHOP, java_version="17.0.9")]
    assert (changes.new, changes.gone, changes.events) == ([], [], [])
