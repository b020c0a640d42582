"""`/metrics`: the server's own figures in Prometheus form, read from where they are kept at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from heapwatch import __version__
from heapwatch.ingest.batcher import Batcher
from heapwatch.ingest.doors import Door
from heapwatch.web.live import Hub
from heapwatch.web.readers import Readers

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


def counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def labelled(family: Metric, values: Iterable[tuple[Sequence[str], float | None]]) -> Metric:
    """The family with these label values; what is None is left out."""
    assert isinstance(family, (CounterMetricFamily, GaugeMetricFamily))
    for told, value in values:
        if value is not None:
            family.add_metric(list(told), value)
    return family


def of_process(started: float) -> Iterator[Metric]:
    """Version and age."""
    info = GaugeMetricFamily("heapwatch_info", "Version of this server", labels=["version"])
    yield labelled(info, [((__version__,), 1)])
    yield gauge("heapwatch_start_time_seconds", "When this process started", started)


def of_doors(doors: Sequence[Door], rejects: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """What came in, and what was turned away."""
    columns: dict[str, tuple[str, Callable[[Door], int]]] = {
        "requests": ("Requests, connections and datagrams", lambda door: door.requests),
        "bytes": ("Bytes received", lambda door: door.bytes),
        "samples": ("Class samples and metric points taken", lambda door: door.samples),
    }
    for name, (text, read) in columns.items():
        came = CounterMetricFamily(f"heapwatch_door_{name}", text, labels=["door"])
        yield labelled(came, [((door.name,), read(door)) for door in doors])
    open_ = GaugeMetricFamily("heapwatch_door_connections", "Open connections", labels=["door"])
    yield labelled(open_, [((door.name,), door.open) for door in doors])
    family = CounterMetricFamily("heapwatch_rejects", "What was turned away", labels=["door", "reason"])
    yield labelled(
        family,
        [((door, reason), number) for door, reasons in rejects.items() for reason, number in reasons.items()],
    )


def of_batcher(batcher: Batcher) -> Iterator[Metric]:
    """The queue before the store."""
    told = batcher.figures
    yield gauge("heapwatch_queue_rows", "Rows that wait for their insert", batcher.depth)
    yield gauge("heapwatch_insert_running_seconds", "Age of the insert of this moment", batcher.stuck_for())
    yield counter("heapwatch_batches_stored", "Batches stored", told.batches)
    yield counter("heapwatch_batches_duplicate", "Replays recognised", told.duplicates)
    yield counter("heapwatch_rows_stored", "Rows of batches stored", told.rows)
    yield counter("heapwatch_samples_stored", "Points of plain metrics stored", told.samples)
    yield counter("heapwatch_samples_dropped", "Points of plain metrics lost", told.dropped_samples)
    yield counter("heapwatch_insert_failures", "Inserts that failed", told.failures)


def of_clients(hub: Hub, readers: Readers) -> Iterator[Metric]:
    """Who listens and asks."""
    yield gauge("heapwatch_live_clients", "Open live streams", hub.clients)
    yield counter("heapwatch_live_messages", "Messages queued for live streams", hub.sent)
    yield counter("heapwatch_live_dropped", "Messages dropped for slow live streams", hub.dropped)
    yield gauge("heapwatch_queries_running", "Queries that run or wait", readers.busy)
    yield counter("heapwatch_queries_cancelled", "Queries whose client left", readers.cancelled)


def of_store(status: Mapping[str, Any]) -> Iterator[Metric]:
    """Sizes of the store."""
    rows = GaugeMetricFamily("heapwatch_store_rows", "Rows by table", labels=["table"])
    yield labelled(rows, [((table,), number) for table, number in status.get("rows", {}).items()])
    yield gauge("heapwatch_store_bytes", "Bytes of the store on disk", status.get("disk_bytes", 0))


def of_agents(agents: Sequence[Mapping[str, Any]]) -> Iterator[Metric]:
    """How far behind each agent is, and when it came last."""
    lag = GaugeMetricFamily(
        "heapwatch_agent_lag_seconds", "Age of an agent's newest data when it came", labels=["agent"]
    )
    yield labelled(lag, [((agent["id"],), agent["lag"]) for agent in agents])
    spool = GaugeMetricFamily(
        "heapwatch_agent_spool_bytes", "What waited in an agent's spool, as it said last", labels=["agent"]
    )
    yield labelled(spool, [((agent["id"],), agent["spool_bytes"]) for agent in agents])
    last = GaugeMetricFamily(
        "heapwatch_agent_last_seen_seconds", "When an agent's newest batch came", labels=["agent"]
    )
    yield labelled(last, [((agent["id"],), (agent["last_seen"] or 0) / 1000 or None) for agent in agents])
