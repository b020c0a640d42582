"""Record what real JVMs print, for the tests that run without one.

    HEAPWATCH_JVMS_EXTRA=/opt/jdk8u252 python tests/jvms/record.py

Writes tests/jvms/recorded/: VERSION.histogram.gz and VERSION.restarted.histogram.gz (the same program in a
second life, its generated classes made in another order), VERSION-COLLECTOR.hsperfdata.gz.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import List

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "src")]

from heapwatch.jvm.attach import Attachment  # noqa: E402
from heapwatch.jvm.perfdata import open_for  # noqa: E402
from jvms import provision  # noqa: E402
from jvms.fixtures import Program, Start, starter, target_of  # noqa: E402

RECORDED = Path(__file__).parent / "recorded"

COLLECTORS = {
    "8": ["Serial", "Parallel", "ConcMarkSweep", "G1"],
    "11": ["Serial", "G1", "ConcMarkSweep"],
    "17": ["Serial", "Parallel", "G1", "Z", "Shenandoah"],
    "21": ["Serial", "G1", "Z", "GenerationalZ"],
    "25": ["Serial", "Parallel", "G1", "Z", "Shenandoah"],
}


def main() -> None:
    RECORDED.mkdir(exist_ok=True)
    for version, home in provision.homes().items():
        started: List[Program] = []
        start = starter(provision.classes(), started)
        try:
            for life, seed in (("", 0), (".restarted", 1)):
                lab = start(home, "Lab", "-XX:+UseSerialGC")
                lab.tell("odd")
                lab.tell(f"generated {seed}")
                answer = Attachment(target_of(lab.pid)).answer("inspectheap", "-all")
                save(f"{version}{life}.histogram.gz", answer)
                lab.stop()
            for collector in COLLECTORS[version.replace("u", ".").partition(".")[0]]:
                record_counters(start, home, version, collector)
        finally:
            for program in started:
                program.stop()


def record_counters(start: Start, home: Path, version: str, collector: str) -> None:
    flags = ["-XX:+UseZGC", "-XX:+ZGenerational"] if collector == "GenerationalZ" else []
    flags = flags or ["-XX:+UnlockExperimentalVMOptions", f"-XX:+Use{collector}GC"]
    try:
        lab = start(home, "Lab", *flags, "-Dheapwatch.label.team=till")
    except AssertionError:
        print(f"{version} has no {collector}")
        return
    lab.tell("hold 200000")
    lab.tell("gc")
    lab.tell("churn 20")
    lab.tell("gc")
    lab.tell("churn 0")
    with open_for(target_of(lab.pid)) as counters:
        save(f"{version}-{collector}.hsperfdata.gz", without_paths(counters.content(), home))
    lab.stop()


def without_paths(content: bytes, home: Path) -> bytes:
    """Where the JVM lay on the recording machine is nobody's business; all offsets stay."""
    for path in (str(home), str(provision.ROOT)):
        content = content.replace(path.encode(), ("/" + "jvm/" * len(path))[: len(path)].encode())
    return content


def save(name: str, data: bytes) -> None:
    with open(RECORDED / name, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(data)
    print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
