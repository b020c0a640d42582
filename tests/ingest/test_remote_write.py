"""Remote write: what Prometheus 2.42 sent, what the text of 2.0 says, and what nobody should send."""

from __future__ import annotations

import contextlib
import math
import struct
from pathlib import Path
from typing import Any

import cramjam
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heapwatch.errors import HeapwatchError, Unreadable
from heapwatch.ingest.intake import Unsupported
from heapwatch.ingest.limits import TooLarge
from heapwatch.ingest.messages import PROMETHEUS, PROMETHEUS_2
from heapwatch.ingest.remote_write import LARGEST, Reader, Written, version_of

NOW = 1_795_403_070_000
GOLDEN_FILE = Path(__file__).with_name("recorded") / "prometheus-2.42-remote-write.bin"
GOLDEN = GOLDEN_FILE.read_bytes()
"""A first scrape of two counters and a summary without observations, by Prometheus 2.42."""

ENDED = GOLDEN_FILE.with_name("prometheus-2.42-stale.bin").read_bytes()
"""A scrape that has the metric `a` and no `b` any more: the last of `b` is a stale marker."""

VMAGENT = GOLDEN_FILE.with_name("vmagent-1.79-remote-write.bin").read_bytes()
"""Seven samples that vmagent 1.79 (`-remoteWrite.label=agent=vm1`) was pushed as Prometheus text."""

STALE = struct.unpack("<d", (0x7FF0000000000002).to_bytes(8, "little"))[0]
WHOSE = "env=prod;host=web1;instance=web1;job=shop;jvm=shop"


def packed(message: Any) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message.SerializeToString()))


def one(labels: dict[str, str], **fields: Any) -> bytes:
    """A series of version 1.0."""
    made = PROMETHEUS["TimeSeries"](**fields)
    for name, value in labels.items():
        made.labels.append(PROMETHEUS["Label"](name=name, value=value).SerializeToString())
    found: bytes = made.SerializeToString()
    return found


def first(*series: tuple[dict[str, str], list[tuple[float, int]]]) -> bytes:
    """A request of version 1.0."""
    made = []
    for labels, samples in series:
        told = [{"value": value, "timestamp": time} for value, time in samples]
        made.append(one(labels, samples=told))
    return packed(PROMETHEUS["WriteRequest"](timeseries=made))


def second(symbols: list[str], *series: dict[str, Any]) -> bytes:
    """A request of version 2.0."""
    request = PROMETHEUS_2["Request"](symbols=symbols)
    for fields in series:
        request.timeseries.add(**fields)
    return packed(request)


def read(body: bytes, version: int = 1) -> Written:
    return Reader().read(body, version, NOW)


def points(found: Written) -> list[tuple[str, float, int]]:
    return list(zip(found.paths, found.values, found.times, strict=True))


def test_what_prometheus_sent_is_read() -> None:
    found = read(GOLDEN)
    assert not found.refused
    values = dict(zip(found.paths, found.values, strict=True))
    assert values[f"orders_total;{WHOSE};shop=north"] == 17
    assert values[f"orders_total;{WHOSE};shop=süd"] == 4
    assert values[f"up;{WHOSE}"] == 1
    assert set(found.times) == {1795403066697}
    assert (found.samples, len(found)) == (10, 9), "a quantile of nothing is nan: taken, and no point"


def test_what_vmagent_sent_is_read() -> None:
    found, at = read(VMAGENT), 1795403066697
    assert points(found) == [
        ("orders_total;agent=vm1;host=web1;shop=north", 17, at),
        ("orders_total;agent=vm1;host=web1;shop=süd", 4, at),
        ("orders_total;agent=vm1;host=web1;shop=north", 19, at + 10_000),
        ("took_seconds_bucket;agent=vm1;host=web1;le=0.5", 2, at),
        ("took_seconds_bucket;agent=vm1;host=web1;le=+Inf", 3, at),
        ("temperature;agent=vm1;host=web1", -3.25, at),
        ("heap_used_bytes;agent=vm1;host=web1;jvm=shop", 1.5e10, at),
    ]
    assert (found.samples, found.refused) == (7, 0)


