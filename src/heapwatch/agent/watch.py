"""One watched JVM: its open counters, what was read of it since the last batch, and how the visits went."""

from __future__ import annotations

import os
import re
from array import array
from dataclasses import dataclass, replace
from math import nan
from typing import Dict, List, Mapping, Sequence, Tuple

from heapwatch.agent.clock import Clock
from heapwatch.agent.suspects import Suspects
from heapwatch.errors import HeapwatchError, Unreadable
from heapwatch.jvm import perfdata, process, sample
from heapwatch.jvm.attach import Attachment
from heapwatch.jvm.counters import CollectionWatch, Plan, Raw
from heapwatch.jvm.histogram import Parser
from heapwatch.model import MetricBlock, Snapshot, Target

Row = Tuple[int, Mapping[str, float]]

_LOOK_AGAIN_S = 30.0
_LONGEST_VISIT_S = 30.0
_FULL = 0.97  # of the heap still in use after a collection
_COLLECTING = 0.5  # of the time
_METASPACE = re.compile(r"-XX:MaxMetaspaceSize=(\d+)([kKmMgGtT]?)")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True)
class Visit:
    """The newest histogram of a JVM, for those who ask how it goes."""

    time: int
    pause_ms: float | None
    duration_ms: float | None
    classes: int
    bytes: int


