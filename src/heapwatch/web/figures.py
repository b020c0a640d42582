"""`/metrics`: the server's own figures in Prometheus form, read from where they are kept at each scrape."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from heapwatch import __version__

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Figures:
    """Our own registry: what other libraries of the process register is not ours to show."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.insert_seconds = Histogram(
            "heapwatch_insert_seconds",
            "How long inserts into the store took",
            registry=self._registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        self.request_seconds = Histogram(
            "heapwatch_http_request_seconds",
            "How long answers took, by route",
            ["method", "route", "status"],
            registry=self._registry,
            buckets=(0.005, 0.025, 0.1, 0.5, 1, 5, 30),
        )
        self.maintenance_failures = Counter(
            "heapwatch_maintenance_failures", "Failed maintenance runs", ["task"], registry=self._registry
        )

    def read_from(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Ask `collect` at each scrape."""
        self._registry.register(_Collected(collect))

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _Collected(Collector):
    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()

    def describe(self) -> Iterable[Metric]:
        return ()


def gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def gauges(
    name: str, text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for told, value in values:
        family.add_metric(told, value)
    return family


def counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def counters(
    name: str, text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for told, value in values:
        family.add_metric(told, value)
    return family


def about(started: float) -> Iterable[Metric]:
    """Version and age of the process."""
    yield gauges("heapwatch_info", "Version of this server", ("version",), [((__version__,), 1)])
    yield gauge("heapwatch_uptime_seconds", "Age of this process", time.time() - started)
