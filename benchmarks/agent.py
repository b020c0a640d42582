"""What the agent costs: five JVMs, a histogram of each every 10 s, their counters every second.

    python benchmarks/agent.py [--seconds 60] [--jvms 5] [--classes 1000] [--python PYTHON]

Starts the JVMs (each with so many classes of its own beside the JDK's, and some garbage), a server that
takes batches, and the agent; waits until every JVM was visited twice; then counts. Kept: less than 0.3 % of
a core and less than 25 MB of memory. CPU time is the kernel's, of all the agent's threads, in nanoseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
CORE_LIMIT = 0.003
MEMORY_LIMIT = 25e6


class Batches(BaseHTTPRequestHandler):
    """Takes every batch and keeps its size."""

    protocol_version = "HTTP/1.1"
    sizes: list[int] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.sizes.append(len(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is worth a line."""


def source(classes: int) -> str:
    """A program that holds objects of so many classes, in random order of size, and makes garbage."""
    kinds = "\n".join(f"  static class Kind{n} {{ long a, b; Object next; }}" for n in range(classes))
    return f"""
public class Shop {{
{kinds}
  static final java.util.List<Object> held = new java.util.ArrayList<>();
  public static void main(String[] arguments) throws Exception {{
    for (int n = 0; n < {classes}; n++)
      for (int copy = 0; copy <= n % 17; copy++)
        held.add(Class.forName("Shop$Kind" + n).getDeclaredConstructor().newInstance());
    for (int n = 0; n < 50_000; n++) held.add(new java.util.HashMap<>(java.util.Map.of("order" + n, n)));
    System.out.println("READY");
    long sum = 0;
    while (System.in.available() >= 0) {{ sum += new byte[100_000].length; Thread.sleep(10); }}
  }}
}}
"""


