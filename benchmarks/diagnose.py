"""What each step of `heapwatch diagnose` costs the story's program, and how fast its files are read.

    python benchmarks/diagnose.py     needs Java and Maven; writes results/diagnose.md

The pause is the JVM's own word (sun.rt.safepointTime). Reading is in MB of file a second of CPU; memory the
most that a reading process held, its mapped files included.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from heapwatch.cli.demo.build import build  # noqa: E402
from heapwatch.jvm import operations  # noqa: E402

READ = """
import resource, sys, time
from heapwatch.jvm import holders, hprof
began = time.process_time()
if sys.argv[1] == "jfr":
    holders.grouped(holders.of_recording(open(sys.argv[2], "rb").read()))
else:
    hprof.scan(sys.argv[2], sys.argv[3])
print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    built = build(ROOT / ".cache" / "demo", print)
    if built.twin:
        raise SystemExit("diagnose: Maven is missing, and with it the program on real Akka")
    command = [built.java, "-Xmx192m", "-Ddownloads=300", "-cp", built.classpath, "memleak.Main"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    program.stdout.readline()
    time.sleep(15)
    lines = [
        "# What a diagnosis costs",
        "",
        "The Akka program of examples/memleak, `-Xmx192m`, after 15 s.",
        "",
    ]
    lines += ["| step | predicted ms | stopped ms | took ms |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        files = {"jfr": f"{folder}/a.jfr", "heap_dump": f"{folder}/a.hprof"}
        extra = {"jfr": {"seconds": 8}, "heap_dump": {"approved_by": "benchmark"}, "live": {"mode": "live"}}
        for step in [*operations.OPERATIONS, "live"]:
            options = {"max_pause_ms": 60_000, **extra.get(step, {})}
            if step in files:
                options["path"] = files[step]
            name = "histogram" if step == "live" else step
            done = operations.run(name, program.pid, options)
            costs = (done["predicted_pause_ms"], done["pause_ms"], done["duration_ms"])
            lines.append(f"| {step} | " + " | ".join(f"{cost:.1f}" for cost in costs) + " |")
        program.kill()
        lines += ["", "| file | MB | MB a CPU second | memory MB |", "|---|---|---|---|"]
        for what, kind, path, suspect in (
            ("recording, with chains", "jfr", files["jfr"], ""),
            ("heap dump, classes", "hprof", files["heap_dump"], ""),
            ("heap dump, holders of memleak.Child", "hprof", files["heap_dump"], "memleak.Child"),
        ):
            answer = subprocess.check_output([sys.executable, "-c", READ, kind, path, suspect], text=True)
            seconds, memory = map(float, answer.split())
            size = Path(path).stat().st_size / 1e6
            lines.append(f"| {what} | {size:.1f} | {size / seconds:.1f} | {memory:.0f} |")
    text = "\n".join(lines) + "\n"
    (ROOT / "benchmarks" / "results" / "diagnose.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
