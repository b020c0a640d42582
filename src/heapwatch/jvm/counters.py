"""From the VM's counters to the names that the rest of the house uses.

Collectors differ in their counters: which generations, spaces and collectors there are is read off the names
that are present, never off a list of collectors.

    Serial, Parallel, CMS   generation 0 (eden, survivors) and 1 (old); collector 0 young, 1 full
    G1                      the same; collector 2 = pauses of the concurrent cycle (not on 8)
    ZGC                     generation 1 is the whole heap, collector 2; generational: 0 minor, 2 major
    Shenandoah              generation 1 is the whole heap, collector 1 counts cycles
"""

from __future__ import annotations

import re
from array import array
from typing import (
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
    cast,
)

Raw = Mapping[str, Union[int, str]]

_SPACE = re.compile(r"^sun\.gc\.generation\.(\d+)\.space\.(\d+)\.used$")
_COLLECTOR = re.compile(r"^sun\.gc\.collector\.(\d+)\.invocations$")
_KINDS = {0: "young", 1: "old", 2: "concurrent"}
_PADDING = 1024  # G1 pads its sizes by some bytes; real ones are whole kilobytes
_OUR_CAUSES = ("Heap Inspection Initiated GC", "Heap Dump Initiated GC", "Diagnostic Command")

_COLLECTORS = (  # of sun.gc.policy.name and of the collectors' names, in the order to be asked
    ("shenandoah", "Shenandoah"),
    ("zgc", "ZGC"),
    ("z concurrent", "ZGC"),
    ("z minor", "ZGC"),
    ("garbagefirst", "G1"),
    ("g1", "G1"),
    ("epsilon", "Epsilon"),
    ("cms", "CMS"),
    ("parnew", "CMS"),
    ("concurrent mark", "CMS"),
    ("parscav", "Parallel"),
    ("parallel", "Parallel"),
    ("copy", "Serial"),
    ("serial", "Serial"),
    ("msc", "Serial"),
)


_STOPPING = ("G1", "Parallel", "Serial")  # the time of these is time at safepoints


def collector_name(raw: Raw) -> str:
    """G1, Parallel, Serial, ZGC, Shenandoah, CMS, Epsilon; "" when it cannot be told."""
    names = [str(raw[key]) for key in sorted(raw) if re.match(r"^sun\.gc\.collector\.\d+\.name$", key)]
    words = " ".join([str(raw.get("sun.gc.policy.name", "")), *names]).lower()
    return next((name for word, name in _COLLECTORS if word in words), "")


def collector_of_options(options: Sequence[str]) -> str:
    """As the options ask for one (`-XX:+UseG1GC`); "" when they leave it to the VM."""
    for option in reversed(options):
        match = re.match(r"^-XX:\+Use(G1|Parallel|Serial|Z|Shenandoah|ConcMarkSweep|Epsilon)GC$", option)
        if match:
            return {"Z": "ZGC", "ConcMarkSweep": "CMS"}.get(match[1], match[1])
    return ""


def safepoint_ms(raw: Raw) -> Optional[float]:
    """How long application threads have stood at safepoints since the start. Differences are pauses."""
    return _ms(raw, "sun.rt.safepointTime")


def heap_counters(raw: Raw, now_ms: Optional[float] = None) -> Dict[str, float]:
    """The counters beside a histogram, by the names of `model.HEAP_COUNTERS`; what a VM lacks is left out."""
    return Plan(raw).heap_counters(raw, now_ms)


def metrics(raw: Raw) -> Dict[str, float]:
    """The samples of one reading, by metric name in Graphite's tagged form (`jvm.pool.used;pool=eden`)."""
    return Plan(raw).metrics(raw)


class _Space(NamedTuple):
    generation: int
    pool: str
    used: str
    committed: str
    maximum: str


class _Collector(NamedTuple):
    kind: str
    invocations: str
    time: str
    ended: str
    began: str


class _Term(NamedTuple):
    """A metric, the counters that it is made of, and how."""

    metric: str
    counters: List[str]
    kind: str


_SUM, _WHOLE, _LARGEST, _TICKS = "sum", "sum of whole kilobytes", "largest", "ticks to ms"


