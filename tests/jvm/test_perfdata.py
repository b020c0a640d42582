"""Counters are read from the files of every JDK and collector, and from nothing else."""

import contextlib
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import Truncated, Unreadable
from heapwatch.jvm import perfdata
from heapwatch.model import HEAP_COUNTERS
from jvms import recordings

MB = 1 << 20


@pytest.mark.parametrize("name", recordings.named("hsperfdata"))
def test_the_counters_of_every_jdk_and_collector_are_read(recorded, name):
    raw = perfdata.decode(recorded(f"{name}.hsperfdata"))
    assert raw["sun.rt.javaCommand"] == "Lab"
    assert "-Dheapwatch.label.team=till" in raw["java.rt.vmArgs"]
    assert raw["sun.os.hrt.frequency"] == 1_000_000_000
    assert raw["sun.rt.jvmCapabilities"].startswith("1")
    assert raw["sun.rt.safepointTime"] > 0
    assert len(raw) > 130


@pytest.mark.parametrize("name", ["8u252-G1", "25.0.2-Z"])
def test_a_file_cut_anywhere_is_refused(recorded, name):
    data = recorded(f"{name}.hsperfdata")
    used = struct.unpack_from("<i", data, 8)[0]
    for end in range(0, used - 8, 97):
        with pytest.raises(Unreadable):
            perfdata.decode(data[:end])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_counters(data):
    with contextlib.suppress(Unreadable):
        assert isinstance(perfdata.decode(data), dict)


@given(st.binary(max_size=300), st.integers(0, 20))
def test_arbitrary_entries_are_refused_or_counters(entries, count):
    header = struct.pack(">I4B", 0xCAFEC0C0, 1, 2, 0, 1) + struct.pack("<iiqii", 0, 0, 0, 32, count)
    with contextlib.suppress(Unreadable):
        assert isinstance(perfdata.decode(header + entries), dict)


