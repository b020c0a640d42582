"""Flight recordings: of the leaking Akka program of examples/memleak, on four JVMs, some seconds each."""

import json
import struct
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heapwatch.errors import Truncated, Unreadable
from heapwatch.jvm import holders, jfr, operations
from heapwatch.jvm.jfr_visit import NoFlightRecorder, record_with
from heapwatch.jvm.session import Session
from jvms import recordings
from jvms.fixtures import home_of, target_of

VERSIONS = recordings.named("jfr")
SMALLEST = recordings.content("11.0.13.jfr")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recording_says_that_the_actor_system_holds_the_leaked_child(recorded, version):
    groups = holders.grouped(holders.of_recording(recorded(f"{version}.jfr")))
    group = holders.with_class(groups, "memleak.Child")[0]
    links = [(step.holder, step.fields[-1].rpartition("$$")[2]) for step in group.steps]
    expected = [
        ("akka.actor.RepointableActorRef", "_cellDoNotCallMeDirectly"),
        ("akka.actor.ActorCell", "_childrenRefsDoNotCallMeDirectly"),
        ("akka.actor.dungeon.ChildrenContainer$NormalChildrenContainer", "c"),
        ("scala.collection.immutable.TreeMap", "tree"),
        ("scala.collection.immutable.RedBlackTree$Tree", "_value"),
        ("akka.actor.ChildRestartStats", "child"),
        ("akka.actor.ActorCell", "_actor"),
        ("memleak.Child", "file"),
    ]
    found = iter(links)
    assert all(link in found for link in expected), links
    assert group.type == "byte[]"
    assert any(frame.startswith("memleak.TemporaryFile.append:") for frame in group.stack)
    assert group.root.startswith("thread ")


def test_the_tree_marks_the_suspect_and_counts_a_long_way_through_a_tree_once(recorded):
    groups = holders.grouped(holders.of_recording(recorded("17.0.9.jfr")))
    text = holders.told(groups, "memleak.Child")
    assert "memleak.Child.file  (the suspect)" in text
    assert text.count("RedBlackTree$Tree._left|_right  (×") == 1
    assert "made by java.util.Arrays.copyOf" in text


def test_the_chains_are_those_that_the_jdk_prints(jdk_tool, tmp_path, recorded):
    path = tmp_path / "recording.jfr"
    path.write_bytes(recorded("17.0.9.jfr"))
    tool = jdk_tool("jfr")
    flags = ["--json", "--stack-depth", "64", "--events", holders.OLD_OBJECT]
    printed = json.loads(subprocess.check_output([str(tool), "print", *flags, str(path)]))
    wanted = []
    for event in printed["recording"]["events"]:
        links, at = [], event["values"]["object"]
        kind = holders.class_name(at["type"]["name"])
        while at and at["referrer"] and at["referrer"]["object"]:
            field = at["referrer"]["field"]
            at = at["referrer"]["object"]
            links.append(
                (holders.class_name(at["type"]["name"]), field["name"] if field else holders.ELEMENT)
            )
        wanted.append((kind, links[::-1]))
    found = [
        (held.type, [(link.holder, link.field) for link in held.chain])
        for held in holders.of_recording(path.read_bytes())
    ]
    assert sorted(found) == sorted(wanted)
    assert len(found) > 20


def test_any_event_can_be_read_by_the_words_of_the_file(recorded):
    chunk = next(jfr.chunks(recorded("17.0.9.jfr")))
    assert {chunk.types[key].name for key in chunk.pools} >= {"java.lang.Class", "jdk.types.Symbol"}
    event = next(chunk.events([holders.OLD_OBJECT]))
    assert chunk.resolve(event.fields["stackTrace"])["truncated"] is False
    assert chunk.start_ms < chunk.moment_ms(event.fields["startTime"]) < chunk.start_ms + 60_000


def test_files_of_several_chunks_are_read_to_the_end(recorded):
    one = recorded("11.0.13.jfr")
    assert len(holders.of_recording(one + one)) == 2 * len(holders.of_recording(one))


def read(data):
    """A value, or our error; anything else fails the test."""
    try:
        return holders.grouped(holders.of_recording(data))
    except Unreadable:
        return None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SMALLEST) - 1))
@example(0)
@example(67)
@example(68)
def test_a_recording_that_is_cut_off_anywhere_is_said_to_be(length):
    with pytest.raises(Truncated):
        holders.of_recording(SMALLEST[:length])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SMALLEST) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_recording_with_wrong_bytes_is_read_or_refused(changes):
    data = bytearray(SMALLEST)
    for place, byte in changes:
        data[place] = byte
    read(bytes(data))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(60, 400), st.integers(60, 400))