class Plan:
    """Which of one VM's counters mean what. Made once from all of them; then only `names` need to be read."""

    def __init__(self, raw: Raw) -> None:
        self.collector = collector_name(raw)
        self._spaces = _spaces(raw)
        self._collectors = _collectors(raw)
        self._limits = [
            f"sun.gc.generation.{number}.maxCapacity"
            for number in sorted({space.generation for space in self._spaces})
        ]
        wanted = [
            *self._limits,
            *(name for space in self._spaces for name in space[2:]),
            *(name for collector in self._collectors for name in collector[1:]),
            *_PLAIN.values(),
            *_TIMES.values(),
            *_CLASSES,
            *("sun.gc.lastCause", "sun.os.hrt.frequency", "sun.os.hrt.ticks", "sun.rt.createVmBeginTime"),
        ]
        self.names = [name for name in wanted if name in raw]
        self.of_collections = [
            name for one in self._collectors for name in (one.invocations, one.began, one.ended)
        ]
        self._frequency = _number(raw, "sun.os.hrt.frequency") or 0
        self._terms = [
            _Term(metric, there, kind)
            for metric, names, kind in self._all_terms()
            if (there := [name for name in names if isinstance(raw.get(name), int)])
            and (kind != _TICKS or self._frequency)
        ]
        self._needed = list(dict.fromkeys(name for term in self._terms for name in term.counters))

    def _all_terms(self) -> Iterator[_Term]:
        """What every metric is made of, if the VM has it."""
        spaces = self._spaces
        yield _Term("jvm.heap.used", [space.used for space in spaces], _SUM)
        yield _Term("jvm.heap.committed", [space.committed for space in spaces], _WHOLE)
        # -Xmx. With G1 and ZGC each generation may grow to all of it; elsewhere young and old add up.
        yield _Term("jvm.heap.max", self._limits, _LARGEST if self.collector in ("G1", "ZGC") else _WHOLE)
        for pool in dict.fromkeys(space.pool for space in spaces):
            mine = [space for space in spaces if space.pool == pool]
            yield _Term(f"jvm.pool.used;pool={pool}", [space.used for space in mine], _SUM)
            yield _Term(f"jvm.pool.committed;pool={pool}", [space.committed for space in mine], _WHOLE)
            yield _Term(f"jvm.pool.max;pool={pool}", [space.maximum for space in mine], _WHOLE)
        for one in self._collectors:
            yield _Term(f"jvm.gc.count;gc={one.kind}", [one.invocations], _SUM)
            yield _Term(f"jvm.gc.time_ms;gc={one.kind}", [one.time], _TICKS)
        for metric, name in _PLAIN.items():
            yield _Term(metric, [name], _SUM)
        for metric, name in _TIMES.items():
            yield _Term(metric, [name], _TICKS)
        yield _Term("jvm.classes.loaded", list(_CLASSES[:2]), _SUM)
        yield _Term("jvm.classes.unloaded", list(_CLASSES[2:]), _SUM)

    def collections(self, raw: Raw) -> Dict[str, int]:
        """How many there were, by kind: young, old, concurrent."""
        counts = [(one.kind, _number(raw, one.invocations)) for one in self._collectors]
        return {kind: count for kind, count in counts if count is not None}

    def stood_for_collections_ms(self, raw: Raw) -> float:
        """How long the application has stood for collections; 0 where a collector's time is not a pause."""
        if self.collector not in _STOPPING:
            return 0.0
        return sum(_ms(raw, one.time) or 0.0 for one in self._collectors)

    def is_collecting(self, raw: Raw) -> bool:
        """Whether a collection has begun that has not ended: it is counted, but what it left is not yet."""
        times = [(_number(raw, one.began), _number(raw, one.ended)) for one in self._collectors]
        return any(began is not None and ended is not None and began > ended for began, ended in times)

    def after_collection(self, raw: Raw) -> Optional[float]:
        """The heap without eden: just after a collection, what it left."""
        if not self._spaces:
            return None
        return float(sum(_number(raw, space.used) or 0 for space in self._spaces if space.pool != "eden"))

    def since_collection_ms(self, raw: Raw, now_ms: Optional[float] = None) -> Optional[float]:
        """Age of the newest collection; None when there was none yet.

        Counted by the VM's own clock. 25 has none any more: there `now_ms`, the epoch, must stand in.
        """
        clock = _ms(raw, "sun.os.hrt.ticks")
        began = _number(raw, "sun.rt.createVmBeginTime")
        if clock is None and now_ms is not None and began is not None:
            clock = now_ms - began
        ends = [end for end in (_ms(raw, one.ended) for one in self._collectors) if end]
        return max(0.0, clock - max(ends)) if ends and clock is not None else None

    def heap_counters(self, raw: Raw, now_ms: Optional[float] = None) -> Dict[str, float]:
        young = self._used(raw, lambda space: space.generation == 0)
        old = [space for space in self._spaces if space.generation == 1]
        counts = self.collections(raw)
        loaded, unloaded = _classes(raw)
        values: Dict[str, Optional[float]] = {
            "young_collections": counts.get("young"),
            "old_collections": counts.get("old"),
            "concurrent_collections": counts.get("concurrent"),
            "eden_used": self._used(raw, lambda space: space.pool == "eden"),
            "young_used": young,
            "old_used": self._used(raw, lambda space: space.generation == 1),
            "old_max": sum(_whole(raw, space.maximum) for space in old) if old else None,
            "heap_used": self.heap_used(raw),
            "heap_committed": self._committed(raw),
            "heap_max": self.heap_max(raw),
            "metaspace_used": _number(raw, "sun.gc.metaspace.used") or None,
            "threads": _number(raw, "java.threads.live"),
            "loaded_classes": loaded,
            "unloaded_classes": unloaded,
            "since_gc_ms": self.since_collection_ms(raw, now_ms),
        }
        return {name: float(value) for name, value in values.items() if value is not None}

    def metrics(self, raw: Raw) -> Dict[str, float]:
        return {name: column[0] for name, column in self.columns([raw]).items()}

    def columns(self, readings: Sequence[Raw]) -> Dict[str, array[float]]:
        """The metrics of many readings of this VM, a column each: several times faster than one by one."""
        found = {}
        cells = [cast("Iterable[int]", map(raw.__getitem__, self._needed)) for raw in readings]
        read = dict(zip(self._needed, zip(*cells)))
        for metric, counters, kind in self._terms:
            if kind == _SUM and len(counters) == 1:
                found[metric] = array("d", read[counters[0]])
                continue
            parts: List[Sequence[int]] = [read[name] for name in counters]
            if kind in (_WHOLE, _LARGEST):
                parts = [[size - size % _PADDING for size in part] for part in parts]
            column: Iterable[float] = parts[0]
            if len(parts) > 1:
                column = map(max if kind == _LARGEST else sum, zip(*parts))
            if kind == _TICKS:
                column = [ticks * 1000 / self._frequency for ticks in parts[0]]
            found[metric] = array("d", column)
        return found

    def _used(self, raw: Raw, wanted: Optional[Callable[[_Space], bool]] = None) -> Optional[int]:
        spaces = self._spaces if wanted is None else [space for space in self._spaces if wanted(space)]
        sizes = [_number(raw, space.used) or 0 for space in spaces]
        return sum(sizes) if sizes else None

    def _committed(self, raw: Raw) -> Optional[int]:
        return sum(_whole(raw, space.committed) for space in self._spaces) if self._spaces else None

    def heap_used(self, raw: Raw) -> Optional[int]:
        """Bytes in use in all spaces."""
        return self._used(raw)

    def heap_max(self, raw: Raw) -> Optional[int]:
        """-Xmx (bytes). With G1 and ZGC each generation may grow to all of it; else young and old add up."""
        limits = [_whole(raw, name) for name in self._limits]
        if not limits:
            return None
        return max(limits) if self.collector in ("G1", "ZGC") else sum(limits)


