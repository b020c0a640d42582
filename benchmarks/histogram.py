"""What one class histogram costs: ours against jmap, jcmd and jattach, on the same JVM in the same run.

    python benchmarks/histogram.py [--runs 20] [--classes 2000] [--objects 200000]

The tools take turns, so that other jobs on the machine meet all of them alike; what counts are the ratios.
Kept: at least 40 times less CPU than jmap for a histogram taken by a resident process (the agent, `top`,
`watch`), and not more than twice jattach's wall time. CPU is user and system time of the tool with all its
threads; the JVM's own work is the same for all. Also: how long JDK 25 stands still for us and for jattach,
and how fast texts are parsed. Writes benchmarks/results/histogram.{json,md}.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from heapwatch.jvm import perfdata, sample  # noqa: E402
from heapwatch.jvm.attach import Attachment  # noqa: E402
from heapwatch.jvm.counters import safepoint_ms  # noqa: E402
from heapwatch.jvm.histogram import Parser, parse  # noqa: E402
from jvms import provision  # noqa: E402
from jvms.fixtures import Program, starter, target_of  # noqa: E402

CPU_RATIO_KEPT = 40.0
WALL_RATIO_KEPT = 2.0
GNU_TIME = "/usr/bin/time"

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}

Cost = Dict[str, float]  # wall_ms, cpu_ms, and rss_mb where it is known

RESIDENT = """
import json, os, sys, time
from heapwatch.jvm import discover, perfdata, process, sample
from heapwatch.jvm.attach import Attachment
from heapwatch.jvm.histogram import Parser
target = discover.find(sys.argv[1])
attachment, parser, counters = Attachment(target), Parser(), perfdata.open_for(target)
for line in sys.stdin:
    wall, cpu = time.perf_counter(), time.process_time()
    if line == "text\\n":
        attachment.histogram_text()
    else:
        sample.take(target, "all", parser, counters, attachment=attachment)
    cost = {"wall_ms": (time.perf_counter() - wall) * 1e3, "cpu_ms": (time.process_time() - cpu) * 1e3}
    print(json.dumps(dict(cost, rss_mb=process.status(os.getpid()).rss / 2**20)), flush=True)