def test_a_stale_marker_ends_a_series_without_a_point_or_a_reject() -> None:
    found = read(first(({"__name__": "up"}, [(1.0, NOW - 1000), (STALE, NOW)])))
    assert points(found) == [("up", 1.0, NOW - 1000)]
    assert (found.samples, found.refused, found.complaint) == (2, 0, "")


def test_prometheus_ends_a_series_so() -> None:
    assert struct.pack("<d", STALE) in bytes(cramjam.snappy.decompress_raw(ENDED))
    found = read(ENDED)
    assert (found.samples, len(found), found.refused) == (7, 6, 0)
    assert "a;instance=web1;job=s" in found.paths
    assert not any(path.startswith("b;") for path in found.paths)


def test_what_cannot_be_stored_is_told_and_its_neighbours_are_stored() -> None:
    found = read(
        first(
            ({"__name__": "a"}, [(1.0, NOW), (math.inf, NOW), (2.0, 0), (3.0, NOW + 90_000_000)]),
            ({"job": "nameless"}, [(1.0, NOW), (1.0, NOW)]),
            ({"__name__": "b", "x": "y" * 5000}, [(1.0, NOW)]),
            ({"__name__": "c", "": "empty"}, [(1.0, NOW)]),
            ({"__name__": "d", "empty": ""}, [(4.0, NOW)]),
        )
    )
    assert points(found) == [("a", 1.0, NOW), ("d", 4.0, NOW)]
    assert found.rejects.counts == {
        "not-finite": 1,
        "time-too-old": 1,
        "time-in-future": 1,
        "bad-name": 2,
        "name-too-long": 1,
        "bad-labels": 1,
    }
    assert found.complaint.startswith("7 of 9 samples were not stored: 1 bad-labels, 2 bad-name, ")


def test_a_label_that_is_given_twice_is_refused() -> None:
    labels = [
        PROMETHEUS["Label"](name=name, value=value).SerializeToString()
        for name, value in (("__name__", "up"), ("job", "a"), ("job", "b"))
    ]
    sample = {"value": 1, "timestamp": NOW}
    series = PROMETHEUS["TimeSeries"](labels=labels, samples=[sample]).SerializeToString()
    found = read(packed(PROMETHEUS["WriteRequest"](timeseries=[series])))
    assert found.rejects.counts == {"bad-labels": 1}


def test_labels_with_signs_of_our_own_are_kept_apart_from_them() -> None:
    found = read(first(({"__name__": "m", "a b": "x;y=z", "c": "~"}, [(1.0, NOW)])))
    assert found.paths == ["m;a_b=x%3By=z;c=%7E"]


def test_series_that_come_again_are_read_once() -> None:
    reader = Reader()
    before = reader.read(GOLDEN, 1, NOW)
    after = reader.read(GOLDEN, 1, NOW)
    assert points(before) == points(after)
    assert before.samples == after.samples
    assert all(one is two for one, two in zip(before.paths, after.paths, strict=True))


SHAPES: dict[str, bytes] = {
    "plain": one({"__name__": "up", "job": "a"}, samples=[{"value": 1.5, "timestamp": NOW}]),
    "the same, with a value of 0": one({"__name__": "up", "job": "a"}, samples=[{"timestamp": NOW}]),
    "a value that ends like one of 0": one(
        {"__name__": "up", "job": "a"},
        samples=[{"value": struct.unpack("<d", b"\0\0\0\0\0\0\x12\x07")[0], "timestamp": NOW}],
    ),
    "a label that ends like a value of 0": one({"__name__": "up", "job": "a\x12\x07\x10abcdef"}),
    "stale": one({"__name__": "up", "job": "a"}, samples=[{"value": STALE, "timestamp": NOW}]),
    "infinite": one({"__name__": "up", "job": "a"}, samples=[{"value": math.inf, "timestamp": NOW}]),
    "too old": one({"__name__": "up", "job": "a"}, samples=[{"value": 1.5, "timestamp": 5}]),
    "ahead": one({"__name__": "up", "job": "a"}, samples=[{"value": 1.5, "timestamp": NOW + 90_000_000}]),
    "two samples": one(
        {"__name__": "up", "job": "a"},
        samples=[{"value": 1.5, "timestamp": NOW - 1}, {"value": 2.5, "timestamp": NOW}],
    ),
    "no name": one({"job": "a"}, samples=[{"value": 1.5, "timestamp": NOW}]),
    "a sample before its labels": PROMETHEUS["TimeSeries"](
        samples=[{"value": 1.5, "timestamp": NOW}]
    ).SerializeToString()
    + one({"__name__": "up", "job": "a"}),
    "a label that ends like a sample": one(
        {"__name__": "up", "job": "a\x12\x10\x09abcdefgh\x10\x01\x01\x01\x01\x01\x01"}
    ),
    "exemplars": one(
        {"__name__": "up", "job": "a"},
        samples=[{"value": 1.5, "timestamp": NOW}],
        exemplars=[b"\x09abcdefgh"],
    ),
}