class CollectionWatch:
    """Tells, reading after reading, that a collection has ended: the moment for a histogram.

    `after_gc` is the heap's use that the newest one left. Collections that our own `live` histograms force
    set it too, but are not reported: they tell nothing of the application.
    """

    def __init__(self) -> None:
        self._counts: Optional[Dict[str, int]] = None
        self._seen: List[Optional[Union[int, str]]] = []
        self.after_gc: Optional[float] = None

    def observe(self, plan: Plan, raw: Raw) -> str:
        """The kind of the widest that ended since the reading before (old, concurrent, young), or ""."""
        seen = list(map(raw.get, plan.of_collections))
        if seen == self._seen:
            return ""
        self._seen = seen
        if plan.is_collecting(raw):
            return ""
        counts = plan.collections(raw)
        before, self._counts = self._counts, counts
        if before is None:
            return ""
        ended = [kind for kind in ("old", "concurrent", "young") if counts.get(kind, 0) > before.get(kind, 0)]
        if not ended:
            return ""
        self.after_gc = plan.after_collection(raw)
        ours = ended == ["old"] and raw.get("sun.gc.lastCause") in _OUR_CAUSES
        return "" if ours else ended[0]


_PLAIN = {
    "jvm.threads.live": "java.threads.live",
    "jvm.threads.daemon": "java.threads.daemon",
    "jvm.threads.peak": "java.threads.livePeak",
    "jvm.threads.started": "java.threads.started",
    "jvm.metaspace.used": "sun.gc.metaspace.used",
    "jvm.metaspace.committed": "sun.gc.metaspace.capacity",
    "jvm.class_space.used": "sun.gc.compressedclassspace.used",
    "jvm.safepoint.count": "sun.rt.safepoints",
}
_METASPACE = ("jvm.metaspace.used", "jvm.metaspace.committed", "jvm.class_space.used")
_TIMES = {
    "jvm.safepoint.time_ms": "sun.rt.safepointTime",
    "jvm.safepoint.sync_ms": "sun.rt.safepointSyncTime",
}
_CLASSES = (
    "java.cls.loadedClasses",
    "java.cls.sharedLoadedClasses",
    "java.cls.unloadedClasses",
    "java.cls.sharedUnloadedClasses",
)