"""


ONCE = """
import sys
from heapwatch.jvm import discover, sample
print(len(sample.take(discover.find(sys.argv[1])).histogram))
"""


class Resident:
    """A process that stays, as an agent does, and takes a histogram when told."""

    def __init__(self, pid: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RESIDENT, str(pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )

    def take(self, what: str) -> Cost:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def stop(self) -> None:
        self._process.communicate()


def command_cost(command: List[str]) -> Cost:
    """A whole process from start to end, its output thrown away."""
    measured = [GNU_TIME, "-f", "%M", *command] if os.access(GNU_TIME, os.X_OK) else command
    began = time.perf_counter()
    process = subprocess.Popen(
        measured, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    assert process.stderr
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    wall, cpu = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    cost = {"wall_ms": wall * 1e3, "cpu_ms": cpu * 1e3}
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: {said.strip()}")
    if measured is not command:
        cost["rss_mb"] = int(said.split()[-1]) / 1024
    return cost


@contextlib.contextmanager
def lab(home: Path, *flags: str, classes: int, objects: int) -> Iterator[Program]:
    started: List[Program] = []
    try:
        program = starter(provision.classes(), started)(home, "Lab", *flags)
        program.tell(f"many {classes}")
        program.tell(f"hold {objects}")
        program.tell("gc")
        yield program
    finally:
        for program in started:
            program.stop()


def tools(pid: int) -> Dict[str, Callable[[], Cost]]:
    """What is compared, by the name in the table; what this machine lacks is left out."""
    found: Dict[str, List[str]] = {}
    jmap, jcmd, jattach = provision.tool("jmap"), provision.tool("jcmd"), shutil.which("jattach")
    if jmap:
        found["jmap -histo"] = [str(jmap), "-histo", str(pid)]
    if jcmd:
        found["jcmd GC.class_histogram -all"] = [str(jcmd), str(pid), "GC.class_histogram", "-all"]
    if jattach:
        found["jattach inspectheap -all"] = [jattach, str(pid), "inspectheap", "-all"]
    found["heapwatch's jvm room, a new process"] = [sys.executable, "-c", ONCE, str(pid)]
    own = Path(sys.executable).with_name("heapwatch")
    if own.exists():
        found["heapwatch histo, a new process"] = [str(own), "histo", str(pid), "-o", "csv"]
    return {name: (lambda command=command: command_cost(command)) for name, command in found.items()}


def compare(runs: int, classes: int, objects: int) -> Dict[str, Any]:
    jmap = provision.tool("jmap")
    home = jmap.resolve().parents[1] if jmap else next(iter(provision.homes().values()))
    with lab(home, "-XX:+UseG1GC", "-Xmx256m", classes=classes, objects=objects) as program:
        resident = Resident(program.pid)
        rivals: Dict[str, Callable[[], Cost]] = {
            "heapwatch, resident: ask, parse, counters": lambda: resident.take("take"),
            "heapwatch, resident: ask only": lambda: resident.take("text"),
            **tools(program.pid),
        }
        costs: Dict[str, List[Cost]] = {name: [] for name in rivals}
        try:
            for run in range(runs + 2):
                for name, measure in rivals.items():
                    cost = measure()
                    if run >= 2:  # the first two warm caches, ours and the file system's
                        costs[name].append(cost)
        finally:
            resident.stop()
        rows = len(parse(Attachment(target_of(program.pid)).histogram_text()))
    return {
        "jvm": provision.version_of(home),
        "classes": rows,
        "objects": objects,
        "tools": {name: summary(list_) for name, list_ in costs.items()},
    }


def summary(costs: List[Cost]) -> Dict[str, Optional[float]]:
    def middle(what: str) -> Optional[float]:
        values = [cost[what] for cost in costs if what in cost]
        return round(statistics.median(values), 3) if values else None

    least = round(min(cost["wall_ms"] for cost in costs), 3)
    return {
        "wall_ms": middle("wall_ms"),
        "wall_least_ms": least,
        "cpu_ms": middle("cpu_ms"),
        "rss_mb": middle("rss_mb"),
    }


def pauses(runs: int, classes: int) -> Optional[Dict[str, Any]]:
    """How long an application on JDK 25 stands for a histogram, by the VM's own count. In turns."""
    home, jattach = provision.homes().get("25.0.2"), shutil.which("jattach")
    if home is None or jattach is None:
        return None
    with lab(home, "-XX:+UseG1GC", "-Xmx256m", classes=classes, objects=1000) as program:
        target = target_of(program.pid)
        attachment, command = Attachment(target), [jattach, str(program.pid), "inspectheap", "-all"]
        ours: List[float] = []
        theirs: List[float] = []
        with perfdata.open_for(target) as counters:
            for run in range(runs + 2):
                own = sample.take(target, perfdata=counters, attachment=attachment).pause or 0.0
                before = safepoint_ms(counters.sample()) or 0.0
                command_cost(command)
                other = (safepoint_ms(counters.sample()) or 0.0) - before
                if run >= 2:
                    ours.append(own)
                    theirs.append(other)
    return {
        "jvm": "25.0.2",
        "classes": classes,
        "heapwatch_ms": round(statistics.median(ours), 3),
        "jattach_ms": round(statistics.median(theirs), 3),
        "ratio": round(statistics.median(theirs) / statistics.median(ours), 2),
    }


def parsing(classes: int) -> Dict[str, Any]:
    """Classes parsed in a second of CPU: by a new parser, one that knows them, and when a sixth changed."""
    version, home = sorted(provision.homes().items())[-1]
    with lab(home, "-XX:+UseSerialGC", "-Xmx256m", classes=classes, objects=1000) as program:
        program.tell("generated 1")
        text = Attachment(target_of(program.pid)).histogram_text()
    later = changed(text)
    assert parse(later).total_instances > parse(text).total_instances
    warm = Parser()
    warm.parse(text)
    turns = [later, text]

    def alternate() -> None:
        turns.reverse()
        warm.parse(turns[0])

    rows = text.count("\n") - 3
    return {
        "jvm": version,
        "rows": rows,
        "bytes": len(text),
        "cold": throughput(lambda: parse(text), rows),
        "memoised": throughput(lambda: warm.parse(text), rows),
        "memoised_sixth_changed": throughput(alternate, rows),
    }