class Watch:
    """Holds at most one file open. Everything that fails here is told and tried again by whoever asks."""

    def __init__(
        self, target: Target, host: str, labels: Mapping[str, str], parser: Parser, now: float
    ) -> None:
        self.target = target
        self.labels = labels
        self.since = now
        self.visit: Visit | None = None
        self.visits = 0
        self.visited_at = float("-inf")
        self.newest_cost_ms = 0.0
        self.pause_ms = 0.0  # of all visits
        self.trouble = ""  # why the newest visit failed or was put off, or ""
        self.trouble_reason = ""
        self.counters_trouble = ""
        self.heap_is_full = False
        self.suspects: Suspects | None = None  # whoever wants to know sets it
        self._host = host
        self._attachment = Attachment(target)
        self._parser = parser
        self._counters: perfdata.PerfData | None = None
        self._look_at = now
        self._collections = CollectionWatch()
        self._readings: Readings | None = None
        self._blocks: List[MetricBlock] = []  # of readings by an older plan
        groups = process.cgroup_paths(target.pid)
        self._group = process.ControlGroup(groups)
        self._metaspace_limit = metaspace_limit(target.vm_args)
        self._killings = Killings(groups.get("", ""))
        self._process_rows: List[Row] = []

    @property
    def sees_collections(self) -> bool:
        return self._counters is not None

    @property
    def heap(self) -> Mapping[str, float]:
        """The newest metrics of the counters."""
        return self._readings.newest() if self._readings else {}

    @property
    def used_bytes(self) -> float | None:
        return self._readings.heap_used() if self._readings else None

    def throttled(self) -> bool:
        return self._group.throttled_since_last_call()

    # -- reading ------------------------------------------------------------------------------------------

    def read_counters(self, clock: Clock) -> str:
        """One reading of the VM's counters; the kind of collection that ended since the one before, or ""."""
        now = clock.monotonic()
        if self._counters is None and now >= self._look_at:
            self._open_counters(now)
        if self._counters is None:
            return ""
        try:
            raw = self._counters.sample()
            plan = self._counters.plan
        except Unreadable as error:
            self.counters_trouble = str(error)
            self._close_counters(now)
            return ""
        if self._readings and plan is not self._readings.plan:  # the VM has added counters
            self._blocks += self._readings.blocks(self.series_labels())
            self._readings = None
        if self._readings is None:
            self._readings = Readings(plan)
        ended = self._collections.observe(plan, raw)
        left = self._collections.after_gc if ended else None
        self._readings.add(clock.now_ms(), now, raw, left)
        return ended

    def read_process(self, clock: Clock) -> None:
        """One row of what the kernel says of it."""
        values = process.metrics(self.target.pid, self._group)
        if self._metaspace_limit is not None:
            values["jvm.metaspace.limit"] = self._metaspace_limit
        self._killings.look()
        self._process_rows.append((clock.now_ms(), values))

    def take(self, mode: str, clock: Clock) -> Snapshot:
        """Stop the JVM for a histogram. Whatever is wrong is a HeapwatchError."""
        timeout = 10.0
        if self.visit is not None and self.visit.duration_ms:
            timeout = min(max(timeout, self.visit.duration_ms / 50), _LONGEST_VISIT_S)
        try:
            taken = sample.take(
                self.target,
                mode,
                self._parser,
                self._counters,
                self._host,
                self._attachment,
                timeout,
                sample.threads_for(self.target),
            )
        except OSError as error:
            raise HeapwatchError(f"JVM {self.target.pid}: {error.strerror}") from error
        taken = replace(taken, time=clock.now_ms(), labels=self.labels)
        self.visit = Visit(
            taken.time, taken.pause, taken.duration, len(taken.histogram), taken.histogram.total_bytes
        )
        self.visits += 1
        # Without counters the pause is not known: then all of the visit must count.
        self.newest_cost_ms = taken.pause if taken.pause is not None else taken.duration or 0.0
        self.pause_ms += self.newest_cost_ms
        return taken

    def heap_just_filled_up(self) -> bool:
        """True once, when collections leave the heap full and take most of the time: it will not live."""
        left, readings = self._collections.after_gc, self._readings
        most = readings.heap_max() if readings else None
        if left is None or not most or readings is None:
            return False
        was, full = self.heap_is_full, left >= _FULL * most
        self.heap_is_full = full and (was or readings.newest_load() >= _COLLECTING)
        return self.heap_is_full and not was

    def was_killed_for_memory(self) -> bool:
        """Whether the kernel has killed something in its control group since we last looked."""
        return self._killings.happened()

    # -- handing over -------------------------------------------------------------------------------------

    def blocks(self) -> List[MetricBlock]:
        """What was read since this was asked before."""
        labels = self.series_labels()
        blocks, self._blocks = self._blocks, []
        rows, self._process_rows = self._process_rows, []
        if self._readings:
            blocks += self._readings.blocks(labels)
        return blocks + ([MetricBlock(labels, *columns(rows))] if rows else [])

    def series_labels(self) -> Dict[str, str]:
        host, jvm, pid, started = self.target.identity(self._host)
        return {"host": host, "jvm": jvm, "pid": str(pid), "started": str(started), **self.labels}

    def note(self, time: int, values: Mapping[str, float]) -> None:
        """A row of our own, about a visit."""
        self._process_rows.append((time, values))

    def pause_share(self, now: float) -> float:
        """The part of its time, since we watch it, that this JVM stood for us."""
        return self.pause_ms / 1000 / max(now - self.since, 1.0)

    def close(self) -> None:
        if self._counters is not None:
            self._counters.close()
            self._counters = None

    # -- counters -----------------------------------------------------------------------------------------

    def _open_counters(self, now: float) -> None:
        self._look_at = now + _LOOK_AGAIN_S
        try:
            self._counters = perfdata.open_for(self.target)
            self.counters_trouble = ""
        except (perfdata.NoPerfData, OSError) as error:
            self.counters_trouble = str(error)

    def _close_counters(self, now: float) -> None:
        self.close()
        self._look_at = now + 1.0 if now - self.since < _LOOK_AGAIN_S else now + _LOOK_AGAIN_S