def test_arbitrary_bytes_behind_a_header_are_read_or_refused(body, checkpoint, metadata):
    size = 68 + len(body)
    header = struct.pack(">4sHHqqqqqqqI", b"FLR\0", 2, 1, size, checkpoint, metadata, 0, 0, 0, 1, 1)
    read(header + body)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({0: b"JAVA"}, "not a JFR recording"),
        ({4: b"\0\1"}, "version 1"),
        ({8: struct.pack(">q", 0)}, "never finished"),
        ({64: struct.pack(">I", 0)}, "compressed integers"),
        ({56: struct.pack(">q", 0)}, "0 ticks a second"),
        ({16: struct.pack(">q", 3)}, "lead to byte 3"),
        ({24: struct.pack(">q", -1)}, "should be at byte -1"),
    ],
)
def test_what_is_wrong_with_a_header_is_said(change, said):
    data = bytearray(SMALLEST)
    for at, new in change.items():
        data[at : at + len(new)] = new
    with pytest.raises(Unreadable, match=said):
        holders.of_recording(bytes(data))


@pytest.mark.jvm
@pytest.mark.parametrize("version", ["17.0.9", "25.0.2"])
def test_a_recording_is_made_by_attach_and_leaves_nothing(java, version, tmp_path):
    program = java(home_of(version), "Lab", "-Xmx256m")
    _, options = operations.chosen("jfr", {"seconds": 1, "path": str(tmp_path / "kept.jfr")})
    with Session(target_of(program.pid)) as session:
        found = record_with(session, options, lambda _: [program.tell("hold 300000"), program.tell("gc")])
        assert session.pause_ms() > 0
        assert "heapwatch" not in session.jcmd("JFR.check")
    steps = [step["holder"] for step in found["groups"][0]["chain"]]
    assert steps[:2] == ["Lab", "java.util.ArrayList"]
    assert found["groups"][0]["chain"][0]["static"] is True
    assert len((tmp_path / "kept.jfr").read_bytes()) == found["bytes"]


@pytest.mark.jvm
@pytest.mark.parametrize("version", ["11.0.13", "17.0.9", "25.0.2"])
def test_a_large_array_does_not_hold_the_jvm_for_minutes(java, version):
    """It has more references than the VM's queue takes: without a limit each costs a walk of the array."""
    program = java(home_of(version), "Lab", "-Xmx128m", "-XX:+UseSerialGC")
    program.tell("hold 2500000")
    program.tell("gc")
    _, options = operations.chosen("jfr", {"seconds": 1, "max_pause_ms": 400})
    with Session(target_of(program.pid)) as session:
        found = record_with(session, options, lambda _: [program.tell("hold 100000"), program.tell("gc")])
        assert session.jcmd("VM.version")
    assert found["samples"] > 0
    assert found["paths"] is True


@pytest.mark.jvm
@pytest.mark.parametrize(("version", "flags"), [("21.0.8", ["-XX:+ZGenerational"]), ("25.0.2", [])])
def test_generational_zgc_is_not_recorded_but_left_in_peace(java, version, flags):
    program = java(home_of(version), "Lab", "-Xmx128m", "-XX:+UseZGC", *flags)
    with pytest.raises(NoFlightRecorder, match=r"generational ZGC, .*JDK-8375615"):
        operations.run("jfr", program.pid, {"seconds": 1, "max_pause_ms": 5000})


@pytest.mark.jvm
def test_where_a_way_is_not_found_in_time_more_time_is_named(java):
    program = java(home_of("17.0.9"), "Lab", "-Xmx256m", "-XX:+UseSerialGC")
    program.tell("hold 2500000")
    _, options = operations.chosen("jfr", {"seconds": 1, "max_pause_ms": 1})
    with Session(target_of(program.pid)) as session:
        found = record_with(session, options, lambda _: [program.tell("hold 100000"), program.tell("gc")])
    assert found["groups"]
    assert "no way to a root was found within 20 ms: allow a longer pause" in found["text"]


@pytest.mark.jvm
def test_a_jvm_without_flight_recorder_is_said_to_have_none(labs):
    with pytest.raises(NoFlightRecorder, match="has no Flight Recorder"):
        operations.run("jfr", labs("11.0.2").pid, {"seconds": 1})
