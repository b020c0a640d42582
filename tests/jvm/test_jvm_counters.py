"""The counters of running JVMs are the ones that the JDK's own tools show, and never another JVM's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from heapwatch.jvm import perfdata
from heapwatch.jvm.discover import Discovery
from jvms.fixtures import home_of, stop, target_of

pytestmark = pytest.mark.jvm


def file_of(pid):
    (path,) = Path("/tmp").glob(f"hsperfdata_*/{pid}")
    return path


def columns(raw):
    """jstat -gc, from the counters: sizes in KiB, times in seconds; `-` for what a collector lacks."""

    def number(name):
        return raw.get(name)

    def size(name):
        value = number(f"sun.gc.{name}")
        return None if value is None else value / 1024

    def time(name):
        value = number(name)
        return None if value is None else value / raw["sun.os.hrt.frequency"]

    found = {
        "S0C": size("generation.0.space.1.capacity"), "S1C": size("generation.0.space.2.capacity"),
        "S0U": size("generation.0.space.1.used"), "S1U": size("generation.0.space.2.used"),
        "EC": size("generation.0.space.0.capacity"), "EU": size("generation.0.space.0.used"),
        "OC": size("generation.1.space.0.capacity"), "OU": size("generation.1.space.0.used"),
        "MC": size("metaspace.capacity"), "MU": size("metaspace.used"),
        "CCSC": size("compressedclassspace.capacity"), "CCSU": size("compressedclassspace.used"),
        "YGC": number("sun.gc.collector.0.invocations"), "YGCT": time("sun.gc.collector.0.time"),
        "FGC": number("sun.gc.collector.1.invocations"), "FGCT": time("sun.gc.collector.1.time"),
        "CGC": number("sun.gc.collector.2.invocations"), "CGCT": time("sun.gc.collector.2.time"),
    }  # fmt: skip
    spent = [found[name] for name in ("YGCT", "FGCT", "CGCT") if found[name] is not None]
    return {**found, "GCT": sum(spent)}


def test_a_frozen_jvms_counters_are_those_of_jstat(java, jvm_home, jvm_version, jdk_tool):
    collector = {"17": "-XX:+UseParallelGC", "25": "-XX:+UseZGC"}.get(jvm_version[:2], "-XX:+UseG1GC")
    program = java(jvm_home, "Lab", collector)
    program.tell("hold 100000")
    program.tell("gc")
    stop(program.pid)
    with perfdata.open_for(target_of(program.pid)) as counters:
        ours = columns(counters.read())
    jstat = jdk_tool("jstat", jvm_version)
    answer = subprocess.run([jstat, "-gc", str(program.pid)], capture_output=True, text=True, check=True)
    names, values = (line.split() for line in answer.stdout.splitlines())
    assert len(names) >= 17
    for name, value in zip(names, values):
        expected = None if value == "-" else float(value)
        digits = len(value.partition(".")[2])
        assert ours[name] is None if expected is None else round(ours[name], digits) == expected, name


def test_metrics_follow_what_the_application_does(java, jvm_home):
    program = java(jvm_home, "Lab", "-XX:+UseSerialGC")
    with perfdata.open_for(target_of(program.pid)) as counters:
        before = counters.metrics()
        program.tell("hold 500000")
        program.tell("many 300")
        program.tell("churn 50")
        program.tell("gc")
        after = counters.metrics()
    assert after["jvm.heap.used"] - before["jvm.heap.used"] > 4 << 20
    assert after["jvm.gc.count;gc=old"] == before["jvm.gc.count;gc=old"] + 1
    assert after["jvm.classes.loaded"] - before["jvm.classes.loaded"] >= 300
    assert after["jvm.threads.live"] >= before["jvm.threads.live"] + 1
    assert after["jvm.safepoint.time_ms"] > before["jvm.safepoint.time_ms"]
    assert after["jvm.heap.max"] == 64 << 20


def test_a_deleted_file_is_read_through_the_mapping(java, jvm_home):
    program = java(jvm_home)
    target = target_of(program.pid)
    file_of(program.pid).unlink()
    if os.geteuid() != 0:
        with pytest.raises(perfdata.NoPerfData, match="CAP_CHECKPOINT_RESTORE"):
            perfdata.open_for(target)
        return
    with perfdata.open_for(target) as counters:
        assert counters.read()["sun.rt.javaCommand"] == "Lab"


def test_a_file_that_another_jvm_put_in_its_place_is_not_taken_for_ours(java):
    """Two containers with the same pid that share a /tmp."""
    ours, other = (java(home_of("17.0.9"), "Lab", f"-Dwho={who}") for who in ("ours", "other"))
    shutil.copy(file_of(other.pid), file_of(ours.pid).with_suffix(".new"))
    os.rename(file_of(ours.pid).with_suffix(".new"), file_of(ours.pid))
    target = target_of(ours.pid)
    if os.geteuid() != 0:
        with pytest.raises(perfdata.NoPerfData, match="another JVM has replaced it"):
            perfdata.open_for(target)
        return
    with perfdata.open_for(target) as counters:
        assert "-Dwho=ours" in counters.read()["java.rt.vmArgs"]


def test_the_file_that_a_killed_jvm_left_makes_no_jvm_of_it(java, jvm_home):
    program = java(jvm_home)
    target = target_of(program.pid)
    path = file_of(program.pid)
    content = path.read_bytes()
    program.process.kill()
    program.process.wait()
    path.write_bytes(content)  # each JVM that starts removes what the dead have left
    assert program.pid not in [found.pid for found in Discovery().scan()]
    with pytest.raises(perfdata.NoPerfData, match="is gone"):
        perfdata.open_for(target)
    path.unlink(missing_ok=True)


def test_a_left_over_file_makes_no_jvm_of_the_process_that_has_its_pid_now():
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    directory = Path(f"/tmp/hsperfdata_heapwatch-test-{process.pid}")
    directory.mkdir()
    (directory / str(process.pid)).write_bytes(b"\xca\xfe\xc0\xc0" + bytes(32764))
    try:
        assert process.pid not in [found.pid for found in Discovery().scan()]
    finally:
        shutil.rmtree(directory)
        process.communicate()
