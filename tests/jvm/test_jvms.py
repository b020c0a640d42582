"""Real JVMs of every version answer, and are as they were afterwards."""

import codecs
import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from heapwatch.errors import HeapwatchError
from heapwatch.jvm import discover, perfdata, refusals, sample
from heapwatch.jvm.attach import Attachment
from heapwatch.jvm.credentials import can_become
from heapwatch.jvm.histogram import parse
from heapwatch.jvm.listener import recreates_its_socket
from heapwatch.model import LIVE
from jvms.fixtures import as_target, home_of, stop, target_of

pytestmark = pytest.mark.jvm

as_root = pytest.mark.skipif(not can_become(65534, 65534), reason="needs root to run JVMs as another user")
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}


def dumped_threads(program):
    """Whether a SIGQUIT made it print a thread dump. Ends the program."""
    return "Full thread dump" in program.rest_of_output()


def test_the_protocol_of_each_version_is_negotiated(lab, jvm_version):
    attachment = Attachment(target_of(lab.pid))
    attachment.execute("properties")
    assert attachment._protocol == ("2 streaming" if jvm_version.startswith("25") else "1")


def test_a_histogram_has_all_classes_with_their_odd_names(lab):
    snapshot = sample.take(target_of(lab.pid))
    found = dict(zip(snapshot.histogram.classes, snapshot.histogram.rows))
    assert found["dup.Same"] == 3
    for name in ("odd.Spaced name", "odd.Line\\nbreak", "odd.Emoji🚀", "odd.Tab\\there", "odd.NulHere\\x00"):
        assert found[name] == 1
    assert "odd.Fake2\\nTotal             1              1" in found
    assert len(max(found, key=len)) > 1900
    assert found["proxy.$Proxy#"] == 3


def test_the_pause_the_duration_and_the_heap_are_told(lab):
    target = target_of(lab.pid)
    with perfdata.open_for(target) as counters:
        snapshot = sample.take(target, perfdata=counters, host="here")
    assert 0 < snapshot.pause <= snapshot.duration
    assert snapshot.jvm == ("here", "Lab", lab.pid, target.started)
    assert snapshot.heap["heap_max"] == 64 << 20
    assert snapshot.heap["young_collections"] >= 0
    assert snapshot.mode == "all"


def test_a_histogram_of_all_forces_no_collection_and_one_of_the_living_does(lab):
    target = target_of(lab.pid)
    with perfdata.open_for(target) as counters:
        before = sample.take(target, perfdata=counters).heap["old_collections"]
        assert sample.take(target, perfdata=counters).heap["old_collections"] == before
        assert sample.take(target, LIVE, perfdata=counters).heap["old_collections"] == before + 1


def test_what_the_vm_refuses_is_told_in_its_words(lab):
    attachment = Attachment(target_of(lab.pid))
    with pytest.raises(refusals.OperationRefused, match=r"(?i)invalid argument"):
        attachment.execute("inspectheap", "-some")
    with pytest.raises(refusals.OperationRefused, match="Unknown diagnostic command"):
        attachment.jcmd("No.such")


def test_many_at_once_all_get_their_histogram(lab):
    target, texts, errors = target_of(lab.pid), [], []

    def ask():
        try:
            texts.append(Attachment(target).histogram_text(timeout=60))
        except refusals.AttachError as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert all(len(parse(text)) > 150 for text in texts)


def test_another_tool_that_says_nothing_delays_us_and_nothing_more(lab, monkeypatch):
    target = target_of(lab.pid)
    Attachment(target).execute("properties")  # there is a socket now
    monkeypatch.setattr("heapwatch.jvm.attach.VERSION_TIMEOUT_S", 0.3)
    with socket.socket(socket.AF_UNIX) as mute:
        mute.connect(f"/tmp/.java_pid{lab.pid}")
        with pytest.raises(refusals.TimedOut):
            Attachment(target).histogram_text()
    monkeypatch.undo()
    assert len(parse(Attachment(target).histogram_text())) > 150


def test_a_stopped_jvm_is_left_alone_until_it_goes_on(lab):
    target = target_of(lab.pid)
    stop(lab.pid)
    try:
        with pytest.raises(refusals.Stopped):
            Attachment(target).histogram_text()
    finally:
        os.kill(lab.pid, signal.SIGCONT)
    assert len(parse(Attachment(target).histogram_text())) > 150


