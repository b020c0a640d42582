"""A fleet to look at: batches as agents would have sent them over the last hour, made by arithmetic.

Three hosts run the service whose actors leak; one of them ran out of memory and came back, one got the fix.
Beside them a shop that is well, a search index on ZGC, a batch job that has ended and a service gone silent.
Class names are those of a recorded JVM, the oddest ones included, with the story's own added.
"""

from __future__ import annotations

import gzip
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from heapwatch.jvm import histogram
from heapwatch.model import ALL, Batch, Event, Histogram, JvmId, LogBlock, MetricBlock, Snapshot

RECORDED = Path(__file__).parent.parent / "jvms" / "recorded" / "17.0.9.histogram.gz"
MINUTE = 60_000
MIB = 1 << 20
YOUNG_S = 17.0  # from one young collection to the next
HOSTILE = '<img src=x onerror="document.title=1">&amp;'
"""A class name may be any string that the VM allows; a page that made markup of it would run this."""

# class, bytes each, how many a leaked actor keeps
LEAKED = (
    ("memleak.Piece", 24, 8),
    ("byte[]", 272, 8),
    ("memleak.TemporaryFile", 24, 1),
    ("memleak.Child", 32, 1),
    ("akka.actor.ActorCell", 112, 1),
    ("akka.actor.ChildActorPath", 40, 1),
    ("akka.actor.LocalActorRef", 40, 1),
    ("akka.actor.ChildRestartStats", 32, 1),
    ("akka.actor.dungeon.ChildrenContainer$NormalChildrenContainer", 24, 1),
    ("akka.dispatch.Mailbox", 48, 1),
    ("akka.dispatch.UnboundedMailbox$MessageQueue", 32, 1),
    ("scala.collection.immutable.RedBlackTree$Tree", 48, 3),
    ("scala.collection.immutable.$colon$colon", 24, 9),
    ("java.util.concurrent.ConcurrentLinkedQueue$Node", 24, 2),
    ("scala.collection.mutable.ArrayBuffer", 24, 1),
)
APPLICATION = tuple(
    f"com.example.{area}.{name}"
    for area in ("cart", "catalog", "catalog.search", "checkout.payment", "session", "web.rest")
    for name in (
        "Entry",
        "Handler",
        "Request",
        "Response",
        "Cache$Node",
        "Service",
        "Service$$Lambda",
        "Listing[]",
    )
)


@dataclass(frozen=True)
class Service:
    """One life of one JVM of the scene: what it is, and how its heap goes (minutes before now -> MiB)."""

    host: str
    jvm: str
    labels: dict[str, str]
    limit: int  # MiB
    start: float  # minutes ago
    end: float = 0.0  # minutes ago
    base: float = 100.0  # MiB in use after a collection
    leak: float = 0.0  # MiB a minute
    fixed: float = -1.0  # minutes ago, when the leak ended
    pause: float = 9.0
    every: float = 0.5  # minutes between two histograms
    full: float = 8.0  # minutes between two collections of the old generation; 0 for none
    dying: float = 0.0  # MiB a minute of what leaked before, and now dies with the next young collection
    family: tuple[tuple[str, int, int], ...] = LEAKED
    pid: int = 4711
    events: tuple[tuple[float, str, str], ...] = field(default=())

    def leaked(self, ago: float) -> float:
        """MiB that the leak holds."""
        until = max(ago, self.fixed) if self.fixed >= 0 else ago
        return max(0.0, self.start - until) * self.leak

    def leaks(self, ago: float) -> float:
        return self.leak if self.fixed < 0 or ago > self.fixed else 0.0

    def young(self, ago: float) -> float:
        """Young collections since the start, with the part of the way to the next."""
        return (self.start - ago) * 60 / YOUNG_S


def labels(service: str, version: str, java: str, collector: str, **more: str) -> dict[str, str]:
    return {
        "service": service,
        "version": version,
        "env": "prod",
        "java": java,
        "collector": collector,
        "user": service,
        "command": f"com.example.{service}.Main --port 8080",
        **more,
    }


