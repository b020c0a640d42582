"""Batches survive the wire unchanged, and nothing but a batch comes off it."""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heapwatch.errors import Truncated, Unreadable
from heapwatch.model import Batch, Event, Histogram, JvmId, LogBlock, MetricBlock, Snapshot
from heapwatch.wire import batch as wire

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
labels = st.dictionaries(texts, texts, max_size=3)
times = st.integers(0, 4_102_444_800_000)
counts = st.integers(0, 1 << 45)


@st.composite
def histograms(draw: st.DrawFn) -> Histogram:
    classes = draw(st.lists(texts, unique=True, max_size=8))
    columns = [
        array("q", draw(st.lists(counts, min_size=len(classes), max_size=len(classes)))) for _ in "ibr"
    ]
    owned = draw(st.lists(st.sampled_from(classes), unique=True)) if classes else []
    return Histogram(classes, *columns, {name: draw(texts) for name in owned})


@st.composite
def blocks(draw: st.DrawFn) -> MetricBlock:
    moments = sorted(draw(st.sets(times, max_size=5)))
    numbers = st.one_of(st.floats(allow_infinity=False), st.integers(-(1 << 60), 1 << 60).map(float))
    column = st.lists(numbers, min_size=len(moments), max_size=len(moments)).map(lambda c: array("d", c))
    return MetricBlock(draw(labels), array("q", moments), draw(st.dictionaries(texts, column, max_size=4)))


@st.composite
def logs(draw: st.DrawFn) -> LogBlock:
    moments = draw(st.lists(times, max_size=40))
    said = st.lists(texts, min_size=len(moments), max_size=len(moments))
    return LogBlock(draw(labels), array("q", moments), draw(said), draw(st.just([]) | said))


costs = st.none() | st.floats(0, 1e9)
snapshots = st.builds(
    Snapshot,
    st.builds(JvmId, texts, texts, st.integers(0, 1 << 22), times),
    times,
    st.sampled_from(["all", "live"]),
    histograms(),
    costs,
    costs,
    st.dictionaries(texts, st.floats(allow_nan=False, allow_infinity=False), max_size=4),
    labels,
)
batches = st.builds(
    Batch,
    texts,
    st.integers(0, (1 << 63) - 1),
    st.lists(snapshots, max_size=3),
    st.lists(blocks(), max_size=3),
    st.lists(st.builds(Event, times, texts, labels, texts), max_size=3),
    st.lists(logs(), max_size=3),
)


def comparable(batch: Batch) -> object:
    """The batch with every nan made equal to every other."""
    return (
        batch.agent,
        batch.sequence,
        batch.snapshots,
        [
            (b.labels, b.times, {k: [None if math.isnan(x) else x for x in v] for k, v in b.values.items()})
            for b in batch.metrics
        ],
        batch.events,
        batch.logs,
    )


def ints(*values: int) -> bytes:
    return struct.pack(f"<I{len(values)}q", len(values), *values)


def framed(body: bytes, version: int = 1) -> bytes:
    return b"hwb%c" % version + zlib.compress(body)


TEXT_A = ints(1) + struct.pack("<I", 1) + b"a"


@pytest.fixture(scope="module")
def sample() -> Batch:
    histogram = Histogram(
        ["byte[]", "java.lang.String", "shop.Child"],
        array("q", [90_000, 80_000, 7]),
        array("q", [3 << 30, 1_920_000, 112]),
        array("q", [1, 1, 3]),
        {"byte[]": "java.base", "java.lang.String": "java.base"},
    )
    jvm = JvmId("memleak1", "shop", 4711, 1_790_000_000_000)
    block = MetricBlock(
        {"host": "memleak1", "jvm": "shop"},
        array("q", [1_790_000_100_000, 1_790_000_101_003]),
        {"jvm.heap.used": array("d", [2.0**31, 2.0**31 + 8]), "jvm.gc.load": array("d", [0.25, math.nan])},
    )
    return Batch(
        "a-1",
        17,
        [
            Snapshot(
                jvm, 1_790_000_100_500, "all", histogram, 8.25, None, {"old_used": 1e9}, {"env": "prod"}
            ),
            Snapshot(jvm, 1_790_000_110_500, "all", histogram),
        ],
        [block],
        [Event(1_790_000_100_600, "restart", {"host": "memleak1"}, "new pid 4711")],
        [
            LogBlock(
                {"host": "memleak1", "_sourceCategory": "app"},
                array("q", [1_790_000_100_700, 1_790_000_100_650, 1_790_000_100_700]),
                ["ERROR no\n\tat shop.Buy", "again", "again"],
                ["error", "", ""],
            )
        ],
    )


