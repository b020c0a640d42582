"""Heap dumps made by hand: one list of nodes held by a static field; then the same with wrong bytes."""

import struct
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from heapwatch.errors import HeapwatchError
from heapwatch.jvm import hprof

TEXTS = {1: "app/Main", 2: "app/Node", 3: "ROOT", 4: "next", 5: "java/lang/Object", 6: "app/Leaf"}
OBJECT, MAIN, NODE, LEAF, FIRST, NODES = 100, 101, 102, 103, 1000, 40


def record(tag, body):
    return struct.pack(">BII", tag, 0, len(body)) + body


def class_dump(key, parent, static_fields, fields):
    body = struct.pack(">BQIQQQQQQI", 0x20, key, 0, parent, 0, 0, 0, 0, 0, 0) + struct.pack(">H", 0)
    body += struct.pack(">H", len(static_fields)) + b"".join(
        struct.pack(">QBQ", n, 2, v) for n, v in static_fields
    )
    return body + struct.pack(">H", len(fields)) + b"".join(struct.pack(">QB", n, 2) for n in fields)


def dump(leaf=0, on_stack=0):
    """With `leaf` the last node holds an object of that id; `on_stack` is held by a variable of a thread."""
    out = b"JAVA PROFILE 1.0.2\0" + struct.pack(">IQ", 8, 0)
    out += b"".join(record(1, struct.pack(">Q", key) + text.encode()) for key, text in TEXTS.items())
    for key, name in ((OBJECT, 5), (MAIN, 1), (NODE, 2), (LEAF, 6)):
        out += record(2, struct.pack(">IQIQ", 1, key, 0, name))
    heap = class_dump(OBJECT, 0, [], []) + class_dump(MAIN, OBJECT, [(3, FIRST)], [])
    heap += class_dump(NODE, OBJECT, [], [4])
    for at in range(NODES):
        after = FIRST + at + 1 if at + 1 < NODES else leaf
        heap += struct.pack(">BQIQIQ", 0x21, FIRST + at, 0, NODE, 8, after)
    if leaf:
        heap += class_dump(LEAF, OBJECT, [], []) + struct.pack(">BQIQI", 0x21, leaf, 0, LEAF, 0)
    if on_stack:
        heap += struct.pack(">BQII", 0x03, on_stack, 0, 0)
    heap += struct.pack(">BQIIB", 0x23, 5000, 0, 3, 8) + b"abc"
    return out + record(0x1C, heap) + record(0x2C, b"")


DUMP = dump()


def scan(data, suspect="app.Node"):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.hprof"
        path.write_bytes(data)
        return hprof.scan(str(path), suspect)


def test_classes_are_counted_and_a_list_is_one_step_from_its_static_field():
    found = scan(DUMP)
    assert found.rows == [hprof.Row("app.Node", NODES, 8 * NODES), hprof.Row("byte[]", 1, 3)]
    assert found.suspects == NODES
    assert set(found.direct) == {("app.Node", "next", NODES - 1), ("app.Main", "ROOT", 1)}
    first = found.ways[0].steps[0]
    assert (first.holder, first.fields, first.static) == ("app.Main", ("ROOT",), True)


def test_a_variable_holds_for_a_moment_so_what_holds_for_good_is_told_too():
    found = scan(dump(leaf=6000, on_stack=FIRST + NODES - 1), "app.Leaf")
    assert [(way.root, way.steps[0].holder) for way in found.ways] == [
        ("a static field", "app.Main"),
        ("a variable on a stack", "app.Node"),
    ]


def scan_or_refuse(data):
    try:
        return scan(data)
    except HeapwatchError:
        return None


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DUMP) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_dump_with_wrong_bytes_is_read_or_refused(changes):
    data = bytearray(DUMP)
    for place, byte in changes:
        data[place] = byte
    scan_or_refuse(bytes(data))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(DUMP) - 20))
def test_a_dump_that_is_cut_off_anywhere_is_refused_or_has_lost_only_its_end_mark(length):
    assert scan_or_refuse(DUMP[:length]) is None


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_behind_a_header_are_read_or_refused(body):
    scan_or_refuse(DUMP[:31] + body)
    scan_or_refuse(DUMP[:31] + record(0x1C, body))
