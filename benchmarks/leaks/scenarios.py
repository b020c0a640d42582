"""What is recorded: every run, with how its JVM is started and what is true of it.

Parts: `detect` (leaks and their look-alikes), `patch` (one program before and after a fix), `fleet` (three
hosts), `restart` (two lives of one host), `forecast` (runs into an OutOfMemoryError), `hour`. `onset` is
when a leak begins, in seconds. Noise and every number that is not given are scaled by the run's seed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from leaks.labels import LEAK, NONE, PROGRAMS, Program

SECONDS = 118.0
HOUR = 3600.0
JDKS = {"11": "11.0.13", "17": "17.0.9", "21": "21.0.8", "25": "25.0.2"}


@dataclass(frozen=True)
class Run:
    """One JVM to record."""

    name: str
    program: Program
    arguments: tuple[str, ...]
    part: str = "detect"
    gc: str = "G1"
    jdk: str = "17"
    xmx_mb: int = 96
    mode: str = "all"
    interval: float = 1.0
    seconds: float = SECONDS
    label: str = ""
    onset: float = 0.0
    group: str = ""
    role: str = ""  # in its group: before, half, fixed, silent, not restarted, first, second, a host's
    host: str = "h1"
    service: str = ""
    version: str = ""
    options: tuple[str, ...] = field(default=())

    @property
    def roots(self) -> tuple[str, ...]:
        return self.program.roots if self.label == LEAK else ()

    @property
    def truth(self) -> dict[str, Any]:
        """Its entry in labels.json."""
        return {
            "scenario": self.program.main,
            "kind": self.program.kind,
            "part": self.part,
            "label": self.label,
            "roots": list(self.roots),
            "onset": self.onset,
            "group": self.group,
            "role": self.role,
            "mode": self.mode,
            "gc": self.gc,
            "jdk": self.jdk,
            "xmx_mb": self.xmx_mb,
            "host": self.host,
            "service": self.service,
            "args": list(self.arguments),
        }


# program, seed, collector, JDK, further arguments and settings
_DETECT: list[tuple[str, int, str, str, str]] = [
    ("StaticRegistry", 1, "G1", "17", ""),
    ("StaticRegistry", 2, "Parallel", "11", ""),
    ("StaticRegistry", 3, "G1", "21", "rate=12 noise=1.5"),
    ("StaticRegistry", 4, "Shenandoah", "25", ""),
    ("ListenerLeft", 1, "Serial", "17", ""),
    ("ListenerLeft", 2, "ZGC", "21", "xmx=192"),
    ("ListenerLeft", 3, "G1", "21", "mode=live"),
    ("PooledThreadLocal", 1, "G1", "11", ""),
    ("PooledThreadLocal", 2, "Parallel", "21", "noise=40"),
    ("PluginReload", 1, "Serial", "17", ""),
    ("PluginReload", 2, "G1", "25", ""),
    ("ThreadPerJob", 1, "G1", "17", ""),
    ("ThreadPerJob", 2, "Serial", "21", ""),
    ("ExecutorPerRequest", 1, "Parallel", "17", ""),
    ("ExecutorPerRequest", 2, "G1", "11", ""),
    ("ActorTree", 1, "Serial", "21", ""),
    ("ActorTree", 2, "G1", "25", "mode=live"),
    ("SlowChurn", 1, "G1", "17", ""),
    ("SlowChurn", 2, "Serial", "11", "noise=45 rate=0.5"),
    ("SlowChurn", 3, "Parallel", "25", ""),
    ("SlowChurn", 4, "G1", "21", "held=0"),
    ("SlowChurn", 5, "Serial", "17", "held=0"),
    ("SlowChurn", 6, "Parallel", "11", "held=0.01 noise=35"),
    ("BurstImport", 1, "Serial", "17", ""),
    ("BurstImport", 2, "G1", "21", ""),
    ("CyclicShare", 1, "G1", "17", ""),
    ("CyclicShare", 2, "Serial", "25", ""),
    ("LateOnset", 1, "Serial", "17", "onset=60"),
    ("LateOnset", 2, "G1", "11", "onset=45"),
    ("LateOnset", 3, "Parallel", "21", "onset=72"),
    ("JdkCounters", 1, "G1", "17", ""),
    ("JdkCounters", 2, "Shenandoah", "21", ""),
    ("InternTable", 1, "Serial", "21", ""),
    ("InternTable", 2, "G1", "17", ""),
    ("FutureChain", 1, "G1", "21", ""),
    ("FutureChain", 2, "Parallel", "17", ""),
    ("ImageCache", 1, "G1", "25", "rate=30"),
    ("ImageCache", 2, "Serial", "11", "rate=20 mode=live"),
    ("BadKey", 1, "G1", "17", ""),
    ("BadKey", 2, "ZGC", "25", "xmx=192"),
    ("DirectBuffers", 1, "Serial", "17", ""),
    ("DirectBuffers", 2, "G1", "21", ""),
    ("TwoLeaks", 1, "G1", "17", ""),
    ("TwoLeaks", 2, "Parallel", "25", ""),
    ("GrowingBuffer", 1, "Serial", "17", ""),
    ("JavacSessions", 1, "G1", "jdk", "xmx=384"),
    ("WeakButStrong", 1, "G1", "21", ""),
    ("WeakButStrong", 2, "Serial", "17", ""),
    ("SlowConsumer", 1, "G1", "17", ""),
    ("SlowConsumer", 2, "Parallel", "11", ""),
    ("UncancelledTimers", 1, "Serial", "25", ""),
    ("EndlessSessions", 1, "G1", "21", ""),
    ("EndlessSessions", 2, "ZGC", "17", "xmx=192"),
    ("EndlessSessions", 3, "Serial", "17", "mode=live"),
    ("SoftShells", 1, "G1", "17", "xmx=64"),
    ("SoftShells", 2, "Serial", "21", "xmx=64"),
    ("PendingReplies", 1, "Parallel", "17", ""),
    ("ShutdownHooks", 1, "G1", "11", ""),
    ("ShutdownHooks", 2, "Serial", "25", ""),
    ("BeanPerClient", 1, "G1", "17", ""),
    ("BeanPerClient", 2, "Parallel", "21", ""),
    ("OpenStatements", 1, "G1", "25", ""),
    ("ZipfCache", 1, "G1", "17", ""),
    ("Lru", 1, "Serial", "17", ""),
    ("Lru", 2, "G1", "21", ""),
    ("Lru", 3, "ZGC", "25", "xmx=192"),
    ("Lru", 4, "Parallel", "11", "mode=live"),
    ("QueueSaw", 1, "G1", "17", ""),
    ("QueueSaw", 2, "Parallel", "21", ""),
    ("Diurnal", 1, "Serial", "17", ""),
    ("Diurnal", 2, "G1", "25", ""),
    ("Diurnal", 3, "ZGC", "21", "xmx=192"),
    ("Batch", 1, "G1", "11", ""),
    ("Batch", 2, "Serial", "21", ""),
    ("SymbolTable", 1, "Serial", "17", ""),
    ("SymbolTable", 2, "G1", "25", ""),
    ("Churn", 1, "G1", "17", ""),
    ("Churn", 2, "Parallel", "21", "noise=1.5 rate=4000"),
    ("Churn", 3, "Shenandoah", "17", "noise=40"),
    ("TtlSessions", 1, "Serial", "17", ""),
    ("TtlSessions", 2, "G1", "21", ""),
    ("TtlSessions", 3, "G1", "25", "mode=live"),
    ("LazyInit", 1, "G1", "17", ""),
    ("LazyInit", 2, "Parallel", "11", ""),
    ("SoftCache", 1, "Serial", "17", "xmx=64"),
    ("SoftCache", 2, "G1", "21", "xmx=64"),
    ("PoolClimb", 1, "G1", "17", ""),
    ("PoolClimb", 2, "Serial", "25", ""),
    ("PromotedGarbage", 1, "Serial", "17", ""),
    ("PromotedGarbage", 2, "Parallel", "21", "xmx=256"),
    ("PromotedGarbage", 3, "G1", "11", ""),
    ("WeakListeners", 1, "G1", "17", ""),
    ("WeakListeners", 2, "Serial", "25", ""),
    ("RandomWalk", 1, "Serial", "17", ""),
    ("RandomWalk", 2, "G1", "21", ""),
    ("RandomWalk", 3, "Shenandoah", "25", ""),
    ("Triangle", 1, "G1", "17", ""),
    ("Triangle", 2, "Parallel", "21", ""),
    ("RampLoad", 1, "Serial", "17", ""),
    ("RampLoad", 2, "G1", "25", ""),
    ("WarmUp", 1, "G1", "17", ""),
    ("WarmUp", 2, "Serial", "21", ""),
    ("TopList", 1, "G1", "11", ""),
    ("TopList", 2, "ZGC", "17", "xmx=192"),
    ("SlidingWindow", 1, "G1", "21", ""),
    ("SlidingWindow", 2, "Serial", "17", ""),
    ("Outage", 1, "Parallel", "17", ""),
    ("Outage", 2, "G1", "25", ""),
    ("ConfigReload", 1, "G1", "17", ""),
    ("ConfigReload", 2, "Serial", "11", "noise=2"),
    ("ElasticPool", 1, "G1", "21", ""),
    ("ElasticPool", 2, "Serial", "17", ""),
    ("ScratchLoaders", 1, "G1", "17", ""),
    ("ScratchLoaders", 2, "Parallel", "25", ""),
]

_CONTROLS: list[tuple[str, str, str]] = [
    ("PooledThreadLocal", "Serial", "21"),
    ("PluginReload", "G1", "17"),
    ("ThreadPerJob", "Parallel", "25"),
    ("SlowChurn", "G1", "11"),
    ("BurstImport", "G1", "17"),
    ("CyclicShare", "Serial", "21"),
    ("LateOnset", "G1", "17"),
    ("JdkCounters", "Parallel", "17"),
    ("FutureChain", "Serial", "25"),
    ("WeakButStrong", "G1", "17"),
    ("SlowConsumer", "Serial", "21"),
    ("ShutdownHooks", "G1", "17"),
    ("BeanPerClient", "Serial", "11"),
    ("SoftShells", "G1", "25"),
]

_PATCHED: list[tuple[str, str, str, str]] = [
    ("StaticRegistry", "G1", "17", "rate=80"),
    ("ListenerLeft", "Serial", "21", "rate=18"),
    ("PendingReplies", "G1", "25", "rate=150 lost=0.2"),
    ("EndlessSessions", "Parallel", "17", "rate=45 robots=0.5 life=6"),
    ("UncancelledTimers", "G1", "11", "rate=35"),
    ("ActorTree", "Serial", "17", "rate=28 size=250"),
    ("OpenStatements", "G1", "21", "rate=120 forgotten=0.25"),
]
_ROLES = {  # seed, further arguments
    "before": (11, "leak=1"),
    "before2": (12, "leak=1"),
    "half": (13, "leak=0.5"),
    "fixed": (14, "leak=0"),
    "silent": (15, "leak=0 traffic=0"),
}

# program, MiB of heap, wanted life in s, bytes of one, noise, collector, JDK, further arguments
_ENDING: list[tuple[str, int, float, float, float, str, str, str]] = [
    ("ImageCache", 64, 130, 2500, 14, "G1", "17", ""),
    ("ImageCache", 64, 180, 2500, 14, "Serial", "17", ""),
    ("ImageCache", 96, 150, 1200, 10, "G1", "21", ""),
    ("ImageCache", 48, 120, 4000, 18, "Parallel", "17", ""),
    ("ImageCache", 96, 210, 6000, 14, "Serial", "11", ""),
    ("ImageCache", 128, 160, 3000, 25, "G1", "25", ""),
    ("ImageCache", 48, 170, 800, 8, "Serial", "21", ""),
    ("ImageCache", 64, 150, 1500, 40, "G1", "17", ""),
    ("ImageCache", 64, 140, 2500, 14, "Serial", "25", "wave=0.6 period=20"),
    ("ImageCache", 96, 190, 2500, 12, "G1", "11", "wave=0.8 period=35"),
    ("ImageCache", 64, 200, 9000, 6, "G1", "21", "spread=1.1"),
    ("ImageCache", 48, 150, 20000, 14, "Serial", "17", "spread=0.9"),
    ("ImageCache", 96, 140, 30000, 14, "Parallel", "21", "spread=0.8"),
    ("ImageCache", 128, 220, 1000, 16, "G1", "17", ""),
    ("ImageCache", 72, 160, 2000, 2, "Serial", "17", ""),
    ("ImageCache", 80, 175, 5000, 20, "Shenandoah", "17", ""),
    ("ImageCache", 96, 165, 3500, 14, "ZGC", "21", ""),
    ("ActorTree", 64, 150, 900, 14, "G1", "17", ""),
    ("ActorTree", 48, 130, 2000, 10, "Serial", "21", ""),
    ("ActorTree", 96, 200, 600, 14, "Parallel", "25", ""),
    ("StaticRegistry", 48, 140, 260, 12, "G1", "17", ""),
    ("StaticRegistry", 64, 180, 260, 14, "Serial", "11", ""),
    ("StaticRegistry", 48, 160, 260, 22, "G1", "21", ""),
    ("SlowConsumer", 64, 150, 3000, 14, "G1", "25", "slower=0.5"),
    ("SlowConsumer", 48, 175, 1500, 10, "Serial", "17", "slower=0.4"),
    ("EndlessSessions", 48, 160, 560, 12, "G1", "17", "robots=0.6"),
    ("EndlessSessions", 64, 190, 560, 14, "Parallel", "21", "robots=0.6"),
    ("PendingReplies", 48, 150, 160, 10, "Serial", "25", "lost=0.5"),
]


_EXCHANGED = {
    "G1": ("Serial", "Serial", "Parallel"),
    "Serial": ("G1",),
    "Parallel": ("G1",),
    "ZGC": ("Shenandoah",),
    "Shenandoah": ("ZGC",),
}


def all_runs(series: int = 1) -> list[Run]:
    """Every run of the benchmark; kinds take turns, so that a part of them already is a fair sample.

    Another series has the same runs with other seeds and exchanged collectors.
    """
    parts = (_detect(), _patches(), _endings(), _controls(), _fleets(), _restarts(), _hours())
    turns = [list(part) for part in parts]
    placed = [((number + 0.5) / len(part), run) for part in turns for number, run in enumerate(part)]
    found = [_of_series(run, series) for _, run in sorted(placed, key=lambda each: each[0])]
    names = [run.name for run in found]
    assert len(set(names)) == len(names), "two runs of one name"
    return found


def _of_series(run: Run, series: int) -> Run:
    if series == 1:
        return run
    seed = zlib.crc32(f"{run.name} {series}".encode()) % 9973
    words = tuple(f"seed={seed}" if word.startswith("seed=") else word for word in run.arguments)
    others = _EXCHANGED[run.gc]
    return replace(run, arguments=words, gc=others[seed % len(others)])


def _run(name: str, program: str, words: str, **more: Any) -> Run:
    """`words` are the program's arguments, but for xmx= and mode=, which are the JVM's and the recorder's."""
    given = dict(word.split("=") for word in words.split())
    given["seed"] = str(zlib.crc32(f"{name} {given['seed']}".encode()) % 9973)  # no two runs are alike
    more.setdefault("xmx_mb", int(given.pop("xmx", 96)))
    more.setdefault("mode", given.pop("mode", "all"))
    known = PROGRAMS[program]
    more.setdefault("label", NONE if given.get("leak") == "0" else known.label)
    more.setdefault("service", name)
    more.setdefault("onset", float(given.get("onset", 0)) if more["label"] == LEAK else 0.0)
    return Run(name, known, tuple(f"{key}={value}" for key, value in given.items()), **more)


