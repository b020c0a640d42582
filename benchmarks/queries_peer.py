"""The same questions to heapwatch and to VictoriaMetrics, on the same class samples, in one run.

    python benchmarks/queries_peer.py [--minutes 60] [--jvms 20] [--classes 2000] [--repeat 10]

VictoriaMetrics (Debian's `victoria-metrics`) gets two series a class and JVM, `heap_bytes` and
`heap_instances` with the labels host, class and package, by /api/v1/import. Each question is asked of both in
turn, of another host or class each time, over an hour in steps of a minute, with VictoriaMetrics' cache of
answers off, since every question here is new to us too. Answers are compared before times are. CPU is the
kernel's: of its process, and of ours. Writes benchmarks/results/queries_peer.json and queries_peer.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import latency
from heapwatch.query.run import run
from heapwatch.store import Settings, Store, open_store

RESULTS = Path(__file__).with_name("results")
MINUTE = 60_000
TICKS = os.sysconf("SC_CLK_TCK")


class Peer:
    """A VictoriaMetrics of our own on loopback."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        self._process = subprocess.Popen(
            [
                "victoria-metrics",
                f"-storageDataPath={directory}",
                f"-httpListenAddr={self._address}",
                "-retentionPeriod=10y",
                "-search.latencyOffset=0s",
                "-search.maxUniqueTimeseries=10000000",
            ],
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                self.get("/health")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("victoria-metrics did not start")

    def get(self, path: str, **given: str) -> bytes:
        query = f"?{urllib.parse.urlencode(given)}" if given else ""
        with urllib.request.urlopen(f"http://{self._address}{path}{query}", timeout=120) as answer:
            body: bytes = answer.read()
            return body

    def post(self, path: str, body: bytes) -> None:
        with urllib.request.urlopen(f"http://{self._address}{path}", body, timeout=120) as answer:
            answer.read()

    def cpu_s(self) -> float:
        """Of all its threads, since it started."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss(self) -> int:
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def feed(store: Store, peer: Peer, wish: argparse.Namespace, end: int) -> dict[str, float]:
    """The same samples to both; CPU seconds that each took."""
    latency.JVMS, latency.CLASSES = wish.jvms, wish.classes
    heaps = latency.Heaps(wish.classes)
    times = [end - (wish.minutes - minute) * MINUTE for minute in range(wish.minutes)]
    table = np.empty((2, wish.jvms, wish.classes, wish.minutes), np.int64)
    chance = random.Random(latency.SEED)
    ours = 0.0
    for minute, base in enumerate(times):
        instances, sizes = heaps.after(minute)
        table[0, :, :, minute], table[1, :, :, minute] = instances, sizes
        for batches in latency._batches(heaps.names, instances, sizes, base, minute, chance):
            for batch in batches:
                batch.metrics.clear()
            batches = [moved(batch, base) for batch in batches]
            begun = time.process_time()
            store.insert(batches)
            ours += time.process_time() - begun
    begun_theirs = peer.cpu_s()
    for host in range(wish.jvms):
        peer.post("/api/v1/import", lines_of(table[:, host], heaps.names, host, times))
    peer.get("/internal/force_flush")
    return {"ours_cpu_s": ours, "theirs_cpu_s": peer.cpu_s() - begun_theirs, "rows": table[0].size}


def moved(batch: Any, time_ms: int) -> Any:
    """The batch with its histograms at this time: both stores shall have the same."""
    return replace(batch, snapshots=[replace(shot, time=time_ms) for shot in batch.snapshots])


def lines_of(columns: Any, names: list[str], host: int, times: list[int]) -> bytes:
    lines = []
    for number, name in enumerate(names):
        labels = {"host": f"host{host:03}", "class": name, "package": name.rpartition(".")[0]}
        for metric, values in (("heap_instances", columns[0, number]), ("heap_bytes", columns[1, number])):
            series = {
                "metric": {"__name__": metric, **labels},
                "values": values.tolist(),
                "timestamps": times,
            }
            lines.append(json.dumps(series))
    return "\n".join(lines).encode()


def questions(chance: random.Random, wish: argparse.Namespace) -> dict[str, Callable[[], tuple[str, str]]]:
    """Ours and theirs."""

    def host() -> str:
        return f"host{chance.randrange(wish.jvms):03}"

    def class_() -> str:
        number = chance.randrange(wish.classes)
        return f"com.company.{latency._package(number)}.Class{number}"

    def pair(ours: str, theirs: str) -> Callable[[], tuple[str, str]]:
        def made() -> tuple[str, str]:
            words = {"H": host(), "C": class_(), "P": f"com.company.part{chance.randrange(12)}.sub*"}
            regex = words["P"].replace(".", "\\\\.").replace("*", ".*")
            return ours.format(**words), theirs.replace("@H", words["H"]).replace("@C", words["C"]).replace(
                "@P", regex
            )

        return made

    return {
        "total of a host": pair("metric=heap.bytes host={H} | sum", 'sum(heap_bytes{host="@H"})'),
        "totals of all hosts": pair("metric=heap.bytes | sum by host", "sum(heap_bytes) by (host)"),
        "top 10 classes of a host by their maximum": pair(
            "metric=heap.bytes host={H} | sum by class | topk(10, max)",
            'topk_max(10, sum(heap_bytes{host="@H"}) by (class))',
        ),
        "one class on all hosts": pair(
            "metric=heap.instances class={C} | sum by host", 'sum(heap_instances{class="@C"}) by (host)'
        ),
        "a package over the fleet": pair(
            "metric=heap.bytes package={P} | sum by host", 'sum(heap_bytes{package=~"@P"}) by (host)'
        ),
        "a class's change from minute to minute": pair(
            "metric=heap.instances class={C} | sum by host | delta",
            'delta(sum(heap_instances{class="@C"}) by (host)[1m:1m])',
        ),
    }


def compare(store: Store, peer: Peer, wish: argparse.Namespace, end: int) -> dict[str, Any]:
    found = {}
    begin = end - wish.minutes * MINUTE
    for name, made in questions(random.Random(1), wish).items():
        figures: dict[str, list[float]] = {"ours": [], "theirs": [], "ours_cpu": []}
        theirs_cpu = peer.cpu_s()
        same = True
        for _ in range(wish.repeat):
            ours, theirs = made()
            cpu, wall = time.process_time(), time.perf_counter()
            mine = run(store, ours, begin, end, 60.0, now_ms=end)
            figures["ours"].append((time.perf_counter() - wall) * 1000)
            figures["ours_cpu"].append((time.process_time() - cpu) * 1000)
            wall = time.perf_counter()
            answer = peer.get(
                "/api/v1/query_range",
                query=theirs,
                start=str(begin / 1000),
                end=str((end - MINUTE) / 1000),
                step="60",
                nocache="1",
            )
            figures["theirs"].append((time.perf_counter() - wall) * 1000)
            same &= agree(mine, json.loads(answer))
        found[name] = {
            "ours_p50_ms": statistics.median(figures["ours"]),
            "theirs_p50_ms": statistics.median(figures["theirs"]),
            "ours_cpu_ms": statistics.mean(figures["ours_cpu"]),
            "theirs_cpu_ms": (peer.cpu_s() - theirs_cpu) / wish.repeat * 1000,
            "same_answer": same,
        }
        print(
            name,
            {key: value if key == "same_answer" else round(value, 1) for key, value in found[name].items()},
        )
    return found


def agree(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether the last values of all series are equal, whatever the series are called."""
    mine = sorted(
        next((value for value in reversed(series["values"]) if value is not None), 0.0)
        for series in ours["rows"][0]["series"]
    )
    other = sorted(float(series["values"][-1][1]) for series in theirs["data"]["result"])
    return len(mine) == len(other) and bool(np.allclose(mine, other))