@given(st.data())
def test_a_flipped_byte_is_refused_or_read_as_something(recorded, data):
    content = bytearray(recorded("17.0.9-G1.hsperfdata"))
    content[data.draw(st.integers(0, 12_000))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(Unreadable):
        raw = perfdata.decode(bytes(content))
        perfdata.metrics(raw)
        perfdata.heap_counters(raw)


def entry(name, value):
    name = name.encode() + b"\0"
    name += b"\0" * (-(20 + len(name)) % 8)
    if isinstance(value, int):
        return (
            struct.pack(">iiiBBBBi", 28 + len(name), 20, 0, ord("J"), 0, 2, 3, 20 + len(name))
            + name
            + struct.pack(">q", value)
        )
    text = value.encode() + b"\0" * 8
    return (
        struct.pack(">iiiBBBBi", 20 + len(name) + len(text), 20, len(text), ord("B"), 0, 5, 1, 20 + len(name))
        + name
        + text
    )


def big_endian(counters, accessible=1, major=2):
    body = b"".join(entry(name, value) for name, value in counters.items())
    header = struct.pack(">I4B", 0xCAFEC0C0, 0, major, 0, accessible)
    return header + struct.pack(">iiqii", 32 + len(body), 0, 1, 32, len(counters)) + body


def test_a_big_endian_file_is_read():
    counters = {"a.number": -7, "b.text": "words", "c.number": 2**62}
    assert perfdata.decode(big_endian(counters)) == counters


def test_a_file_that_is_not_ready_or_of_another_version_is_refused():
    with pytest.raises(Unreadable, match="not ready"):
        perfdata.decode(big_endian({}, accessible=0))
    with pytest.raises(Unreadable, match="version 3"):
        perfdata.decode(big_endian({}, major=3))
    with pytest.raises(Unreadable, match="bad magic"):
        perfdata.decode(b"\x7fELF" + bytes(64))
    with pytest.raises(Truncated):
        perfdata.decode(b"\xca\xfe\xc0\xc0")


@pytest.fixture
def opened(tmp_path):
    """A counters file that can be rewritten under its reader."""
    path = tmp_path / "4711"

    class Opened:
        def write(self, data):
            with open(path, "r+b" if path.exists() else "wb") as file:
                file.write(data)
                file.truncate()

        def open(self):
            return perfdata.PerfData(os.open(path, os.O_RDONLY))

    return Opened()


def test_counters_that_a_starting_vm_adds_are_seen(opened):
    opened.write(big_endian({"a": 1}))
    with opened.open() as counters:
        assert counters.read() == {"a": 1}
        opened.write(big_endian({"a": 2, "b": 3}))
        assert counters.read() == {"a": 2, "b": 3}
        assert counters.read(["b", "unknown"]) == {"b": 3}


def test_a_file_that_another_jvm_cut_off_is_refused_and_does_not_kill_the_reader(opened):
    whole = big_endian({"a": 1, "b": 2})
    opened.write(whole)
    with opened.open() as counters:
        counters.read()
        opened.write(whole[:40])
        with pytest.raises(Unreadable):
            counters.read()
        opened.write(b"")
        with pytest.raises(Unreadable):
            counters.read()


COLLECTORS = {
    "Serial": "Serial",
    "Parallel": "Parallel",
    "ConcMarkSweep": "CMS",
    "G1": "G1",
    "Z": "ZGC",
    "GenerationalZ": "ZGC",
    "Shenandoah": "Shenandoah",
}


@pytest.mark.parametrize("name", recordings.named("hsperfdata"))
def test_the_collector_is_named_and_its_heap_has_the_size_that_was_given(recorded, name):
    raw = perfdata.decode(recorded(f"{name}.hsperfdata"))
    assert perfdata.Plan(raw).collector == COLLECTORS[name.partition("-")[2]]
    heap = perfdata.heap_counters(raw)
    assert heap["heap_max"] == 64 * MB
    assert 4 * MB < heap["heap_used"] < 64 * MB
    assert heap["heap_used"] <= heap["heap_committed"] <= 64 * MB
    collections = [heap[key] for key in ("old_collections", "concurrent_collections") if key in heap]
    assert sum(collections) >= 2
    assert set(heap) <= set(HEAP_COUNTERS)
    assert heap["threads"] >= 4
    assert heap["loaded_classes"] > 300
    assert heap["metaspace_used"] > MB


@pytest.mark.parametrize("name", recordings.named("hsperfdata"))
def test_the_metrics_add_up(recorded, name):
    found = perfdata.metrics(perfdata.decode(recorded(f"{name}.hsperfdata")))
    pools = {key: value for key, value in found.items() if key.startswith("jvm.pool.used;")}
    assert sum(pools.values()) == found["jvm.heap.used"]
    assert set(pools) <= {
        f"jvm.pool.used;pool={pool}" for pool in ("eden", "survivor", "young", "old", "heap")
    }
    assert any(key.startswith("jvm.gc.count;gc=") for key in found)
    assert found["jvm.safepoint.time_ms"] > 0
    assert found["jvm.threads.started"] >= found["jvm.threads.live"] >= found["jvm.threads.daemon"]


def test_the_cheap_reading_gives_the_same_metrics_as_all_counters(recorded, opened):
    opened.write(recorded("21.0.8-GenerationalZ.hsperfdata"))
    with opened.open() as counters:
        assert counters.metrics() == perfdata.metrics(counters.read())
        assert counters.plan.heap_counters(counters.sample()) == perfdata.heap_counters(counters.read())


def test_the_age_of_the_newest_collection_is_known_with_and_without_the_vms_clock(recorded):
    with_clock = perfdata.decode(recorded("17.0.9-G1.hsperfdata"))
    assert 0 <= perfdata.heap_counters(with_clock)["since_gc_ms"] < 10_000
    without = perfdata.decode(recorded("25.0.2-G1.hsperfdata"))
    assert "since_gc_ms" not in perfdata.heap_counters(without)
    ends = max(value for name, value in without.items() if name.endswith("lastExitTime")) / 1e6
    later = without["sun.rt.createVmBeginTime"] + ends + 1234
    assert perfdata.heap_counters(without, later)["since_gc_ms"] == pytest.approx(1234, abs=1)


def test_a_watch_reports_collections_and_what_they_left(recorded):
    raw = dict(perfdata.decode(recorded("17.0.9-G1.hsperfdata")))
    plan, watch = perfdata.Plan(raw), perfdata.CollectionWatch()
    assert watch.observe(plan, raw) == ""
    assert watch.after_gc is None
    raw["sun.gc.collector.0.invocations"] += 1
    raw["sun.gc.generation.0.space.0.used"] = 10 * MB
    raw["sun.gc.generation.0.space.1.used"] = 1 * MB
    raw["sun.gc.generation.1.space.0.used"] = 20 * MB
    assert watch.observe(plan, raw) == "young"
    assert watch.after_gc == 21 * MB
    assert watch.observe(plan, raw) == ""
    raw["sun.gc.collector.0.invocations"] += 1
    raw["sun.gc.collector.1.invocations"] += 1
    assert watch.observe(plan, raw) == "old"


def test_a_collection_under_way_is_reported_when_it_has_ended(recorded):
    raw = dict(perfdata.decode(recorded("17.0.9-G1.hsperfdata")))
    plan, watch = perfdata.Plan(raw), perfdata.CollectionWatch()
    watch.observe(plan, raw)
    raw["sun.gc.collector.0.invocations"] += 1  # counted at its beginning, while the sizes are the old ones
    raw["sun.gc.collector.0.lastEntryTime"] = raw["sun.gc.collector.0.lastExitTime"] + 1
    assert watch.observe(plan, raw) == ""
    raw["sun.gc.generation.1.space.0.used"] = 20 * MB
    raw["sun.gc.collector.0.lastExitTime"] += 2
    assert watch.observe(plan, raw) == "young"
    assert watch.after_gc >= 20 * MB


def test_a_collection_that_our_own_histogram_forced_is_not_reported(recorded):
    raw = dict(perfdata.decode(recorded("17.0.9-G1.hsperfdata")))
    plan, watch = perfdata.Plan(raw), perfdata.CollectionWatch()
    watch.observe(plan, raw)
    raw["sun.gc.collector.1.invocations"] += 1
    raw["sun.gc.lastCause"] = "Heap Inspection Initiated GC"
    raw["sun.gc.generation.1.space.0.used"] = 20 * MB
    assert watch.observe(plan, raw) == ""
    assert watch.after_gc is not None
