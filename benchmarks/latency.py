"""How long the screens' questions take on a full store: 50 million class samples of 100 simulated JVMs.

    python benchmarks/latency.py [--rows 50000000] [--keep DIRECTORY] [--repeat 30]

The heaps are made up but behave: most classes hardly change, some wander, some breathe with the collections,
one leaks; a histogram a minute with jitter, and twelve metrics of each JVM every ten seconds. Questions are
asked in turn, each of other JVMs or classes than the time before, by one asker. CPU is that of this process,
engine included, so it can be more than the wall time; wall times are those of a machine that does other work.
Writes benchmarks/results/latency.json and latency.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from heapwatch.model import ALL, Batch, Histogram, JvmId, MetricBlock, Snapshot
from heapwatch.store import Settings, Store, open_store

RESULTS = Path(__file__).with_name("results")
JVMS, CLASSES, INTERVAL_MS = 100, 5000, 60_000
SEED = 20261103
METRICS = (
    *("jvm.heap.used", "jvm.heap.committed", "jvm.heap.max", "jvm.heap.after_gc", "jvm.gc.load"),
    *("jvm.threads.live", "jvm.classes.loaded", "jvm.metaspace.used", "jvm.process.rss"),
    *("jvm.gc.count;gc=young", "jvm.gc.time_ms;gc=young", "heapwatch.interval_s"),
)


class Heaps:
    """The numbers of all classes of all JVMs, minute by minute."""

    def __init__(self, classes: int) -> None:
        self._chance = np.random.default_rng(SEED)
        shape = JVMS, classes
        self.names = [f"com.company.{_package(each)}.Class{each}" for each in range(classes)]
        self._size = np.broadcast_to(self._chance.choice([16, 24, 24, 32, 40, 48, 64, 88], classes), shape)
        self._level = np.exp(self._chance.normal(4, 2, shape)).clip(1, 3e6)
        kind = self._chance.random(classes)
        self._wanders = np.flatnonzero(kind < 0.2)
        self._breathes = np.flatnonzero((kind >= 0.2) & (kind < 0.3))
        self._noise = np.zeros((JVMS, len(self._wanders)))

    def after(self, minute: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Instances and bytes, a row a JVM."""
        self._noise = 0.95 * self._noise + self._chance.normal(0, 0.02, self._noise.shape)
        level = self._level.copy()
        level[:, self._wanders] *= np.exp(self._noise)
        level[:, self._breathes] *= self._chance.uniform(0.5, 2.0, (JVMS, 1))
        level[:, 0] = 1000 + 50 * minute
        instances = level.astype(np.int64)
        return instances, instances * self._size


def _package(number: int) -> str:
    return f"part{number % 12}.sub{number % 60}"


