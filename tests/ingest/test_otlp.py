"""OTLP: what the OpenTelemetry SDK sent, the same in JSON, and what nobody should send."""

from __future__ import annotations

import base64
import contextlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from heapwatch.errors import HeapwatchError, Unreadable
from heapwatch.ingest import otlp, otlp_logs
from heapwatch.ingest.intake import Unsupported
from heapwatch.ingest.limits import TooLarge
from heapwatch.ingest.otlp import JSON, PROTOBUF, Form
from heapwatch.ingest.otlp_metrics import Points, Reader
from heapwatch.store.logs import KEYED, UNKEYED

NOW = 1_795_403_100_000
FOLDER = Path(__file__).with_name("recorded")
METRICS, LOGS = ((FOLDER / f"otlp-{what}.bin").read_bytes() for what in ("metrics", "logs"))
"""Of one counter, gauge, histogram and exponential histogram, and of one logged exception (SDK 1.45)."""

WHOSE = "env=prod;host=web1;jvm=shop"
REST = "pid=4711;scope=shop.orders;service=shop;team=pay;version=1.4"


def as_json(kind: Any, body: bytes) -> bytes:
    """As other SDKs would send it: the ids are hexadecimal and not base64 there."""
    told = json_format.MessageToDict(kind.FromString(body))
    return json.dumps(told).encode()


def metrics(body: bytes, form: Form = PROTOBUF) -> Points:
    return Reader().read(body, form, NOW)


def metric(**fields: Any) -> bytes:
    request = ExportMetricsServiceRequest()
    request.resource_metrics.add().scope_metrics.add().metrics.append(Metric(**fields))
    return request.SerializeToString()


def values(found: Points) -> dict[str, float]:
    return dict(zip(found.paths, found.values, strict=True))


@pytest.mark.parametrize("form", [PROTOBUF, JSON])
def test_what_the_sdk_sent_is_read_in_either_encoding(form: Form) -> None:
    found = metrics(METRICS if form == PROTOBUF else as_json(ExportMetricsServiceRequest, METRICS), form)
    assert found.answer().ByteSize() == 0
    assert values(found) == {
        f"shop.orders;{WHOSE};paid=true;pid=4711;region=süd;{REST[9:]}": 3,
        f"shop.open;{WHOSE};pid=4711;region=north;{REST[9:]}": -2,
        f"jvm.memory.used;{WHOSE};jvm.memory.pool.name=G1 Old Gen;{REST}": 1.5e6,
        f"shop.seconds_bucket;{WHOSE};le=0.1;pid=4711;route=/pay;{REST[9:]}": 1,
        f"shop.seconds_bucket;{WHOSE};le=1;pid=4711;route=/pay;{REST[9:]}": 3,
        f"shop.seconds_bucket;{WHOSE};le=10;pid=4711;route=/pay;{REST[9:]}": 3,
        f"shop.seconds_bucket;{WHOSE};le=+Inf;pid=4711;route=/pay;{REST[9:]}": 4,
        f"shop.seconds_count;{WHOSE};pid=4711;route=/pay;{REST[9:]}": 4,
        f"shop.seconds_sum;{WHOSE};pid=4711;route=/pay;{REST[9:]}": 61.25,
        f"shop.sizes_count;{WHOSE};{REST}": 3,
        f"shop.sizes_sum;{WHOSE};{REST}": 303,
    }


def test_a_service_that_is_no_java_program_is_no_jvm() -> None:
    request = ExportMetricsServiceRequest.FromString(METRICS)
    for pair in request.resource_metrics[0].resource.attributes:
        if pair.key == "telemetry.sdk.language":
            pair.value.string_value = "go"
    labels = metrics(request.SerializeToString()).paths[0].split(";")
    assert {"host=web1", "service=shop"} < set(labels)
    assert not any(label.startswith(("jvm=", "pid=")) for label in labels)


