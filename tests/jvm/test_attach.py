"""Every way in which a JVM may not answer has its own error; nothing waits for ever or is sent twice."""

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from heapwatch.errors import Truncated
from heapwatch.jvm import refusals, visits
from heapwatch.jvm.attach import Attachment, _v1, _v2
from heapwatch.jvm.histogram import parse
from heapwatch.jvm.listener import recreates_its_socket
from jvms.fixtures import as_target, stop


@pytest.fixture
def mute():
    """Starts processes that listen like a JVM and behave as told."""
    started = []

    def start(*behaviours):
        program = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "mute.py"), *behaviours],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(program)
        assert program.stdout.readline() == "READY\n"
        return program

    yield start
    for program in started:
        program.send_signal(signal.SIGCONT)
        program.stdin.close()
        program.wait()
        program.stdout.close()


def test_a_jvm_that_hangs_up_says_so(mute):
    with pytest.raises(refusals.Closed, match="hung up without an answer"):
        Attachment(as_target(mute("hangup").pid)).execute("inspectheap", "-all")


def test_an_answer_that_is_none_is_refused(mute):
    with pytest.raises(refusals.Closed, match="no answer of a JVM"):
        Attachment(as_target(mute("garbage").pid)).execute("inspectheap", "-all")


def test_what_the_jvm_refuses_is_told_in_its_words(mute):
    attachment = Attachment(as_target(mute("unknown", "error").pid))
    with pytest.raises(refusals.OperationRefused, match="Invalid argument to inspectheap operation: x"):
        attachment.execute("inspectheap", "x")


def test_a_histogram_that_is_cut_off_is_never_used(mute):
    text = Attachment(as_target(mute("unknown", "cut").pid)).histogram_text()
    with pytest.raises(Truncated):
        parse(text)


def test_an_answer_that_comes_in_pieces_is_whole(mute):
    assert Attachment(as_target(mute("unknown", "slow").pid)).execute("x") == "slow"


def test_after_a_time_out_the_jvm_is_asked_whether_it_has_finished_before_the_next_request(mute):
    program = mute("unknown", "silent", "unknown", "slow")
    attachment = Attachment(as_target(program.pid))
    with pytest.raises(refusals.TimedOut):
        attachment.execute("inspectheap", "-all", timeout=0.2)
    assert attachment.execute("inspectheap", "-all") == "slow"
    asked = [program.stdout.readline() for _ in range(4)]
    assert asked == ["got getversion\n", "got inspectheap\n", "got getversion\n", "got inspectheap\n"]


def test_a_jvm_that_still_works_on_the_last_request_gets_no_second_one(mute, monkeypatch):
    monkeypatch.setattr("heapwatch.jvm.attach.VERSION_TIMEOUT_S", 0.2)
    program = mute("unknown", "silent")
    target = as_target(program.pid)
    with pytest.raises(refusals.TimedOut):
        Attachment(target).execute("inspectheap", "-all", timeout=0.2)
    with pytest.raises(refusals.Pending, match="still works on 'inspectheap'"):
        Attachment(target).execute("inspectheap", "-all")
    with pytest.raises(refusals.Pending):  # and is not even asked again at once
        Attachment(target).execute("inspectheap", "-all")
    asked = [program.stdout.readline() for _ in range(3)]
    assert asked == ["got getversion\n", "got inspectheap\n", "got getversion\n"]


def test_a_supervisor_that_is_killed_during_a_request_leaves_word_for_the_next(mute):
    program = mute("unknown", "silent", "unknown", "slow")
    target = as_target(program.pid)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from jvms.fixtures import as_target; from heapwatch.jvm.attach import Attachment;"
        "Attachment(as_target(int(sys.argv[2]))).execute('inspectheap', '-all', timeout=60)"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(Path(__file__).parents[1]), str(program.pid)])
    assert program.stdout.readline() == "got getversion\n"
    assert program.stdout.readline() == "got inspectheap\n"
    other.kill()
    other.wait()
    with visits.visit(target.pid, target.start_ticks, 1) as visit:
        assert visit.state.pending == "inspectheap"
    assert Attachment(target).execute("inspectheap", "-all") == "slow"


def test_a_full_queue_means_that_another_tool_is_attached(mute, monkeypatch):
    program = mute("silent")
    stop(program.pid)
    path = f"/tmp/.java_pid{program.pid}"
    clients = []
    try:
        while len(clients) < 20:
            clients.append(socket.socket(socket.AF_UNIX))
            clients[-1].setblocking(False)
            if clients[-1].connect_ex(path) != 0:
                break
        monkeypatch.setattr("heapwatch.jvm.listener.Listener.check_running", lambda *_, **__: None)
        monkeypatch.setattr("heapwatch.jvm.attach.VERSION_TIMEOUT_S", 0.3)
        with pytest.raises(refusals.Busy, match="another tool is attached"):
            Attachment(as_target(program.pid)).execute("x", timeout=1)
    finally:
        for client in clients:
            client.close()


