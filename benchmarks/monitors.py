"""What 200 monitors cost: CPU of one round of looks, by kind; and of judging JVMs anew for a backtest.

    python benchmarks/monitors.py [--jvms 200] [--monitors 200] [--rounds 5]

A store with an hour of a fleet: per JVM 20 metrics every 15 s and a histogram of 100 classes a minute, and
log messages; one JVM in twenty leaks. For each kind there are so many monitors, no two of which look at the
same, each looked at once a minute of the store's clock. CPU is that of this process, engine and stored states
included.
Writes benchmarks/results/monitors.json and monitors.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from heapwatch import human
from heapwatch.detect.settings import Settings as DetectSettings
from heapwatch.model import ALL, Batch, Histogram, JvmId, LogBlock, MetricBlock, Snapshot
from heapwatch.monitor import marked
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.monitor.load import Rulebook, combined
from heapwatch.monitor.replay import Replay
from heapwatch.monitor.sight import Sight
from heapwatch.monitor.stretch import tried
from heapwatch.monitor.verdicts import LiveVerdicts, PastVerdicts
from heapwatch.monitor.watch import MonitorWatch
from heapwatch.store import Settings, Store, open_store

RESULTS = Path(__file__).with_name("results")
MINUTE = 60_000
HOUR = 60 * MINUTE
END = 1_790_000_040_000 // MINUTE * MINUTE
CLASSES = 100
METRICS = ("jvm.heap.used", "jvm.heap.max", "jvm.heap.after_gc", *(f"app.metric{each}" for each in range(17)))
STEP = 15_000
HEAP_MAX = 4e9
LEAKS = 20
"""One JVM of so many leaks."""

Number = Callable[[int], str]
KINDS: dict[str, Number] = {
    "query: one host": lambda n: (
        f"kind: query, query: metric=jvm.heap.used host=host{n:03} | max by host, critical: {{above: 3.9GiB}}"
    ),
    "query: all hosts": lambda n: (
        f"kind: query, query: metric={METRICS[n % 20]} | max by host, "
        f"window: {5 + n // 20}m, critical: {{above: 1e15}}"
    ),
    "query: a share, all hosts": lambda n: (
        f'kind: query, query: "#A: metric=app.metric{n % 17} | max by host\\n'
        f'#B: metric=jvm.heap.max | max by host\\n#C: 100 * #A / #B along host", '
        f"window: {5 + n // 17}m, critical: {{above: 1e15}}"
    ),
    "outlier: all hosts": lambda n: (
        f"kind: outlier, query: metric={METRICS[n % 20]} | max by host, "
        f"window: {5 + n // 20}m, critical: {{above: 1000}}"
    ),
    "log: one host": lambda n: f"kind: log, query: error host=host{n:03}, critical: {{above: 1000}}",
    "missing: one host": lambda n: f"kind: missing, match: {{host: host{n:03}}}, critical: {5 + n % 7}m",
    "missing: all hosts": lambda n: f"kind: missing, of: hosts, critical: {300 + n}s",
    "collection: all JVMs": lambda n: f"kind: collection, critical: {300 + n}s",
    "leak: all services": lambda n: f"kind: leak, per_hour: {n}",
    "exhaustion: all JVMs": lambda n: f"kind: exhaustion, critical: {{below: {60 + n}m}}",
}


class Fleet:
    """A store, its clock, and who is in it."""

    def __init__(self, store: Store, clock: list[int], jvms: int) -> None:
        self.store = store
        self.clock = clock
        self.jvms = jvms
        self._number = 0
        self._chance = np.random.default_rng(1)

    def fill(self) -> None:
        """An hour of everything that ends at END."""
        for number in range(self.jvms):
            self._insert(metrics=[self._metrics(number)])
        for at in range(END - HOUR + MINUTE, END + 1, MINUTE):
            self._insert(snapshots=[self._histogram(number, at) for number in range(self.jvms)])
        for number in range(self.jvms):
            times = np.sort(self._chance.integers(END - HOUR, END, 300))
            texts = [
                f"{'error' if each % 10 == 0 else 'info'} request {each} took 17 ms" for each in range(300)
            ]
            host = {"host": who(number).host, "_sourceCategory": "app"}
            self.store.insert_logs([LogBlock(host, array("q", times.tolist()), texts)])

    def minute(self) -> None:
        """Time goes by, and the agents go on."""
        self.clock[0] += MINUTE
        now = self.clock[0]
        times = array("q", range(now - MINUTE + STEP, now + 1, STEP))
        blocks = [
            MetricBlock(labels(each), times, {name: array("d", [1e9] * len(times)) for name in METRICS})
            for each in range(self.jvms)
        ]
        self._insert(blocks, [self._histogram(number, now) for number in range(self.jvms)])

    def _insert(
        self, metrics: list[MetricBlock] | None = None, snapshots: list[Snapshot] | None = None
    ) -> None:
        self._number += 1
        self.store.insert([Batch("benchmark", self._number, snapshots or [], metrics or [])])

    def _metrics(self, number: int) -> MetricBlock:
        times = array("q", range(END - HOUR + STEP, END + 1, STEP))
        walk = 1e9 + np.cumsum(self._chance.normal(0, 1e6, (len(METRICS), len(times))), axis=1)
        values = {name: array("d", row.tolist()) for name, row in zip(METRICS, walk, strict=True)}
        return MetricBlock(labels(number), times, values)

    def _histogram(self, number: int, at: int) -> Snapshot:
        minutes = (at - END + HOUR) / MINUTE
        counts = 10_000 + 100 * np.arange(CLASSES) + self._chance.integers(0, 50, CLASSES)
        if number % LEAKS == 0:
            counts[7] += int(20_000 * minutes)
        sizes = counts * 400
        classes = [f"com.shop.part{each % 12}.Class{each}" for each in range(CLASSES)]
        ones = array("q", [1] * CLASSES)
        heap = {
            "heap_max": HEAP_MAX,
            "eden_used": float(self._chance.integers(1_000_000, 30_000_000)),
            "young_collections": float(int(4 * minutes)),
            "old_collections": float(int(minutes / 10)),
        }
        rows = Histogram(classes, array("q", counts.tolist()), array("q", sizes.tolist()), ones)
        return Snapshot(who(number), at, ALL, rows, heap=heap, labels={"service": f"shop{number % 10}"})


def who(number: int) -> JvmId:
    return JvmId(f"host{number:03}", "shop", number + 1, END - 3 * HOUR)


def labels(number: int) -> dict[str, str]:
    return {name: str(value) for name, value in who(number)._asdict().items()}


def book(kind: str, count: int) -> Rulebook:
    place = list(KINDS).index(kind)  # a name of its own: states of that name and kind go on
    rows = "\n".join(
        f"  - {{name: k{place}-{number}, every: 1m, delay: 0s, {KINDS[kind](number)}}}"
        for number in range(count)
    )
    return combined([marked.parse(f"monitors:\n{rows}\n", "benchmark")])


def rounds(fleet: Fleet, leaks: LeakWatch, kind: str, wish: argparse.Namespace) -> dict[str, Any]:
    """CPU and wall of the rounds after the first, ms."""
    sight = Sight(fleet.store, LiveVerdicts(leaks))
    watch = MonitorWatch(fleet.store.kept, sight, lambda: fleet.clock[0], lambda _: None)
    watch.use(book(kind, wish.monitors))
    watch.round()
    cpus, walls = [], []
    for _ in range(wish.rounds):
        fleet.minute()
        cpu, wall = time.process_time(), time.perf_counter()
        assert watch.round() == wish.monitors
        cpus.append((time.process_time() - cpu) * 1000)
        walls.append((time.perf_counter() - wall) * 1000)
    watched = [each for _, each in watch.watched() if each is not None]
    errors = sorted({each.error for each in watched if each.error})
    assert not errors, (kind, errors)
    groups = sum(len(each.states) for each in watched)
    return {
        "groups": groups,
        "cpu_ms": statistics.median(cpus),
        "wall_ms": statistics.median(walls),
        "of_a_core": statistics.median(cpus) / MINUTE,
    }


def anew(fleet: Fleet) -> dict[str, Any]:
    """An exhaustion monitor tried on the last hour and a half; and what a judgement with classes costs."""
    (monitor,) = book("exhaustion: all JVMs", 1).monitors
    from_, to = END - 30 * MINUTE, fleet.clock[0]
    replay = Replay(fleet.store, DetectSettings(), 12 * HOUR, from_, to)
    sight = Sight(fleet.store, PastVerdicts([], replay))
    cpu = time.process_time()
    found = tried(monitor, sight, from_, to, replay.going_on)
    told = {
        "looks": found.looks,
        "judged": replay.judged,
        "cpu_s": time.process_time() - cpu,
        "transitions": len(found.transitions),
    }
    return {**told, "ms_each": told["cpu_s"] * 1000 / replay.judged}


def measured(fleet: Fleet, wish: argparse.Namespace) -> dict[str, Any]:
    cpu = time.process_time()
    leaks = LeakWatch(fleet.store, DetectSettings(), lambda: fleet.clock[0], lambda _: None, 12 * HOUR)
    judged = leaks.round().judged
    with_classes = (time.process_time() - cpu) * 1000 / judged
    found: dict[str, Any] = {}
    for kind in KINDS:
        found[kind] = rounds(fleet, leaks, kind, wish)
        print(kind, {name: round(value, 3) for name, value in found[kind].items()}, flush=True)
    status = fleet.store.status()
    return {
        "monitors": wish.monitors,
        "jvms": fleet.jvms,
        "series": len(fleet.store.parts.names.series.by_id),
        "rows": {name: status["rows"][name] for name in ("sample", "snapshot", "class_sample", "log")},
        "leaks": sum(each.is_open for each in leaks.records()),
        "engine": status["engine"]["version"] if isinstance(status["engine"], dict) else status["engine"],
        "kinds": found,
        "judged_ms": with_classes,
        "anew": anew(fleet),
    }


def report(found: dict[str, Any]) -> str:
    rows, again = found["rows"], found["anew"]
    lines = [
        "# What monitors cost",
        "",
        f"{found['monitors']} monitors of a kind, no two alike, looked at once a minute, on a store of "
        f"{found['jvms']} JVMs: {found['series']:,} series, {rows['sample']:,} samples, {rows['snapshot']:,} "
        f"histograms with {rows['class_sample']:,} class samples, {rows['log']:,} log messages; "
        f"open: {human.plural(found['leaks'], 'leak')}. Median of {found['rounds']} rounds after the first; "
        "CPU of the whole process, engine and stored states included. "
        f"{found['cpus']} CPUs ({found['machine']}) at load {found['load_before']} before and "
        f"{found['load_after']} after; engine {found['engine']}.",
        "",
        "| kind | groups | CPU ms a round | ms a monitor | wall ms | of one core |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for kind, row in found["kinds"].items():
        each = row["cpu_ms"] / found["monitors"]
        figures = f"{row['cpu_ms']:,.0f} | {each:.1f} | {row['wall_ms']:,.0f} | {row['of_a_core']:.1%}"
        lines.append(f"| {kind} | {row['groups']:,} | {figures} |")
    lines += [
        "",
        "`missing` and `collection` ask the store once a round for all monitors together; `leak` and "
        "`exhaustion` ask the detector, which judges anyway.",
        "",
        f"A backtest of `exhaustion` that judges JVMs anew: {again['looks']} looks, {again['judged']:,} "
        f"judgements, {again['cpu_s']:.1f} s of CPU: {again['ms_each']:.1f} ms a judgement, reading and "
        f"looks included. With the classes, which leaks need, a judgement took {found['judged_ms']:.0f} ms "
        "on this store of small heaps: leaks are tried on what was noted of them instead.",
        "",
        "Command: `python benchmarks/monitors.py "
        f"--jvms {found['jvms']} --monitors {found['monitors']} --rounds {found['rounds']}`",
        "",
    ]
    return "\n".join(lines)


def machine() -> str:
    models = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    return models[0].partition(":")[2].strip() if models else os.uname().machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jvms", type=int, default=200)
    parser.add_argument("--monitors", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    wish = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="heapwatch-monitors-"))
    clock = [END]
    try:
        settings = Settings(fsync=False, min_free_disk_bytes=0)
        with open_store(directory / "store", settings, clock=lambda: clock[0]) as store:
            fleet = Fleet(store, clock, wish.jvms)
            fleet.fill()
            print("filled", flush=True)
            before = round(os.getloadavg()[0], 1)
            found = measured(fleet, wish)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    found |= {"rounds": wish.rounds, "cpus": os.cpu_count(), "machine": machine(), "load_before": before}
    found["load_after"] = round(os.getloadavg()[0], 1)
    (RESULTS / "monitors.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "monitors.md").write_text(report(found))
    print(report(found))


if __name__ == "__main__":
    main()