def changed(text: str) -> str:
    """The same histogram a while later: every sixth class has one more instance of 16 bytes."""
    number, instances, size = 0, 0, 0

    def more(match: re.Match[str]) -> str:
        nonlocal number, instances, size
        number += 1
        if number % 6:
            return match[0]
        instances, size = instances + 1, size + 16
        return f"{match[1]}{int(match[2]) + 1:13d}  {int(match[3]) + 16:13d}"

    later = re.sub(r"(?m)^( *\d+: +?)(?<=: ) *(\d+) +(\d+)(?=  )", more, text)
    return re.sub(
        r"(?m)^Total +(\d+) +(\d+)",
        lambda match: f"Total {int(match[1]) + instances:13d}  {int(match[2]) + size:13d}",
        later,
    )


def throughput(work: Callable[[], object], rows: int) -> int:
    """The best of twenty: other jobs only ever make it slower."""
    best = float("inf")
    for _ in range(20):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return int(rows / best)


def verdicts(comparison: Dict[str, Any]) -> Dict[str, Any]:
    """The promises, as ratios of this run."""
    found = comparison["tools"]
    ours = found["heapwatch, resident: ask, parse, counters"]
    verdict: Dict[str, Any] = {}
    if "jmap -histo" in found:
        ratio = found["jmap -histo"]["cpu_ms"] / ours["cpu_ms"]
        verdict["cpu_less_than_jmap"] = {"ratio": round(ratio, 1), "kept": ratio >= CPU_RATIO_KEPT}
    if "jattach inspectheap -all" in found:
        ratio = ours["wall_ms"] / found["jattach inspectheap -all"]["wall_ms"]
        verdict["wall_of_jattach"] = {"ratio": round(ratio, 2), "kept": ratio <= WALL_RATIO_KEPT}
    return verdict


def report(result: Dict[str, Any]) -> str:
    comparison, base = result["comparison"], None
    lines = [
        "# One class histogram",
        "",
        f"JVM {comparison['jvm']}, {comparison['classes']} classes, {comparison['objects']} objects of its "
        f"own, {result['runs']} rounds in which the tools took turns; Python {result['python']}, "
        f"{result['cpus']} CPUs, load {result['load']}. Medians. `x` = times the CPU of the first row.",
        "",
        "| | wall ms | least ms | CPU ms | x | RSS MB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, cost in comparison["tools"].items():
        base = base or cost["cpu_ms"]
        rss = "" if cost["rss_mb"] is None else f"{cost['rss_mb']:.0f}"
        lines.append(
            f"| {name} | {cost['wall_ms']:.1f} | {cost['wall_least_ms']:.1f} | {cost['cpu_ms']:.1f} "
            f"| {cost['cpu_ms'] / base:.1f} | {rss} |"
        )
    lines.append("")
    for name, verdict in result["verdicts"].items():
        lines.append(f"- {name}: {verdict['ratio']} ({'kept' if verdict['kept'] else 'NOT KEPT'})")
    pause = result["pauses"]
    if pause:
        lines += [
            f"- Pause on JDK {pause['jvm']} with {pause['classes']} classes of its own: "
            f"{pause['heapwatch_ms']} ms for us, {pause['jattach_ms']} ms for jattach ({pause['ratio']} x): "
            "it lets the VM print to it inside the safepoint, we have it collect its answer first",
        ]
    parsed = result["parsing"]
    lines += [
        f"- Parsing, classes in a second of CPU ({parsed['rows']} rows): {parsed['cold']:,} by a new parser, "
        f"{parsed['memoised']:,} by one that knows the text, {parsed['memoised_sixth_changed']:,} when a "
        "sixth of the classes changed",
        "",
        "A resident process is what runs in production: the agent, `heapwatch top`, `heapwatch watch`. A",
        "single `heapwatch histo` pays for a Python interpreter and its imports, as its row shows.",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--classes", type=int, default=2000)
    parser.add_argument("--objects", type=int, default=200_000)
    arguments = parser.parse_args()
    comparison = compare(arguments.runs, arguments.classes, arguments.objects)
    result = {
        "runs": arguments.runs,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "comparison": comparison,
        "pauses": pauses(arguments.runs, 5000),
        "parsing": parsing(arguments.classes),
        "verdicts": verdicts(comparison),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "histogram.json").write_text(json.dumps(result, indent=2) + "\n")
    (RESULTS / "histogram.md").write_text(report(result))
    print(report(result))
    return 0 if all(verdict["kept"] for verdict in result["verdicts"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
