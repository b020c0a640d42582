"""What a point, or a log message, costs the server through each door: the same, as each protocol has them.

    python benchmarks/doors.py [--senders 10] [--series 2000] [--moments 15]

A fresh server for each door gets the same series from some senders at once, each a moment of all its series
at a time, as scrapes and collectors send them; then log messages, a thousand at a time. CPU is the kernel's,
of all the server's threads, from the first byte until everything can be read, new series and the engine's own
work in it. Nothing is asserted: it shows what a door costs beside its neighbours. Writes
benchmarks/results/doors.json and doors.md.
"""

from __future__ import annotations

import argparse
import json
import pickle
import socket
import struct
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import yaml
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from heapwatch.model import Batch, MetricBlock
from heapwatch.wire import remote_write
from heapwatch.wire.batch import encode
from ingest import RESULTS, Server, measured

NAME = "http_requests"
SUMO = "application/vnd.sumologic."
MESSAGES = 100_000
QUEUED = 32 * 1024

Moment = tuple[int, list[tuple[dict[str, str], float]]]
"""Epoch s, and labels and value of each series."""


def moments(sender: int, series: int, count: int) -> Iterator[Moment]:
    labels = [{"host": f"web{sender}-{n % 40}", "path": f"/part{n % 97}/thing{n}"} for n in range(series)]
    begin = int(time.time()) - 15 * count
    for step in range(count):
        yield begin + 15 * step, [(each, (n * 7 + step) % 1000 / 8) for n, each in enumerate(labels)]


def tags(labels: dict[str, str]) -> str:
    return "".join(f";{name}={value}" for name, value in labels.items())


def lines(moment: Moment) -> bytes:
    at, points = moment
    return "".join(f"{NAME}{tags(labels)} {value} {at}\n" for labels, value in points).encode()


def paths(moment: Moment) -> bytes:
    at, points = moment
    rows = (f"{NAME}.{labels['host']}.{n} {value} {at}\n" for n, (labels, value) in enumerate(points))
    return "".join(rows).encode()


def exposition(moment: Moment, stamp: bool = True) -> bytes:
    at, points = moment
    end = f" {at * 1000}\n" if stamp else "\n"
    rows = (
        f'{NAME}{{host="{labels["host"]}",path="{labels["path"]}"}} {value}{end}' for labels, value in points
    )
    return "".join(rows).encode()


def carbon2(moment: Moment) -> bytes:
    at, points = moment
    rows = (f"metric={NAME} host={k['host']} path={k['path']}  {value} {at}\n" for k, value in points)
    return "".join(rows).encode()


def pickled(moment: Moment) -> bytes:
    at, points = moment
    frames = []
    for first in range(0, len(points), 500):  # as carbon-relay has them
        rows = [(NAME + tags(labels), (at, value)) for labels, value in points[first : first + 500]]
        body = pickle.dumps(rows, 2)
        frames.append(struct.pack("!L", len(body)) + body)
    return b"".join(frames)


def written(moment: Moment) -> bytes:
    at, points = moment
    return remote_write.body((NAME, labels, [(at * 1000, value)]) for labels, value in points)


def otlp(moment: Moment) -> bytes:
    at, points = moment
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name=NAME)
    for labels, value in points:
        point = metric.gauge.data_points.add(time_unix_nano=at * 1_000_000_000, as_double=value)
        for name, text in labels.items():
            point.attributes.add(key=name).value.string_value = text
    return request.SerializeToString()


def collectd_json(moment: Moment) -> bytes:
    at, points = moment
    rows = [
        {
            "values": [value],
            "dstypes": ["gauge"],
            "dsnames": ["value"],
            "time": at,
            "interval": 15,
            "host": labels["host"],
            "plugin": "http",
            "plugin_instance": labels["path"],
            "type": "requests",
            "type_instance": "",
        }
        for labels, value in points
    ]
    return json.dumps(rows).encode()


def part(kind: int, payload: bytes) -> bytes:
    return struct.pack("!HH", kind, 4 + len(payload)) + payload


