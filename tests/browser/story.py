"""Verdicts to look at: a service that leaks on all its hosts, one that is fixed meanwhile, and others.

What leaks has its births seen (they fill eden), and collections of the old generation that decide what is
garbage. The fixed service is told in two parts: first its old version, then, when that was found to leak,
its end and the new version, which makes as many objects and loses them all. No life has more histograms than
one upload, so that none is judged by a part of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heapwatch.model import Batch, Event

from .scene import MINUTE, Service, batches, block_labels, identity, labels

ORDERS = (
    ("com.acme.orders.Order", 56, 1),
    ("com.acme.orders.OrderLine", 40, 3),
    ("java.math.BigDecimal", 40, 6),
    ("java.util.ArrayList", 24, 1),
    ("java.time.LocalDate", 24, 1),
)
REPORTS = (
    ("com.acme.report.Session", 72, 1),
    ("com.acme.report.Session$Attribute", 32, 5),
    ("java.util.LinkedHashMap", 56, 1),
)
EVERY = 0.6  # minutes between two histograms
OLD_ENDS, NEW_STARTS = 2.5, 2.4  # minutes ago
HOSTS = (1, 2, 3)


def watched() -> list[Service]:
    """All but the new version of the service that will be fixed."""
    story = labels("story", "1.0", "17.0.9", "G1")
    shop = labels("shop", "4.12.1", "21.0.8", "G1")
    report = labels("report", "5.1", "21.0.8", "Parallel")
    leaking = Service(
        "story1", "story", story, 900, 58, base=62, leak=5.0, pause=21, every=EVERY, pid=2101, full=6
    )
    return [
        leaking,
        replace(leaking, host="story2", leak=6.5, pid=2102, start=57),
        replace(leaking, host="story3", leak=4.2, pid=2103, start=56),
        Service(
            *("report1", "report", report, 1024, 58),
            base=120,
            leak=1.6,
            every=EVERY,
            full=0,
            family=REPORTS,
            pid=3050,
            pause=14,
        ),
        *(
            Service(f"web{n}", "shop", shop, 2048, 58, base=400 + n, pause=30, every=EVERY, pid=800 + n)
            for n in HOSTS
        ),
        Service("edge1", "gateway", labels("gateway", "0.9", "25.0.2", "G1"), 512, 4, base=80, pid=77),
        *old(),
    ]


def old() -> list[Service]:
    """The version that leaks; its sampler is a slow one, so that nobody calls it silent at once."""
    orders = labels("orders", "2.3", "21.0.8", "G1")
    return [
        Service(
            *(f"orders{n}", "orders", orders, 1500, 106 - n, OLD_ENDS),
            base=140,
            leak=1.4 + n / 3,
            every=2.0,
            full=9,
            family=ORDERS,
            pid=4100 + n,
        )
        for n in HOSTS
    ]


def new() -> list[Service]:
    return [
        replace(
            was,
            labels={**was.labels, "version": "2.4"},
            start=NEW_STARTS,
            end=0.0,
            leak=0.0,
            dying=was.leak,
            every=0.05,
            pid=was.pid + 100,
        )
        for was in old()
    ]


def rollout(now: int) -> Iterator[Batch]:
    """The old version ends and the new one starts."""
    for was in old():
        end = Event(now - int(OLD_ENDS * MINUTE), "exit", block_labels(identity(was, now)), "SIGTERM")
        yield Batch(f"agent:{was.host}:{was.pid}", 10_000, events=[end])
    yield from batches(now, new())
