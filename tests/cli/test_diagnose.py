"""`heapwatch diagnose` on the program of the story, with a recording and with a heap dump."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from heapwatch.cli.demo.build import build
from heapwatch.cli.main import run
from heapwatch.cli.offline import text_of
from heapwatch.errors import HeapwatchError
from heapwatch.jvm import histogram, holders, hprof, operations
from heapwatch.jvm.heapdump import NotApproved
from heapwatch.jvm.session import Session
from jvms.fixtures import missing, target_of

pytestmark = pytest.mark.jvm

CACHE = Path(__file__).parents[2] / ".cache" / "demo"


@pytest.fixture(scope="module")
def program():
    """The service with real Akka, by Maven; its twin in plain Java only where things may be missing."""
    told = []
    try:
        built = build(CACHE, told.append)
    except HeapwatchError as error:
        missing(str(error))
    if built.twin and os.environ.get("CI") == "true":
        pytest.fail(f"the demo has no real Akka: {told}")
    return built


def instances(pid, mode):
    found = histogram.parse(operations.run("histogram", pid, {"mode": mode, "max_pause_ms": 5000})["text"])
    return dict(zip(found.classes, found.instances, strict=True))


@pytest.fixture(scope="module")
def leaking(program):
    flags = ["-Xmx96m", "-Xmn8m", "-Ddownloads=150"]  # a collection each moment: recordings need one
    command = [program.java, *flags, "-cp", program.classpath, "memleak.Main"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert "READY" in process.stdout.readline()
    while instances(process.pid, "all").get("memleak.Child", 0) < 300:
        time.sleep(0.1)
    yield process.pid
    process.kill()
    process.communicate()


@pytest.fixture(scope="module")
def dump(leaking, tmp_path_factory):
    path = tmp_path_factory.mktemp("dump") / "memleak.hprof"
    operations.run("heap_dump", leaking, {"path": str(path), "approved_by": "the test"})
    return path


@pytest.fixture(scope="module")
def scanned(dump):
    return hprof.scan(str(dump), "memleak.Child")


WAY = ["ActorCell", "RedBlackTree$Tree", "ChildRestartStats", "Child"]
PRINTED = [
    "ActorCell._childrenRefs",
    "RedBlackTree$Tree._left|_right",
    "ChildRestartStats.child",
    "memleak.Child",
]
"""From the actor system's root to the leaked child, as the tree is printed."""


FROM_THE_ROOT = [
    "akka.actor.ActorSystemImpl.",
    "akka.actor.ActorCell._childrenRefs",
    "akka.actor.ChildRestartStats.child",
    "akka.actor.RepointableActorRef._",
    "akka.actor.ActorCell._childrenRefs",
    "akka.actor.ChildRestartStats.child",
    "akka.actor.ActorCell._actor",
    "memleak.Child  (1 held, the suspect)",
]
"""By way of the guardian of all actors and the parent, who has too many children."""


def in_order(wanted, words):
    """Whether each of `wanted` is in one of `words`, in this order."""
    rest = iter(words)
    return all(any(each in word for word in rest) for each in wanted)


def names(chain):
    return [step["holder"].rpartition(".")[2] for step in chain]


def test_a_recording_shows_the_way_from_the_actor_system_to_the_leaked_child(leaking, server, capsys):
    words = ["diagnose", str(leaking), "--seconds", "1500ms", "--allow", "jfr,live", "--max-pause", "5000"]
    assert run([*words, "--host", "web1", "--server", server.url]) == 0
    printed = capsys.readouterr()
    kept = re.search(rf"kept on {server.url} as (\w+)", printed.err)
    with urllib.request.urlopen(f"{server.url}/api/v1/diagnoses/{kept[1]}", timeout=60) as answer:
        found = json.load(answer)
    assert (found["host"], found["pid"]) == ("web1", leaking)
    assert found["suspect"].startswith("memleak.")
    assert found["confirmed_by"] == ["live", "jfr"]
    assert "confirmed by live, jfr: its objects stay" in printed.out
    ways = [names(group["chain"]) for group in found["holders"]["jfr"]]
    assert in_order(WAY, next(way for way in ways if "Child" in way))
    assert in_order(PRINTED, printed.out.splitlines()), printed.out
    steps = {row["operation"]: row for row in found["steps"]}
    assert list(steps)[:2] == ["counters", "heap_info"]
    assert steps["jfr"]["predicted_pause_ms"] > 0
    assert steps["jfr"]["pause_ms"] > 0


