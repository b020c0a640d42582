"""What storing costs the server: class samples and metric points per CPU second, by door.

    python benchmarks/ingest.py [--histograms 60] [--classes 8000]

Starts `heapwatch serve` on a temporary folder and sends the same histograms through each door: as text
(plain, gzip), in batches of ten as agents send them, and as Graphite lines; and plain metrics as Graphite
lines. CPU time is the kernel's, of all the server's threads, from the first byte until everything can be
read, with the engine's own work in it. Kept: a batch costs at most half of what the texts in it cost.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from heapwatch.jvm.histogram import render
from heapwatch.model import Batch, Histogram, JvmId, Snapshot
from heapwatch.wire.batch import encode
from heapwatch.wire.graphite import encode_snapshot
from heapwatch.wire.paths import Template

RESULTS = Path(__file__).resolve().parent / "results"
TICKS = os.sysconf("SC_CLK_TCK")
STARTED = 1_790_000_000_000
A_BATCH = 10
FEWEST = 2.0
"""How many times cheaper a batch has to be than texts."""


@dataclass
class Server:
    process: subprocess.Popen[str]
    http: httpx2.Client
    ports: dict[str, tuple[str, int]]

    def cpu(self) -> float:
        """Seconds that all its threads have used."""
        cells = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(cells[11]) + int(cells[12])) / TICKS

    def rss(self) -> int:
        line = next(
            line
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            if "VmHWM" in line
        )
        return int(line.split()[1]) * 1024

    def rows(self, table: str) -> int:
        return int(self.http.get("/api/v1/status").json()["rows"].get(table, 0))


MAIN = """
import json, sys
from heapwatch.web.serve import serve
from heapwatch.web.settings import Settings

def ready(serving):
    print(json.dumps([serving.url, dict(serving.ports)]), flush=True)

