"""What can be done to a JVM by name, on every JVM: each says what it may cost and what it did cost."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from heapwatch.errors import UsageError
from heapwatch.jvm import operations
from heapwatch.jvm.discover import NotFound
from heapwatch.jvm.heapdump import NotApproved
from heapwatch.jvm.outbox import NoSpace, NothingWritten, Outbox, outbox
from heapwatch.jvm.session import Session
from jvms.fixtures import home_of, target_of

pytestmark = pytest.mark.jvm


def left_behind():
    return sorted(path.name for path in Path("/tmp").glob("heapwatch-*") if len(path.name) == 26)


def answer_of(lab, name, **options):
    answer = operations.run(name, lab.pid, options)
    assert json.loads(json.dumps(answer)) == answer
    assert (answer["operation"], answer["pid"], answer["jvm"]) == (name, lab.pid, "Lab")
    assert min(answer["predicted_pause_ms"], answer["pause_ms"], answer["duration_ms"]) >= 0
    return answer


@pytest.mark.parametrize("name", ["version", "heap_info", "finalizer_info", "native_memory"])
def test_what_needs_no_safepoint_is_predicted_to_stop_nobody_and_stops_nobody(lab, name):
    """Two of three tries: any VM stops once a second or so for reasons of its own."""
    answers = [answer_of(lab, name) for _ in range(3)]
    assert {answer["predicted_pause_ms"] for answer in answers} == {0}
    assert sorted(answer["pause_ms"] for answer in answers)[0] == 0


def test_a_histogram_counts_and_says_how_long_it_stopped_the_application(lab):
    answer = answer_of(lab, "histogram")
    assert answer["mode"] == "all"
    assert answer["pause_ms"] > 0
    assert answer["top"][0]["bytes"] >= answer["top"][1]["bytes"]
    assert f"Total {answer['instances']:13d}" in answer["text"]


def test_a_live_histogram_collects_first(lab):
    before = answer_of(lab, "heap_info")["heap"]["old_collections"]
    answer_of(lab, "histogram", mode="live")
    assert answer_of(lab, "heap_info")["heap"]["old_collections"] > before


def test_the_heap_is_told_by_its_spaces(lab):
    spaces = answer_of(lab, "heap_info")["spaces"]
    assert all(sizes["used"] >= 0 for sizes in spaces.values())
    assert max(max(sizes.values()) for sizes in spaces.values()) > 1 << 20


def test_threads_are_counted_by_kind(lab):
    answer = answer_of(lab, "thread_dump")
    groups = {group["name"]: group for group in answer["groups"]}
    assert groups["main"]["states"] == {"RUNNABLE": 1}
    assert groups["main"]["frame"].startswith("Lab.")
    assert answer["java"] == sum(sum(group["states"].values()) for group in groups.values())
    assert answer["deadlocks"] == 0


def test_class_loaders_are_counted_by_kind(lab):
    answer = answer_of(lab, "classloader_stats")
    kinds = {kind["loader"]: kind for kind in answer["kinds"]}
    assert kinds["<boot class loader>"]["loaders"] == 1
    assert kinds["<boot class loader>"]["classes"] > 100
    assert kinds["Lab$Odd"]["loaders"] >= 3
    assert answer["classes"] == sum(kind["classes"] for kind in answer["kinds"])


def test_native_memory_that_is_not_counted_is_said_not_to_be(lab):
    assert answer_of(lab, "native_memory")["enabled"] is False


@pytest.fixture(scope="module")
def counting(shared_java, jvm_version):
    """Serial, which leaves no dead objects where they are."""
    flags = ["-XX:NativeMemoryTracking=summary", "-XX:+UseSerialGC", "-XX:MarkSweepDeadRatio=0"]
    return shared_java(home_of(jvm_version), "Lab", *flags)


def test_native_memory_that_is_counted_is_told_by_category(counting):
    answer = answer_of(counting, "native_memory")
    sizes = {use["category"]: use["committed"] for use in answer["categories"]}
    assert sizes["Java Heap"] > 1 << 20
    assert "Thread" in sizes
    assert sum(sizes.values()) == pytest.approx(answer["committed"], rel=0.05)


def test_a_collection_is_forced(counting):
    counting.tell("hold 100000")
    held = answer_of(counting, "gc")
    counting.tell("release")
    answer = answer_of(counting, "gc")
    assert answer["used_after"] < held["used_after"]
    assert answer["pause_ms"] > 0


def test_a_heap_dump_is_ours_alone_and_nothing_stays_at_the_jvm(counting, tmp_path):
    before = left_behind()
    path = tmp_path / "lab.hprof"
    answer = answer_of(counting, "heap_dump", path=str(path), approved_by="ann")
    assert path.read_bytes().startswith(b"JAVA PROFILE 1.0.2\0")
    assert path.stat().st_size == answer["bytes"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "passwords" in answer["text"]
    assert left_behind() == before


@pytest.fixture(scope="module")
def one(shared_java):
    return shared_java(home_of("17.0.9"), "Lab", "-XX:+UseSerialGC")


def test_nobody_takes_a_heap_dump_without_leave(one):
    with pytest.raises(NotApproved, match="somebody has to allow it"):
        operations.run("heap_dump", one.pid)


def test_a_heap_dump_that_would_not_fit_is_not_begun(one, monkeypatch, tmp_path):
    monkeypatch.setattr(Outbox, "free_bytes", lambda _: 1 << 20)
    with pytest.raises(NoSpace, match="has 1 MiB free"):
        operations.run("heap_dump", one.pid, {"approved_by": "ann", "path": str(tmp_path / "x")})
    assert list(tmp_path.iterdir()) == []


def test_a_heap_dump_overwrites_no_file(one, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(NothingWritten, match="is there already"):
        operations.run("heap_dump", one.pid, {"approved_by": "ann", "path": str(tmp_path / "mine")})
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_would_stop_the_application_too_long_is_refused(one):
    with pytest.raises(operations.PauseTooLong, match="0 ms are allowed"):
        operations.run("histogram", one.pid, {"mode": "live", "max_pause_ms": 0.4})


def test_after_a_measured_walk_the_next_prediction_follows_it(one):
    with Session(target_of(one.pid)) as session:
        used = session.used()
        assert operations.predicted_ms(session, "histogram") < 100
        session.learn(1000.0, used, "all")
        assert operations.predicted_ms(session, "histogram") == pytest.approx(1500, rel=0.1)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("heap", {}, "there are version, histogram"),
        ("histogram", {"mod": "all"}, "no option 'mod'"),
        ("histogram", {"mode": "dead"}, "'all' or 'live'"),
        ("histogram", {"max_pause_ms": "soon"}, "cannot be 'soon'"),
        ("heap_dump", {"live": "perhaps"}, "cannot be 'perhaps'"),
        ("heap_dump", {"path": "a\0b"}, "cannot be"),
    ],
)
def test_a_wrong_word_is_told_before_the_jvm_is_looked_for(name, options, said):
    with pytest.raises(UsageError, match=said):
        operations.run(name, 1, options)


def test_values_may_be_written_as_text():
    _, options = operations.chosen("heap_dump", {"live": "false", "max_pause_ms": "70"})
    assert (options["live"], options["max_pause_ms"]) == (False, 70.0)


def test_a_process_that_is_no_jvm_is_said_to_be_none():
    with pytest.raises(NotFound, match="is not a JVM"):
        operations.run("version", os.getpid())


def test_a_link_or_a_pipe_in_the_outbox_is_not_taken_for_what_the_jvm_wrote(one, tmp_path):
    (tmp_path / "secret").write_text("secret")
    with outbox(target_of(one.pid)) as box:
        os.symlink(tmp_path / "secret", box.path("link"))
        os.mkfifo(box.path("pipe"))
        os.link(tmp_path / "secret", box.path("hard"))
        for name in ("link", "pipe", "hard", "none"):
            with pytest.raises(NothingWritten):
                box.read(name, 100)
        assert stat.S_IMODE(os.stat(box.inside).st_mode) == 0o700
        box.put("words", b"said")
        assert box.read("words", 4) == b"said"
        with pytest.raises(NothingWritten, match="more than"):
            box.read("words", 3)
    assert not os.path.exists(box.inside)


def test_the_table_needs_nothing_but_the_standard_library():
    """The probe takes it to hosts where nothing is installed."""
    code = (
        "import sys; import heapwatch.jvm.operations; "
        "print([n for n in sys.modules if n.startswith(('rich', 'numpy', 'cyclopts', 'heapwatch.cli'))])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