def _detect() -> Iterator[Run]:
    for program, seed, gc, jdk, words in _DETECT:
        yield _run(f"d_{program}_{seed}", program, f"seed={seed} {words}", gc=gc, jdk=jdk)


def _controls() -> Iterator[Run]:
    for program, gc, jdk in _CONTROLS:
        yield _run(f"c_{program}", program, "seed=7 leak=0", gc=gc, jdk=jdk)


def _patches() -> Iterator[Run]:
    for program, gc, jdk, words in _PATCHED:
        for role, (seed, more) in _ROLES.items():
            yield _run(
                f"p_{program}_{role}", program, f"seed={seed} {words} {more}", part="patch", gc=gc, jdk=jdk,
                group=f"patch-{program}", role=role, service=program.lower(),
                version="1.0" if role.startswith("before") else f"1.1-{role}",
            )  # fmt: skip


def _fleets() -> Iterator[Run]:
    for service, program, gc, words in [
        ("systemic", "EndlessSessions", "G1", ("leak=1", "leak=1", "leak=1")),
        ("individual", "OpenStatements", "Serial", ("leak=1", "leak=0", "leak=0")),
        ("healthy", "TtlSessions", "G1", ("", "", "")),
    ]:
        for number, more in enumerate(words, 1):
            yield _run(
                f"f_{service}_h{number}", program, f"seed={20 + number} {more}", part="fleet", gc=gc,
                jdk="21",
                group=f"fleet-{service}", role=service, host=f"h{number}", service=f"fleet-{service}",
            )  # fmt: skip


