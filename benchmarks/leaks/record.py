"""Record the benchmark's JVMs: a histogram a second, counters beside it, one live histogram at the end.

    python benchmarks/leaks/record.py [--only 'd_Lru_*'] [--parallel 7] [--series 2] [--list]
    python benchmarks/leaks/record.py --hour        only the two runs of an hour

Resumable: what is there stays, but what a machine that was too busy has spoiled. A run is five files of one
stem, written when it is over (README.md). JVMs are started by this process, end with it, and nothing else is
touched.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import os
import queue
import random
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "leaks"
PROGRAMS = Path(__file__).with_name("programs")
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "benchmarks")]

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from heapwatch.errors import HeapwatchError  # noqa: E402
from heapwatch.jvm import discover, perfdata, sample  # noqa: E402
from heapwatch.jvm.attach import Attachment  # noqa: E402
from heapwatch.jvm.histogram import Parser  # noqa: E402
from heapwatch.model import ALL, LIVE, Histogram, Snapshot, Target  # noqa: E402
from jvms import provision  # noqa: E402
from leaks.scenarios import JDKS, Run, all_runs  # noqa: E402
from leaks.score import whole  # noqa: E402

JITTER = 0.25
STARTS_S = 20.0
PROBE_S = 60.0
HEAP = {  # column of a recording -> counter beside a histogram
    "yc": "young_collections",
    "fc": "old_collections",
    "cc": "concurrent_collections",
    "eden": "eden_used",
    "old": "old_used",
    "meta": "metaspace_used",
    "thr": "threads",
    "cls": "loaded_classes",
    "ucls": "unloaded_classes",
}
RAW = {
    "yt": "sun.gc.collector.0.time",
    "ft": "sun.gc.collector.1.time",
    "s0": "sun.gc.generation.0.space.1.used",
    "s1": "sun.gc.generation.0.space.2.used",
    "oldcap": "sun.gc.generation.1.space.0.capacity",
    "oldmax": "sun.gc.generation.1.space.0.maxCapacity",
}
GC = {"G1": "G1", "Serial": "Serial", "Parallel": "Parallel", "ZGC": "Z", "Shenandoah": "Shenandoah"}


def compiled(folder: Path) -> Path:
    """The programs' classes, for Java 11 and up."""
    target = folder / "classes"
    sources = sorted(PROGRAMS.glob("*.java"))
    stamp = target / ".stamp"
    if stamp.exists() and stamp.stat().st_mtime_ns >= max(each.stat().st_mtime_ns for each in sources):
        return target
    javac = provision.tool("javac")
    if javac is None:
        raise SystemExit("javac is needed to compile the programs (openjdk-17-jdk-headless)")
    target.mkdir(parents=True, exist_ok=True)
    flags = [
        "-nowarn",
        "-Xlint:-options",
        "--release",
        "11",
        "--add-modules",
        "jdk.compiler",
        "-encoding",
        "UTF-8",
    ]
    subprocess.run([str(javac), *flags, "-d", str(target), *map(str, sources)], check=True)
    stamp.touch()
    return target


def java_of(run: Run) -> Path:
    """The java of a run: a provisioned runtime, or for javac's sake the JDK of the machine."""
    if run.jdk == "jdk":
        javac = provision.tool("javac")
        if javac is None:
            raise SystemExit("a JDK is needed for the program that compiles")
        return javac.with_name("java")
    return provision.provision(JDKS[run.jdk]) / "bin" / "java"


def command(run: Run, classes: Path) -> list[str]:
    options = [
        f"-Xmx{run.xmx_mb}m",
        "-XX:+UnlockExperimentalVMOptions",
        f"-XX:+Use{GC[run.gc]}GC",
        *run.options,
    ]
    return [str(java_of(run)), *options, "-cp", str(classes), run.program.main, *run.arguments]