def fleet() -> list[Service]:
    leaky = labels("memleak", "1.0", "17.0.9", "G1")
    shop = labels("shop", "4.12.1", "21.0.8", "G1", container="3f9c2a71bd04")
    search = labels("search", "9.1", "25.0.2", "ZGC")
    broker = labels("broker", "3.9.0", "17.0.9", "G1")
    billing = labels("billing", "2024.3", "11.0.13", "Parallel")
    auth = labels("auth", "7.0.2", "8u252", "CMS")
    return [
        Service("memleak1", "memleak1", leaky, 800, 56, base=62, leak=8.2, pause=21, pid=2101),
        Service(
            "memleak2",
            "memleak2",
            leaky,
            800,
            58,
            16.4,
            base=62,
            leak=16.6,
            pause=22,
            pid=2200,
            events=((16.4, "oom", "java.lang.OutOfMemoryError: Java heap space"),),
        ),
        Service(
            "memleak2",
            "memleak2",
            leaky,
            800,
            16,
            base=62,
            leak=12.4,
            pause=12,
            pid=2275,
            events=((16, "restart", "pid 2275 follows pid 2200"),),
        ),
        Service(
            "memleak3",
            "memleak3",
            {**leaky, "version": "1.1"},
            800,
            54,
            base=62,
            leak=9.1,
            fixed=19,
            pause=19,
            pid=2304,
            events=((19, "deploy", "version 1.0 -> 1.1"),),
        ),
        Service("web1", "shop", shop, 2048, 60, base=410, pause=31, pid=811),
        Service("web2", "shop", shop, 2048, 60, base=402, pause=30, pid=799),
        Service("web3", "shop", shop, 2048, 60, base=421, pause=33, pid=823),
        Service(
            "search1", "search-index", search, 8192, 60, base=5320, leak=0.4, pause=41, every=2, pid=1533
        ),
        Service("broker1", "message-broker", broker, 4096, 60, base=1440, pause=17, every=1, pid=655),
        Service(
            "batch1",
            "billing-batch",
            billing,
            1024,
            44,
            23,
            base=300,
            leak=2.2,
            pid=3120,
            events=((23, "exit", "the process has ended"),),
        ),
        Service("auth1", "auth-service", auth, 512, 60, 9, base=190, pid=941),
    ]


@cache
def recorded() -> Histogram:
    return histogram.parse(histogram.decode(gzip.decompress(RECORDED.read_bytes())))


def heap(service: Service, mib: float, garbage: float) -> Histogram:
    """What the heap of this service holds with so many MiB leaked and so much garbage about."""
    known = recorded()
    sizes: dict[str, tuple[int, int, int]] = {
        name: (known.instances[i], known.bytes[i], known.rows[i]) for i, name in enumerate(known.classes)
    }

    def add(name: str, instances: float, each: int) -> None:
        have = sizes.get(name, (0, 0, 1))
        sizes[name] = (have[0] + int(instances), have[1] + int(instances) * each, have[2])

    stock = service.base * MIB
    for name, share, each in (
        ("byte[]", 0.31, 96),
        ("char[]", 0.04, 80),
        ("java.lang.String", 0.1, 24),
        ("java.util.HashMap$Node", 0.12, 32),
        ("java.lang.Object[]", 0.07, 64),
        ("java.util.concurrent.ConcurrentHashMap$Node", 0.06, 32),
        ("int[]", 0.05, 128),
    ):
        add(name, stock * share / each, each)
    for place, name in enumerate(APPLICATION):
        add(name, stock * 0.2 / len(APPLICATION) / 40 * (1.7 - place / len(APPLICATION)), 40)
    if service.leak > 1 or service.dying:
        actors = mib * MIB / sum(each * count for _, each, count in service.family)
        for name, each, count in service.family:
            add(name, actors * count + 40, each)
    if service.jvm == "memleak1":
        add(HOSTILE, 12 + mib, 24)
    add("byte[]", garbage * MIB * 0.6 / 512, 512)
    add("java.lang.String", garbage * MIB * 0.4 / 24, 24)
    names = list(sizes)
    return Histogram(
        names,
        array("q", (sizes[name][0] for name in names)),
        array("q", (sizes[name][1] for name in names)),
        array("q", (sizes[name][2] for name in names)),
        known.modules,
    )