def _restarts() -> Iterator[Run]:
    for program, gc, jdk, words in [
        ("Lru", "G1", "17", "bound=3500"),
        ("TtlSessions", "Serial", "21", "ttl=25"),
        ("SymbolTable", "G1", "25", "words=2500"),
        ("SlowConsumer", "G1", "17", "rate=80"),
    ]:
        for seed, (role, seconds) in enumerate((("first", 75.0), ("second", SECONDS)), 31):
            yield _run(
                f"r_{program}_{role}", program, f"seed={seed} {words}", part="restart", gc=gc, jdk=jdk,
                group=f"restart-{program}", role=role, service=f"restart-{program}", seconds=seconds,
            )  # fmt: skip


def _endings() -> Iterator[Run]:
    """Rates that fill the heap in about the wanted life; the true end is what the recorder sees."""
    seeds = iter(range(41, 41 + len(_ENDING)))
    for program, xmx, life, size, noise, gc, jdk, words in _ENDING:
        seed = next(seeds)
        each = {"ActorTree": 3 * size + 500, "SlowConsumer": size + 130, "ImageCache": size + 120}.get(
            program, size
        )
        rate = (0.93 * xmx - 6) * 1e6 / life / each
        given = dict(word.split("=") for word in words.split())
        rate /= float(given.get("slower", 1)) * float(given.get("robots", 1)) * float(given.get("lost", 1))
        sized = f"size={size:g}" if program in ("ImageCache", "ActorTree", "SlowConsumer") else ""
        run = _run(
            f"e_{program}_{seed}", program, f"seed={seed} rate={rate:.4g} {sized} noise={noise:g} {words}",
            part="forecast", gc=gc, jdk=jdk, xmx_mb=xmx, seconds=480.0,
        )  # fmt: skip
        yield replace(run, options=("-XX:+ExitOnOutOfMemoryError",))


def _hours() -> Iterator[Run]:
    for program, gc, jdk in (("Portal", "G1", "21"), ("BackOffice", "Serial", "17")):
        yield _run(
            f"h_{program}", program, "seed=51 noise=3", part="hour", gc=gc, jdk=jdk, seconds=HOUR,
            interval=5.0,
        )  # fmt: skip
