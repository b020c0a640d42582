"""The text of Prometheus and OpenMetrics, as their own client library writes it and as others do."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as prometheus_text
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_text
from prometheus_client.parser import text_string_to_metric_families

from heapwatch.wire.exposition import Names, is_openmetrics, parse
from heapwatch.wire.graphite import untagged

NOW = 1_790_000_000_000


def samples(body: bytes, *, openmetrics: bool = False) -> dict[str, tuple[float, int]]:
    lines = parse(body, NOW, openmetrics=openmetrics)
    assert not lines.rejects.counts, lines.rejects
    return dict(zip(lines.paths, zip(lines.values, lines.times, strict=True), strict=True))


def test_a_sample_has_a_name_labels_a_value_and_perhaps_a_time() -> None:
    body = b"""# HELP http_requests_total The total.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Minimalistic line:
metric_without_timestamp_and_labels 12.47
spaces { a = "b" , c = "d", } 1.458255915e9
"""
    assert samples(body) == {
        "http_requests_total;code=200;method=post": (1027.0, 1395066363000),
        "http_requests_total;code=400;method=post": (3.0, 1395066363000),
        "metric_without_timestamp_and_labels": (12.47, NOW),
        "spaces;a=b;c=d": (1458255915.0, NOW),
    }


def test_a_label_may_hold_what_ends_others() -> None:
    body = rb"""files{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\" } , x=1"} 1.5"""
    [series] = samples(body)
    assert untagged(series)[1] == {
        "path": "C:\\DIR\\FILE.TXT",
        "error": 'Cannot find file:%0A"FILE.TXT" } , x=1',
    }
    assert list(samples(b'm{a="x;y=z",b=""} 1')) == ["m;a=x%3By=z"]


def test_a_name_in_quotes_may_be_any_text() -> None:
    body = '{"мой.metric","label.x"="v",plain="w"} 1\n{"only name"} 2\n'.encode()
    assert list(samples(body)) == ["мой.metric;label.x=v;plain=w", "only_name"]


def test_openmetrics_has_seconds_exemplars_and_an_end() -> None:
    body = b'foo_bucket{le="10"} 17 1520879607.789 # {trace_id="KOO # 5s"} 9.8 1520879607.789\n# EOF\n'
    assert samples(body, openmetrics=True) == {"foo_bucket;le=10": (17.0, 1520879607789)}
    assert is_openmetrics("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert not is_openmetrics("text/plain; version=0.0.4")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"m NaN", "not-finite"),
        (b'm{a="b"} +Inf', "not-finite"),
        (b"m one", "bad-number"),
        (b"m 1_000", "bad-number"),
        (b"m", "not-a-sample"),
        (b"m 1 2 3", "not-a-sample"),
        (b"1m 1", "bad-name"),
        (b'{a="b"} 1', "bad-name"),
        (b"m{a=b} 1", "bad-labels"),
        (b'm{a="b" 1', "bad-labels"),
        (b'm{a="b",a="c"} 1', "bad-labels"),
        (b'm{a="b"c="d"} 1', "bad-labels"),
        (b'm{"x"} 1', "bad-labels"),
        (b"m 1 99999999999999999", "time-out-of-range"),
        (b"\xff 1", "not-utf-8"),
        (b"m" * 40_000 + b" 1", "line-too-long"),
    ],
)
def test_a_bad_line_is_counted_and_its_neighbours_stay(line: bytes, reason: str) -> None:
    lines = parse(b"a 1\n" + line + b"\nb 2", NOW)
    assert (lines.paths, list(lines.rejects.counts)) == (["a", "b"], [reason])


def test_what_the_client_library_writes_is_read() -> None:
    registry = CollectorRegistry()
    Counter("done", "What is done.", ["kind"], registry=registry).labels('a "b"\\\n').inc(3)
    Gauge("heap_bytes", "The heap.", registry=registry).set(1.5e9)
    Histogram("wait_seconds", "How long.", buckets=(0.1, 1), registry=registry).observe(0.5)
    plain, open_ = prometheus_text(registry), openmetrics_text(registry)
    for found in (samples(plain), samples(open_, openmetrics=True)):
        assert found["heap_bytes"][0] == 1.5e9
        assert found["wait_seconds_bucket;le=1.0"][0] == 1
        assert found['done_total;kind=a "b"\\%0A'][0] == 3
    theirs = {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(plain.decode())
        for one in family.samples
        if "\n" not in "".join(one.labels.values())
    }
    ours = {}
    for series, (value, _) in samples(plain).items():
        name, labels = untagged(series)
        ours[name, tuple(sorted(labels.items()))] = value
    assert {key: value for key, value in ours.items() if "%0A" not in str(key)} == theirs


@given(st.binary(max_size=300))
def test_no_bytes_bring_it_down(body: bytes) -> None:
    lines = parse(body, NOW)
    assert len(lines.paths) == len(lines.values) == len(lines.times)
    assert all(math.isfinite(value) for value in lines.values)


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True), TEXTS, max_size=4))
def test_every_label_comes_through_the_client_librarys_escapes(labels: dict[str, str]) -> None:
    registry = CollectorRegistry()
    names = [f"l{name}" for name in labels]
    gauge = Gauge("m", "M.", names, registry=registry)
    (gauge.labels(*labels.values()) if names else gauge).set(7)
    [(series, (value, _))] = samples(prometheus_text(registry)).items()
    assert value == 7
    assert sorted(untagged(series)[1]) == sorted(names)


def test_names_are_remembered_in_bounds() -> None:
    names = Names(most=2)
    for text in ('a{b="1"}', 'a{b="2"}', 'a{b="3"}', 'a{b="1"}'):
        assert names.series(text) == text.replace('{b="', ";b=").replace('"}', "")
    assert len(names._known) <= 2
