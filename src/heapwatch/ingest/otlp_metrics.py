"""Metrics of OpenTelemetry as points of series.

    gauge, sum        name
    histogram         name_bucket with le (cumulative, as Prometheus has them), name_count, name_sum
    exponential       name_count, name_sum; its buckets are not kept
    summary           name with quantile, name_count, name_sum

Names stay as they are, with their dots. Labels are those of the resource (otlp.py), `scope`, the scope's
attributes and the point's own; what is nearer to the point wins. Deltas are refused: of a sum that starts
anew at each export nobody sees whether one is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isinf, isnan
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, DataPointFlags, Metric

from heapwatch.ingest.otlp import Form, complaint, labels_of, parsed, resource_labels
from heapwatch.store.admission import LONGEST_NAME, OLDEST_MS
from heapwatch.wire.graphite import BadLine, Lines
from heapwatch.wire.series import series_of

FUTURE_MS = 86_400_000
_MOST_KNOWN = 200_000
_SKIPPED = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
_ADVICE = {
    "delta": " (set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative)",
    "time-in-future": " (more than a day ahead of this server's clock)",
}

Point = tuple[str, float]
"""A series and its value."""


@dataclass
class Points(Lines):
    """The points of a request, and how many of its data points were refused."""

    refused: int = 0

    def refuse(self, reason: str, count: int) -> None:
        super().refuse(reason, count)
        self.refused += count

    def answer(self) -> ExportMetricsServiceResponse:
        told = complaint("data points", self.rejects.counts, lambda reason: _ADVICE.get(reason, ""))
        if not told:
            return ExportMetricsServiceResponse()
        partial = ExportMetricsPartialSuccess(rejected_data_points=self.refused, error_message=told)
        return ExportMetricsServiceResponse(partial_success=partial)


class Reader:
    """Reads requests; a sender repeats its series in each, so their names are remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], str] = {}

    def read(self, body: bytes, form: Form, now_ms: int) -> Points:
        """The points in a body that is decompressed."""
        found = Points()
        for resource in parsed(ExportMetricsServiceRequest, body, form).resource_metrics:
            whose = resource_labels(resource.resource)
            for scope in resource.scope_metrics:
                names = _Names(self._known, {**whose, **_scope_labels(scope.scope)})
                for metric in scope.metrics:
                    _read_metric(found, metric, names, now_ms + FUTURE_MS)
        return found


class _Names:
    """The series of one resource and scope."""

    def __init__(self, known: dict[tuple[Any, ...], str], labels: dict[str, str]) -> None:
        self._known = known
        self._labels = labels
        self._owner = series_of("", labels)

    def of(self, name: str, attributes: Iterable[KeyValue], key: str = "", value: str = "") -> str:
        """The series of a metric with these attributes, and perhaps one label more."""
        asked = (self._owner, name, key, value, *map(KeyValue.SerializeToString, attributes))
        found = self._known.get(asked)
        if found is None:
            found = self._series(name, {**labels_of(attributes), key: value})
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[asked] = found
        return found

    def _series(self, name: str, own: dict[str, str]) -> str:
        if not name.strip():
            raise BadLine("bad-name")
        series = series_of(name, {**self._labels, **own})
        if len(series) > LONGEST_NAME:
            raise BadLine("name-too-long")
        return series


def _scope_labels(scope: InstrumentationScope) -> dict[str, str]:
    return {**labels_of(scope.attributes), **({"scope": scope.name} if scope.name else {})}


def _read_metric(found: Points, metric: Metric, names: _Names, latest: int) -> None:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    delta = getattr(data, "aggregation_temporality", None) == _DELTA
    read = _KINDS[kind]
    for point in data.data_points:
        if point.flags & _SKIPPED:
            continue
        try:
            if delta:
                raise BadLine("delta")
            time = _time(point.time_unix_nano // 1_000_000, latest)
            made = [each for each in read(metric.name, point, names) if not isnan(each[1])]
            if any(isinf(value) for _, value in made):
                raise BadLine("not-finite")
        except BadLine as bad:
            found.refused += 1
            found.rejects.add(str(bad), metric.name.encode())
            continue
        for series, value in made:
            found.paths.append(series)
            found.values.append(value)
            found.times.append(time)


def _time(time: int, latest: int) -> int:
    if time < OLDEST_MS:
        raise BadLine("time-too-old")
    if time > latest:
        raise BadLine("time-in-future")
    return time


def _number(name: str, point: Any, names: _Names) -> Iterator[Point]:
    kind = point.WhichOneof("value")
    if kind is None:
        raise BadLine("no-value")
    yield names.of(name, point.attributes), float(getattr(point, kind))


def _histogram(name: str, point: Any, names: _Names) -> Iterator[Point]:
    counts, bounds = list(point.bucket_counts), list(point.explicit_bounds)
    if counts and len(counts) != len(bounds) + 1:
        raise BadLine("bad-buckets")
    total = 0
    for bound, count in zip([*bounds, None], counts):
        total += count
        limit = "+Inf" if bound is None else repr(bound).removesuffix(".0")
        yield names.of(f"{name}_bucket", point.attributes, "le", limit), float(total)
    yield from _sums(name, point, names)


def _sums(name: str, point: Any, names: _Names) -> Iterator[Point]:
    yield names.of(f"{name}_count", point.attributes), float(point.count)
    if point.HasField("sum"):
        yield names.of(f"{name}_sum", point.attributes), point.sum


def _summary(name: str, point: Any, names: _Names) -> Iterator[Point]:
    for each in point.quantile_values:
        quantile = repr(each.quantile).removesuffix(".0")
        yield names.of(name, point.attributes, "quantile", quantile), each.value
    yield names.of(f"{name}_count", point.attributes), float(point.count)
    yield names.of(f"{name}_sum", point.attributes), point.sum


_KINDS: dict[str, Callable[[str, Any, _Names], Iterator[Point]]] = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponential_histogram": _sums,
    "summary": _summary,
}