class Readings:
    """Readings of one VM's counters by one plan; what they mean is worked out for all of them at once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._raw: List[Raw] = []
        self._times = array("q")
        self._moments: List[float] = []
        self._left: Dict[int, float] = {}  # which reading first saw a collection, and what that left
        self._before: Tuple[float, Raw] | None = None  # the newest of those handed over
        self._before_ms = 0.0  # in collections until then
        self._latest = -1
        self._asked: Raw | None = None
        self._answer: Mapping[str, float] = {}

    def add(self, time: int, now: float, raw: Raw, left: float | None) -> None:
        """A reading; one of the same millisecond as the reading before takes no row of its own."""
        if time > self._latest:
            self._latest = time
            self._raw.append(raw)
            self._times.append(time)
            self._moments.append(now)
        if left is not None and self._raw:
            self._left[len(self._raw) - 1] = left

    def newest(self) -> Mapping[str, float]:
        """What the newest reading means; worked out when somebody asks, once."""
        raw = self._newest()
        if raw is not self._asked:
            self._asked, self._answer = raw, self.plan.metrics(raw) if raw else {}
        return self._answer

    def heap_used(self) -> float | None:
        """Bytes of the heap in use at the newest reading."""
        raw = self._newest()
        return self.plan.heap_used(raw) if raw else None

    def heap_max(self) -> float | None:
        """Bytes that the heap may grow to, by the newest reading."""
        raw = self._newest()
        return self.plan.heap_max(raw) if raw else None

    def _newest(self) -> Raw | None:
        return self._raw[-1] if self._raw else self._before[1] if self._before else None

    def newest_load(self) -> float:
        """The part of the time between the last two readings that went into collections."""
        readings = [*([self._before] if self._before else []), *zip(self._moments, self._raw)][-2:]
        if len(readings) < 2:
            return 0.0
        (earlier, first), (later, second) = readings
        return _loads(_collected_ms(self.plan.columns([first, second]), 2), [earlier, later])[1]

    def blocks(self, labels: Mapping[str, str]) -> List[MetricBlock]:
        """The readings since this was asked before, as columns."""
        if not self._raw:
            return []
        values = self.plan.columns(self._raw)
        collected_ms = _collected_ms(values, len(self._raw))
        if self._before is not None:
            moments = [self._before[0], *self._moments]
            values["jvm.gc.load"] = _loads([self._before_ms, *collected_ms], moments)[1:]
        elif len(self._raw) > 1:
            values["jvm.gc.load"] = _loads(collected_ms, self._moments)
        if self._left:
            values["jvm.heap.after_gc"] = array(
                "d", [self._left.get(at, nan) for at in range(len(self._raw))]
            )
        block = MetricBlock(labels, self._times, values)
        self._before, self._before_ms = (self._moments[-1], self._raw[-1]), collected_ms[-1]
        self._raw, self._times, self._moments, self._left = [], array("q"), [], {}
        return [block]


def _collected_ms(values: Mapping[str, array[float]], count: int) -> List[float]:
    """How long collections had taken until each of so many readings."""
    spent = [column for name, column in values.items() if name.startswith("jvm.gc.time_ms")]
    return list(map(sum, zip(*spent))) or [0.0] * count


def _loads(sums: Sequence[float], moments: Sequence[float]) -> array[float]:
    """The part of the time that collections took from each reading to the next; nan for the first."""
    loads = array("d", [nan])
    for at in range(1, len(moments)):
        passed = max(moments[at] - moments[at - 1], 1e-6)
        loads.append(min(max((sums[at] - sums[at - 1]) / 1000 / passed, 0.0), 1.0))
    return loads


class Killings:
    """How often the kernel's out-of-memory killer struck in a control group and the one above it.

    The one above is asked because a container's own group is gone as soon as its only process is.
    """

    def __init__(self, path: str, root: str = "/sys/fs/cgroup") -> None:
        own = root + path.rstrip("/")
        self._groups = (own, os.path.dirname(own)) if path else ()
        self.look()

    def look(self) -> None:
        """What happened until now does not count."""
        self._before = {group: _kills(group) for group in self._groups}

    def happened(self) -> bool:
        return any(_kills(group) > before for group, before in self._before.items())


def _kills(group: str) -> int:
    try:
        with open(f"{group}/memory.events", encoding="ascii") as file:
            found = dict(line.split() for line in file)
    except (OSError, ValueError):
        return 0
    return int(found.get("oom_kill", 0))


def columns(rows: Sequence[Row]) -> Tuple[array[int], Dict[str, array[float]]]:
    """Rows as columns: a metric that a row lacks is nan there. Rows of one time become one."""
    by_time: Dict[int, Mapping[str, float]] = {}
    for time, values in rows:
        by_time[time] = {**by_time[time], **values} if time in by_time else values
    names = {name: None for values in by_time.values() for name in values}
    table = {name: array("d", [values.get(name, nan) for values in by_time.values()]) for name in names}
    return array("q", by_time), table


def metaspace_limit(vm_args: str) -> float | None:
    """`-XX:MaxMetaspaceSize` in bytes, the last one; None when the options set none."""
    found = _METASPACE.findall(vm_args)
    return float(found[-1][0]) * _UNITS[found[-1][1].lower()] if found else None
