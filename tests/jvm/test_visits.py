"""One visitor at a time, and what it leaves for the next one."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from heapwatch.jvm import visits
from heapwatch.jvm.refusals import Busy


def test_what_one_visitor_learns_the_next_one_knows():
    with visits.visit(7, 100, timeout=1) as visit:
        visit.state.failures = 1
        visit.state.last_signal = visits.now()
        visit.state.pending = "inspectheap"
    with visits.visit(7, 100, timeout=1) as visit:
        assert visit.state.failures == 1
        assert visit.state.pending == "inspectheap"


def test_another_life_of_the_pid_starts_afresh():
    with visits.visit(7, 100, timeout=1) as visit:
        visit.state.failures = 2
    with visits.visit(7, 101, timeout=1) as visit:
        assert visit.state.failures == 0


def test_a_second_visitor_in_the_same_process_has_to_wait():
    said = "another heapwatch is talking to JVM 7"
    with (
        visits.visit(7, 100, timeout=1),
        pytest.raises(Busy, match=said),
        visits.visit(7, 100, timeout=0.01),
    ):
        pass


def test_a_waiting_visitor_gets_its_turn():
    entered, leave, results = threading.Event(), threading.Event(), []

    def first():
        with visits.visit(7, 100, timeout=1):
            entered.set()
            leave.wait(10)
            results.append("first")

    def second():
        entered.wait(10)
        leave.set()
        with visits.visit(7, 100, timeout=10):
            results.append("second")

    threads = [threading.Thread(target=run) for run in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert results == ["first", "second"]


HOLDER = """
import sys
from heapwatch.jvm import visits
with visits.visit(7, 100, timeout=1) as visit:
    visit.state.pending = "inspectheap"
    visit.save()
    print("in", flush=True)
    sys.stdin.read()
"""


def test_another_process_keeps_us_out_and_leaves_its_word_when_it_is_killed():
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"in\n"
        with pytest.raises(Busy), visits.visit(7, 100, timeout=0.01):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with visits.visit(7, 100, timeout=1) as visit:
        assert visit.state.pending == "inspectheap"


def test_after_a_signal_without_answer_there_is_none_for_a_minute_and_after_two_never():
    state = visits.Visits()
    assert state.signal_refused_for() is None
    state.last_signal, state.failures = visits.now(), 1
    assert 59 < state.signal_refused_for() <= 60
    state.last_signal -= 61
    assert state.signal_refused_for() is None
    state.failures = 2
    assert state.signal_refused_for() == float("inf")


def files():
    return sorted(Path(os.environ["HEAPWATCH_RUNTIME_DIR"]).glob("heapwatch/jvms/*"))


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"failures": "x"}', b"\xff\xfe", b'{"boot": "another", "failures": 2}']
)
def test_a_spoilt_file_or_one_of_an_earlier_boot_is_as_none(content):
    with visits.visit(7, 100, timeout=1) as visit:
        visit.state.failures = 2
    files()[0].write_bytes(content)
    with visits.visit(7, 100, timeout=1) as visit:
        assert visit.state.failures == 0


def test_files_of_dead_processes_are_forgotten():
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for pid in (dead.pid, os.getpid()):
        with visits.visit(pid, 100, timeout=1) as visit:
            visit.state.failures = 1
    visits.forget_the_dead()
    assert [path.name for path in files()] == [f"{os.getpid()}-100"]


def test_a_directory_that_others_can_write_is_not_used(monkeypatch, tmp_path):
    (tmp_path / "heapwatch").mkdir()
    (tmp_path / "heapwatch").chmod(0o777)
    monkeypatch.setenv("HEAPWATCH_RUNTIME_DIR", str(tmp_path))
    with visits.visit(7, 100, timeout=1):
        assert list(tmp_path.glob("heapwatch/jvms/*")) == []


def test_a_directory_that_was_deleted_is_made_again():
    with visits.visit(7, 100, timeout=1) as visit:
        visit.state.failures = 1
    shutil.rmtree(files()[0].parent)
    with visits.visit(7, 100, timeout=1) as visit:
        assert visit.state.failures == 0
    assert len(files()) == 1


def test_without_any_directory_the_lock_is_kept_in_memory(monkeypatch):
    monkeypatch.setattr(visits, "_places", list)
    with visits.visit(7, 100, timeout=1) as visit:
        visit.state.failures = 1
        with pytest.raises(Busy), visits.visit(7, 100, timeout=0.01):
            pass
    with visits.visit(7, 100, timeout=1) as visit:
        assert visit.state.failures == 1
