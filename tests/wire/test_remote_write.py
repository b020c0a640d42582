"""Remote write by hand, read by the libraries that others read it with."""

from __future__ import annotations

import math
from typing import Any

import cramjam
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heapwatch.ingest.messages import PROMETHEUS
from heapwatch.ingest.remote_write import Reader
from heapwatch.wire import remote_write
from heapwatch.wire.remote_write import block, body, label_name, metric_name, request

NOW = 1_795_403_070_000
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
LABELS = st.dictionaries(TEXTS, TEXTS, max_size=5)
SAMPLES = st.lists(st.tuples(st.integers(0, 2**62), st.floats(allow_nan=False)), max_size=4)


def parsed(message: bytes) -> list[tuple[dict[str, str], list[tuple[int, float]]]]:
    """What google's protobuf reads."""
    found = []
    kind: Any = PROMETHEUS["WriteRequest"]
    for series in kind.FromString(message).timeseries:
        one = PROMETHEUS["TimeSeries"].FromString(series)  # type: ignore[attr-defined]
        labels = [PROMETHEUS["Label"].FromString(each) for each in one.labels]  # type: ignore[attr-defined]
        names = [label.name for label in labels]
        assert names == sorted(set(names)), "names stand in order, each once"
        samples = [(sample.timestamp, sample.value) for sample in one.samples]
        found.append(({label.name: label.value for label in labels}, samples))
    return found


@given(st.lists(st.tuples(TEXTS, LABELS, SAMPLES), max_size=4))
@example([("a.b", {"c": "d" * 200}, [(0, 0.0), (2**40, -1.5)])])
def test_what_is_written_is_what_protobuf_reads(
    series: list[tuple[str, dict[str, str], list[tuple[int, float]]]],
) -> None:
    wanted = []
    for name, labels, samples in series:
        named = {label_name(key): value for key, value in labels.items() if key and value}
        wanted.append(({**named, "__name__": metric_name(name)}, samples))
    assert parsed(request(series)) == wanted


@given(st.binary(max_size=1000))
@example(b"")
@example(bytes(60))
@example(bytes(61))
@example(bytes(256))
@example(bytes(257))
@example(bytes(65_536))
@example(bytes(65_537))
@example(bytes(1 << 24 | 1))
def test_a_block_is_what_snappy_reads(data: bytes) -> None:
    packed = block(data)
    assert cramjam.snappy.decompress_raw_len(packed) == len(data)
    assert bytes(cramjam.snappy.decompress_raw(packed)) == data
    assert len(packed) <= len(data) + 9


def test_our_own_door_reads_it() -> None:
    found = Reader().read(body([("jvm.heap.used", {"host": "web1", "jvm": "shop"}, [(NOW, 5.0)])]), 1, NOW)
    assert found.paths == ["jvm_heap_used;host=web1;jvm=shop"]
    assert (list(found.values), list(found.times)) == ([5.0], [NOW])


@pytest.mark.parametrize(
    ("name", "valid"),
    [("jvm.heap.used", "jvm_heap_used"), ("9lives", "_9lives"), ("a:b-c", "a:b_c"), ("süd", "s_d")],
)
def test_names_become_valid(name: str, valid: str) -> None:
    assert metric_name(name) == valid
    assert label_name(name) == valid.replace(":", "_")


def test_a_class_name_that_is_no_utf_8_is_written_so_that_it_can_be_read() -> None:
    ((labels, _),) = parsed(request([("m", {"class": "a\ud800b"}, [(1, math.inf)])]))
    assert labels["class"] == "a\\ud800b"


def test_a_time_before_1970_is_not_written() -> None:
    with pytest.raises(ValueError, match="negative"):
        body([("m", {}, [(-1, 1.0)])])


def test_headers_are_those_of_the_specification() -> None:
    assert remote_write.HEADERS == {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