@given(batches)
@settings(deadline=None)
def test_a_batch_arrives_as_it_was_sent(batch: Batch) -> None:
    assert comparable(wire.decode(wire.encode(batch))) == comparable(batch)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_a_batch_cut_anywhere_is_never_used_in_part(sample: Batch, data: st.DataObject) -> None:
    whole = wire.encode(sample)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Truncated):
        wire.decode(whole[:cut])


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_flipped_bit_never_changes_what_is_read(sample: Batch, data: st.DataObject) -> None:
    damaged = bytearray(wire.encode(sample))
    bit = data.draw(st.integers(0, 8 * len(damaged) - 1))
    damaged[bit // 8] ^= 1 << bit % 8
    try:
        read = wire.decode(bytes(damaged))
    except Unreadable:
        return
    assert comparable(read) == comparable(sample)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_with_our_error(data: bytes) -> None:
    with pytest.raises(Unreadable):
        wire.decode(data)


@given(st.binary(max_size=300), st.sampled_from([1, 2]))
@settings(max_examples=40, deadline=None)
def test_arbitrary_bytes_inside_a_sound_frame_end_in_our_error_or_a_batch(body: bytes, version: int) -> None:
    frame = framed(body, version)
    try:
        read = wire.decode(frame)
    except Unreadable:
        return
    assert comparable(wire.decode(wire.encode(read))) == comparable(read)


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_a_body_with_bytes_replaced_ends_in_our_error_or_a_batch_that_can_be_sent_on(
    sample: Batch, data: st.DataObject
) -> None:
    body = bytearray(zlib.decompress(wire.encode(sample)[4:]))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = wire.decode(framed(bytes(body), 2))
    except Unreadable:
        return
    assert comparable(wire.decode(wire.encode(read))) == comparable(read)


def test_a_small_file_that_unpacks_to_gigabytes_is_refused_before_it_does() -> None:
    bomb = b"hwb\x01" + zlib.compress(bytes(50 << 20), 9)
    with pytest.raises(Unreadable, match="more than 1048576 bytes"):
        wire.decode(bomb, 1 << 20)


def test_a_batch_of_a_million_empty_parts_is_refused_by_its_head() -> None:
    with pytest.raises(Unreadable, match="1000000 parts"):
        wire.decode(framed(TEXT_A + ints(0, 1, 0, 0, 1_000_000) + bytes(1 << 20)))


def test_columns_of_nothing_but_zeros_do_not_fill_the_memory() -> None:
    gigabyte_of_zeros = struct.pack("<IB", 1 << 27, 0)
    with pytest.raises(Unreadable, match="more numbers than its size allows"):
        wire.decode(framed(gigabyte_of_zeros))


def test_a_few_names_used_in_very_many_columns_do_not_fill_the_memory(sample: Batch) -> None:
    histogram = Histogram([str(n) for n in range(1000)], *(array("q", bytes(8000)) for _ in "ibr"))
    snapshot = Snapshot(JvmId("h", "j", 1, 1), 1, "all", histogram)
    data = wire.encode(Batch("a", 1, [snapshot] * 300))
    assert len(data) < 20_000
    with pytest.raises(Unreadable, match="more numbers than its size allows"):
        wire.decode(data, 1 << 20)


def test_a_batch_of_a_newer_version_says_so(sample: Batch) -> None:
    newer = b"hwb\x03" + wire.encode(sample)[4:]
    with pytest.raises(Unreadable, match=r"version 3 .* reads up to version 2"):
        wire.decode(newer)


def test_a_batch_without_log_messages_is_still_read_by_servers_that_know_none(sample: Batch) -> None:
    assert wire.encode(replace(sample, logs=()))[:4] == b"hwb\x01"
    assert wire.encode(sample)[:4] == b"hwb\x02"


def test_a_batch_of_the_first_version_has_no_log_messages() -> None:
    assert wire.decode(framed(TEXT_A + ints(0, 5, 0, 0, 0))) == Batch("a", 5, logs=[])


def test_a_long_message_repeated_very_often_does_not_fill_the_memory() -> None:
    block = LogBlock({}, array("q", [1] * 50_000), ["x" * 10_000] * 50_000)
    data = wire.encode(Batch("a", 1, logs=[block]))
    assert len(data) < 20_000
    with pytest.raises(Unreadable, match="more log messages than its size allows"):
        wire.decode(data, 1 << 20)


@pytest.mark.parametrize("moments", [[-1], [1 << 62, -(1 << 62)], [10_413_792_000_001], [5, -1, 7]])
def test_log_messages_of_impossible_times_are_refused(moments: list[int]) -> None:
    block = LogBlock({}, array("q", moments), ["x"] * len(moments))
    with pytest.raises(Unreadable, match="out of range"):
        wire.decode(wire.encode(Batch("a", 1, logs=[block])))


@pytest.mark.parametrize(
    ("messages", "levels", "complaint"),
    [((0, 0), (), "column of 2 where 1 belong"), ((0,), (0, 0), "2 levels of 1"), ((7,), (), "text 7 of 1")],
)
def test_log_columns_that_do_not_fit_each_other_are_refused(
    messages: tuple[int, ...], levels: tuple[int, ...], complaint: str
) -> None:
    head = TEXT_A + ints(0, 1, 0, 0, 0, 1) + ints() + ints() + ints(1)
    with pytest.raises(Unreadable, match=complaint):
        wire.decode(framed(head + ints(*messages) + ints(*levels), 2))


def test_a_log_block_of_unequal_columns_is_not_sent() -> None:
    for block in (LogBlock({}, array("q", [1]), []), LogBlock({}, array("q", [1]), ["x"], ["", ""])):
        with pytest.raises(ValueError, match="log block"):
            wire.encode(Batch("a", 1, logs=[block]))


def test_bytes_after_the_end_are_refused(sample: Batch) -> None:
    with pytest.raises(Unreadable, match="3 bytes after the end"):
        wire.decode(wire.encode(sample) + b"abc")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mode": "some"}, "mode 'some'"),
        ({"time": -5}, "time out of range: -5"),
        ({"time": 99_999_999_999_999}, "time out of range"),
        ({"pause": math.inf}, "not a time"),
        ({"pause": -1.0}, "not a time"),
        ({"heap": {"old_used": math.nan}}, "not a number"),
    ],
)
def test_a_snapshot_that_cannot_be_true_is_refused(
    sample: Batch, change: dict[str, object], complaint: str
) -> None:
    true = sample.snapshots[0]
    false = Snapshot(**{**true.__dict__, **change})
    with pytest.raises(Unreadable, match=complaint):
        wire.decode(wire.encode(Batch("a", 1, [false])))