def test_a_summary_has_its_quantiles() -> None:
    point = {
        "time_unix_nano": NOW * 1_000_000,
        "count": 3,
        "sum": 6.0,
        "quantile_values": [{"quantile": 0.5, "value": 2.0}, {"quantile": 1, "value": math.nan}],
    }
    found = metrics(metric(name="s", summary={"data_points": [point]}))
    assert values(found) == {"s;quantile=0.5": 2, "s_count": 3, "s_sum": 6}


AT = NOW * 1_000_000
DATED = {"time_unix_nano": AT}
GOOD = {**DATED, "as_int": 1}
POINTS: dict[str, tuple[dict[str, Any], str]] = {
    "delta sum": (
        {"sum": {"aggregation_temporality": 1, "data_points": [{"as_int": 1, "time_unix_nano": AT}]}},
        "delta",
    ),
    "delta histogram": (
        {"histogram": {"aggregation_temporality": 1, "data_points": [{**DATED, "count": 1}]}},
        "delta",
    ),
    "infinite": ({"gauge": {"data_points": [{"as_double": math.inf, "time_unix_nano": AT}]}}, "not-finite"),
    "no time": ({"gauge": {"data_points": [{"as_double": 1}]}}, "time-too-old"),
    "far ahead": ({"gauge": {"data_points": [{"as_int": 1, "time_unix_nano": AT * 2}]}}, "time-in-future"),
    "no value": ({"gauge": {"data_points": [{"time_unix_nano": AT}]}}, "no-value"),
    "buckets without bounds": (
        {
            "histogram": {
                "data_points": [{"bucket_counts": [1, 2, 3], "explicit_bounds": [1], "time_unix_nano": AT}]
            }
        },
        "bad-buckets",
    ),
}


@pytest.mark.parametrize(("fields", "reason"), POINTS.values(), ids=POINTS)
def test_a_point_that_cannot_be_stored_is_counted_and_the_sender_is_told(
    fields: dict[str, Any], reason: str
) -> None:
    found = metrics(metric(name="m", **fields))
    partial = found.answer().partial_success
    assert (len(found), partial.rejected_data_points) == (0, 1)
    assert partial.error_message.startswith(f"1 data points were not stored: 1 {reason}")
    assert ("cumulative" in partial.error_message) == (reason == "delta")


def test_a_point_without_a_recorded_value_ends_a_series_without_a_reject() -> None:
    points = [{"time_unix_nano": AT, "flags": 1}, {"time_unix_nano": AT, "as_double": math.nan}]
    found = metrics(metric(name="m", gauge={"data_points": points}))
    assert (len(found), found.refused) == (0, 0)


@pytest.mark.parametrize("name", ["", " "])
def test_a_metric_without_a_name_is_refused(name: str) -> None:
    found = metrics(metric(name=name, gauge={"data_points": [{"as_int": 1, "time_unix_nano": AT}]}))
    assert found.rejects.counts == {"bad-name": 1}


def test_values_of_attributes_are_texts() -> None:
    given_ = {
        "text": AnyValue(string_value="a"),
        "flag": AnyValue(bool_value=False),
        "whole": AnyValue(int_value=-3),
        "part": AnyValue(double_value=0.5),
        "bytes": AnyValue(bytes_value=b"\0\xff"),
        "list": AnyValue(array_value={"values": [{"int_value": 1}, {"string_value": "b"}]}),
        "table": AnyValue(kvlist_value={"values": [{"key": "k", "value": {"bool_value": True}}]}),
        "nothing": AnyValue(),
    }
    pairs = [KeyValue(key=name, value=value) for name, value in given_.items()]
    assert otlp.labels_of(pairs) == {
        "text": "a",
        "flag": "false",
        "whole": "-3",
        "part": "0.5",
        "bytes": "AP8=",
        "list": '[1, "b"]',
        "table": '{"k": true}',
        "nothing": "",
    }


# ---- logs


def log(**fields: Any) -> bytes:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add(scope={"name": "shop"}).log_records.add(**fields)
    return request.SerializeToString()


