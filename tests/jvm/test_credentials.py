"""Another user's rights are for one thread and for a moment."""

import os
import threading

import pytest

from heapwatch.jvm.credentials import can_become, effective
from heapwatch.jvm.refusals import NoPermission


def ids_of_thread(thread):
    with open(f"/proc/self/task/{thread}/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    return int(lines["Uid"].split()[1]), int(lines["Gid"].split()[1])


def test_our_own_ids_need_no_rights():
    assert can_become(os.geteuid(), os.getegid())
    with effective(os.geteuid(), os.getegid()):
        pass


@pytest.mark.skipif(not can_become(65534, 65534), reason="needs root")
def test_only_the_thread_that_attaches_changes_its_rights():
    here, inside, leave = threading.get_native_id(), threading.Event(), threading.Event()
    seen = []

    def switch():
        with effective(65534, 65533):
            seen.append(ids_of_thread(threading.get_native_id()))
            inside.set()
            leave.wait(10)
        seen.append(ids_of_thread(threading.get_native_id()))

    thread = threading.Thread(target=switch)
    before = ids_of_thread(here)
    thread.start()
    inside.wait(10)
    seen.append(ids_of_thread(here))
    leave.set()
    thread.join()
    assert seen == [(65534, 65533), before, before]


@pytest.mark.skipif(not can_become(65534, 65534), reason="needs root")
def test_the_rights_are_taken_back_when_the_work_fails():
    with pytest.raises(ZeroDivisionError), effective(65534, 65534):
        raise ZeroDivisionError
    assert os.geteuid() == 0


def test_who_may_not_is_told_which_ids_are_needed():
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            with effective(12345, 54321):
                pass
        except NoPermission as error:
            code = (
                0 if "runs as 12345:54321; run as root, or as exactly that uid and gid" in str(error) else 2
            )
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_architecture_without_known_system_calls_is_told(monkeypatch):
    monkeypatch.setattr("heapwatch.jvm.credentials._SETRESUID_SETRESGID", {})
    with pytest.raises(NoPermission, match="cannot switch one thread to 12345:1 on"), effective(12345, 1):
        pass
