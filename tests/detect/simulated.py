"""A JVM by arithmetic: eden that fills and is emptied, garbage in it, and classes that do as told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect.history import History
from heapwatch.model import ALL

EDEN = 24e6
SIZES = {"com.shop.Order": 48, "com.shop.Line": 32, "java.lang.String": 24, "byte[]": 56}
Floats = NDArray[np.float64]


@dataclass
class Program:
    """What a JVM does for `seconds`; `populations` maps a class to its live count at each time."""

    seconds: int = 120
    seed: int = 1
    allocation: float = 12e6  # bytes/s
    populations: Mapping[str, Callable[[Floats, np.random.Generator], Floats]] = field(default_factory=dict)
    churn: Mapping[str, float] = field(default_factory=lambda: {"byte[]": 2e-3, "java.lang.String": 1e-3})
    mode: str = ALL
    host: str = "host1"
    service: str = "shop"
    version: str = "1.0"
    heap_max: float = 512e6
    old_every: float = 40.0  # s between old collections; 0 = none
    standing: int = 60  # classes that never change

    def run(self) -> History:
        chance = np.random.default_rng(self.seed)
        times = np.arange(self.seconds) + chance.uniform(-0.25, 0.25, self.seconds) + 1.0
        filled = np.cumsum(
            np.diff(times, prepend=0.0) * self.allocation * chance.uniform(0.8, 1.2, len(times))
        )
        young, eden = np.floor(filled / EDEN), filled % EDEN
        counts: dict[str, Floats] = {
            f"com.lib.Fixed{n}": np.full(len(times), 10.0 + n) for n in range(self.standing)
        }
        for name, grows in self.populations.items():
            counts[name] = np.round(grows(times, chance))
        for name, each in self.churn.items():
            dead = np.zeros(len(times)) if self.mode != ALL else np.round(eden * each / 100)
            counts[name] = counts.get(name, np.full(len(times), 5000.0)) + dead
        names = list(counts)
        instances = np.stack([counts[name] for name in names], axis=1)
        sizes = np.array([SIZES.get(name, 40) for name in names], float)
        old = np.floor(times / self.old_every) if self.old_every else np.zeros(len(times))
        return History(
            host=self.host,
            service=self.service,
            times=times,
            classes=names,
            instances=instances,
            bytes=instances * sizes,
            rows=np.ones_like(instances),
            counters={"young": young, "full": old, "concurrent": np.zeros(len(times)), "eden": eden},
            mode=self.mode,
            heap_max=self.heap_max,
            version=self.version,
        )


def leaking(
    rate: float, start: float = 0.0, each: int = 1
) -> Callable[[Floats, np.random.Generator], Floats]:
    """Arrivals by chance at this rate from a moment on, each of so many objects; none ever leaves."""

    def count(times: Floats, chance: np.random.Generator) -> Floats:
        spans = np.diff(np.maximum(times, start), prepend=max(start, 0.0))
        return 200.0 + each * np.cumsum(chance.poisson(rate * np.maximum(spans, 0)))

    return count


def together(**ratios: int) -> Callable[[float], dict[str, Callable[[Floats, np.random.Generator], Floats]]]:
    """Classes that come with each arrival of one process, so many of each."""

    def at(rate: float) -> dict[str, Callable[[Floats, np.random.Generator], Floats]]:
        drawn: dict[str, Floats] = {}

        def of(ratio: int) -> Callable[[Floats, np.random.Generator], Floats]:
            def count(times: Floats, chance: np.random.Generator) -> Floats:
                if "all" not in drawn:
                    drawn["all"] = np.cumsum(chance.poisson(rate * np.diff(times, prepend=0.0))).astype(float)
                return 100.0 + ratio * drawn["all"]

            return count

        return {name.replace("_", "."): of(ratio) for name, ratio in ratios.items()}

    return at


def walking(
    around: float, pull: float = 0.05, step: float = 20.0
) -> Callable[[Floats, np.random.Generator], Floats]:
    """A random walk that is drawn back."""

    def count(times: Floats, chance: np.random.Generator) -> Floats:
        level = np.empty(len(times))
        at = around
        for place in range(len(times)):
            at += pull * (around - at) + step * chance.standard_normal()
            level[place] = max(at, 0.0)
        return level

    return count


def filling(limit: float, tau: float) -> Callable[[Floats, np.random.Generator], Floats]:
    """A cache that fills up to its limit."""
    return lambda times, _chance: limit * (1 - np.exp(-times / tau))


def sawing(rate: float, every: float) -> Callable[[Floats, np.random.Generator], Floats]:
    """A queue that is emptied now and then."""
    return lambda times, _chance: rate * (times % every)


def turning(
    around: float, swing: float, period: float, drift: float = 0.0
) -> Callable[[Floats, np.random.Generator], Floats]:
    """Load by the hour of the day; with a drift, one that leaves something behind."""
    return lambda times, _chance: around + swing * np.sin(2 * np.pi * times / period) + drift * times