@pytest.mark.parametrize("flag", ["-Xrs", "-XX:+StartAttachListener"])
def test_a_jvm_that_opened_its_socket_itself_gets_no_signal(java, jvm_home, flag):
    program = java(jvm_home, "Lab", flag)
    wait_for_socket(program.pid)
    assert len(parse(Attachment(target_of(program.pid)).histogram_text())) > 150
    assert program.tell("gc") == "ok"
    assert not dumped_threads(program)


def wait_for_socket(pid):
    while not Path(f"/tmp/.java_pid{pid}").exists():
        os.sched_yield()


def test_a_starting_jvm_lives_and_is_attached_to_as_soon_as_it_is_ready(java, jvm_home):
    """Asked from its first moment on: a SIGQUIT a few ms too early would kill it."""
    refused = 0
    for _ in range(20):  # we may be too late to be refused
        program = java(jvm_home, "Lab", wait=False)
        refused = ask_until_it_answers(program)
        assert not dumped_threads(program)
        if refused:
            break
    assert refused


PLANT = "import os, socket; socket.socket(socket.AF_UNIX).bind(f'/tmp/.java_pid{os.getppid()}')"


def test_the_socket_of_a_killed_jvm_does_not_hide_the_one_of_its_pids_next_owner(java, jvm_home):
    """The starting JVM removes the old one, and the file system gives its inode number to the new one."""
    for _ in range(3):
        plant = [sys.executable, "-c", f'"{PLANT}"']
        before = ["sh", "-c", f'{" ".join(plant)}; exec "$@"', "sh"]
        program = java(jvm_home, "Lab", wait=False, before=before)
        ask_until_it_answers(program)
        assert not dumped_threads(program)


def ask_until_it_answers(program):
    """How often it was too early."""
    refused = 0
    while True:
        try:
            text = Attachment(as_target(program.pid)).histogram_text()
            break
        except refusals.Starting:
            refused += 1
    assert len(parse(text)) > 50
    program.wait_ready()
    return refused


@pytest.mark.parametrize("flags", [[], ["-XX:-UsePerfData"]], ids=["by counters", "by options"])
def test_a_jvm_with_attach_disabled_gets_no_signal(java, jvm_home, flags):
    program = java(jvm_home, "Lab", "-XX:+DisableAttachMechanism", *flags)
    with pytest.raises(refusals.AttachDisabled, match=r"attach is disabled in JVM \d+"):
        Attachment(target_of(program.pid)).histogram_text()
    assert not dumped_threads(program)


def test_a_jvm_that_does_not_open_its_socket_is_signalled_once(java, jvm_home, tmp_path, monkeypatch):
    """Attach disabled where nobody can see it; each signal costs a thread dump in the application's log."""
    monkeypatch.setattr("heapwatch.jvm.listener.ANSWER_S", 0.5)
    options = tmp_path / "hotspotrc"
    options.write_text("+DisableAttachMechanism\n")
    program = java(jvm_home, "Lab", "-XX:-UsePerfData", f"-XX:Flags={options}")
    target = target_of(program.pid)
    with pytest.raises(refusals.NoSocket, match="did not open its attach socket within"):
        Attachment(target).histogram_text()
    with pytest.raises(refusals.NoSocket, match="next try in"):
        Attachment(target).histogram_text()
    assert program.rest_of_output().count("Full thread dump") == 1
    assert not list(Path("/proc/self/cwd").glob(f".attach_pid{program.pid}"))


def test_a_deleted_socket_is_made_again_by_jdks_that_can_and_explained_by_others(java, jvm_home):
    program = java(jvm_home)
    target = target_of(program.pid)
    Attachment(target).execute("properties")
    os.unlink(f"/tmp/.java_pid{program.pid}")
    if recreates_its_socket(target.java_version):
        assert len(parse(Attachment(target).histogram_text())) > 150
    else:
        with pytest.raises(refusals.SocketDeleted, match=r"x /tmp/.java_pid\*"):
            Attachment(target).histogram_text()
    assert program.tell("gc") == "ok"
    assert not dumped_threads(program)


def test_a_dead_jvms_socket_in_the_place_of_ours_is_replaced(java, jvm_home):
    program = java(jvm_home)
    path = f"/tmp/.java_pid{program.pid}"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(path)
    os.chmod(path, 0o600)
    assert len(parse(Attachment(target_of(program.pid)).histogram_text())) > 150
    assert not dumped_threads(program)