def start_jvms(count: int, classes: int, folder: Path, stack: ExitStack) -> list[subprocess.Popen[str]]:
    (folder / "Shop.java").write_text(source(classes))
    subprocess.run(["javac", "-nowarn", "Shop.java"], cwd=folder, check=True)
    jvms = []
    for number in range(count):
        options = [
            "-Xmx128m",
            f"-Dheapwatch.name=shop{number}",
            "-XX:TieredStopAtLevel=1",
            "-XX:CICompilerCount=1",
        ]
        process = subprocess.Popen(
            ["java", *options, "Shop"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        jvms.append(process)
    for process in jvms:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
    return jvms


def cpu_seconds(pid: int) -> float:
    """What all threads have used. None ends while we measure, so the sum does not lose any."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory(pid: int) -> dict[str, int]:
    """Bytes: resident now, resident at most, and the share of it that is its own (Pss)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    pss = next(line for line in rollup if line.startswith("Pss:"))
    kilobytes = {"rss": status["VmRSS"], "peak": status["VmHWM"], "pss": pss.split(":")[1]}
    return {name: int(value.split()[0]) * 1024 for name, value in kilobytes.items()}


def report(folder: Path, python: str) -> dict[str, object]:
    command = [python, "-m", "heapwatch.agent", "status", "--spool", str(folder / "agent"), "--json"]
    found = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    return dict(json.loads(found.stdout)) if found.stdout else {}


def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYENV_VERSION") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT / "src")}


def measure(args: argparse.Namespace) -> dict[str, object]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        start_jvms(args.jvms, args.classes, folder, stack)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Batches)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        agent = start_agent(folder, server.server_address[1], args, stack)
        visited_twice(folder, args)
        Batches.sizes.clear()
        before, began, visits = cpu_seconds(agent.pid), time.monotonic(), visits_of(folder, args)
        loops = loops_for(args.seconds)
        seconds = time.monotonic() - began
        used = cpu_seconds(agent.pid) - before
        held = memory(agent.pid)
        found = report(folder, args.python)
        jvms = found["jvms"]
        assert isinstance(jvms, list)
        return {
            "python": platform.python_version() if args.python == sys.executable else args.python,
            "jvms": args.jvms,
            "classes_of_its_own": args.classes,
            "classes_each": min(jvm["last"]["classes"] for jvm in jvms),
            "seconds": round(seconds, 1),
            "visits": visits_of(folder, args) - visits,
            "average_pause_ms": round(sum(jvm["average_pause_ms"] for jvm in jvms) / len(jvms), 2),
            "cpu_ms_in_10_s": round(used / seconds * 10_000, 2),
            "share_of_a_core": round(used / seconds, 5),
            "batches": len(Batches.sizes),
            "bytes_a_batch": round(sum(Batches.sizes) / max(len(Batches.sizes), 1)),
            "rss": held["rss"],
            "rss_peak": held["peak"],
            "pss": held["pss"],
            "problems": found["problems"],
            "loop_ms_best": round(min(loops), 2),
            "loop_ms_mean": round(sum(loops) / len(loops), 2),
            "load": round(os.getloadavg()[0], 1),
        }


def start_agent(
    folder: Path, port: int, args: argparse.Namespace, stack: ExitStack
) -> subprocess.Popen[bytes]:
    settings = {
        "host": "bench",
        "only": [f"shop{number}" for number in range(args.jvms)],
        "interval": "10s",
        "listen": "127.0.0.1:0",
        "spool": str(folder / "agent"),
        "budget": {"max_pressure": "100%"},  # the machine that measures may be busy
        "sink": [{"kind": "heapwatch", "url": f"http://127.0.0.1:{port}"}],
    }
    (folder / "agent.json").write_text(json.dumps(settings))
    command = [args.python, "-m", "heapwatch.agent", "run", "--config", str(folder / "agent.json"), "--quiet"]
    agent = subprocess.Popen(command, env=environment())
    stack.callback(agent.wait)
    stack.callback(agent.terminate)
    return agent


def visits_of(folder: Path, args: argparse.Namespace) -> int:
    jvms = report(folder, args.python).get("jvms", [])
    assert isinstance(jvms, list)
    return sum(jvm["visits"] for jvm in jvms)


def visited_twice(folder: Path, args: argparse.Namespace) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        jvms = report(folder, args.python).get("jvms", [])
        assert isinstance(jvms, list)
        if len(jvms) == args.jvms and all(jvm["visits"] >= 2 for jvm in jvms):
            return
        time.sleep(2)
    raise SystemExit("the JVMs were not visited twice within two minutes")


def loops_for(seconds: float) -> list[float]:
    """CPU ms of a plain loop, tried once a second meanwhile: how fast this machine is, and how evenly.

    Where other work shares the cores, a millisecond of CPU time gets less done: the mean is then above the
    best, and the agent's figures are too, by about as much.
    """
    loops = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.process_time()
        sum(range(20_000))
        loops.append((time.process_time() - began) * 1000)
        time.sleep(1)
    return loops


def as_markdown(found: dict[str, object]) -> str:
    rows = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in found.items())
    verdict = "kept" if keeps(found) else "NOT kept"
    return (
        f"# What the agent costs\n\n"
        f"`python benchmarks/agent.py --classes {found['classes_of_its_own']}`: {found['jvms']} JVMs, "
        f"a histogram of each every 10 s, counters every second.\n\n"
        f"Limits (0.3 % of a core, 25 MB): **{verdict}**.\n\n"
        f"| | |\n|---|---|\n{rows}\n"
    )


def keeps(found: dict[str, object]) -> bool:
    share, rss = found["share_of_a_core"], found["rss"]
    assert isinstance(share, float)
    assert isinstance(rss, int)
    return share < CORE_LIMIT and rss < MEMORY_LIMIT


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--jvms", type=int, default=5)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs the agent")
    args = parser.parse_args()
    if shutil.which("javac") is None:
        raise SystemExit("a JDK is needed: javac is not on the path")
    found = measure(args)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "agent.json").write_text(json.dumps(found, indent=2) + "\n")
    (RESULTS / "agent.md").write_text(as_markdown(found))
    print(as_markdown(found))
    sys.exit(0 if keeps(found) else 1)


if __name__ == "__main__":
    main()