@pytest.mark.parametrize(
    ("histogram", "complaint"),
    [
        (Histogram(["a", "a"], *(array("q", [1, 1]) for _ in "ibr")), "a class twice"),
        (Histogram(["a"], *(array("q", [-1]) for _ in "ibr")), "negative"),
        (Histogram(["a", "b"], *(array("q", [1 << 62, 1 << 62]) for _ in "ibr")), "overflowing"),
        (Histogram(["a"], array("q", [1]), array("q", [1, 2]), array("q", [1])), "column of 2 where 1"),
    ],
)
def test_a_histogram_that_cannot_be_true_is_refused(histogram: Histogram, complaint: str) -> None:
    snapshot = Snapshot(JvmId("h", "j", 1, 1), 1, "all", histogram)
    with pytest.raises(Unreadable, match=complaint):
        wire.decode(wire.encode(Batch("a", 1, [snapshot])))


@pytest.mark.parametrize(
    ("moments", "values", "complaint"),
    [
        ([2, 2], [1.0, 1.0], "do not rise"),
        ([3, 2], [1.0, 1.0], "do not rise"),
        ([1, 2], [1.0, math.inf], "infinite"),
    ],
)
def test_metrics_that_cannot_be_true_are_refused(
    moments: list[int], values: list[float], complaint: str
) -> None:
    block = MetricBlock({}, array("q", moments), {"m": array("d", values)})
    with pytest.raises(Unreadable, match=complaint):
        wire.decode(wire.encode(Batch("a", 1, metrics=[block])))


def test_half_a_surrogate_pair_in_a_label_does_not_stop_the_batch() -> None:
    event = Event(1, "start", {"command": "run \udcff"}, "")
    assert wire.decode(wire.encode(Batch("a", 1, events=[event]))).events[0].labels == {
        "command": "run \\udcff"
    }


def test_two_snapshots_of_the_same_classes_name_them_once(sample: Batch) -> None:
    names = zlib.decompress(wire.encode(sample)[4:])
    assert names.count(b"java.lang.String") == 1
