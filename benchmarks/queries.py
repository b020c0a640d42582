"""How long twenty typical queries of the language take on 50 million class samples, and on ten times as many.

    python benchmarks/queries.py [--rows 50000000] [--times 10] [--repeat 10] [--keep DIRECTORY]

The heaps are those of latency.py: 100 JVMs, 5,000 classes each, a histogram a minute. For the larger store
the engine copies the smaller one back in time, so that the same JVMs have run ten times as long; every query
asks both for the same range, so the difference is what the size alone costs. Queries are asked in turn by one
asker, each of other hosts and classes than the time before. CPU is that of this process, engine included.
Writes benchmarks/results/queries.json and queries.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import latency
from heapwatch.query.run import run
from heapwatch.store import Settings, Store, open_store

RESULTS = Path(__file__).with_name("results")
HOUR = 3_600_000


def queries(chance: random.Random) -> dict[str, tuple[float, Callable[[], str]]]:
    """Hours of the range, and a text that is of another host or class each time."""

    def host() -> str:
        return f"host{chance.randrange(latency.JVMS):03}"

    def class_() -> str:
        number = chance.randrange(latency.CLASSES)
        return f"com.company.{latency._package(number)}.Class{number}"

    def part() -> str:
        return f"part{chance.randrange(12)}"

    return {
        "total of a host": (1, lambda: f"{host()}.size.** | sum"),
        "total of a host, by labels": (1, lambda: f"metric=heap.bytes host={host()} | sum by host"),
        "totals of all hosts": (1, lambda: "metric=heap.bytes | sum by host"),
        "top consumers of a host by count": (
            1,
            lambda: f"{host()}.count.** | parse *.count.** as host, class | sum by class | topk(10, max)",
        ),
        "top consumers of a host by bytes": (
            1,
            lambda: f"metric=heap.bytes host={host()} | sum by class | topk(10, max)",
        ),
        "top consumers without the largest": (
            1,
            lambda: (
                f"{host()}.size.** | parse *.size.** as host, class | sum by class"
                " | where max < 10000000 | topk(10, max)"
            ),
        ),
        "a package over the fleet": (
            1,
            lambda: f"*.size.com.company.{part()}.** | parse *.size.** as host, class | sum by host",
        ),
        "one class on all hosts": (1, lambda: f"metric=heap.instances class={class_()} | sum by host"),
        "one class on three hosts": (
            1,
            lambda: f"metric=heap.instances class={class_()} host=({host()}, {host()}, {host()})",
        ),
        "a class by keyword, one host": (1, lambda: f"{host()}.size.**Class{chance.randrange(100)}* | sum"),
        "growth of a class": (1, lambda: f"metric=heap.instances class={class_()} | sum by host | delta"),
        "rate of a class, largest hosts": (
            1,
            lambda: f"metric=heap.instances class={class_()} | sum by host | rate | topk(5, avg)",
        ),
        "classes that grow, one host": (
            1,
            lambda: f"metric=heap.instances host={host()} | sum by class | topk(10, slope)",
        ),
        "packages of a host": (
            1,
            lambda: f"metric=heap.bytes host={host()} package=com.company.{part()}* | sum by package",
        ),
        "bytes an instance (a join)": (
            1,
            lambda: (
                lambda name: (
                    f"#A metric=heap.bytes class={name} | sum by host\n"
                    f"#B metric=heap.instances class={name} | sum by host\n#A / #B along host"
                )
            )(class_()),
        ),
        "when is it full": (
            1,
            lambda: f"metric=jvm.heap.used host={host()} | predict until=1000000000",
        ),
        "a metric of all JVMs": (1, lambda: "metric=jvm.heap.used | avg by jvm"),
        "a metric smoothed": (1, lambda: f"metric=jvm.gc.load host={host()} | ewma alpha=0.2"),
        "a class on a host, all day": (24, lambda: f"metric=heap.instances class={class_()} host={host()}"),
        "two instants as a difference": (
            1,
            lambda: (
                f"metric=heap.bytes host={host()} package=com.company.{part()}* | diff between -50m and now"
            ),
        ),
    }


def grow(store: Store, rounds: int, step_ms: int) -> None:
    """Let every JVM have run `rounds` times as long: the engine copies all samples back in time."""
    command = store.parts.engine.command
    shift = "fromUnixTimestamp64Milli(toUnixTimestamp64Milli(time) - {shift:Int64})"
    plain = {"class_sample": "time, incarnation, class, mode, instances, unit, rest, rows"}
    newest = store.parts.engine.query("SELECT min(time) AS first FROM snapshot")["first"][0]
    for number in range(1, rounds):
        for table in ("class_sample", "snapshot", "sample"):
            found = store.parts.engine.query(
                "SELECT name FROM system.columns WHERE database = currentDatabase() "
                "AND table = {table:String} AND default_kind != 'ALIAS'",
                {"table": table},
            )
            names = plain.get(table, ", ".join(found["name"]))
            chosen = ", ".join(shift if name == "time" else name for name in names.split(", "))
            command(
                f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} "
                "WHERE time >= {first:DateTime64(3)}",
                {"shift": number * step_ms, "first": str(newest)},
            )
    command(
        "INSERT INTO incarnation SELECT id, jvm, pid, started, labels, "
        "fromUnixTimestamp64Milli(toUnixTimestamp64Milli(first_seen) - {shift:Int64}), version + 1 "
        "FROM incarnation FINAL",
        {"shift": (rounds - 1) * step_ms},
    )


def measure(store: Store, hours: float, text: Callable[[], str], end: int, repeat: int) -> dict[str, float]:
    """Wall and CPU of one query, and what it read."""
    span = {"from_": end - int(hours * HOUR), "to": end, "now_ms": end}
    read = run(store, text(), **span)["read"]  # type: ignore[arg-type]
    walls, cpus = [], []
    for _ in range(repeat):
        cpu, wall = time.process_time(), time.perf_counter()
        run(store, text(), **span)  # type: ignore[arg-type]
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    walls.sort()
    return {
        "p50_ms": statistics.median(walls),
        "p95_ms": walls[round(0.95 * (len(walls) - 1))],
        "cpu_ms": statistics.median(cpus),
        "points": read["points"],
        "series": read["series"],
    }


def asked(store: Store, end: int, repeat: int) -> dict[str, Any]:
    """All queries on the store as it is."""
    status = store.status()
    answers = {}
    for name, (hours, text) in queries(random.Random(1)).items():
        answers[name] = measure(store, hours, text, end, repeat)
        shown = " ".join(f"{figure} {value:.1f}" for figure, value in answers[name].items())
        print(f"{name:36} {shown}", flush=True)
    return {
        "rows": status["rows"]["class_sample"],
        "disk_bytes": status["disk_bytes"],
        "load": os.getloadavg()[0],
        "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "queries": answers,
    }


def report(found: dict[str, Any]) -> str:
    small, large = found["stores"]
    lines = [
        "# Queries",
        "",
        f"{latency.JVMS} JVMs, {latency.CLASSES} classes each, a histogram a minute; "
        f"{small['rows'] / 1e6:.0f} million class samples ({small['disk_bytes'] / 1e6:.0f} MB), then "
        f"{large['rows'] / 1e6:.0f} million ({large['disk_bytes'] / 1e6:.0f} MB). Wall and CPU in ms; one "
        f"asker; {found['cpus']} CPUs at load {small['load']:.0f} and {large['load']:.0f}; engine "
        f"{found['engine']}; largest resident memory {small['peak_rss'] / 1e6:.0f} and "
        f"{large['peak_rss'] / 1e6:.0f} MB (the filling included).",
        "",
        "| query | points | p50 | p95 | CPU | p50, larger | p95, larger | CPU, larger | CPU ratio |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in small["queries"].items():
        other = large["queries"][name]
        cells = [row["points"], row["p50_ms"], row["p95_ms"], row["cpu_ms"]]
        cells += [other["p50_ms"], other["p95_ms"], other["cpu_ms"]]
        figures = " | ".join(f"{cell:,.0f}" for cell in cells)
        lines.append(f"| {name} | {figures} | {other['cpu_ms'] / max(row['cpu_ms'], 0.1):.1f} |")
    return "\n".join([*lines, "", f"Command: `python benchmarks/queries.py --rows {found['asked']}`", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="directory to keep the store in, and to use again")
    parser.add_argument("--fill-only", action="store_true", help="with --keep: measure another time")
    wish = parser.parse_args()
    directory = wish.keep or Path(tempfile.mkdtemp(prefix="heapwatch-queries-"))
    directory.mkdir(exist_ok=True)
    end = int(time.time() * 1000) // 60_000 * 60_000
    settings = Settings(fsync=False)
    made = directory / "filled.json"
    try:
        with open_store(directory / "store", settings) as store:
            if made.exists():
                kept = json.loads(made.read_text())
                end, filling = kept["end"], kept["filling"]
            else:
                filling = latency.fill(store, wish.rows, end)
                store.parts.engine.command("OPTIMIZE TABLE class_sample FINAL")
                made.write_text(json.dumps({"end": end, "filling": filling}))
            if wish.fill_only:
                return
            stores = [asked(store, end, wish.repeat)]
            minutes = max(2, wish.rows // (latency.JVMS * latency.CLASSES))
            grow(store, wish.times, minutes * 60_000)
        with open_store(directory / "store", settings) as store:
            store.parts.engine.command("OPTIMIZE TABLE class_sample")
            stores.append(asked(store, end, wish.repeat))
            engine = store.status()["engine"]
    finally:
        if not wish.keep:
            shutil.rmtree(directory)
    found = {
        "asked": wish.rows,
        "filling": filling,
        "cpus": len(os.sched_getaffinity(0)),
        "engine": engine,
        "stores": stores,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "queries.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "queries.md").write_text(report(found))
    print(report(found))


if __name__ == "__main__":
    main()
