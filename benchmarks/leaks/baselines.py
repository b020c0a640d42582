"""Five simple detectors, written anew after published rules, to compare with.

They see the same recordings. A histogram that forces no collection is full of garbage, which none of these
rules was made for; so each is given what is nearest to a live histogram: the smallest heap of every block
of equal time (`dumps`). In live recordings nothing is left out. None of them looks at the probe, none can
confirm, none verifies a fix; only the regression says until when.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect.history import History

Floats = NDArray[np.float64]

LEAST = 12
"""Dumps below which no rule says anything."""


@dataclass(frozen=True)
class Said:
    """What a baseline says of one recording."""

    roots: list[str] = field(default_factory=list)  # the most suspicious first; none when nothing leaks
    end: tuple[float, float, float] | None = (
        None  # seconds from now until the heap is full: mid, 80 % interval
    )


Baseline = Callable[[History], Said]


@dataclass(frozen=True)
class Dumps:
    times: Floats
    classes: list[str]
    instances: Floats  # dumps x classes
    bytes: Floats


def dumps(history: History, blocks: int = 24) -> Dumps:
    """The smallest heap of each block of equal time, after a quarter at most of warm-up is left out."""
    settled = history.settled()
    total = settled.bytes.sum(axis=1)
    if settled.mode == "all":
        share = (settled.times - settled.times[0]) / max(settled.span, 1e-9)
        block = np.minimum((share * blocks).astype(int), blocks - 1)
        places = np.array(
            [int(np.flatnonzero(block == each)[np.argmin(total[block == each])]) for each in np.unique(block)]
        )
    else:
        places = np.arange(len(settled))
    return Dumps(settled.times[places], settled.classes, settled.instances[places], settled.bytes[places])


def regression(history: History) -> Said:
    """A straight line through the total heap: a leak when it rises with R^2 >= 0.85.

    The common rule of threshold and line; with lines fitted backwards from now it is LBR (Jindal et al.,
    "Memory leak detection algorithms in the cloud-based infrastructure", arXiv 2106.08938). The class whose
    bytes grow most is named. The end is where the line meets -Xmx, its interval that of the slope (Student,
    80 %).
    """
    seen = dumps(history)
    if len(seen.times) < LEAST:
        return Said()
    total = seen.bytes.sum(axis=1)
    slope, intercept = np.polyfit(seen.times, total, 1)
    residue = total - (slope * seen.times + intercept)
    spread = total - total.mean()
    r2 = 1 - float(residue @ residue) / max(float(spread @ spread), 1e-9)
    if slope <= 0 or r2 < 0.85:
        return Said()
    grown = np.polyfit(seen.times, seen.bytes, 1)[0]
    end = None
    if np.isfinite(history.heap_max):
        level = slope * history.times[-1] + intercept
        left = max(history.heap_max - level, 0.0)
        centred = seen.times - seen.times.mean()
        error = 1.321 * np.sqrt(residue @ residue / (len(residue) - 2) / (centred @ centred))
        end = (left / slope, left / (slope + error), left / (slope - error) if slope > error else np.inf)
    return Said(_largest(seen, grown), end)


def rising_share(history: History) -> Said:
    """A class whose bytes never fall, rise in half of the intervals, and by 5 % in all.

    Stokpop Memory Check (github.com/stokpop/memory-check, README: growth, with its defaults
    --min-growth-points-percentage 50 and --max-growth-percentage 5).
    """
    seen = dumps(history)
    if len(seen.times) < LEAST:
        return Said()
    steps = np.diff(seen.bytes, axis=0)
    grown = seen.bytes[-1] - seen.bytes[0]
    critical = (steps >= 0).all(axis=0) & ((steps > 0).mean(axis=0) >= 0.5) & (grown > 0.05 * seen.bytes[0])
    return Said(_largest(seen, np.where(critical, grown, 0.0)))


def two_dumps(history: History) -> Said:
    """The difference of two histograms: what has more instances in the second, the most first.

    What every tutorial does by hand with `jmap -histo` twice, and tools by themselves (mcp-jperf,
    heap_live_histogram_diff: classes by instance growth, those below a least growth left out). A leak here is
    a class of at least 100 more objects that are at least 10 % more.
    """
    seen = dumps(history)
    if len(seen.times) < LEAST:
        return Said()
    more = seen.instances[-1] - seen.instances[0]
    return Said(_largest(seen, np.where((more >= 100) & (more >= 0.1 * seen.instances[0]), more, 0.0)))


def cork(history: History) -> Said:
    """Cork's ratio ranking (Jump & McKinley, "Cork: dynamic memory leak detection", POPL 2007).

    At each collection a type's rank gains p (Q - 1) when its volume grew by the factor Q, where p is the
    number of phases in which it has grown; it loses p (1/Q - 1) when it shrank by no more than the decay
    factor of 15 %, and starts anew when by more. Reported above rank 100. Cork looks at live objects at
    full collections and has a graph of types to climb to the holder; here every block's smallest heap is a
    phase (60 of them), and the highest rank is the name. Of the rule's details only the abstract was at
    hand: a rule of this style.
    """
    seen = dumps(history, 60)
    if len(seen.times) < LEAST:
        return Said()
    rank = np.zeros(len(seen.classes))
    phases = np.zeros(len(seen.classes))
    for before, now in zip(seen.bytes[:-1], seen.bytes[1:], strict=True):
        there = (before > 0) & (now > 0)
        ratio = np.where(there, now / np.where(there, before, 1.0), 1.0)
        phases += ratio > 1
        rank += np.where(ratio > 1, phases * (ratio - 1), -phases * (1 / np.maximum(ratio, 1e-9) - 1))
        lost = (ratio < 0.85) | ~there | (rank < 0)
        rank[lost] = 0.0
        phases[lost] = 0.0
    return Said(_largest(seen, np.where(rank > 100, rank, 0.0)))


def mann_kendall(history: History) -> Said:
    """Mann-Kendall's trend test alone, one-sided at 5 %, on the instances of each class.

    Recommended against software aging, and found to be "highly vulnerable to false positives" by Machida et
    al. ("On the effectiveness of Mann-Kendall test for detection of software aging", ISSREW 2013). Of the
    classes with a trend the one that grew by most bytes is named.
    """
    seen = dumps(history)
    if len(seen.times) < LEAST:
        return Said()
    count = len(seen.times)
    score = np.zeros(len(seen.classes))
    for place in range(count - 1):
        score += np.sign(seen.instances[place + 1 :] - seen.instances[place]).sum(axis=0)
    variance = np.full(len(seen.classes), count * (count - 1) * (2 * count + 5) / 18)
    for column in np.flatnonzero(score > 0):
        ties = np.unique(seen.instances[:, column], return_counts=True)[1]
        variance[column] -= float((ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    z = np.where(variance > 0, (score - np.sign(score)) / np.sqrt(np.maximum(variance, 1e-9)), 0.0)
    return Said(_largest(seen, np.where(z > 1.645, seen.bytes[-1] - seen.bytes[0], 0.0)))


def _largest(seen: Dumps, weights: Floats) -> list[str]:
    """The ten classes of the largest positive weights."""
    order = np.argsort(-weights, kind="stable")[:10]
    return [seen.classes[place] for place in order if weights[place] > 0]


BASELINES: dict[str, Baseline] = {
    "regression, R² ≥ 0.85": regression,
    "share of rising intervals": rising_share,
    "two histograms": two_dumps,
    "Cork's ratio rank": cork,
    "Mann-Kendall alone": mann_kendall,
}