def packets(moment: Moment) -> Iterator[bytes]:
    at, points = moment
    for first in range(0, len(points), 12):
        told = part(1, struct.pack("!Q", at))
        for labels, value in points[first : first + 12]:
            told += part(0, labels["host"].encode() + b"\0") + part(2, b"http\0")
            told += part(3, labels["path"].encode() + b"\0") + part(4, b"requests\0")
            told += part(6, struct.pack("!HB", 1, 1) + struct.pack("<d", value))
        yield told


def batch(number: int, some: list[Moment]) -> bytes:
    """As an agent packs them: all moments of each host's metrics together."""
    times = array("q", [at * 1000 for at, _ in some])
    hosts: dict[str, dict[str, array[float]]] = {}
    for n, (labels, _) in enumerate(some[0][1]):
        values = array("d", [points[n][1] for _, points in some])
        hosts.setdefault(labels["host"], {})[f"{NAME}.{n}"] = values
    blocks = [MetricBlock({"host": host}, times, metrics) for host, metrics in hosts.items()]
    return encode(Batch(f"bench{number}", 1, metrics=blocks))


Send = Callable[[Server], None]


def together(sends: list[Send]) -> Send:
    """All senders at once."""

    def send(server: Server) -> None:
        with ThreadPoolExecutor(len(sends)) as threads:
            for done in [threads.submit(each, server) for each in sends]:
                done.result()

    return send


def posted(path: str, bodies: list[bytes], headers: dict[str, str] | None = None) -> Send:
    def send(server: Server) -> None:
        with httpx2.Client(base_url=server.http.base_url, timeout=120, trust_env=False) as http:
            for body in bodies:
                http.post(path, content=body, headers=headers or {}).raise_for_status()

    return send


def streamed(port: str, blocks: list[bytes]) -> Send:
    def send(server: Server) -> None:
        with socket.create_connection(server.ports[port]) as connection:
            for block in blocks:
                connection.sendall(block)

    return send


def waiting(port: int) -> int:
    """Bytes that a UDP socket of this machine has not read yet (/proc/net/udp)."""
    rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
    return sum(int(row[4].partition(":")[2], 16) for row in rows if int(row[1].partition(":")[2], 16) == port)


def thrown(port: str, datagrams: list[bytes]) -> Send:
    """Datagrams, no faster than the server reads them: what it loses is not there to be waited for."""

    def send(server: Server) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for n, each in enumerate(datagrams):
                sender.sendto(each, server.ports[port])
                while n % 20 == 19 and waiting(server.ports[port][1]) > QUEUED:
                    time.sleep(0.001)

    return send


class Page:
    """What a target shows: the next moment with each scrape."""

    def __init__(self, pages: list[bytes]) -> None:
        shown = iter(pages)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = next(shown, b"")
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def measure_points(senders: int, series: int, count: int, scratch: Path) -> dict[str, dict[str, float]]:
    every = [list(moments(sender, series, count)) for sender in range(senders)]
    rows = senders * series * count
    more: dict[str, object] = {"pickle_listen": "127.0.0.1:0", "collectd_listen": "127.0.0.1:0"}
    sumo = "/receiver/v1/http/none"

    def each(make: Callable[[Moment], bytes], path: str, headers: dict[str, str] | None = None) -> Send:
        return together([posted(path, [make(moment) for moment in some], headers) for some in every])

    def stream(make: Callable[[Moment], bytes], port: str) -> Send:
        return together([streamed(port, [make(moment) for moment in some]) for some in every])

    protobuf = {"Content-Type": "application/x-protobuf"}
    doors: dict[str, Send] = {
        "own batches": together([posted("/api/v1/batch", [batch(n, some)]) for n, some in enumerate(every)]),
        "Graphite lines, paths": stream(paths, "graphite"),
        "Graphite lines, tags": stream(lines, "graphite"),
        "Graphite pickles, tags": stream(pickled, "pickle"),
        "Prometheus remote write": each(written, "/api/v1/write", remote_write.HEADERS),
        "Prometheus text, pushed": each(exposition, "/api/v1/import/prometheus"),
        "OTLP metrics": each(otlp, "/v1/metrics", protobuf),
        "collectd JSON": each(collectd_json, "/api/v1/collectd"),
        "collectd packets": thrown(
            "collectd", [packet for some in every for moment in some for packet in packets(moment)]
        ),
        "Sumo source, Graphite": each(lines, sumo, {"Content-Type": SUMO + "graphite"}),
        "Sumo source, Carbon 2.0": each(carbon2, sumo, {"Content-Type": SUMO + "carbon2"}),
        "Sumo source, Prometheus": each(exposition, sumo, {"Content-Type": SUMO + "prometheus"}),
    }
    found = {name: shown(name, measured("sample", rows, send, **more)) for name, send in doors.items()}
    pages = [Page([exposition(moment, stamp=False) for moment in some]) for some in every]
    targets = [f"127.0.0.1:{page.server.server_address[1]}" for page in pages]
    job = {"job_name": "bench", "scrape_interval": "1s", "static_configs": [{"targets": targets}]}
    file = scratch / "scrape.yml"
    file.write_text(yaml.safe_dump({"scrape_configs": [job]}))
    name = "Prometheus text, scraped"
    found[name] = shown(name, measured("sample", rows, lambda _: None, scrape=str(file)))
    for page in pages:
        page.server.shutdown()
    return found