def report(found: dict[str, Any]) -> str:
    fed = found["fed"]
    lines = [
        "# The same questions to VictoriaMetrics",
        "",
        f"{found['jvms']} JVMs, {found['classes']} classes each, {found['minutes']} histograms: "
        f"{fed['rows'] / 1e6:.1f} million class samples, two samples each there. VictoriaMetrics "
        f"{found['version']} of Debian; {found['cpus']} CPUs at load {found['load']:.0f}.",
        "",
        f"To store them: {fed['ours_cpu_s']:.1f} CPU s here, {fed['theirs_cpu_s']:.1f} there; "
        f"{found['disk']['ours'] / 1e6:.1f} MB on disk here, {found['disk']['theirs'] / 1e6:.1f} there.",
        "",
        "| question | p50 here, ms | p50 there, ms | CPU here, ms | CPU there, ms | same answer |",
        "|---|---:|---:|---:|---:|---|",
    ]
    lines += [
        f"| {name} | {row['ours_p50_ms']:.0f} | {row['theirs_p50_ms']:.0f} | {row['ours_cpu_ms']:.0f} "
        f"| {row['theirs_cpu_ms']:.0f} | {'yes' if row['same_answer'] else 'NO'} |"
        for name, row in found["questions"].items()
    ]
    return "\n".join(
        [
            *lines,
            "",
            "Command: `python benchmarks/queries_peer.py "
            f"--jvms {found['jvms']} --classes {found['classes']}`",
            "",
        ]
    )


def size_of(directory: Path) -> int:
    return sum(each.stat().st_size for each in directory.rglob("*") if each.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jvms", type=int, default=20, help="a multiple of 20")
    parser.add_argument("--classes", type=int, default=2000)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=10)
    wish = parser.parse_args()
    if shutil.which("victoria-metrics") is None:
        raise SystemExit("victoria-metrics is needed: apt-get install victoria-metrics")
    asked = ["dpkg-query", "-W", "-f", "${Version}", "victoria-metrics"]
    version = subprocess.run(asked, capture_output=True, text=True).stdout
    directory = Path(tempfile.mkdtemp(prefix="heapwatch-peer-"))
    end = int(time.time() * 1000) // MINUTE * MINUTE
    peer = Peer(directory / "theirs")
    try:
        with open_store(directory / "ours", Settings(fsync=False)) as store:
            fed = feed(store, peer, wish, end)
            store.parts.engine.command("OPTIMIZE TABLE class_sample FINAL")
            found = {
                **{key: getattr(wish, key) for key in ("jvms", "classes", "minutes", "repeat")},
                "version": version,
                "cpus": len(os.sched_getaffinity(0)),
                "fed": fed,
                "questions": compare(store, peer, wish, end),
                "load": os.getloadavg()[0],
                "disk": {"ours": store.status()["disk_bytes"], "theirs": size_of(directory / "theirs")},
                "their_rss": peer.rss(),
            }
    finally:
        peer.close()
        shutil.rmtree(directory)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "queries_peer.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "queries_peer.md").write_text(report(found))
    print(report(found))


if __name__ == "__main__":
    main()
