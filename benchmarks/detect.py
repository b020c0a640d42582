"""What judging a fleet costs: 100 JVMs with 10,000 classes each, as the server does it.

    python benchmarks/detect.py [--jvms 100] [--classes 10000] [--histograms 60] [--moving 0.05]
                                [--leaking 0.1]

Every JVM has so many histograms in its window; a share of its classes moves about, the others never change,
as in real heaps; in a share of the JVMs two classes leak together. Each is judged at the end of a block, with
the votes of the evaluation before. CPU of the judging, of one core, is kept below 0.5 s for all JVMs. Beside
it: the same when every JVM leaks, and what the engine takes to find the classes that moved in its tables.
Writes benchmarks/results/detect.json and detect.md.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from heapwatch.cli.recordings import snapshots
from heapwatch.detect.fleet import findings
from heapwatch.detect.history import History
from heapwatch.detect.judge import judge
from heapwatch.model import Batch, JvmId
from heapwatch.store import Settings as StoreSettings
from heapwatch.store import open_store

RESULTS = Path(__file__).with_name("results")
LIMIT_S = 0.5
PASSES = 5
EDEN = 64e6


def jvm(number: int, classes: int, histograms: int, moving: float, *, leaks: bool = True) -> History:
    """One JVM: its fixed classes, those that move about, and perhaps two that leak together."""
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
    leaked = np.cumsum(chance.poisson(30, histograms)) * leaks
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


@dataclass
class Judged:
    """What one fleet cost, and what was found."""

    cpu_s: float  # the median of the passes
    least_s: float
    most_s: float
    fleet_cpu_s: float
    right: int
    wrong: int
    findings: int


def fleet(given: argparse.Namespace, leaking: float) -> Judged:
    """Judge every JVM at the end of a block, and put them together."""
    passes, judged, root = [0.0] * PASSES, [], f"C{int(given.classes * given.moving)}"
    for number in range(given.jvms):
        leaks = number < leaking * given.jvms
        # as the store gives them: the classes that moved, and how many there are
        history = jvm(number, given.classes, given.histograms, given.moving, leaks=leaks).moving(6)
        votes = judge(history.cut(slice(0, -2))).votes
        for turn in range(PASSES):
            begun = time.process_time()
            judgement = judge(history, None, votes)
            passes[turn] += time.process_time() - begun
        judged.append(judgement)
    begun = time.process_time()
    found = findings(judged)
    joined = time.process_time() - begun
    right = sum(any(leak.root.endswith(root) for leak in each.leaks) for each in judged)
    wrong = sum(not leak.root.endswith(root) for each in judged for leak in each.leaks)
    return Judged(statistics.median(passes), min(passes), max(passes), joined, right, wrong, len(found))


def reading(given: argparse.Namespace, jvms: int = 5) -> float:
    """CPU seconds a JVM that the engine takes to read what is judged."""
    now = int(time.time() * 1000)
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder), StoreSettings(readers=1)) as store:
        for number in range(jvms):
            history = jvm(number, given.classes, given.histograms, given.moving)
            who = JvmId(history.host, "shop", number, now - int(history.times[-1] * 1000) - 1000)
            for place, snapshot in enumerate(snapshots(history, who, {})):
                store.insert([Batch(history.host, place + 1, snapshots=[snapshot])])
        lives = store.lives()
        assert len(lives) == jvms
        begun = time.process_time()
        for life in lives:
            seen = store.observed(life, from_=life.who.started, to=now, least=6)
            assert seen is not None
            assert len(seen.times) == given.histograms
        return (time.process_time() - begun) / jvms


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jvms", type=int, default=100)
    parser.add_argument("--classes", type=int, default=10_000)
    parser.add_argument("--histograms", type=int, default=60)
    parser.add_argument("--moving", type=float, default=0.05)
    parser.add_argument("--leaking", type=float, default=0.1)
    given = parser.parse_args()
    some, every, read = fleet(given, given.leaking), fleet(given, 1.0), reading(given)
    kept = some.cpu_s < LIMIT_S
    measured = {"some_leak": asdict(some), "all_leak": asdict(every), "reading_cpu_s": read}
    result = {**vars(given), "kept": kept, **measured}
    RESULTS.joinpath("detect.json").write_text(json.dumps(result, indent=2) + "\n")
    lines = [
        "# What judging a fleet costs",
        "",
        f"{given.jvms} JVMs, {given.classes} classes each, {given.histograms} histograms in the window, "
        f"{given.moving:.0%} of the classes move. Each JVM once, at the end of a block. CPU of one core.",
        "",
        f"- A fleet of which {given.leaking:.0%} leak: {some.cpu_s:.2f} s "
        f"({some.cpu_s / given.jvms * 1000:.1f} ms a JVM; {PASSES} passes took {some.least_s:.2f} to "
        f"{some.most_s:.2f} s); the limit is {LIMIT_S} s: "
        f"**{'kept' if kept else 'NOT kept'}**.",
        f"- A fleet in which every JVM leaks: {every.cpu_s:.2f} s.",
        f"- Putting the JVMs of a service together: {every.fleet_cpu_s:.2f} s.",
        f"- Finding the classes that moved in the store: {read * 1000:.0f} ms a JVM (all threads).",
        f"- Found on {some.right} of {round(given.leaking * given.jvms)} JVMs that leak, "
        f"and {every.right} of {given.jvms}; {some.wrong + every.wrong} other classes were named.",
        "",
        "Command: `python benchmarks/detect.py`",
        "",
    ]
    RESULTS.joinpath("detect.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