@pytest.mark.parametrize("form", [PROTOBUF, JSON])
def test_a_logged_exception_is_one_message(form: Form) -> None:
    body = LOGS if form == PROTOBUF else as_json(ExportLogsServiceRequest, LOGS)
    found = otlp_logs.read(body, form, NOW)
    (block,) = found.blocks
    assert block.labels == {
        "service": "shop",
        "version": "1.4",
        "host": "web1",
        "env": "prod",
        "team": "pay",
        "jvm": "shop",
        "pid": "4711",
        "_sourceCategory": "shop",
        "_sourceName": "com.shop.Cart",
    }
    assert block.levels == ["error"]
    told = json.loads(block.texts[0])
    assert told["message"] == "cannot pay order 4711"
    assert told["order"] == {"id": 4711, "total": 12.5}
    assert told["exception"].endswith("ValueError: no such order\n")
    assert set(told) == {"message", "order", "exception"}


def test_a_body_alone_is_the_text_with_its_stack_trace_below() -> None:
    stack = {
        "key": "exception.stacktrace",
        "value": {"string_value": "java.lang.Error: x\n\tat A.b(A.java)\n"},
    }
    thread = {"key": "thread.name", "value": {"string_value": "main"}}
    body = log(time_unix_nano=AT, body={"string_value": "failed"}, attributes=[stack, thread])
    (block,) = otlp_logs.read(body, PROTOBUF, NOW).blocks
    assert block.texts == ["failed\njava.lang.Error: x\n\tat A.b(A.java)"]


@pytest.mark.parametrize(
    ("number", "word", "level"),
    [
        (1, "", "trace"),
        (5, "", "debug"),
        (9, "", "info"),
        (16, "", "warn"),
        (17, "", "error"),
        (24, "", "fatal"),
        (0, "Warning", "warn"),
        (0, "odd", ""),
        (99, "", ""),
    ],
)
def test_severities_are_our_levels(number: int, word: str, level: str) -> None:
    body = log(time_unix_nano=AT, body={"string_value": "x"}, severity_number=number, severity_text=word)
    assert otlp_logs.read(body, PROTOBUF, NOW).blocks[0].levels == [level]


@pytest.mark.parametrize("form", [PROTOBUF, JSON])
def test_a_trace_is_named_in_hexadecimals(form: Form) -> None:
    trace, span = bytes(range(16)), bytes(range(8))
    body = log(time_unix_nano=AT, body={"string_value": "x"}, trace_id=trace, span_id=span)
    if form == JSON:
        text = as_json(ExportLogsServiceRequest, body).decode()
        for each in (trace, span):
            text = text.replace(base64.b64encode(each).decode(), each.hex())
        body = text.encode()
    (block,) = otlp_logs.read(body, form, NOW).blocks
    assert json.loads(block.texts[0]) == {"message": "x", "trace_id": trace.hex(), "span_id": span.hex()}


def test_a_structured_body_and_names_in_the_way_of_others_are_kept() -> None:
    attributes = [
        {"key": name, "value": {"int_value": place}} for place, name in enumerate(["a", "a.b", "c.d", "c.e"])
    ]
    table = {"kvlist_value": {"values": [{"key": "k", "value": {"string_value": "v"}}]}}
    (block,) = otlp_logs.read(log(time_unix_nano=AT, body=table, attributes=attributes), PROTOBUF, NOW).blocks
    assert json.loads(block.texts[0]) == {"message": {"k": "v"}, "a": 0, "a.b": 1, "c": {"d": 2, "e": 3}}


def test_a_request_that_comes_again_is_known_unless_it_has_no_times() -> None:
    dated, undated = log(time_unix_nano=AT, body={"string_value": "x"}), log(body={"string_value": "x"})
    one, two = (otlp_logs.read(dated, PROTOBUF, NOW).batch(dated) for _ in range(2))
    assert one is not None
    assert two is not None
    assert (one.agent, one.sequence) == (two.agent, two.sequence)
    assert one.agent == KEYED
    other = otlp_logs.read(undated, PROTOBUF, NOW).batch(undated)
    assert other is not None
    assert other.agent == UNKEYED
    assert other.logs[0].times[0] == NOW


