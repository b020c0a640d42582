"""What judging a fleet costs: 100 JVMs with 10,000 classes each.

    python benchmarks/detect.py [--jvms 100] [--classes 10000] [--histograms 60] [--moving 0.05]

Every JVM has so many histograms in its window; a share of its classes moves about, two leak together, the
others never change, as in real heaps. CPU is of the judging alone, of one core. Kept: less than 0.5 s for
all. Writes benchmarks/results/detect.json and detect.md.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from heapwatch.detect.fleet import findings
from heapwatch.detect.history import History
from heapwatch.detect.judge import judge

RESULTS = Path(__file__).with_name("results")
LIMIT_S = 0.5
EDEN = 64e6


def jvm(number: int, classes: int, histograms: int, moving: float) -> History:
    """One JVM: its fixed classes, those that move about, and two that leak together."""
    chance = np.random.default_rng(number)
    times = np.cumsum(chance.uniform(45, 75, histograms))
    filled = np.cumsum(chance.uniform(0.2, 0.6, histograms)) * EDEN
    eden, young = filled % EDEN, np.floor(filled / EDEN)
    counts = np.repeat(chance.geometric(0.001, classes)[None, :].astype(float), histograms, axis=0)
    restless = int(classes * moving)
    share = chance.uniform(0, 3000, restless)
    counts[:, :restless] += np.round(
        np.outer(eden / EDEN, share) + chance.normal(0, 4, (histograms, restless))
    )
    leaked = np.cumsum(chance.poisson(30, histograms))
    counts[:, restless] += leaked
    counts[:, restless + 1] += 3 * leaked
    return History(
        host=f"host{number:03}",
        service="shop",
        times=times,
        classes=[f"com.acme.p{place % 97}.C{place}" for place in range(classes)],
        instances=np.maximum(counts, 0),
        bytes=np.maximum(counts, 0) * 40,
        rows=np.ones_like(counts),
        counters={
            "young": young,
            "full": np.arange(histograms) // 20.0,
            "concurrent": np.zeros(histograms),
            "eden": eden,
        },
        heap_max=4e9,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jvms", type=int, default=100)
    parser.add_argument("--classes", type=int, default=10_000)
    parser.add_argument("--histograms", type=int, default=60)
    parser.add_argument("--moving", type=float, default=0.05)
    given = parser.parse_args()
    spent, judged, root = 0.0, [], f"C{int(given.classes * given.moving)}"
    for number in range(given.jvms):
        history = jvm(number, given.classes, given.histograms, given.moving)
        begun = time.process_time()
        judgement = judge(history)
        spent += time.process_time() - begun
        judged.append(judgement)
    begun = time.process_time()
    found = findings(judged)
    joined = time.process_time() - begun
    right = sum(any(leak.root.endswith(root) for leak in each.leaks) for each in judged)
    wrong = sum(not leak.root.endswith(root) for each in judged for leak in each.leaks)
    kept = spent < LIMIT_S
    result = {
        **vars(given), "cpu_s": spent, "cpu_ms_each": spent / given.jvms * 1000, "fleet_cpu_s": joined,
        "found_on": right, "wrong": wrong, "findings": len(found), "kept": kept,
    }  # fmt: skip
    RESULTS.joinpath("detect.json").write_text(json.dumps(result, indent=2) + "\n")
    lines = [
        "# What judging a fleet costs",
        "",
        f"{given.jvms} JVMs, {given.classes} classes each, {given.histograms} histograms in the window, "
        f"{given.moving:.0%} of the classes move. CPU of one core.",
        "",
        f"- All JVMs: {spent:.2f} s of CPU ({spent / given.jvms * 1000:.1f} ms a JVM); the limit is "
        f"{LIMIT_S} s: **{'kept' if kept else 'NOT kept'}**.",
        f"- Putting them together: {joined:.2f} s.",
        f"- The leak was found on {right} of {given.jvms} JVMs, {wrong} other classes were named; "
        f"{len(found)} finding{'s' * (len(found) != 1)} for the service.",
        "",
        "Command: `python benchmarks/detect.py`",
        "",
    ]
    RESULTS.joinpath("detect.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