@given(st.lists(st.sampled_from(sorted(SHAPES)), max_size=12))
def test_what_was_learned_changes_nothing_in_what_is_read(names: list[str]) -> None:
    reader = Reader()
    for _ in range(2):
        body = packed(PROMETHEUS["WriteRequest"](timeseries=[SHAPES[name] for name in names]))
        together = reader.read(body, 1, NOW)
        alone = [read(packed(PROMETHEUS["WriteRequest"](timeseries=[SHAPES[name]]))) for name in names]
        assert points(together) == [point for each in alone for point in points(each)]
        assert together.samples == sum(each.samples for each in alone)
        assert together.refused == sum(each.refused for each in alone)


def test_version_2_is_read_by_its_symbols() -> None:
    symbols = ["", "__name__", "http_requests_total", "job", "shop", "Requests.", "host", "web1", "trace_id"]
    found = read(
        second(
            symbols,
            {
                "labels_refs": [1, 2, 6, 7, 3, 4],
                "samples": [{"value": 5, "timestamp": NOW - 1}, {"value": 6, "timestamp": NOW}],
                "created_timestamp": NOW - 60_000,
                "exemplars": [b"\x08\x08"],
            },
        ),
        version=2,
    )
    name = "http_requests_total;host=web1;job=shop"
    assert points(found) == [(name, 5.0, NOW - 1), (name, 6.0, NOW)]
    assert (found.samples, found.refused) == (2, 0)


