"""The OpenTelemetry SDK exports to a real server: metrics and logs, what is refused, and in which words."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.rpc.status_pb2 import Status
from histograms import now
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from servers import Server

from heapwatch.web.auth import Tokens

pytestmark = [
    pytest.mark.store,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's logging handler moves elsewhere
]

WHO = Resource(
    {"service.name": "till", "host.name": "web1", "deployment.environment.name": "prod", "team": "pay"}
)
JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("till.desk")
    made.setLevel(logging.DEBUG)
    yield made
    made.handlers.clear()


def meters(exporter: OTLPMetricExporter) -> MeterProvider:
    return MeterProvider([PeriodicExportingMetricReader(exporter, 3_600_000)], resource=WHO)


def newest(server: Server, query: str) -> dict[str, float]:
    asked = {"query": query, "from": "-15m", "to": "now+1m"}
    answer = server.http.post("/api/v1/query", json=asked)
    assert answer.status_code == 200, answer.text
    found = {}
    for series in answer.json()["rows"][-1]["series"]:
        known = [value for value in series["values"] if value is not None]
        found[json.dumps(series["labels"], sort_keys=True, ensure_ascii=False)] = known[-1]
    return found


def messages(server: Server, host: str) -> list[dict[str, Any]]:
    asked = {"host": host, "format": "logs", "from": "-1h", "to": "now+1m"}
    answer = server.http.get("/api/v1/export", params=asked)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_what_the_sdk_measures_is_stored_when_it_hears(server: Server, compression: Compression) -> None:
    provider = meters(OTLPMetricExporter(f"{server.url}/v1/metrics", compression=compression))
    meter, how = provider.get_meter("till.sales"), compression.name
    meter.create_counter("till.orders").add(3, {"region": "süd", "how": how})
    meter.create_histogram("till.seconds").record(0.7, {"how": how})
    assert provider.force_flush()
    provider.shutdown()
    whose = f"host=web1 service=till env=prod team=pay scope=till.sales how={how}"
    assert newest(server, f"metric=till.orders {whose} | sum by region") == {'{"region": "süd"}': 3}
    assert newest(server, f"metric=till.seconds_sum {whose} | sum") == {"{}": 0.7}
    buckets = newest(server, f"metric=till.seconds_bucket {whose} | sum by le")
    assert (buckets['{"le": "0"}'], buckets['{"le": "5"}'], buckets['{"le": "+Inf"}']) == (0, 1, 1)


def test_what_the_sdk_logs_is_stored(server: Server, logger: logging.Logger) -> None:
    provider = LoggerProvider(resource=WHO)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{server.url}/v1/logs")))
    logger.addHandler(LoggingHandler(logger_provider=provider))
    logger.warning("drawer %d is open", 7)
    try:
        raise ValueError("no change")
    except ValueError:
        logger.exception("cannot pay")
    assert provider.force_flush()
    provider.shutdown()
    open_, failed = messages(server, "web1")
    assert (open_["text"], open_["level"]) == ("drawer 7 is open", "warn")
    assert failed["text"].startswith("cannot pay\nTraceback (most recent call last):\n")
    assert failed["text"].endswith("\nValueError: no change")
    assert failed["level"] == "error"
    labels = failed["labels"]
    assert (labels["_sourceCategory"], labels["_sourceName"]) == ("till", "till.desk")
    assert (labels["env"], labels["team"]) == ("prod", "pay")


def test_the_doors_are_counted(server: Server) -> None:
    for path in ("/v1/metrics", "/v1/logs"):
        server.http.post(path, content=b"", headers=PROTOBUF).raise_for_status()
    doors = {door["name"]: door for door in server.http.get("/api/v1/status").json()["doors"]}
    assert doors["otlp-metrics"]["requests"] >= 1
    assert doors["otlp-logs"]["requests"] >= 1


def test_deltas_are_refused_and_the_exporter_is_told_what_to_set(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    delta = {Counter: AggregationTemporality.DELTA}
    provider = meters(OTLPMetricExporter(f"{server.url}/v1/metrics", preferred_temporality=delta))
    meter = provider.get_meter("till.sales")
    meter.create_counter("till.returns").add(1)
    meter.create_gauge("till.open").set(2)
    assert provider.force_flush()
    provider.shutdown()
    assert newest(server, "metric=till.open | sum") == {"{}": 2}
    assert newest(server, "metric=till.returns | sum") == {}
    counts = server.http.get("/api/v1/ingest/rejects").json()["counts"]
    assert counts["otlp-metrics"]["delta"] >= 1


def gauge(at: int, value: float = 1.0) -> dict[str, Any]:
    point = {"timeUnixNano": str(at * 1_000_000), "asDouble": value}
    metric = {"name": "hand.made", "gauge": {"dataPoints": [point]}}
    resource = {"attributes": [{"key": "host.name", "value": {"stringValue": "web9"}}]}
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]}


def test_json_is_answered_in_json(server: Server) -> None:
    body = gzip.compress(json.dumps(gauge(now())).encode())
    answer = server.http.post("/v1/metrics", content=body, headers={**JSON, "Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {}
    assert newest(server, "metric=hand.made | sum") == {"{}": 1}
    answer = server.http.post("/v1/metrics", content=json.dumps(gauge(5)), headers=JSON)
    assert answer.status_code == 200
    told = answer.json()["partialSuccess"]
    assert told["rejectedDataPoints"] == "1"
    assert "time-too-old" in told["errorMessage"]


def test_logs_in_json_are_stored_once_however_often_they_come(server: Server) -> None:
    record = {
        "timeUnixNano": str(now() * 1_000_000),
        "severityNumber": 13,
        "body": {"stringValue": "told twice"},
        "traceId": "5b8efff798038103d269b633813fc60c",
    }
    resource = {"attributes": [{"key": "host.name", "value": {"stringValue": "echo"}}]}
    body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]})
    for _ in range(2):
        assert server.http.post("/v1/logs", content=body, headers=JSON).json() == {}
    (message,) = messages(server, "echo")
    assert message["level"] == "warn"
    told = json.loads(message["text"])
    assert told == {"message": "told twice", "trace_id": "5b8efff798038103d269b633813fc60c"}


@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/logs"])
def test_errors_are_a_status_in_the_encoding_of_the_request(server: Server, path: str) -> None:
    answer = server.http.post(path, content=b"\xff\xff", headers=PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/x-protobuf")
    status = Status.FromString(answer.content)
    assert (status.code, "not an OTLP request" in status.message) == (3, True)
    answer = server.http.post(path, content=b"[", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert server.http.post(path, content=b"x", headers={"Content-Type": "text/plain"}).status_code == 415
    answer = server.http.post(path, content=b"x", headers={**PROTOBUF, "Content-Encoding": "br"})
    assert answer.status_code == 400


def test_nothing_at_all_is_stored_gladly(server: Server) -> None:
    answers = {"/v1/metrics": ExportMetricsServiceResponse, "/v1/logs": ExportLogsServiceResponse}
    for path, kind in answers.items():
        answer = server.http.post(path, content=b"", headers=PROTOBUF)
        assert (answer.status_code, kind.FromString(answer.content)) == (200, kind())


def test_an_exporter_without_a_token_hears_it_in_its_own_words(data: Path) -> None:
    secret, _ = Tokens(data / "tokens.json").create("otel", ["ingest"])
    with Server(data) as server:
        answer = server.http.post("/v1/metrics", content=b"", headers=PROTOBUF)
        assert answer.status_code == 401
        assert Status.FromString(answer.content).code == 16
        exporter = OTLPMetricExporter(
            f"{server.url}/v1/metrics", headers={"Authorization": f"Bearer {secret}"}
        )
        provider = meters(exporter)
        provider.get_meter("m").create_gauge("let.in").set(1)
        assert provider.force_flush()
        provider.shutdown()


def test_who_sends_too_much_is_told_when_to_come_again(data: Path) -> None:
    with Server(data, ingest_rate=0.001, ingest_burst=1) as server:
        assert server.http.post("/v1/logs", content=b"", headers=PROTOBUF).status_code == 200
        answer = server.http.post("/v1/logs", content=b"", headers=PROTOBUF)
    assert (answer.status_code, Status.FromString(answer.content).code) == (429, 8)
    assert int(answer.headers["retry-after"]) >= 1


def test_a_token_for_some_hosts_sends_for_no_others(data: Path) -> None:
    tokens = Tokens(data / "tokens.json")
    bearers = [
        {"Authorization": f"Bearer {tokens.create(name, ['ingest'], hosts=[f'{name}*'])[0]}"}
        for name in ("web", "db")
    ]
    recorded = Path(__file__).parents[1] / "ingest" / "recorded"
    written = recorded / "prometheus-2.42-remote-write.bin"
    sent = {
        "/v1/metrics": ((recorded / "otlp-metrics.bin").read_bytes(), PROTOBUF),
        "/v1/logs": ((recorded / "otlp-logs.bin").read_bytes(), PROTOBUF),
        "/api/v1/write": (written.read_bytes(), {**PROTOBUF, "Content-Encoding": "snappy"}),
    }
    with Server(data) as server:
        for path, (body, headers) in sent.items():
            web, db = (server.http.post(path, content=body, headers={**headers, **each}) for each in bearers)
            assert web.is_success, web.text
            assert (db.status_code, b"'web1'" in db.content) == (403, True), path
