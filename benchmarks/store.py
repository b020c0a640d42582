"""What it costs to store histograms: from text to rows, on disk, with and without fsync.

    python benchmarks/store.py [--jvms 6] [--classes 8000] [--rounds 60]

Made-up heaps of the same kind as in latency.py, printed as `jmap -histo` prints them, parsed by the agent's
parser and inserted as agents' batches, one insert a round. CPU is this process's with the engine's threads:
merges of earlier inserts are in it. Figures of one run are comparable with each other, not with those of
another machine.
Writes benchmarks/results/store.json and store.md.
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from heapwatch.jvm.histogram import Parser, render
from heapwatch.model import ALL, Batch, Histogram, JvmId, Snapshot
from heapwatch.store import Settings, Store, open_store
from latency import Heaps

RESULTS = Path(__file__).with_name("results")
INTERVAL_MS = 10_000


def histograms(jvms: int, classes: int, rounds: int) -> Iterator[list[Histogram]]:
    """Every round a histogram of each JVM."""
    heaps = Heaps(classes)
    ones = array("q", [1]) * classes
    for each in range(rounds):
        instances, sizes = heaps.after(each)
        yield [
            Histogram(
                heaps.names, *(array("q", source[jvm].tobytes()) for source in (instances, sizes)), ones
            )
            for jvm in range(jvms)
        ]


def batches(found: list[Histogram], end: int, number: int) -> list[Batch]:
    moment = end + number * INTERVAL_MS
    return [
        Batch(f"agent{jvm}", number, [Snapshot(JvmId(f"host{jvm}", "shop", 4711, end), moment, ALL, each)])
        for jvm, each in enumerate(found)
    ]


class Cost:
    """Wall and CPU time of each of many runs of one thing."""

    def __init__(self) -> None:
        self.walls: list[float] = []
        self.cpus: list[float] = []

    def of(self, work: Callable[[], Any]) -> Any:
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        self.walls.append(time.perf_counter() - wall)
        self.cpus.append(time.process_time() - cpu)
        return result

    def figures(self, rows: int) -> dict[str, float]:
        return {
            "wall_ms_p50": statistics.median(self.walls) * 1000,
            "wall_ms_p95": sorted(self.walls)[int(0.95 * (len(self.walls) - 1))] * 1000,
            "cpu_ms_p50": statistics.median(self.cpus) * 1000,
            "rows_per_cpu_s": rows / sum(self.cpus),
        }


def inserted(store: Store, found: list[list[Histogram]], end: int, first: int = 0) -> dict[str, float]:
    cost, rows = Cost(), 0
    for number, some in enumerate(found):
        given = batches(some, end, first + number)
        cost.of(lambda given=given: store.insert(given))
        rows += sum(map(len, some))
    return cost.figures(rows)


def from_text(store: Store, texts: list[list[str]], end: int, first: int) -> dict[str, Any]:
    """Parse and insert, with the share of each. The names have been met before, as in all rounds but one."""
    memory: dict[str, tuple[str, str]] = {}
    parsers = [Parser(memory=memory) for _ in texts[0]]
    for parser, text in zip(parsers, texts[0], strict=True):
        parser.parse(text)
    parsing, inserting, rows = Cost(), Cost(), 0
    for number, some in enumerate(texts):
        pairs = list(zip(parsers, some, strict=True))
        found = parsing.of(lambda pairs=pairs: [parser.parse(text) for parser, text in pairs])
        given = batches(found, end, first + number)
        inserting.of(lambda given=given: store.insert(given))
        rows += sum(map(len, found))
    whole = sum(parsing.cpus) + sum(inserting.cpus)
    return {
        "parse": parsing.figures(rows),
        "insert": inserting.figures(rows),
        "rows_per_cpu_s": rows / whole,
    }


def on_disk(store: Store) -> dict[str, float]:
    """Bytes of a class sample once merges are done, column by column."""
    engine = store.parts.engine
    engine.command("OPTIMIZE TABLE class_sample FINAL")
    columns = engine.query(
        "SELECT column, sum(column_data_compressed_bytes) AS bytes, sum(rows) AS rows "
        "FROM system.parts_columns WHERE database = currentDatabase() AND table = 'class_sample' AND active "
        "GROUP BY column"
    )
    rows = int(columns["rows"][0])
    found = {
        name: size / rows for name, size in zip(columns["column"], columns["bytes"].tolist(), strict=True)
    }
    whole = engine.query(
        "SELECT sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts "
        "WHERE database = currentDatabase() AND table = 'class_sample' AND active"
    )
    return {"samples": rows, "bytes_per_row": int(whole["bytes"][0]) / int(whole["rows"][0]), **found}


def memory_mb() -> dict[str, float]:
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon", "VmHWM")}


def measured(directory: Path, wish: argparse.Namespace) -> dict[str, Any]:
    end = int(time.time() * 1000) - wish.rounds * 4 * INTERVAL_MS
    found = list(histograms(wish.jvms, wish.classes, wish.rounds))
    rss = {"before the engine": memory_mb()}
    results: dict[str, Any] = {}
    for name, fsync in (("without fsync", False), ("with fsync", True)):
        with open_store(directory / name.replace(" ", "-"), Settings(fsync=fsync)) as store:
            inserted(store, found[:3], end)  # names are stored once
            results[name] = inserted(store, found[3:], end, 3)
            if fsync:
                continue
            rss["after the inserts"] = memory_mb()
            texts = [[render(each) for each in some] for some in found]
            results["from text"] = from_text(store, texts, end, wish.rounds)
            results["on disk"] = on_disk(store)
            results["engine"] = store.status()["engine"]
    return {
        "rows_per_insert": wish.jvms * wish.classes,
        "cpus": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "rss_mb": rss,
        **results,
    }


def report(found: dict[str, Any], wish: argparse.Namespace) -> str:
    text, disk, rss = found["from text"], found["on disk"], found["rss_mb"]["after the inserts"]
    columns = ", ".join(
        f"{name} {size:.3f}" for name, size in disk.items() if name not in ("samples", "bytes_per_row")
    )
    rows = [
        f"| {name} | {found[name]['wall_ms_p50']:.1f} | {found[name]['wall_ms_p95']:.1f} | "
        f"{found[name]['cpu_ms_p50']:.1f} | {found[name]['rows_per_cpu_s'] / 1e6:.2f} |"
        for name in ("without fsync", "with fsync")
    ]
    return "\n".join(
        [
            "# Storing histograms",
            "",
            f"{wish.jvms} JVMs, {wish.classes} classes each, {found['rows_per_insert']} rows an insert, "
            f"{wish.rounds} inserts; engine {found['engine']}; {found['cpus']} CPUs shared with other work "
            f"(load average {found['load']:.0f}). CPU is the whole process's, merges included.",
            "",
            "| an insert | wall p50 ms | wall p95 ms | CPU p50 ms | M rows / CPU s |",
            "|---|---:|---:|---:|---:|",
            *rows,
            "",
            f"Histogram text to stored rows: {text['rows_per_cpu_s'] / 1e6:.2f} M rows a CPU second "
            f"(parsing alone {text['parse']['rows_per_cpu_s'] / 1e6:.2f} M, "
            f"inserting alone {text['insert']['rows_per_cpu_s'] / 1e6:.2f} M).",
            "",
            f"On disk after merges: {disk['bytes_per_row']:.2f} bytes a class sample ({columns}).",
            "",
            f"Memory after the inserts: {rss['VmRSS']:.0f} MB RSS, of it {rss['RssAnon']:.0f} MB anonymous "
            "(the rest is the engine's library, mapped).",
            "",
            f"Command: `python benchmarks/store.py --jvms {wish.jvms} --classes {wish.classes} "
            f"--rounds {wish.rounds}`",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jvms", type=int, default=6)
    parser.add_argument("--classes", type=int, default=8000)
    parser.add_argument("--rounds", type=int, default=60)
    wish = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="heapwatch-store-"))
    try:
        found = measured(directory, wish)
    finally:
        shutil.rmtree(directory)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "store.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "store.md").write_text(report(found, wish))
    print(report(found, wish))


if __name__ == "__main__":
    main()