def fill(store: Store, rows: int, end: int) -> dict[str, float]:
    """Store so many class samples, ending at a time; what that took."""
    rounds = max(2, rows // (JVMS * CLASSES))
    heaps, chance = Heaps(CLASSES), random.Random(SEED)
    begun = time.process_time()
    inside = 0.0
    for minute in range(rounds):
        instances, sizes = heaps.after(minute)
        base = end - (rounds - minute) * INTERVAL_MS
        for batches in _batches(heaps.names, instances, sizes, base, minute, chance):
            started = time.process_time()
            store.insert(batches)
            inside += time.process_time() - started
    return {
        "rows": rounds * JVMS * CLASSES,
        "insert_cpu_s": inside,
        "rows_per_insert_cpu_s": rounds * JVMS * CLASSES / inside,
        "fill_cpu_s": time.process_time() - begun,
    }


def _batches(
    names: list[str], instances: Any, sizes: Any, base: int, minute: int, chance: random.Random
) -> Iterator[list[Batch]]:
    ones = array("q", [1]) * len(names)
    for first in range(0, JVMS, 20):
        some = []
        for number in range(first, first + 20):
            who = JvmId(f"host{number:03}", f"service{number % 10}", 1000 + number, base - base % 86_400_000)
            moment = base + chance.randrange(-INTERVAL_MS // 4, INTERVAL_MS // 4)
            columns = (array("q", source[number].tobytes()) for source in (instances, sizes))
            histogram = Histogram(names, *columns, ones)
            shot = Snapshot(who, moment, ALL, histogram, 12.0, 60.0, {"heap_used": 1e8}, {"env": "prod"})
            some.append(Batch(f"agent{number}", minute, [shot], [_metrics(who, base, minute, chance)]))
        yield some


def _metrics(who: JvmId, base: int, minute: int, chance: random.Random) -> MetricBlock:
    times = array("q", range(base, base + INTERVAL_MS, 10_000))
    labels = {"host": who.host, "jvm": who.jvm, "pid": str(who.pid), "started": str(who.started)}
    level = 1e8 + 1e5 * minute
    values = {name: array("d", [level + chance.randrange(1_000_000) for _ in times]) for name in METRICS}
    return MetricBlock(labels, times, values)


def questions(store: Store, end: int, chance: random.Random) -> dict[str, Callable[[], Any]]:
    """What the screens ask."""
    hour = {"from_": end - 3_600_000, "to": end}
    day = {"from_": end - 86_400_000, "to": end}

    def host() -> str:
        return f"host{chance.randrange(JVMS):03}"

    def three() -> list[str]:
        return [f"host{number:03}" for number in chance.sample(range(JVMS), 3)]

    def name() -> str:
        number = chance.randrange(CLASSES)
        return f"com.company.{_package(number)}.Class{number}"

    def ago(minutes: int) -> int:
        return end - minutes * 60_000

    return {
        "fleet, 100 JVMs, 1 h": lambda: store.fleet(**hour),
        "totals of a JVM, 1 h": lambda: store.totals(host=host(), **hour),
        "totals of all JVMs, 24 h": lambda: store.totals(**day),
        "top 10 of a JVM, 1 h": lambda: store.top(host=host(), **hour),
        "top 10 of three JVMs, 24 h": lambda: store.top(host=three(), **day),
        "classes of a JVM, newest": lambda: store.classes(host=host(), at=end),
        "classes of a JVM, 45 min against now": lambda: store.classes(
            host=host(), before=ago(45), at=end, sort="delta_bytes"
        ),
        "classes of a JVM, between two past moments": lambda: store.classes(
            host=host(), before=ago(60), at=ago(20), sort="rate"
        ),
        "packages of a JVM, 45 min against now": lambda: store.packages(host=host(), before=ago(45), at=end),
        "one class on three hosts, 1 h": lambda: store.class_history(classes=[name()], host=three(), **hour),
        "one class on all hosts, 1 h": lambda: store.class_history(classes=[name()], **hour),
        "a package by host, all hosts, 1 h": lambda: store.class_history(
            classes=["com.company.part3.sub3.*"], by="host", **hour
        ),
        "a metric of a JVM, 1 h": lambda: store.metric(metrics=["jvm.heap.used"], host=host(), **hour),
        "a metric of all JVMs, 1 h": lambda: store.metric(metrics=["jvm.heap.used"], **hour),
        "list of histograms of a JVM": lambda: store.snapshots(host=host(), **hour),
    }


def measure(ask: Callable[[], Any], repeat: int) -> dict[str, float]:
    ask()
    walls, cpus = [], []
    for _ in range(repeat):
        cpu, wall = time.process_time(), time.perf_counter()
        ask()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    walls.sort()
    return {
        "p50_ms": statistics.median(walls),
        "p95_ms": walls[int(0.95 * (len(walls) - 1))],
        "cpu_ms": statistics.median(cpus),
    }


def report(found: dict[str, Any]) -> str:
    lines = [
        "# Latency of the screens' questions",
        "",
        f"{found['filling']['rows'] / 1e6:.0f} million class samples of {JVMS} JVMs, {CLASSES} classes each, "
        f"a histogram a minute; {found['disk_bytes'] / 1e6:.0f} MB on disk; engine {found['engine']}; "
        f"{found['cpus']} CPUs shared with other work (load average {found['load']:.0f}). "
        "Wall times in ms; CPU (median) of the whole process.",
        "",
        "| question | p50 | p95 | CPU |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {row['p50_ms']:.1f} | {row['p95_ms']:.1f} | {row['cpu_ms']:.1f} |"
        for name, row in found["questions"].items()
    ]
    return "\n".join([*lines, "", f"Command: `python benchmarks/latency.py --rows {found['asked']}`", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="directory to keep the store in, and to use again")
    parser.add_argument("--only", default="", help="questions with this in their name; writes no results")
    wish = parser.parse_args()
    directory = wish.keep or Path(tempfile.mkdtemp(prefix="heapwatch-latency-"))
    try:
        run(directory, wish)
    finally:
        if not wish.keep:
            shutil.rmtree(directory)


def run(directory: Path, wish: argparse.Namespace) -> None:
    end = int(time.time() * 1000) // 60_000 * 60_000
    made = directory / "filled.json"
    with open_store(directory / "store", Settings(fsync=False)) as store:
        if made.exists():
            kept = json.loads(made.read_text())
            end, filling = kept["end"], kept["filling"]
        else:
            filling = fill(store, wish.rows, end)
            for table in ("class_sample", "sample", "snapshot"):
                store.parts.engine.command(f"OPTIMIZE TABLE {table} FINAL")
            store.rollup()
            made.write_text(json.dumps({"end": end, "filling": filling}))
        status = store.status()
        asked = {
            name: ask for name, ask in questions(store, end, random.Random(1)).items() if wish.only in name
        }
        for _ in range(JVMS // 4):  # a server holds the newest histograms in memory soon after its start
            store.fleet(from_=end - 3_600_000, to=end)
        answers = {}
        for name, ask in asked.items():
            answers[name] = measure(ask, wish.repeat)
            print(f"{name:48}", *(f"{figure} {value:8.1f}" for figure, value in answers[name].items()))
        found = {
            "asked": wish.rows,
            "filling": filling,
            "engine": status["engine"],
            "rows": status["rows"],
            "bytes": status["bytes"],
            "disk_bytes": status["disk_bytes"],
            "cpus": len(os.sched_getaffinity(0)),
            "load": os.getloadavg()[0],
            "machine": platform.machine(),
            "questions": answers,
        }
    print(json.dumps({key: found[key] for key in ("filling", "rows", "bytes")}, indent=1))
    if not wish.only:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "latency.json").write_text(json.dumps(found, indent=1) + "\n")
        (RESULTS / "latency.md").write_text(report(found))


if __name__ == "__main__":
    main()