class Recorder:
    """One JVM from its start to its end."""

    def __init__(self, run: Run, classes: Path) -> None:
        self.run = run
        self.truth: list[dict[str, Any]] = []
        self.params: dict[str, float] = {}
        self.snapshots: list[Snapshot] = []
        self.columns: dict[str, list[float | None]] = {
            name: [] for name in ("t_ms", "lat_ms", "ncls", *HEAP, *RAW)
        }
        self.before: Histogram | None = None
        self.live: Histogram | None = None
        self.probe_s: float | None = None
        self.probe_ms: float | None = None
        self._chance = random.Random(run.name)
        self._classes = classes

    def record(self) -> None:
        self.t0 = time.time()
        self._process = subprocess.Popen(
            command(self.run, self._classes),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        reader = threading.Thread(target=self._listen, daemon=True)
        reader.start()
        try:
            self._watch()
        finally:
            self.end_s = time.time() - self.t0
            if self._process.poll() is None:
                self._process.terminate()
            try:
                self.rc = self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self.rc = self._process.wait()
            Path(f"/tmp/.java_pid{self._process.pid}").unlink(missing_ok=True)
            reader.join(5)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if "params" in told:
                    self.params = told["params"]
                else:
                    self.truth.append(told)

    def _watch(self) -> None:
        target = self._target()
        attachment, parser = Attachment(target), Parser()
        with perfdata.open_for(target) as counters:
            due = time.time()
            while time.time() - self.t0 < self.run.seconds and self._process.poll() is None:
                with contextlib.suppress(HeapwatchError):
                    self._take(target, attachment, parser, counters)
                due += self.run.interval * (1 + JITTER * (2 * self._chance.random() - 1))
                due = max(due, time.time() + 0.05)
                self._wait(due)
            if self._process.poll() is None:
                self._probe(attachment, parser)

    def _wait(self, until: float) -> None:
        """Till a moment, or the process's end, which is noticed at once."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(until - time.time(), 0.001))

    def _target(self) -> Target:
        while True:
            try:
                target = discover.find(str(self._process.pid))
                with perfdata.open_for(target) as counters:
                    counters.sample()
                return target
            except HeapwatchError:
                if time.time() - self.t0 > STARTS_S or self._process.poll() is not None:
                    raise
                time.sleep(0.1)

    def _take(
        self, target: Target, attachment: Attachment, parser: Parser, counters: perfdata.PerfData
    ) -> None:
        raw = counters.read(list(RAW.values()))
        mode = LIVE if self.run.mode == "live" else ALL
        taken = sample.take(target, mode, parser, counters, self.run.host, attachment, timeout=PROBE_S)
        moment = taken.time / 1000 - self.t0
        row: dict[str, float | None] = {
            "t_ms": round(moment * 1000),
            "lat_ms": taken.duration,
            "ncls": len(taken.histogram),
            **{column: taken.heap.get(counter) for column, counter in HEAP.items()},
            **{column: _plain(raw.get(counter)) for column, counter in RAW.items()},
        }
        self.snapshots.append(taken)
        for name, column in self.columns.items():
            column.append(row[name])

    def _probe(self, attachment: Attachment, parser: Parser) -> None:
        with contextlib.suppress(HeapwatchError):
            self.before = parser.parse(attachment.histogram_text(ALL, PROBE_S))
            began = time.time()
            self.live = parser.parse(attachment.histogram_text(LIVE, PROBE_S))
            self.probe_s, self.probe_ms = began - self.t0, (time.time() - began) * 1000

    def write(self, folder: Path) -> None:
        stem = folder / self.run.name
        pq.write_table(
            _hist(self.snapshots, self.columns["t_ms"]), f"{stem}.hist.parquet", compression="zstd"
        )
        pq.write_table(pa.table(self.columns), f"{stem}.samples.parquet", compression="zstd")
        if self.before is not None and self.live is not None:
            pq.write_table(_probe(self.before, self.live), f"{stem}.probe.parquet", compression="zstd")
        run = self.run
        meta = {
            "run": run.name, "scenario": run.program.main, "mode": run.mode, "gc": run.gc, "jdk": run.jdk,
            "xmx_mb": run.xmx_mb, "secs": run.seconds, "host": run.host, "service": run.service,
            "version": run.version, "args": list(run.arguments), "rc": self.rc, "probe_s": self.probe_s,
            "probe_ms": self.probe_ms, "t0": self.t0, "end_s": self.end_s, "period_s": run.interval,
            "params": self.params, "truth": self.truth,
        }  # fmt: skip
        partial = stem.with_name(f".{run.name}.meta")
        partial.write_text(json.dumps(meta))
        os.replace(partial, f"{stem}.meta.json")


def _plain(value: Any) -> float | None:
    return value if isinstance(value, int) else None


def _hist(snapshots: list[Snapshot], times: list[float | None]) -> pa.Table:
    moments: list[int] = []
    names: list[str] = []
    instances: list[int] = []
    sizes: list[int] = []
    rows: list[int] = []
    for taken, moment in zip(snapshots, times, strict=True):
        histogram = taken.histogram
        moments += [int(moment or 0)] * len(histogram)
        names += histogram.classes
        instances += histogram.instances
        sizes += histogram.bytes
        rows += histogram.rows
    return pa.table(
        {
            "t_ms": pa.array(moments, pa.int32()),
            "cls": pa.array(names, pa.string()).dictionary_encode(),
            "inst": pa.array(instances, pa.int64()),
            "bytes": pa.array(sizes, pa.int64()),
            "nrow": pa.array(rows, pa.int32()),
        }
    )


def _probe(before: Histogram, live: Histogram) -> pa.Table:
    dead = {
        name: (count, size)
        for name, count, size in zip(before.classes, before.instances, before.bytes, strict=True)
    }
    kept = {
        name: (count, size)
        for name, count, size in zip(live.classes, live.instances, live.bytes, strict=True)
    }
    names = sorted(set(dead) | set(kept))
    return pa.table(
        {
            "cls": names,
            "inst_all": [dead.get(name, (0, 0))[0] for name in names],
            "bytes_all": [dead.get(name, (0, 0))[1] for name in names],
            "inst_live": [kept.get(name, (0, 0))[0] for name in names],
            "bytes_live": [kept.get(name, (0, 0))[1] for name in names],
        }
    )


def jobs(runs: list[Run], folder: Path) -> list[list[Run]]:
    """What is not there yet; the lives of one host after each other."""
    missing = [run for run in runs if not whole(folder / run.name)]
    found: dict[str, list[Run]] = {}
    for run in missing:
        found.setdefault(run.group if run.part == "restart" else run.name, []).append(run)
    return list(found.values())


def folder_of(series: int) -> Path:
    return FOLDER if series == 1 else FOLDER.with_name(f"leaks-{series}")


def record(runs: list[Run], folder: Path, parallel: int, series: int = 1) -> int:
    """Record what is missing; how many could not be."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = {run.name: run.truth for run in all_runs(series)}
    folder.joinpath("labels.json").write_text(json.dumps(labels, indent=1))
    classes = compiled(folder)
    waiting: queue.SimpleQueue[list[Run]] = queue.SimpleQueue()
    for job in jobs(runs, folder):
        waiting.put(job)
    failed: list[str] = []

    def work() -> None:
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            for run in job:
                try:
                    recorder = Recorder(run, classes)
                    recorder.record()
                    recorder.write(folder)
                    said = f"{len(recorder.snapshots)} histograms, {recorder.end_s:.0f} s, exit {recorder.rc}"
                except Exception as error:  # noqa: BLE001  one run that fails must not end the others
                    failed.append(run.name)
                    said = f"FAILED: {error!r}"
                print(f"{time.strftime('%H:%M:%S')} {run.name}: {said} ({waiting.qsize()} to do)", flush=True)

    workers = [threading.Thread(target=work) for _ in range(parallel)]
    for number, worker in enumerate(workers):
        worker.start()
        time.sleep(0.7 if number < len(workers) - 1 else 0)
    for worker in workers:
        worker.join()
    return len(failed)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", default=[], help="names of runs, with * and ?")
    parser.add_argument("--folder", type=Path, help=".cache/leaks, or leaks-2 for series 2")
    parser.add_argument("--series", type=int, default=1, help="other seeds, exchanged collectors")
    parser.add_argument("--parallel", type=int, default=7)
    parser.add_argument("--hour", action="store_true", help="only the runs of an hour")
    parser.add_argument("--list", action="store_true", help="say what there is to record")
    parser.add_argument("--seconds", type=float, help="shorter runs, to try programs out")
    given = parser.parse_args()
    folder = given.folder or folder_of(given.series)
    runs = [run for run in all_runs(given.series) if (run.part == "hour") == given.hour]
    if given.only:
        runs = [run for run in runs if any(fnmatch.fnmatch(run.name, pattern) for pattern in given.only)]
    if given.seconds:
        runs = [replace(run, seconds=min(run.seconds, given.seconds)) for run in runs]
    if given.list:
        for run in runs:
            there = "there" if whole(folder / run.name) else "missing"
            print(f"{run.name:32} {run.label:6} {run.gc:10} {run.jdk:4} {run.mode:4} {there}")
        return 0
    return 1 if record(runs, folder, given.parallel, given.series) else 0


if __name__ == "__main__":
    sys.exit(main())