@pytest.mark.parametrize(
    ("references", "reason"),
    [([1, 9], "bad-symbols"), ([1], "bad-labels"), ([], "bad-name"), ([0, 2], "bad-labels")],
)
def test_references_that_point_nowhere_cost_their_series_only(references: list[int], reason: str) -> None:
    sample = [{"value": 1, "timestamp": NOW}]
    found = read(
        second(
            ["", "__name__", "up"],
            {"labels_refs": references, "samples": sample},
            {"labels_refs": [1, 2], "samples": sample},
        ),
        version=2,
    )
    assert found.rejects.counts == {reason: 1}
    assert found.paths == ["up"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_native_histogram_becomes_its_count_and_its_sum(version: int) -> None:
    histograms = [
        {"count_int": 7, "sum": 3.5, "timestamp": NOW},
        {"count_float": 8.5, "sum": 4.0, "timestamp": NOW + 1},
        {"sum": STALE, "timestamp": NOW + 2},
    ]
    if version == 2:
        symbols = ["", "__name__", "latency", "job", "shop"]
        body = second(symbols, {"labels_refs": [1, 2, 3, 4], "histograms": histograms})
    else:
        series = one({"__name__": "latency", "job": "shop"}, histograms=histograms)
        body = packed(PROMETHEUS["WriteRequest"](timeseries=[series]))
    found = read(body, version)
    assert points(found) == [
        ("latency_count;job=shop", 7.0, NOW),
        ("latency_sum;job=shop", 3.5, NOW),
        ("latency_count;job=shop", 8.5, NOW + 1),
        ("latency_sum;job=shop", 4.0, NOW + 1),
    ]
    assert (found.histograms, found.refused) == (3, 0)


def test_a_message_of_the_other_version_is_empty_as_the_specification_wants_it() -> None:
    body = second(
        ["", "__name__", "up"], {"labels_refs": [1, 2], "samples": [{"value": 1, "timestamp": NOW}]}
    )
    assert len(read(body, version=1)) == 0


def test_what_would_be_too_large_is_refused_before_it_is_unpacked() -> None:
    told = b"\xff\xff\xff\xff\x0f"  # the length of what follows: 4 GiB
    with pytest.raises(TooLarge, match="4294967295 bytes"):
        read(told + b"\0" * 10)
    bomb = bytes(cramjam.snappy.compress_raw(b"\n\0" * (LARGEST // 2 + 1)))
    assert len(bomb) < LARGEST / 10
    with pytest.raises(TooLarge):
        read(bomb)


@pytest.mark.parametrize("body", [b"", b"\xff", b"\x05abc", b"\x03\x08\x0a\x05\x01", b"{}", GOLDEN[:-1]])
def test_what_is_no_snappy_block_of_such_a_message_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


@pytest.mark.parametrize(
    ("content_type", "version"),
    [
        ("application/x-protobuf", 1),
        ("Application/X-Protobuf", 1),
        ("application/x-protobuf;proto=prometheus.WriteRequest", 1),
        ("application/x-protobuf;proto=io.prometheus.write.v2.Request", 2),
        ('application/x-protobuf; proto="io.prometheus.write.v2.Request"', 2),
    ],
)
def test_the_content_type_says_which_version_it_is(content_type: str, version: int) -> None:
    assert version_of(content_type, "snappy") == version


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("", "snappy"),
        ("application/json", "snappy"),
        ("application/x-protobuf;proto=io.prometheus.write.v3.Request", "snappy"),
        ("application/x-protobuf;q=1", "snappy"),
        ("application/x-protobuf", "zstd"),
        ("application/x-protobuf", "gzip"),
    ],
)
def test_any_other_form_is_not_supported(content_type: str, encoding: str) -> None:
    with pytest.raises(Unsupported):
        version_of(content_type, encoding)


MESSAGE = bytes(cramjam.snappy.decompress_raw(GOLDEN))
OF_VMAGENT = bytes(cramjam.snappy.decompress_raw(VMAGENT))
READER = Reader()


@given(st.binary(max_size=300), st.sampled_from([1, 2]))
def test_any_bytes_are_a_value_or_an_error_of_ours(body: bytes, version: int) -> None:
    for given_ in (body, bytes(cramjam.snappy.compress_raw(body))):
        with contextlib.suppress(HeapwatchError):
            READER.read(given_, version, NOW)


SECOND = bytes(
    cramjam.snappy.decompress_raw(
        second(
            ["", "__name__", "up", "job", "shop", "sizes"],
            {"labels_refs": [1, 2, 3, 4], "samples": [{"value": 1, "timestamp": NOW}] * 2},
            {"labels_refs": [1, 5], "histograms": [{"count_int": 2, "sum": 9, "timestamp": NOW}]},
        )
    )
)


@pytest.mark.parametrize(("good", "version"), [(MESSAGE, 1), (OF_VMAGENT, 1), (SECOND, 2)])
@given(data=st.data())
def test_what_was_sent_may_be_mutilated_in_any_way(good: bytes, version: int, data: st.DataObject) -> None:
    message = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(message) - 1))
        what = data.draw(st.sampled_from(["flip", "cut", "splice"]))
        if what == "flip":
            message[place] ^= data.draw(st.integers(1, 255))
        elif what == "cut":
            del message[place : place + data.draw(st.integers(1, 40))]
        else:
            start = data.draw(st.integers(0, len(good) - 1))
            message[place:place] = good[start : start + data.draw(st.integers(1, 60))]
        if not message:
            break
    try:
        found = READER.read(bytes(cramjam.snappy.compress_raw(bytes(message))), version, NOW)
    except HeapwatchError:
        return
    assert len(found.paths) == len(found.times) == len(found.values) <= found.samples + 2 * found.histograms
    assert sum(found.rejects.counts.values()) == found.refused
    assert all(map(math.isfinite, found.values))


@pytest.mark.parametrize("block", [GOLDEN, VMAGENT], ids=["prometheus", "vmagent"])
@given(place=st.integers(0, min(len(GOLDEN), len(VMAGENT)) - 1), bits=st.integers(1, 255))
@example(0, 0xFF)
def test_a_damaged_block_is_a_value_or_an_error_of_ours(block: bytes, place: int, bits: int) -> None:
    damaged = bytearray(block)
    damaged[place] ^= bits
    with contextlib.suppress(HeapwatchError):
        READER.read(bytes(damaged), 1, NOW)
