"""The agent's sinks into the real thing: Prometheus, VictoriaMetrics, and the doors of our own server."""

from __future__ import annotations

import socket
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from histograms import now
from peers import running
from servers import Server

from heapwatch.errors import Refused
from heapwatch.model import Batch, Histogram, JvmId, LogBlock, MetricBlock, Snapshot
from heapwatch.ship.prometheus import PrometheusSink
from heapwatch.ship.sumo import SumoSink

pytestmark = pytest.mark.store

CLASSES = 300


def heap(at: int, host: str = "web1") -> Batch:
    """A histogram of 300 classes, of which the last holds most; a counter twice; a log message."""
    names = [f"com.shop.Süd$C{number}[]" for number in range(CLASSES)]
    counts = array("q", range(1, CLASSES + 1))
    sizes = array("q", [16 * count for count in counts])
    histogram = Histogram(names, counts, sizes, array("q", [1] * CLASSES))
    labels = {"env": "prod", "java": "17.0.15"}
    snapshot = Snapshot(JvmId(host, "shop", 4711, at - 60_000), at, "all", histogram, labels=labels)
    whose = {"host": host, "jvm": "shop", "pid": "4711", "started": str(at - 60_000), **labels}
    used = {"jvm.pool.used;pool=G1 Old Gen": array("d", [1.5e9, 2.5e9])}
    block = MetricBlock(whose, array("q", [at - 1000, at]), used)
    log = LogBlock({**whose, "_sourceCategory": "app"}, array("q", [at]), ["it is full\n\tat Cart.add"])
    return Batch("agent-1", 1, [snapshot], [block], logs=[log])


@contextmanager
def listening(command: list[str], folder: Path, ready: str) -> Iterator[httpx2.Client]:
    """A store of somebody else's at a free port, which `{port}` in its command stands for."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder.mkdir()
    words = [word.format(port=port, folder=folder) for word in command]
    url = f"http://127.0.0.1:{port}"
    with running(words, folder / "log"), httpx2.Client(base_url=url, trust_env=False) as client:
        answers(client, ready, lambda answer: answer.status_code == 200)
        yield client


def answers(
    client: httpx2.Client, path: str, enough: Callable[[httpx2.Response], object], **parameters: Any
) -> httpx2.Response:
    """Ask until the answer is enough; there is no event in another program to wait for."""
    end, answer = time.monotonic() + 60, None
    while time.monotonic() < end:
        try:
            answer = client.get(path, params=parameters)
        except httpx2.TransportError:
            answer = None
        if answer is not None and enough(answer):
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{path} {parameters}: {answer and answer.text}")


def result(answer: httpx2.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def check(store: httpx2.Client, at: int) -> None:
    """What a store of Prometheus' kind has after `heap(at)`."""
    (top,) = result(
        answers(store, "/api/v1/query", result, query="topk(1, heapwatch_class_bytes)", time=at / 1000)
    )
    assert top["metric"] | {"__name__": "heapwatch_class_bytes"} == {
        "__name__": "heapwatch_class_bytes",
        "class": "com.shop.Süd$C299[]",
        "env": "prod",
        "host": "web1",
        "jvm": "shop",
        "mode": "all",
        "pid": "4711",
    }
    assert float(top["value"][1]) == 16 * CLASSES
    queries = {
        "count(heapwatch_class_instances)": 100,
        "heapwatch_histogram_classes": CLASSES,
        'jvm_pool_used{pool="G1 Old Gen"}': 2.5e9,
        "min_over_time(jvm_pool_used[1m])": 1.5e9,
        'heapwatch_jvm_info{java="17.0.15"}': 1,
    }
    for query, value in queries.items():
        (found,) = result(store.get("/api/v1/query", params={"query": query, "time": at / 1000}))
        assert float(found["value"][1]) == value, query


def test_victoria_metrics_has_the_largest_classes_and_the_counters(
    needs: Callable[[str], str], tmp_path: Path
) -> None:
    command = [
        needs("victoria-metrics"),
        "-httpListenAddr=127.0.0.1:{port}",
        "-storageDataPath={folder}/data",
    ]
    at = now() - 60_000
    with listening([*command, "-search.latencyOffset=0s"], tmp_path / "victoria", "/health") as store:
        sink = PrometheusSink(f"{store.base_url}/api/v1/write")
        sink.send(heap(at))
        sink.send(heap(at))  # as after an answer that was lost
        sink.close()
        store.get("/internal/force_flush")
        check(store, at)
        series = store.get("/api/v1/series", params={"match[]": '{jvm="shop"}'}).json()["data"]
        assert len(series) == 2 * 100 + 3 + 1 + 1


def test_prometheus_takes_what_the_agent_sends(needs: Callable[[str], str], tmp_path: Path) -> None:
    config = tmp_path / "prometheus.yml"
    config.write_text("global: {}\n")
    command = [
        needs("prometheus"),
        f"--config.file={config}",
        "--storage.tsdb.path={folder}/data",
        "--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
    ]
    at = now() - 60_000
    with listening(command, tmp_path / "prometheus", "/-/ready") as store:
        sink = PrometheusSink(f"{store.base_url}/api/v1/write")
        sink.send(heap(at))
        with pytest.raises(Refused, match="out of order sample"):  # as after an answer that was lost
            sink.send(heap(at))
        check(store, at)
        with pytest.raises(Refused, match="out of bounds"):
            sink.send(heap(at - 86_400_000))
        sink.close()


def newest(server: Server, query: str) -> list[float]:
    answer = server.http.post("/api/v1/query", json={"query": query, "from": "-15m", "to": "now+1m"})
    assert answer.status_code == 200, answer.text
    return [
        next(value for value in reversed(series["values"]) if value is not None)
        for series in answer.json()["rows"][-1]["series"]
    ]


def test_our_own_door_for_remote_write_takes_it_too(server: Server) -> None:
    sink = PrometheusSink(f"{server.url}/api/v1/write", top=0)
    sink.send(heap(now() - 60_000, "web2"))
    sink.close()
    assert newest(server, "metric=heapwatch_class_bytes host=web2 jvm=shop | count") == [CLASSES]
    used = 'metric=jvm_pool_used pool="G1 Old Gen" host=web2 | quantize to 1s using latest | max'
    assert newest(server, used) == [2.5e9]


def test_a_sumo_sink_fills_our_own_source_with_histograms_and_logs(server: Server) -> None:
    sink = SumoSink(f"{server.url}/receiver/v1/http/any", template=None, top=50, fields={"team": "pay"})
    sink.send(heap(now() - 60_000, "web3"))
    sink.close()
    table = server.http.get("/api/v1/classes", params={"host": "web3", "jvm": "unnamed"}).json()
    assert len(table["columns"]["class"]) == 50
    asked = {"host": "web3", "format": "logs", "from": "-1h", "to": "now+1m"}
    (message,) = server.http.get("/api/v1/export", params=asked).text.splitlines()
    assert '"it is full\\n\\tat Cart.add"' in message
    assert '"team"' in message


def test_a_sumo_sink_in_carbon_2_says_whose_each_number_is(server: Server) -> None:
    sink = SumoSink(f"{server.url}/receiver/v1/http/any", form="carbon2", logs=False)
    sink.send(heap(now() - 60_000, "web4"))
    sink.close()
    assert newest(server, "metric=heapwatch.class.bytes host=web4 jvm=shop | count") == [100]
    assert newest(server, "metric=heapwatch.histogram.classes host=web4 jvm=shop env=prod | sum") == [CLASSES]
