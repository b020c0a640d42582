"""What /proc and cgroupfs say, of this process and of made-up ones."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from heapwatch.jvm import process


@pytest.fixture
def made_up(tmp_path):
    """A /proc with one process in it, made of the files that a test writes."""

    def write(pid=7, **files):
        directory = tmp_path / str(pid)
        directory.mkdir(exist_ok=True)
        for name, content in files.items():
            (directory / name).write_text(content)
        return str(tmp_path)

    return write


def test_a_command_with_parentheses_does_not_shift_the_start_time(made_up):
    fields = " ".join(str(number) for number in range(4, 60))
    proc = made_up(stat=f"7 (a) b (java)) S {fields}\n")
    assert process.start_ticks(7, proc) == 22


def test_our_own_status_is_what_the_interpreter_knows():
    status = process.status(os.getpid())
    assert (status.uid, status.gid) == (os.geteuid(), os.getegid())
    assert status.nspids[0] == os.getpid()
    assert status.state in "RS"
    assert status.rss > 1 << 20


def test_a_caught_signal_is_seen_and_an_ignored_one_is_not_caught():
    def outcome(handler):
        before = signal.signal(signal.SIGQUIT, handler)
        try:
            return process.status(os.getpid()).catches(signal.SIGQUIT)
        finally:
            signal.signal(signal.SIGQUIT, before)

    assert outcome(lambda *_: None) is True
    assert outcome(signal.SIG_IGN) is False
    assert outcome(signal.SIG_DFL) is False


def test_the_innermost_pid_is_the_last_one(made_up):
    proc = made_up(status="State:\tS\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t7\t31\t1\n")
    status = process.status(7, proc)
    assert status.nspid == 1
    assert (status.uid, status.gid) == (2, 6)


def test_an_old_kernel_without_nspid_means_no_namespace(made_up):
    proc = made_up(status="State:\tS\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n")
    assert process.status(7, proc).nspid == 7


def test_the_start_of_a_process_is_near_now():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        ticks = process.start_ticks(child.pid)
        assert 0 <= process.age_s(ticks) < 300
        assert process.started_ms(ticks, process.boot_time_ms()) > 1_600_000_000_000
    finally:
        child.communicate()


def test_a_process_that_is_gone_is_a_lookup_error():
    with pytest.raises(ProcessLookupError):
        process.status(2**22 - 1)


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("/", ""),
        ("/user.slice/user-1000.slice/session-3.scope", ""),
        ("/system.slice/shop.service", "shop.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service", "shop.service"),
        ("/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "0123456789ab"),
        (
            "/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope",
            "0123456789ab",
        ),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12345678_1234_1234_1234_123456789abc.slice"
            "/cri-containerd-fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210.scope",
            "fedcba987654",
        ),
        (
            "/kubepods/burstable/pod12345678-1234-1234-1234-123456789abc",
            "pod-12345678-1234-1234-1234-123456789abc",
        ),
    ],
)
def test_the_control_group_names_the_container_the_pod_or_the_unit(path, whose):
    assert process.container({"": path}) == whose


def test_of_several_hierarchies_the_deepest_path_tells(made_up):
    proc = made_up(cgroup="9:name=systemd:/\n4:memory:/system.slice/shop.service\n3:cpu,cpuacct:/\n0::/\n")
    paths = process.cgroup_paths(7, proc)
    assert paths["cpu"] == paths["cpuacct"] == "/"
    assert process.container(paths) == "shop.service"


@pytest.fixture
def cgroup(tmp_path):
    def write(**files):
        (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
        for name, content in files.items():
            directory, _, file = name.rpartition("__")
            target = tmp_path / directory.replace("__", "/")
            target.mkdir(parents=True, exist_ok=True)
            (target / file.replace("_", ".", 1)).write_text(content)
        return process.ControlGroup({"": "/a/b"}, str(tmp_path))

    return write


def test_the_smallest_limit_on_the_way_up_counts(cgroup):
    group = cgroup(a__b__memory_max="max\n", a__memory_max="1000\n", a__b__memory_current="700\n")
    assert group.memory_limit() == 1000
    assert group.memory_used() == 700


def test_a_group_without_any_limit_has_none(cgroup):
    assert cgroup(a__b__memory_max="max\n").memory_limit() is None


def test_throttling_is_told_from_the_second_look_on(cgroup):
    group = cgroup(a__b__cpu_stat="usage_usec 5\nnr_throttled 3\n")
    assert group.throttled_since_last_call() is False
    assert group.throttled_since_last_call() is False
    cgroup(a__b__cpu_stat="usage_usec 9\nnr_throttled 4\n")
    assert group.throttled_since_last_call() is True
    assert group.throttled_since_last_call() is False


def test_a_frozen_group_is_seen(cgroup):
    assert cgroup(a__b__cgroup_events="populated 1\nfrozen 1\n").frozen() is True
    assert cgroup(a__b__cgroup_events="populated 1\nfrozen 0\n").frozen() is False


def test_version_1_of_control_groups_is_read(tmp_path):
    memory = tmp_path / "memory" / "shop"
    memory.mkdir(parents=True)
    (memory / "memory.usage_in_bytes").write_text("700\n")
    (memory / "memory.limit_in_bytes").write_text("1000\n")
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    group = process.ControlGroup({"memory": "/shop", "cpu": "/"}, str(tmp_path))
    assert (group.memory_used(), group.memory_limit()) == (700, 1000)


def test_a_group_frozen_in_version_1_is_seen(tmp_path):
    (tmp_path / "freezer" / "shop").mkdir(parents=True)
    (tmp_path / "freezer" / "shop" / "freezer.state").write_text("FROZEN\n")
    assert process.ControlGroup({"freezer": "/shop"}, str(tmp_path)).frozen() is True
    assert process.ControlGroup({"freezer": "/"}, str(tmp_path)).frozen() is False


def test_pressure_is_read_and_its_absence_is_none(tmp_path):
    (tmp_path / "pressure").mkdir()
    (tmp_path / "pressure" / "cpu").write_text("some avg10=26.01 avg60=10.59 avg300=4.62 total=39360669\n")
    assert process.pressure("cpu", str(tmp_path)) == 26.01
    assert process.pressure("io", str(tmp_path)) is None


def test_the_metrics_of_a_process_have_their_names():
    found = process.metrics(os.getpid(), process.ControlGroup(process.cgroup_paths(os.getpid())))
    assert {"jvm.process.rss", "jvm.process.open_files", "jvm.process.cpu_ms"} <= set(found)
    assert found["jvm.process.open_files"] >= 3


def test_the_lower_of_the_limits_of_threads_holds(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/limits").write_text(
        "Max cpu time  unlimited  unlimited\nMax processes             4096   8192   processes\n"
    )
    assert process.user_threads_limit(7, str(tmp_path)) == 4096
    (tmp_path / "7/limits").write_text("Max processes             unlimited   unlimited   processes\n")
    assert process.user_threads_limit(7, str(tmp_path)) is None
    assert process.user_threads_limit(8, str(tmp_path)) is None
    root = tmp_path / "cgroup"
    (root / "app/inner").mkdir(parents=True)
    (root / "cgroup.controllers").write_text("pids")
    (root / "app/pids.max").write_text("100")
    (root / "app/inner/pids.max").write_text("max")
    assert process.ControlGroup({"": "/app/inner"}, str(root)).threads_limit() == 100
