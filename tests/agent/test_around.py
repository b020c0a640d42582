"""Looking around for JVMs: seldom when nothing happens, soon when something does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from heapwatch.agent.around import Lookout
from jvms.fixtures import Program


def made_up(proc: Path, *pids: int) -> None:
    """Processes that are listed, and gone when looked at."""
    for pid in pids:
        (proc / str(pid)).mkdir()


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "stat").write_text("btime 1790000000\n")
    (tmp_path / "self").mkdir()
    return tmp_path


def test_the_first_look_is_due_and_then_none_until_a_pid_comes_or_goes(proc: Path) -> None:
    made_up(proc, 1, 2)
    lookout = Lookout(every_s=5.0, min_age_s=0.0, proc=str(proc))
    assert lookout.due(100.0)
    assert lookout.look(100.0) == []
    for now in (131.0, 136.0, 141.0):
        lookout.due(now)
        lookout.look(now)
    assert not lookout.due(146.0)
    (proc / "2").rmdir()
    assert not lookout.due(149.0), "the pids are listed every five seconds only"
    assert lookout.due(151.0)
    lookout.look(151.0)
    assert not lookout.due(156.0)
    assert lookout.due(160.0), "once a minute, for what old processes have become"


def test_what_has_begun_is_looked_at_again_when_it_could_have_become_a_jvm(proc: Path) -> None:
    lookout = Lookout(every_s=5.0, min_age_s=10.0, proc=str(proc))
    lookout.due(81.0)
    lookout.look(81.0)
    made_up(proc, 7)
    assert lookout.due(100.0)
    looks = []
    now = 100.0
    while now < 140.0:
        now = max(now + 0.01, min(lookout.next(), 140.0))
        if lookout.due(now):
            lookout.look(now)
            looks.append(round(now))
    assert looks == [101, 105, 110, 130]


def test_a_worker_of_the_kernel_that_comes_or_goes_is_no_reason_to_look(proc: Path) -> None:
    made_up(proc, 1)
    lookout = Lookout(every_s=5.0, min_age_s=0.0, proc=str(proc))
    lookout.due(100.0)
    lookout.look(100.0)
    for now in (131.0, 136.0):
        lookout.due(now)
        lookout.look(now)
    flags_of_a_worker = 0x4208060
    made_up(proc, 9)
    (proc / "9" / "stat").write_text(f"9 (kworker/1:2) I 2 0 0 0 -1 {flags_of_a_worker} " + "0 " * 43)
    assert not lookout.due(142.0)
    (proc / "9" / "stat").unlink()
    (proc / "9").rmdir()
    assert not lookout.due(148.0)
    made_up(proc, 10)
    assert lookout.due(154.0), "this one is no worker"


@pytest.mark.jvm
def test_names_pids_and_patterns_choose_whom_to_watch(java: Callable[..., Program], home: Path) -> None:
    program = java(home, "Lab", "-Dheapwatch.name=shop-7")

    def found(**choice: object) -> list[tuple[int, str]]:
        lookout = Lookout(min_age_s=0.0, **choice)  # type: ignore[arg-type]
        return [(target.pid, target.name) for target in lookout.look(0.0) if target.pid == program.pid]

    ours = [(program.pid, "shop-7")]
    assert found() == ours
    assert found(only=["shop-*"]) == ours
    assert found(only=[str(program.pid)]) == ours
    assert found(only=["pay", "shop"]) == []
    assert found(ignore=["shop-?"]) == []
    assert found(names={"Lab*": "laboratory"}) == [(program.pid, "laboratory")]
    assert Lookout(min_age_s=3600.0, only=["shop-7"]).look(0.0) == []


def test_what_is_no_jvm_is_not_watched() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert Lookout(min_age_s=0.0, only=[str(process.pid)]).look(0.0) == []
        process.kill()