def test_a_packed_heap_dump_shows_it_too_and_counts_who_holds_the_children(scanned, dump, tmp_path, capsys):
    packed = tmp_path / "memleak.hprof.gz"
    with packed.open("wb") as file:
        file.write(gzip.compress(dump.read_bytes(), 1))
    assert run(["hprof", str(packed), "--holders", "memleak.Child", "--json", "--top", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["suspects"] in [each["objects"] for each in found["direct"]]
    assert any("RedBlackTree$Tree" in names(way["chain"]) for way in found["ways"])
    assert [row["instances"] for row in found["classes"]] == [row.instances for row in scanned.rows]


def test_the_tree_is_printed_and_the_suspect_marked(scanned):
    printed = "\n".join(text_of(scanned, "memleak.Child"))
    assert re.search(r"└─ .*ActorCell\.", printed)
    assert "the suspect" in printed


def test_the_dump_shows_the_way_from_the_actor_systems_root_to_the_leaked_child(program, scanned):
    if program.twin:
        pytest.skip("the twin's actor system has no guardian: this takes real Akka, by Maven")
    ways = ["\n".join(holders.tree([way], suspect="memleak.Child")) for way in scanned.ways]
    assert any(in_order(FROM_THE_ROOT, way.splitlines()) for way in ways), ways


def test_the_dump_counts_what_a_histogram_counts(leaking, scanned):
    counted = instances(leaking, "live")
    in_dump = {row.name: row.instances for row in scanned.rows}
    assert 0 < in_dump["memleak.Child"] <= counted["memleak.Child"] * 1.01


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.9999])
def test_a_dump_that_is_cut_off_is_said_to_be(dump, tmp_path, share):
    path = tmp_path / "cut.hprof"
    shutil.copy(dump, path)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(HeapwatchError, match=r"cut off|no header|without"):
        hprof.scan(str(path), "memleak.Child")


def test_whoever_is_ended_while_recording_leaves_nothing_at_the_jvm(leaking):
    def recording():
        with Session(target_of(leaking)) as session:
            return "name=heapwatch" in session.jcmd("JFR.check")

    words = ["diagnose", str(leaking), "--seconds", "2s", "--max-pause", "5000"]
    with subprocess.Popen([sys.executable, "-m", "heapwatch.cli.main", *words]) as diagnosis:
        while not recording():
            assert diagnosis.poll() is None
            time.sleep(0.02)
        diagnosis.terminate()
        assert diagnosis.wait(60) == 128 + signal.SIGTERM
    assert not recording()


def test_without_leave_there_is_no_heap_dump(leaking, capsys):
    words = ["diagnose", str(leaking), "--seconds", "100ms", "--allow", "heap-dump", "--max-pause", "60000"]
    assert run(words) == 0
    printed = capsys.readouterr().out
    assert "\nheap dump not taken: say --yes-heap-dump if it may be\n" in printed, printed
    assert "not confirmed: no step has seen that it stays" in printed
    with pytest.raises(NotApproved):
        operations.run("heap_dump", leaking)


def test_without_a_collection_nothing_is_confirmed(leaking, capsys):
    words = ["diagnose", str(leaking), "--seconds", "100ms", "--suspect", "memleak.Child"]
    assert run([*words, "--allow", "none", "--max-pause", "5000"]) == 0
    assert "not confirmed: it may be garbage" in capsys.readouterr().out


def test_what_may_not_be_allowed_is_said(capsys):
    assert run(["diagnose", "1", "--allow", "everything"]) == 2
    assert "--allow is made of jfr, live, heap-dump" in capsys.readouterr().err