def measure_messages(senders: int) -> dict[str, dict[str, float]]:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    texts = [f"INFO order {n} of customer {n * 7919 % 5000} sold in {n % 300} ms" for n in range(MESSAGES)]
    groups = [texts[first : first + 1000] for first in range(0, MESSAGES, 1000)]
    shares = [groups[sender::senders] for sender in range(senders)]

    def records(group: list[str]) -> bytes:
        request = ExportLogsServiceRequest()
        scope = request.resource_logs.add().scope_logs.add()
        for text in group:
            scope.log_records.add(time_unix_nano=int(now * 1e9)).body.string_value = text
        return request.SerializeToString()

    def frames(group: list[str]) -> bytes:
        return "".join(f"<14>1 {stamp} web1 shop 7 - - {text}\n" for text in group).encode()

    def body(group: list[str]) -> bytes:
        return "\n".join(f"{stamp} {text}" for text in group).encode()

    protobuf = {"Content-Type": "application/x-protobuf"}
    doors: dict[str, Send] = {
        "HTTP lines": together([posted("/api/v1/logs?host=web1", [*map(body, some)]) for some in shares]),
        "syslog (RFC 5424), TCP": together([streamed("syslog", [*map(frames, some)]) for some in shares]),
        "OTLP logs": together([posted("/v1/logs", [*map(records, some)], protobuf) for some in shares]),
    }
    more: dict[str, object] = {"syslog_listen": "127.0.0.1:0"}
    return {name: shown(name, measured("log", MESSAGES, send, **more)) for name, send in doors.items()}


def shown(name: str, found: dict[str, float]) -> dict[str, float]:
    print(f"{name}: {found['rows_per_cpu_s']:,.0f} a CPU second", flush=True)
    return found


def table(found: dict[str, dict[str, float]], what: str) -> str:
    rows = "\n".join(
        f"| {name} | {1e6 * each['cpu_s'] / each['rows']:.1f} | {each['rows_per_cpu_s']:,} |"
        for name, each in sorted(found.items(), key=lambda item: item[1]["cpu_s"])
    )
    return f"| door | µs of CPU each | {what} a CPU second |\n|---|--:|--:|\n{rows}\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--senders", type=int, default=10)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--moments", type=int, default=15)
    told = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        points = measure_points(told.senders, told.series, told.moments, Path(scratch))
    found = {**vars(told), "points": points, "messages": measure_messages(told.senders)}
    text = f"""# What each door costs the server

`python benchmarks/doors.py`: {told.senders} senders of {told.series:,} series and {told.moments} moments, a
moment a request (or block), and {MESSAGES:,} log messages, a thousand a request; a fresh server a door,
until everything can be read. Making the series known, the store and the disk are in it, and the same for all.
An own batch has all moments of its series, as agents pack them.

{table(points, "points")}
{table(found["messages"], "messages")}"""
    (RESULTS / "doors.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "doors.md").write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