@as_root
def test_root_reads_another_users_jvm_of_every_version(java, jvm_home, tmp_path):
    program = java(jvm_home, cwd="/", **NOBODY)
    target = target_of(program.pid)
    assert (target.uid, target.gid) == (65534, 65534)
    with perfdata.open_for(target) as counters:
        snapshot = sample.take(target, perfdata=counters)
    assert snapshot.pause > 0
    assert os.geteuid() == 0
    assert program.tell("gc") == "ok"


def in_a_child_as_nobody(work):
    """Run `work` in a fork without any rights; it returns what is to be told."""
    reader, writer = os.pipe()
    codecs.lookup("ascii")  # nobody may not read root's Python, from which it would be loaded
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            os.environ["HEAPWATCH_RUNTIME_DIR"] = "/nowhere"
            try:
                told = work()
            except HeapwatchError as error:
                told = f"{type(error).__name__}: {error}"
            os.write(writer, str(told).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        told = file.read()
    os.waitpid(child, 0)
    return told


@as_root
def test_a_user_without_rights_sees_and_reads_the_jvms_of_that_user(java, jvm_home):
    program = java(jvm_home, cwd="/", **NOBODY)

    def work():
        target = target_of(program.pid)
        with perfdata.open_for(target) as counters:
            return len(sample.take(target, perfdata=counters).histogram)

    assert int(in_a_child_as_nobody(work)) > 150


@as_root
def test_a_user_without_rights_is_told_whose_the_jvm_is(lab):
    pid = lab.pid
    seen = in_a_child_as_nobody(lambda: target_of(pid))
    assert f"pid={pid}" in seen, "its hsperfdata file can be seen, though not read"
    told = in_a_child_as_nobody(lambda: Attachment(target_of(pid)).histogram_text())
    asked = "run as root, or as exactly that uid and gid (you are 65534:65534)"
    assert told == f"NoPermission: JVM {pid} runs as 0:0; {asked}"
    counters = in_a_child_as_nobody(lambda: perfdata.open_for(target_of(pid)))
    assert counters.startswith(f"NoPerfData: the counters of JVM {pid} are closed to us")


@as_root
def test_the_group_must_be_the_jvms_too(java):
    program = java(home_of("17.0.9"), cwd="/", user=65534, group=65533, extra_groups=[])
    told = in_a_child_as_nobody(lambda: Attachment(target_of(program.pid)).histogram_text())
    assert "runs as 65534:65533; run as root, or as exactly that uid and gid" in told


def test_discovery_tells_version_collector_name_and_labels(java, jvm_home, jvm_version):
    program = java(
        jvm_home, "Lab", "-XX:+UseSerialGC", "-Dheapwatch.name=cart", "-Dheapwatch.version=2.1",
        "-Dheapwatch.label.team=till", env={**os.environ, "HEAPWATCH_LABELS": "zone=a"},
    )  # fmt: skip
    target = target_of(program.pid)
    assert target.name == "cart"
    assert target.labels == {"version": "2.1", "team": "till", "zone": "a"}
    assert target.collector == "Serial"
    assert target.java_version.replace("1.8.0_", "8u") == jvm_version
    assert target.command == "Lab"
    assert discover.find("cart") == target


@pytest.mark.parametrize("flag", ["-XX:-UsePerfData", "-XX:+PerfDisableSharedMem"])
def test_a_jvm_without_counters_is_found_and_read_all_the_same(java, jvm_home, jvm_version, flag):
    program = java(jvm_home, "Lab", flag, "-Dheapwatch.label.team=till", "-XX:+UseSerialGC")
    target = target_of(program.pid)
    assert target.name == "Lab"
    assert target.labels == {"team": "till"}
    assert target.collector == "Serial"
    assert target.java_version.replace("1.8.0_", "8u") == jvm_version
    with pytest.raises(perfdata.NoPerfData, match="UsePerfData or"):
        perfdata.open_for(target)
    snapshot = sample.take(target)
    assert snapshot.pause is None
    assert snapshot.duration > 0


def test_an_identity_is_never_mixed_up_with_a_later_one(lab):
    target = target_of(lab.pid)
    with pytest.raises(refusals.Gone):
        Attachment(replace(target, start_ticks=target.start_ticks + 1)).histogram_text()