def test_threads_of_one_supervisor_take_turns(mute):
    attachment = Attachment(as_target(mute("unknown", "slow").pid))
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(attachment.execute("x"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["slow"] * 8


def free_socket_path(pid):
    """Where its socket would be; a killed JVM that had this pid may have left one."""
    path = Path(f"/tmp/.java_pid{pid}")
    path.unlink(missing_ok=True)
    return str(path)


def test_a_socket_that_another_process_serves_is_not_talked_to(mute):
    impostor = mute("slow")
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    path = free_socket_path(victim.pid)
    os.link(f"/tmp/.java_pid{impostor.pid}", path)
    try:
        with pytest.raises(refusals.WrongPeer, match=f"is served by another process \\({impostor.pid}\\)"):
            Attachment(as_target(victim.pid)).execute("inspectheap")
    finally:
        os.unlink(path)
        victim.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make another user's file")
def test_a_socket_that_another_user_planted_is_not_even_looked_at(mute):
    impostor = mute("slow")
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    path = free_socket_path(victim.pid)
    planted = socket.socket(socket.AF_UNIX)
    planted.bind(path)
    planted.listen()
    os.chown(path, 65534, 65534)
    try:
        with pytest.raises(refusals.Starting):  # as if there were none; and it is no JVM, so no signal
            Attachment(as_target(victim.pid)).execute("inspectheap")
        assert victim.poll() is None
    finally:
        planted.close()
        os.unlink(path)
        victim.communicate()
        assert impostor.poll() is None


def test_a_process_that_does_not_catch_the_signal_never_gets_it():
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with pytest.raises(refusals.Starting, match="is starting"):
            Attachment(as_target(victim.pid)).execute("inspectheap")
        assert victim.poll() is None
    finally:
        victim.communicate(b"\n")
    assert victim.returncode == 0


def test_an_old_process_that_does_not_catch_the_signal_is_said_to_run_with_xrs(monkeypatch):
    monkeypatch.setattr("heapwatch.jvm.listener.STARTING_S", 0)
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with pytest.raises(refusals.NoHandler, match="restart it with -XX:\\+StartAttachListener"):
            Attachment(as_target(victim.pid)).execute("inspectheap")
    finally:
        victim.communicate(b"\n")
    assert victim.returncode == 0


def test_a_process_that_catches_the_signal_but_is_no_jvm_never_gets_it(monkeypatch):
    monkeypatch.setattr("heapwatch.jvm.listener.STARTING_S", 0)
    script = "import signal; signal.signal(3, lambda *_: print('hit')); print('READY', flush=True); input()"
    victim = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert victim.stdout.readline() == b"READY\n"
        with pytest.raises(refusals.NoHandler, match="shows no sign of a JVM"):
            Attachment(as_target(victim.pid)).execute("inspectheap")
    finally:
        printed, _ = victim.communicate(b"\n")
    assert printed == b""


def test_a_process_that_has_ended_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    target = as_target(child.pid)
    child.communicate(b"\n")
    with pytest.raises(refusals.Gone, match=f"JVM {child.pid} is gone"):
        Attachment(target).execute("x")


def test_a_pid_that_was_given_to_another_process_is_gone(mute):
    target = as_target(mute("slow").pid)
    with pytest.raises(refusals.Gone):
        Attachment(replace(target, start_ticks=target.start_ticks - 1)).execute("x")


def test_a_stopped_jvm_is_not_asked(mute):
    program = mute("slow")
    stop(program.pid)
    with pytest.raises(refusals.Stopped, match="SIGSTOP or a debugger"):
        Attachment(as_target(program.pid)).execute("x")


def test_a_jvm_that_is_stopped_while_it_works_is_said_to_be(mute):
    program = mute("unknown", "silent")
    attachment = Attachment(as_target(program.pid))

    def stop_when_asked():
        while program.stdout.readline() != "got inspectheap\n":
            pass
        stop(program.pid)

    watcher = threading.Thread(target=stop_when_asked)
    watcher.start()
    with pytest.raises(refusals.TimedOut, match=r"did not answer in time: it is stopped"):
        attachment.execute("inspectheap", "-all", timeout=1)
    watcher.join()


def test_a_process_with_a_thread_that_the_kernel_blocks_is_not_asked(mute):
    """Dead NFS: whoever touches its directories would be blocked too."""
    with pytest.raises(refusals.Blocked, match=r"is blocked in the kernel \(\S+\)"):
        Attachment(as_target(mute("--blocked", "slow").pid)).execute("x")


def test_openj9_is_said_to_be_unsupported():
    with pytest.raises(refusals.UnsupportedVm, match="is OpenJ9: not supported yet"):
        Attachment(replace(as_target(os.getpid()), vm="openj9")).execute("x")


def test_the_requests_have_the_form_of_each_protocol():
    assert _v1("inspectheap", ["-all"]) == b"1\0inspectheap\0-all\0\0\0"
    assert _v2("inspectheap streaming=0", ["-all"]) == b"2\x0029\0inspectheap streaming=0\0-all\0"


def test_arguments_that_the_jvm_would_not_take_are_refused_before_they_are_sent():
    with pytest.raises(refusals.OperationRefused, match="more than 1024 bytes"):
        _v1("jcmd", ["x" * 1025])
    with pytest.raises(refusals.OperationRefused, match="take three"):
        _v1("jcmd", ["x"] * 4)
    with pytest.raises(refusals.OperationRefused, match="256 KiB"):
        _v2("jcmd", ["x" * (256 * 1024)])


@pytest.mark.parametrize(
    ("version", "does"),
    [
        ("1.8.0_252", False), ("1.8.0_342", True), ("11.0.2", False), ("11.0.13", True), ("12.0.1", False),
        ("14", True), ("17.0.15", True), ("21", True), ("25.0.2", True), ("", False), ("strange", False),
    ],
)  # fmt: skip
def test_which_jdks_make_a_deleted_socket_again(version, does):
    assert recreates_its_socket(version) is does


def test_every_refusal_has_its_own_slug():
    assert len(refusals.REASONS) == 19
    for slug in ("gone", "stopped", "no-permission", "no-handler", "starting", "attach-disabled", "pending"):
        assert refusals.REASONS[slug].reason == slug