serve(Settings(**json.loads(sys.argv[1])), ready=ready)
"""


@contextmanager
def serving(**more: object) -> Iterator[Server]:
    """A server of its own with these settings, with nothing in it and nothing left of it."""
    with tempfile.TemporaryDirectory() as folder:
        flags = {
            "data": folder,
            "listen": "127.0.0.1:0",
            "graphite_listen": "127.0.0.1:0",
            "log_format": "json",
            "ingest_rate": 0,
            **more,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, json.dumps(flags)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout
        try:
            url, ports = json.loads(process.stdout.readline())
            with httpx2.Client(base_url=url, timeout=120, trust_env=False) as http:
                yield Server(process, http, {name: tuple(each) for name, each in ports.items()})
        finally:
            process.terminate()
            process.wait()


def histograms(count: int, classes: int, host: str) -> list[Snapshot]:
    """One JVM every ten seconds: nine in ten classes stay as they were."""
    dice = random.Random(7)
    names = [f"com.shop.part{n % 97}.Kind{n}" for n in range(classes)]
    instances = [int(dice.paretovariate(0.7)) for _ in names]
    units = [dice.choice((16, 24, 32, 40, 64, 128)) for _ in names]
    begin = int(time.time() * 1000) - count * 10_000
    taken = []
    for step in range(count):
        for n in dice.sample(range(classes), classes // 10):
            instances[n] = max(1, instances[n] + dice.randint(-3, 4))
        held = array("q", [a * b for a, b in zip(instances, units, strict=True)])
        histogram = Histogram(names, array("q", instances), held, array("q", [1] * classes))
        taken.append(
            Snapshot(JvmId(host, "shop", 7, STARTED), begin + step * 10_000, "all", histogram, 8.0, 9.0)
        )
    return taken


def send_texts(server: Server, taken: list[Snapshot], pack: Callable[[bytes], bytes], encoding: str) -> None:
    bodies = [(each, pack(render(each.histogram).encode())) for each in taken]
    for each, body in bodies:
        query = {"host": each.jvm.host, "jvm": "shop", "pid": 7, "started": STARTED, "time": each.time}
        headers = {"Content-Encoding": encoding} if encoding else {}
        server.http.post("/api/v1/histogram", params=query, content=body, headers=headers).raise_for_status()


def send_batches(server: Server, taken: list[Snapshot]) -> None:
    for number in range(0, len(taken), A_BATCH):
        body = encode(Batch("bench", number, taken[number : number + A_BATCH]))
        server.http.post("/api/v1/batch", content=body).raise_for_status()


def send_lines(server: Server, blocks: list[bytes]) -> None:
    with socket.create_connection(server.ports["graphite"]) as connection:
        for block in blocks:
            connection.sendall(block)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("what was sent did not arrive within five minutes")
        time.sleep(0.5)


def measured(table: str, rows: int, send: Callable[[Server], None], **more: object) -> dict[str, float]:
    """Send on a fresh server and wait until all rows can be read."""
    with serving(**more) as server:
        idle, began = server.cpu(), time.monotonic()
        send(server)
        until(lambda: server.rows(table) >= rows)
        used, wall = server.cpu() - idle, time.monotonic() - began
        return {
            "rows": rows,
            "cpu_s": round(used, 2),
            "wall_s": round(wall, 2),
            "rows_per_cpu_s": round(rows / used),
            "peak_rss": server.rss(),
        }


def measure(count: int, classes: int) -> dict[str, object]:
    rows = count * classes
    taken = histograms(count, classes, "web1")
    template = Template()
    class_lines = [encode_snapshot(each, template) for each in taken]
    points = rows // 2
    now = int(time.time())
    metrics = [
        "".join(
            f"servers.web{n % 50}.part{n % 400} {n} {now - 3000 + n // 400}\n" for n in range(at, at + 5000)
        ).encode()
        for at in range(0, points, 5000)
    ]
    points = 5000 * len(metrics)
    doors = {
        "text": measured("class_sample", rows, lambda s: send_texts(s, taken, bytes, "")),
        "text, gzip": measured("class_sample", rows, lambda s: send_texts(s, taken, gzip.compress, "gzip")),
        f"batches of {A_BATCH}": measured("class_sample", rows, lambda s: send_batches(s, taken)),
        "Graphite lines of classes": measured("class_sample", rows, lambda s: send_lines(s, class_lines)),
        "Graphite lines of metrics": measured("sample", points, lambda s: send_lines(s, metrics)),
    }
    batch = doors[f"batches of {A_BATCH}"]["rows_per_cpu_s"]
    return {
        "python": platform.python_version(),
        "histograms": count,
        "classes_each": classes,
        "doors": doors,
        "batch_over_text": round(batch / doors["text"]["rows_per_cpu_s"], 2),
    }


def as_markdown(found: dict[str, object]) -> str:
    doors = found["doors"]
    assert isinstance(doors, dict)
    columns = ("rows", "cpu_s", "rows_per_cpu_s", "peak_rss")
    rows = "\n".join(
        f"| {name} | " + " | ".join(f"{told[column]:,}" for column in columns) + " |"
        for name, told in doors.items()
    )
    verdict = "kept" if keeps(found) else "NOT kept"
    return (
        f"# What storing costs the server\n\n`python benchmarks/ingest.py`: {found['histograms']} histograms "
        f"of {found['classes_each']} classes through each door of a fresh server, until all can be read.\n\n"
        f"A batch is {found['batch_over_text']} times as cheap as the texts in it (at least {FEWEST}): "
        f"**{verdict}**.\n\n"
        f"| door | rows | CPU s | rows a CPU second | peak bytes |\n|---|--:|--:|--:|--:|\n{rows}\n"
    )


def keeps(found: dict[str, object]) -> bool:
    ratio = found["batch_over_text"]
    assert isinstance(ratio, float)
    return ratio >= FEWEST


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--histograms", type=int, default=60)
    parser.add_argument("--classes", type=int, default=8000)
    args = parser.parse_args()
    found = measure(args.histograms, args.classes)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "ingest.json").write_text(json.dumps(found, indent=2) + "\n")
    (RESULTS / "ingest.md").write_text(as_markdown(found))
    print(as_markdown(found))
    sys.exit(0 if keeps(found) else 1)


if __name__ == "__main__":
    main()
