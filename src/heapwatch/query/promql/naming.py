"""What our series are called in Prometheus' language.

heap.bytes of a class       heap_bytes{host="a", jvm="shop", class="a.B", package="a", mode="all"}
jvm.gc.time;collector=G1    jvm_gc_time{host="a", jvm="shop", collector="G1"}
a Graphite path a.b.cpu-0   a_b_cpu_0

`_` stands for what a name there cannot have; a matcher may also have the name as it is: {"heap.bytes"}. Lives
of a JVM after one another are one series, as a target that restarts is; lives beside one another have a `pid`
too, so that no two series are called the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

from heapwatch.query.promql.tree import NAME
from heapwatch.query.universe import Universe
from heapwatch.store.dimensions import FACTS, NOBODY, Incarnation, Series

_WRONG = re.compile(r"[^A-Za-z0-9_:]")
_WRONG_LABEL = re.compile(r"[^A-Za-z0-9_]")
HIDDEN = frozenset({"pid", "started", *FACTS})
"""Labels of JVMs that matchers can ask for and that answers do not have."""


@lru_cache(maxsize=65_536)
def metric_name(name: str) -> str:
    """`heap.bytes` as `heap_bytes`."""
    found = _WRONG.sub("_", name)
    return f"_{found}" if found[:1].isdigit() else found


@lru_cache(maxsize=4096)
def label_name(name: str) -> str:
    found = _WRONG_LABEL.sub("_", name)
    return f"_{found}" if found[:1].isdigit() else found


class JvmLabels:
    """The labels of JVMs' series, made once each."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._known: dict[int, dict[str, str]] = {}

    def of(self, each: Incarnation) -> dict[str, str]:
        found = self._known.get(each.id)
        if found is None:
            own = {label_name(name): value for name, value in each.labels.items() if name not in HIDDEN}
            found = {**own, "host": each.who.host, "jvm": each.who.jvm}
            found |= self._distinctions.get(each.id, {})
            self._known[each.id] = found
        return found

    @cached_property
    def _distinctions(self) -> dict[int, dict[str, str]]:
        """Of those lives that are beside others of their name."""
        named: dict[tuple[str, str], list[Incarnation]] = {}
        for each in self._universe.alive(0, 1 << 62):
            named.setdefault((each.who.host, each.who.jvm), []).append(each)
        found: dict[int, dict[str, str]] = {}
        for lives in named.values():
            if len(lives) > 1:
                found |= _beside_one_another(lives)
        return found


def _beside_one_another(lives: Sequence[Incarnation]) -> dict[int, dict[str, str]]:
    """What tells apart the lives that are not one after the other."""
    found: dict[int, dict[str, str]] = {}
    ordered = sorted(lives, key=lambda each: each.first_seen)
    crowd: list[Incarnation] = []
    for each in ordered:
        if not crowd or each.first_seen > max(one.last_seen for one in crowd):
            crowd = []
        crowd.append(each)
        if len(crowd) > 1:
            pids = [one.who.pid for one in crowd]
            for one in crowd:
                found[one.id] = {"pid": str(one.who.pid)}
                if pids.count(one.who.pid) > 1:
                    found[one.id]["started"] = str(one.who.started)
    return found


def series_labels(universe: Universe, series: Series, jvms: JvmLabels, raw: bool) -> dict[str, str]:
    """All labels of a metric series; `raw`: its name as it is."""
    owner = universe.owner(series) if series.incarnation != NOBODY else None
    found = dict(jvms.of(owner)) if owner else {}
    for name, value in series.tags.items():
        if value:
            found[label_name(name)] = value
    return {**found, NAME: series.metric if raw else metric_name(series.metric)}