def taken(service: Service, now: int, ago: float, chance: Random) -> Snapshot:
    """One histogram, `ago` minutes before `now` (the moment to which the scene's times refer)."""
    leaked = service.leaked(ago)
    eden = service.young(ago) % 1.0
    garbage = (0.005 + 0.035 * eden) * service.base
    minutes = eden * YOUNG_S / 60
    dying = service.dying * minutes
    fresh = dying + service.leaks(ago) * minutes
    pause = service.pause * (0.8 + leaked / service.limit) * chance.uniform(0.9, 1.1)
    return Snapshot(
        identity(service, now),
        now - int(ago * MINUTE),
        ALL,
        heap(service, leaked + dying, garbage),
        pause,
        pause + chance.uniform(3, 9),
        {
            "heap_used": (service.base + leaked + garbage) * MIB,
            "heap_max": float(service.limit * MIB),
            "young_collections": float(int(service.young(ago))),
            "old_collections": float(int((service.start - ago) / service.full)) if service.full else 0.0,
            "concurrent_collections": 0.0,
            "eden_used": (garbage + fresh) * MIB,
        },
        service.labels,
    )


def snapshots(service: Service, now: int, chance: Random) -> Iterator[Snapshot]:
    ago = service.start - 0.2
    while ago > service.end:
        yield taken(service, now, ago, chance)
        ago -= service.every * chance.uniform(0.9, 1.1)


def identity(service: Service, now: int) -> JvmId:
    return JvmId(service.host, service.jvm, service.pid, now - int(service.start * MINUTE))


def metrics(service: Service, now: int, chance: Random) -> MetricBlock:
    who = identity(service, now)
    times = array(
        "q", range(now - int(service.start * MINUTE) + 1000, now - int(service.end * MINUTE), 10_000)
    )
    values: dict[str, list[float]] = {}

    def put(name: str, value: float) -> None:
        values.setdefault(name, []).append(value)

    young = old = gc_ms = cpu = stopped = 0.0
    for place, time in enumerate(times):
        ago = (now - time) / MINUTE
        live = min(service.base + service.leaked(ago), service.limit * 0.985)
        room = service.limit - live
        full = live / service.limit
        eden = min(room, 0.22 * service.limit) * ((place * 0.13) % 1.0)
        load = min(0.9, 0.006 + 0.4 * max(0.0, full - 0.72) ** 2 * 25) * chance.uniform(0.8, 1.2)
        young += 1 + (full > 0.8)
        old += full > 0.9
        gc_ms += load * 10_000
        cpu += (0.18 + load) * 10_000 * chance.uniform(0.9, 1.1)
        stopped += load * 9_000 + 2
        rss = min(service.limit * 1.22, live + eden + 160)
        for name, value in (
            ("jvm.heap.used", (live + eden) * MIB),
            ("jvm.heap.after_gc", live * chance.uniform(0.995, 1.005) * MIB),
            (
                "jvm.heap.committed",
                min(service.limit, math.ceil((live + 0.25 * service.limit) / 64) * 64) * MIB,
            ),
            ("jvm.heap.max", service.limit * MIB),
            ("jvm.pool.used;pool=eden", eden * MIB),
            ("jvm.pool.used;pool=survivor", 0.012 * service.limit * MIB),
            ("jvm.pool.used;pool=old", live * 0.985 * MIB),
            ("jvm.gc.count;gc=young", young),
            ("jvm.gc.count;gc=old", old),
            ("jvm.gc.time_ms;gc=young", gc_ms * 0.7),
            ("jvm.gc.time_ms;gc=old", gc_ms * 0.3),
            ("jvm.gc.load", load),
            ("jvm.threads.live", 42 + 6 * math.sin(ago / 7)),
            ("jvm.threads.daemon", 31),
            ("jvm.threads.peak", 51),
            ("jvm.classes.loaded", 9_120 + 30 * min(place, 20)),
            ("jvm.classes.unloaded", 12),
            ("jvm.metaspace.used", (52 + min(place, 30) * 0.1) * MIB),
            ("jvm.metaspace.committed", 58 * MIB),
            ("jvm.class_space.used", 6.2 * MIB),
            ("jvm.safepoint.time_ms", stopped),
            ("jvm.safepoint.sync_ms", stopped * 0.04),
            ("jvm.process.rss", rss * MIB),
            ("jvm.process.swap", 0),
            ("jvm.process.open_files", 180 + place % 7),
            ("jvm.process.cpu_ms", cpu),
            ("cgroup.memory.used", (rss + 12) * MIB),
            ("cgroup.memory.limit", service.limit * 2.0 * MIB),
            ("heapwatch.pause_ms", service.pause * (0.8 + full)),
            ("heapwatch.pause_budget", 0.005),
            ("heapwatch.pause_share", service.pause * (0.8 + full) / (service.every * MINUTE)),
            ("heapwatch.interval_s", service.every * 60),
        ):
            put(name, float(value))
    columns = {name: array("d", column) for name, column in values.items()}
    return MetricBlock(block_labels(who), times, columns)


