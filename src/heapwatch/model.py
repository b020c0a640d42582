"""The nouns of the house. Everything that crosses from one room into another is one of these.

Columns, not rows: a histogram of n classes is four parallel columns of length n, from the JVM's reply to
the chart. Times are whole milliseconds since the epoch (UTC) everywhere; sizes are bytes; durations and
pauses are milliseconds as floats. Class bytes are *shallow* sizes (headers and alignment included,
referents not), as `jmap -histo` prints them.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

ALL = "all"
"""Mode of a histogram that counts garbage too (`jmap -histo`): one walk of the heap, no collection."""

LIVE = "live"
"""Mode of a histogram taken after a forced full collection (`jmap -histo:live`)."""


@dataclass(frozen=True)
class Histogram:
    """One class histogram: for i < n, class `classes[i]` has `instances[i]` objects of `bytes[i]` in all.

    Names are normalised (jvm/names.py) and distinct. `rows[i]` tells how many rows of the JVM's text were
    summed into entry i: one a class loader, so a growing number is a class-loader leak. `modules` maps the
    classes of named modules to the module's name ("java.base"); the application's own are not in it.
    """

    classes: List[str]
    instances: array[int]  # 'q', length n
    bytes: array[int]  # 'q', length n, shallow
    rows: array[int]  # 'q', length n
    modules: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def total_instances(self) -> int:
        return sum(self.instances)

    @property
    def total_bytes(self) -> int:
        return sum(self.bytes)


class JvmId(NamedTuple):
    """One life of one JVM process (an *incarnation*): a restart is a new one and never continues a series.

    `host` and `jvm` are the stable names that people use; `pid` is as the host sees it; `started` is the
    process's start in epoch ms, taken from the kernel.
    """

    host: str
    jvm: str
    pid: int
    started: int


@dataclass(frozen=True)
class Target:
    """A JVM found on this machine, and what is known of it without touching it.

    `pid` is ours, `nspid` the one inside the innermost pid namespace. `start_ticks` (field 22 of
    /proc/PID/stat) with `pid` is the key that a reused pid cannot forge.
    """

    pid: int
    nspid: int
    start_ticks: int
    started: int  # epoch ms
    name: str  # the stable application name
    uid: int  # effective, as the host sees it
    gid: int
    user: str
    vm: str  # "hotspot" or "openj9"
    command: str = ""  # main class or jar with its arguments
    java_version: str = ""  # "17.0.15"
    vm_args: str = ""
    collector: str = ""  # "G1", "Parallel", "Serial", "ZGC", "Shenandoah", "CMS", "Epsilon"
    container: str = ""  # container id (12 digits), unit or pod, when not on the bare host
    labels: Mapping[str, str] = field(default_factory=dict)  # service, version, env, ... as the process says

    def identity(self, host: str) -> JvmId:
        return JvmId(host, self.name, self.pid, self.started)


@dataclass(frozen=True)
class Snapshot:
    """One histogram of one incarnation at one time, with what it cost and the heap's state beside it.

    `time` is when the histogram was complete in the VM (epoch ms). `pause` is how long application threads
    stood for it (ms, from sun.rt.safepointTime; None when not measured); `duration` the wall time of the
    request (ms). `heap` holds the counters read beside it, by the names in `HEAP_COUNTERS`; a counter that
    this VM does not have is absent.
    """

    jvm: JvmId
    time: int
    mode: str
    histogram: Histogram
    pause: Optional[float] = None
    duration: Optional[float] = None
    heap: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


HEAP_COUNTERS = (
    "young_collections",
    "old_collections",
    "concurrent_collections",
    "eden_used",
    "young_used",
    "old_used",
    "old_max",
    "heap_used",
    "heap_committed",
    "heap_max",
    "metaspace_used",
    "threads",
    "loaded_classes",
    "unloaded_classes",
    "since_gc_ms",  # age of the newest collection when the histogram began
)


@dataclass(frozen=True)
class MetricBlock:
    """Samples that share their labels and times: `values[m][i]` is metric m at `times[i]`; nan = no sample.

    A metric is named in Graphite's tagged form, `jvm.pool.used;pool=eden`: what follows the name is added
    to the block's labels.
    """

    labels: Mapping[str, str]
    times: array[int]  # 'q', epoch ms, rising
    values: Dict[str, array[float]]  # 'd', each as long as `times`


@dataclass(frozen=True)
class Event:
    """Something that happened at a moment and that charts mark: start, exit, restart, deploy, oom, ..."""

    time: int
    kind: str
    labels: Mapping[str, str]
    text: str = ""


@dataclass(frozen=True)
class LogBlock:
    """Log messages that share their labels: `texts[i]` was written at `times[i]`, in the order they came.

    A text may have several lines (a stack trace) and does not end with one. `levels` is empty, or has a word
    for each text that is not in the text itself ("" = what the text says). The labels say where a message
    comes from: host, jvm, `_sourceCategory`, `_sourceName`, and the user's own.
    """

    labels: Mapping[str, str]
    times: array[int]  # 'q', epoch ms
    texts: List[str]
    levels: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class Batch:
    """What an agent sends at once. (agent, sequence) is its name: a replay is recognised and stored once."""

    agent: str
    sequence: int
    snapshots: List[Snapshot] = field(default_factory=list)
    metrics: List[MetricBlock] = field(default_factory=list)
    events: List[Event] = field(default_factory=list)
    logs: Sequence[LogBlock] = ()