def test_records_that_cannot_be_stored_are_told() -> None:
    found = otlp_logs.read(log(time_unix_nano=AT * 2, body={"string_value": "x"}), PROTOBUF, NOW)
    assert found.answer().partial_success.rejected_log_records == 1
    assert found.batch(b"") is None
    assert otlp_logs.read(log(time_unix_nano=AT), PROTOBUF, NOW).rejects.counts == {"no-text": 1}


# ---- bodies


def test_forms_are_told_by_the_content_type() -> None:
    assert otlp.form_of("Application/JSON; charset=utf-8") == JSON
    assert otlp.form_of("application/x-protobuf") == PROTOBUF
    with pytest.raises(Unsupported):
        otlp.form_of("text/plain")


def test_a_request_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge):
        metrics(b"\n\0" * (otlp.LARGEST // 2 + 1))


STRANGE: list[bytes] = [
    b"[]",
    b"1",
    b'"x"',
    b"null",
    b"{",
    b"[" * 100_000,
    b'{"resourceMetrics": 1}',
    b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "\\ud800"}]}]}]}',
    b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"traceId": "xyz"}]}]}]}',
    b"\xff\xfe",
    b"",
]


@pytest.mark.parametrize("body", STRANGE)
def test_strange_json_is_a_value_or_an_error_of_ours(body: bytes) -> None:
    for read in (metrics, lambda body, form: otlp_logs.read(body, form, NOW)):
        with contextlib.suppress(Unreadable):
            assert not read(body, JSON).rejects.counts


def mutilated(data: st.DataObject, good: bytes) -> bytes:
    body = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        what = data.draw(st.sampled_from(["flip", "cut", "splice"]))
        if what == "flip":
            body[place] ^= data.draw(st.integers(1, 255))
        elif what == "cut" and len(body) > 100:
            del body[place : place + data.draw(st.integers(1, 40))]
        else:
            start = data.draw(st.integers(0, len(good) - 1))
            body[place:place] = good[start : start + data.draw(st.integers(1, 60))]
    return bytes(body)


READER = Reader()
GIVEN: dict[str, tuple[bytes, Form, Callable[[bytes, Form], object]]] = {
    "metrics": (METRICS, PROTOBUF, lambda body, form: READER.read(body, form, NOW).answer()),
    "metrics in JSON": (
        as_json(ExportMetricsServiceRequest, METRICS),
        JSON,
        lambda body, form: READER.read(body, form, NOW).answer(),
    ),
    "logs": (LOGS, PROTOBUF, lambda body, form: otlp_logs.read(body, form, NOW).batch(body)),
    "logs in JSON": (
        as_json(ExportLogsServiceRequest, LOGS),
        JSON,
        lambda body, form: otlp_logs.read(body, form, NOW).batch(body),
    ),
}


@pytest.mark.parametrize("what", GIVEN)
@given(data=st.data())
def test_what_was_sent_may_be_mutilated_in_any_way(what: str, data: st.DataObject) -> None:
    good, form, read = GIVEN[what]
    with contextlib.suppress(HeapwatchError):
        read(mutilated(data, good), form)


@given(st.binary(max_size=200), st.sampled_from([JSON, PROTOBUF]))
def test_any_bytes_are_a_value_or_an_error_of_ours(body: bytes, form: Form) -> None:
    for _, _, read in GIVEN.values():
        with contextlib.suppress(HeapwatchError):
            read(body, form)


@pytest.mark.parametrize("form", [PROTOBUF, JSON])
def test_a_failure_is_a_status_in_the_encoding_of_the_request(form: Form) -> None:
    told = otlp.failure(3, "no such thing", form)
    assert told == (
        b"\x08\x03\x12\rno such thing" if form == PROTOBUF else b'{"code": 3, "message": "no such thing"}'
    )
