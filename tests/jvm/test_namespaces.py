"""Containers, private /tmp directories, chroots and JVMs inside other programs are nothing special."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from heapwatch.jvm import perfdata, refusals, sample
from heapwatch.jvm.attach import Attachment
from heapwatch.jvm.discover import Discovery
from jvms.fixtures import home_of
from jvms.provision import CACHE

pytestmark = pytest.mark.jvm

VERSION = "17.0.9"


def mount_tmp(options="", root=""):
    """A new /tmp; a checkout that lies in /tmp is kept in sight, by a handle from before."""
    if not CACHE.is_relative_to("/tmp"):
        return f"mount -t tmpfs {options} tmpfs {root}/tmp"
    inside = f"{root}{CACHE}"
    keep = f"mkdir -p {inside} && mount --no-canonicalize --rbind /proc/self/fd/9 {inside}"
    last = f" && mount -o remount,{options.split()[-1]} {root}/tmp" if options else ""
    return f"exec 9<{CACHE} && mount -t tmpfs tmpfs {root}/tmp && {keep}{last}"


MOUNT_TMP = mount_tmp()
AS_100000 = ["setpriv", "--reuid=100000", "--regid=100000", "--clear-groups"]

NAMESPACES = {
    "a container: pids and mounts": [["unshare", "--pid", "--mount", "--fork", "--mount-proc"], MOUNT_TMP],
    "PrivateTmp: mounts only": [["unshare", "--mount"], MOUNT_TMP],
    "PrivateTmp of another user": [
        ["unshare", "--mount"],
        f"{MOUNT_TMP} && chmod 1777 /tmp && exec setpriv --reuid=65534 --regid=65534 --clear-groups",
    ],
    "a container with root of its own": [
        [*AS_100000, "unshare", "--user", "--map-root-user", "--pid", "--mount", "--fork", "--mount-proc"],
        MOUNT_TMP,
    ],
    "a chroot": [
        ["unshare", "--mount"],
        f"mount --rbind / {{root}} && {mount_tmp(root='{root}')} && cd {{root}} && exec chroot {{root}}",
    ],
}


@pytest.fixture(params=NAMESPACES, ids=lambda name: name.replace(" ", "-"))
def inside(request, java, tmp_path):
    """Starts a Lab inside namespaces, and finds it from outside."""
    unshare, script = NAMESPACES[request.param]
    script = script.format(root=tmp_path)
    last = script.rpartition("&&")[2]
    connect = script if "exec" in last else f"{script} && exec"
    probe = subprocess.run(
        [*unshare, "sh", "-c", f"{connect} true"], capture_output=True, text=True, check=False
    )
    if probe.returncode != 0:
        pytest.skip(f"not permitted here: {probe.stderr.strip()[:200]}")

    def start(*flags, cwd="/"):
        name = f"inside-{os.getpid()}-{len(started)}"
        before = [*unshare, "sh", "-c", f'{connect} "$@"', "sh"]
        program = java(home_of(VERSION), "Lab", f"-Dheapwatch.name={name}", *flags, before=before, cwd=cwd)
        started.append(program)
        (target,) = [target for target in Discovery().scan() if target.name == name]
        return program, target

    started = []
    return start


def test_a_jvm_in_namespaces_is_found_attached_to_and_its_counters_read(inside):
    program, target = inside()
    with perfdata.open_for(target) as counters:
        snapshot = sample.take(target, perfdata=counters)
    assert snapshot.pause > 0
    assert len(snapshot.histogram) > 150
    assert program.tell("gc") == "ok"
    assert "Full thread dump" not in program.rest_of_output()
    leftovers = [Path(f"/tmp/{kind}{target.nspid}") for kind in (".java_pid", ".attach_pid")]
    assert target.nspid == target.pid or not any(path.exists() for path in leftovers)


def test_a_jvm_whose_tmp_is_read_only_is_told_what_it_lacks_and_not_signalled(java):
    """`readOnlyRootFilesystem: true` without an emptyDir."""
    mount = mount_tmp("-o ro")
    probe = subprocess.run(["unshare", "--mount", "sh", "-c", mount], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("not permitted here: unshare --mount")
    before = ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    program = java(home_of(VERSION), "Lab", "-Dheapwatch.name=read-only", before=before, cwd="/")
    (target,) = [target for target in Discovery().scan() if target.pid == program.pid]
    with pytest.raises(refusals.ReadOnlyTmp, match="mount a writable one \\(an emptyDir\\) on /tmp"):
        Attachment(target).histogram_text()
    with pytest.raises(perfdata.NoPerfData):
        perfdata.open_for(target)
    assert "Full thread dump" not in program.rest_of_output()


def test_a_jvm_whose_working_directory_was_deleted_is_attached_to(java, tmp_path):
    directory = tmp_path / "gone"
    directory.mkdir()
    program = java(home_of(VERSION), cwd=directory)
    directory.rmdir()
    (target,) = [target for target in Discovery().scan() if target.pid == program.pid]
    assert len(sample.take(target).histogram) > 150
    assert not Path(f"/tmp/.attach_pid{program.pid}").exists()


EMBEDDED = """
import ctypes, sys

class Option(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char_p), ("extra", ctypes.c_void_p)]

class Arguments(ctypes.Structure):
    _fields_ = [("version", ctypes.c_int), ("count", ctypes.c_int), ("options", ctypes.POINTER(Option)),
                ("ignore", ctypes.c_ubyte)]

options = (Option * 2)(Option(b"-Xmx64m"), Option(b"-Dheapwatch.label.team=till"))
arguments = Arguments(0x00010008, len(options), options, 0)
vm, environment = ctypes.c_void_p(), ctypes.c_void_p()
library = ctypes.CDLL(sys.argv[1])
code = library.JNI_CreateJavaVM(ctypes.byref(vm), ctypes.byref(environment), ctypes.byref(arguments))
print("READY" if code == 0 else code, flush=True)
sys.stdin.read()
"""


def test_a_jvm_inside_python_is_found_and_read():
    """What JPype and the like do: the process is called python, and its command line says nothing of Java."""
    library = next(home_of(VERSION).glob("lib/**/libjvm.so"))
    program = subprocess.Popen(
        [sys.executable, "-c", EMBEDDED, str(library)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout.readline() == "READY\n"
        (target,) = [target for target in Discovery().scan() if target.pid == program.pid]
        assert target.name.startswith("python")
        assert target.labels == {"team": "till"}
        assert target.java_version == "17.0.9"
        assert len(sample.take(target).histogram) > 150
    finally:
        program.communicate()  # ends it, but not in the order in which a JVM removes its files
        for left in (*Path("/tmp").glob(f"hsperfdata_*/{program.pid}"), Path(f"/tmp/.java_pid{program.pid}")):
            left.unlink(missing_ok=True)