def _number(raw: Raw, name: str) -> Optional[int]:
    value = raw.get(name)
    return value if isinstance(value, int) else None


def _whole(raw: Raw, name: str) -> int:
    size = _number(raw, name) or 0
    return size - size % _PADDING


def _ms(raw: Raw, name: str) -> Optional[float]:
    ticks, frequency = _number(raw, name), _number(raw, "sun.os.hrt.frequency")
    if ticks is None or not frequency:
        return None
    return ticks * 1000 / frequency


def _classes(raw: Raw) -> Tuple[Optional[int], Optional[int]]:
    """Loaded and unloaded since the start, those of the shared archive included."""
    loaded, shared, unloaded, shared_unloaded = (_number(raw, name) for name in _CLASSES)
    return (
        None if loaded is None else loaded + (shared or 0),
        None if unloaded is None else unloaded + (shared_unloaded or 0),
    )


def _spaces(raw: Raw) -> List[_Space]:
    found = [match for match in (_SPACE.match(name) for name in raw) if match]
    places = sorted((int(match[1]), int(match[2])) for match in found)
    generations = {generation for generation, _ in places}
    spaces = []
    for generation, space in places:
        if generation > 1:
            continue  # the permanent generation of JDK 7
        prefix = f"sun.gc.generation.{generation}.space.{space}"
        if generation == 1:
            pool = "old" if 0 in generations else "heap"
        else:
            pool = _young_pool(str(raw.get(f"{prefix}.name", "")).lower())
        spaces.append(
            _Space(generation, pool, f"{prefix}.used", f"{prefix}.capacity", f"{prefix}.maxCapacity")
        )
    return spaces


def _young_pool(name: str) -> str:
    if "eden" in name:
        return "eden"
    return "survivor" if name.startswith("surv") or name in ("s0", "s1") else "young"


def _collectors(raw: Raw) -> List[_Collector]:
    found = []
    for name in raw:
        match = _COLLECTOR.match(name)
        if match and int(match[1]) in _KINDS:
            prefix = f"sun.gc.collector.{match[1]}"
            cycles = "shenandoah" in str(raw.get(f"{prefix}.name", "")).lower()
            kind = "concurrent" if cycles else _KINDS[int(match[1])]
            found.append(
                _Collector(kind, name, f"{prefix}.time", f"{prefix}.lastExitTime", f"{prefix}.lastEntryTime")
            )
    return found