def block_labels(who: JvmId) -> dict[str, str]:
    return {"host": who.host, "jvm": who.jvm, "pid": str(who.pid), "started": str(who.started)}


def log(service: Service, now: int, chance: Random) -> LogBlock:
    """What the application wrote: downloads by the leaky one, orders by the others, how lives begin, end."""
    said: list[tuple[float, str]] = [
        (service.start, f"INFO  [main] started version {service.labels['version']}")
    ]
    ago = service.start - 0.1
    while ago > service.end:
        number = int(ago * 37) % 1000
        if service.jvm.startswith("memleak"):
            said.append((ago, f"INFO  [akka-{number % 8}] saved file-{number}.bin in {number % 90 + 8} ms"))
            if service.leaked(ago) > 0.6 * service.limit:
                said.append((ago, f"WARN  [gc] heap is {80 + number % 19} % full after a collection"))
        else:
            said.append((ago, f"INFO  [http-{number % 20}] GET /orders/{number} 200 in {number % 40 + 2} ms"))
        if number % 61 == 0:
            said.append((ago, f"ERROR [db] cannot connect to db-{number % 3}: timed out after 5000 ms"))
        ago -= 0.25 * chance.uniform(0.8, 1.2)
    for when, kind, text in service.events:
        if kind == "oom":
            frames = "".join(
                f"\n\tat memleak.TemporaryFile.append(TemporaryFile.scala:{n})" for n in range(21, 27)
            )
            said.append((when + 0.02, f"ERROR [akka-3] {text}{frames}"))
        if kind == "deploy":
            said.append((when, f"INFO  [main] deployed: {text}"))
    said.sort(key=lambda one: -one[0])
    labels = {"host": service.host, "jvm": service.jvm, "_sourceCategory": f"{service.jvm}/app"}
    labels["_sourceName"] = f"/var/log/{service.jvm}/app.log"
    return LogBlock(
        labels, array("q", (now - int(ago * MINUTE) for ago, _ in said)), [text for _, text in said]
    )


def batches(now: int, services: list[Service] | None = None) -> Iterator[Batch]:
    """One service after the other, in pieces that a server accepts."""
    for number, service in enumerate(fleet() if services is None else services):
        chance = Random(number)
        agent = f"agent:{service.host}:{service.pid}"
        taken = list(snapshots(service, now, chance))
        happened = [
            Event(now - int(ago * MINUTE), kind, block_labels(identity(service, now)), text)
            for ago, kind, text in service.events
        ]
        yield Batch(agent, 1, metrics=[metrics(service, now, chance)], snapshots=taken[:100])
        for place in range(100, len(taken), 100):
            yield Batch(agent, 2 + place, snapshots=taken[place : place + 100])
        yield Batch(agent, 9_999, logs=[log(service, now, chance)])
        if happened:
            yield Batch(agent, 10_000, events=happened)


def later(now: int, ago: float, sequence: int, services: list[Service] | None = None) -> Iterator[Batch]:
    """What those that still run say `-ago` minutes after the scene was made."""
    for service in fleet() if services is None else services:
        if service.end == 0:
            heard = array("d", [(service.base + service.leaked(ago)) * MIB])
            block = MetricBlock(
                block_labels(identity(service, now)),
                array("q", [now - int(ago * MINUTE)]),
                {"jvm.heap.used": heard, "jvm.heap.after_gc": heard},
            )
            snapshot = taken(service, now, ago, Random(sequence))
            agent = f"agent:{service.host}:{service.pid}"
            yield Batch(agent, 20_000 + sequence, snapshots=[snapshot], metrics=[block])
