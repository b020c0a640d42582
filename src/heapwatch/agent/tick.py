"""The agent's round: look around, read counters, visit, ship. One thread, one thing after the other.

    every few seconds    who runs (around.py), what began and ended (census.py)
    about every second   the counters of every JVM: 20 to 100 us each, nothing stops for it
    about every second   log files, when any are to be tailed (tail.py)
    when it is due       one visit (schedule.py): one JVM stands for some ms
    every interval       all of it becomes a batch, goes into the spool, and the couriers are woken

`tick` does what is due and says how long nothing will be. It does at most one visit, so that signals and the
watchdog wait no longer than one JVM's deadline. What a JVM does wrong is told, counted and tried again by
the schedule; it never ends the round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, Iterable, List, Mapping, Sequence, Set, Tuple

from heapwatch.agent.around import Lookout
from heapwatch.agent.census import Census, Key, key_of
from heapwatch.agent.clock import Clock
from heapwatch.agent.config import Settings
from heapwatch.agent.exits import Exits
from heapwatch.agent.journal import Journal
from heapwatch.agent.probes import Probes
from heapwatch.agent.schedule import Schedule
from heapwatch.agent.spool import Spool
from heapwatch.agent.suspects import Suspects, utc
from heapwatch.agent.watch import Watch
from heapwatch.errors import HeapwatchError
from heapwatch.jvm import process
from heapwatch.jvm.budget import PauseBudget
from heapwatch.jvm.histogram import Parser
from heapwatch.model import LIVE, Batch, Event, LogBlock, MetricBlock, Snapshot, Target
from heapwatch.wire.batch import encode

if TYPE_CHECKING:
    from heapwatch.agent.tail import Tails

LONGEST_BATCH_S = 60.0
"""However long the interval between histograms: counters arrive at least so often."""

_CLASSES_PER_BATCH = 100_000
_BLIND_INTERVALS = 30  # so long a busy host may keep us from looking at a JVM
_COMMAND_LENGTH = 300


class Agent:
    """Watches the JVMs of one host. Time, chance, the spool and the waiting are given to it."""

    def __init__(
        self,
        settings: Settings,
        agent_id: str,
        spool: Spool,
        exits: Exits,
        *,
        clock: Clock,
        chance: Callable[[], float],
        journal: Journal,
        lookout: Lookout | None = None,
        tails: Tails | None = None,
        shipped: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.id = agent_id
        self.spool = spool
        self.clock = clock
        self.watches: Dict[Key, Watch] = {}
        self.schedule: Schedule[Key] = Schedule(chance, settings.host_share)
        self.failures: Dict[str, int] = {}  # of visits, by reason
        self.put_offs = 0
        self.batches = 0
        self.began = clock.monotonic()
        self._exits = exits
        self._chance = chance
        self._journal = journal
        self._shipped = shipped
        self.tails = tails
        self._lookout = lookout or Lookout(
            every_s=settings.rescan_s,
            min_age_s=settings.min_age_s,
            only=settings.only,
            ignore=settings.ignore,
            names=settings.names,
        )
        self._class_names: Dict[str, Tuple[str, str]] = {}  # one memory for all: most are the JDK's
        self._census = Census(self._event_labels, self._why_gone)
        self._ended: Set[Key] = set()  # but perhaps still there as zombies
        self._news = False
        self.probes = Probes(settings.probes)
        self._snapshots: List[Snapshot] = []
        self._blocks: List[MetricBlock] = []
        self._events: List[Event] = []
        self._batch_s = min(settings.interval_s, LONGEST_BATCH_S)
        self._counters_at = self._process_at = self.began
        self._batch_at = self.began + self._batch_s

    def tick(self) -> float:
        """Do what is due; returns for how many seconds nothing will be."""
        now = self.clock.monotonic()
        if self._lookout.due(now) or self._news:
            self._look_around(now)
        if now >= self._counters_at:
            self._counters_at = _next(self._counters_at, self.settings.counters_s, now)
            self._read_counters(now)
        if now >= self._process_at:
            self._process_at = _next(self._process_at, self.settings.process_s, now)
            self._read_processes()
        if self.tails is not None and now >= self.tails.next():
            self.tails.poll(now, self.clock.now_ms(), self._targets)
        visited = self._probe(now) or self._visit(now)
        if now >= self._batch_at or (self.tails is not None and self.tails.full):
            self._batch_at = _next(self._batch_at, self._batch_s, now) + self._spread()
            self.ship()
        if visited:
            return 0.0
        logs_at = self.tails.next() if self.tails is not None else self._batch_at
        soonest = min(self._counters_at, self._process_at, self._batch_at, self._lookout.next(), logs_at)
        return max(0.0, soonest - self.clock.monotonic())

    def ended(self, pids: Iterable[int]) -> None:
        """These processes were seen to end; a zombie is no JVM any more."""
        for pid in pids:
            self._ended.update(key for key in self.watches if key[0] == pid)
            self._exits.remove(pid)
            self._news = True

    def round(self) -> Batch:
        """One histogram of every JVM that allows it, at once, and all counters: what `once` prints."""
        now = self.clock.monotonic()
        self._look_around(now)
        self._read_counters(now)
        self._read_processes()
        for key in list(self.watches):
            self._visit_one(key, now)
        self._gather()
        return self._batch(
            self.spool.next_sequence(self.clock.now_ms()), self._snapshots, self._blocks, self._events
        )

    def ship(self) -> None:
        """Everything seen since the batch before goes into the spool."""
        self._note_steps()
        self._gather()
        snapshots, blocks, events = self._snapshots, self._blocks, self._events
        self._snapshots, self._blocks, self._events = [], [], []
        logs_wait = self.tails is not None and self.tails.waiting
        groups = _portions(snapshots) or ([[]] if blocks or events or logs_wait else [])
        labels = {**self.settings.labels, "host": self.settings.host}
        blocks.append(self.spool.block(self.clock.now_ms(), labels))  # alone it is not worth a batch
        for group in groups:
            sequence = self.spool.next_sequence(self.clock.now_ms())
            logs = self.tails.take(sequence) if self.tails is not None else []
            self.spool.put(sequence, encode(self._batch(sequence, group, blocks, events, logs)))
            self.batches += 1
            blocks, events = [], []
        if self.spool.error:
            self._journal.warning(f"{self.spool.error}; batches wait in memory", "spool")
        else:
            self._journal.solved("spool", "spool: batches are kept on disk again")
        self._shipped()

    def close(self) -> None:
        """A last batch of what was not shipped yet; then let go of every JVM."""
        self.ship()
        for watch in self.watches.values():
            self._exits.remove(watch.target.pid)
            watch.close()
        if self.tails is not None:
            self.tails.close()

    # -- who runs -----------------------------------------------------------------------------------------

    def _look_around(self, now: float) -> None:
        self._news = False
        everybody = self._lookout.look(now)
        self._ended.intersection_update(map(key_of, everybody))
        found = [target for target in everybody if key_of(target) not in self._ended]
        changes = self._census.look(found, self.clock.now_ms(), now)
        for target in changes.gone:
            self._let_go(target)
        for target in changes.new:
            self._take_up(target, now)
        for target in changes.changed:
            watch = self.watches[key_of(target)]
            watch.target, watch.labels = target, self._labels(target)
        self._events += changes.events
        for event in changes.events:
            self._journal.info(event.text)

    def _take_up(self, target: Target, now: float) -> None:
        settings = self.settings
        try:
            parser = Parser(settings.class_names, self._class_names)
            watch = Watch(target, settings.host, self._labels(target), parser, now)
        except OSError:  # it ended meanwhile: the next look sees that
            return
        watch.suspects = Suspects() if settings.suspects else None
        key = key_of(target)
        self.watches[key] = watch
        budget = PauseBudget(settings.limits, target.collector, settings.mode, target.java_version)
        self.schedule.add(key, budget, now)
        self._exits.add(target.pid)

    def _let_go(self, target: Target) -> None:
        self._exits.remove(target.pid)
        self.schedule.remove(key_of(target))
        watch = self.watches.pop(key_of(target), None)
        if watch is not None:
            self._blocks += watch.blocks()
            watch.close()

    def _labels(self, target: Target) -> Mapping[str, str]:
        """What the agent's settings say, what the process says of itself, and what it is."""
        command = target.command if self.settings.send_arguments else target.command.split(" ", 1)[0]
        facts = {
            "java": target.java_version,
            "collector": target.collector,
            "user": target.user,
            "container": target.container,
            "command": command[:_COMMAND_LENGTH],
        }
        labels = {**self.settings.labels, **target.labels, **facts}
        return {name: value for name, value in labels.items() if value}

    def _event_labels(self, target: Target) -> Mapping[str, str]:
        host, jvm, pid, started = target.identity(self.settings.host)
        return {
            **self._labels(target),
            "host": host,
            "jvm": jvm,
            "pid": str(pid),
            "started": str(started),
        }

    def _why_gone(self, target: Target) -> str:
        watch = self.watches.get(key_of(target))
        if watch is None:
            return ""
        if watch.was_killed_for_memory():
            return "the kernel killed it for lack of memory"
        return "its heap was full" if watch.heap_is_full else ""

    # -- what they say ------------------------------------------------------------------------------------

    def _read_counters(self, now: float) -> None:
        for key, watch in self.watches.items():
            if watch.read_counters(self.clock):
                self.schedule.saw_collection(key, now)
                if watch.heap_just_filled_up():
                    self._event(
                        watch, "heap_full", "its heap is full: collections take the time and free nothing"
                    )

    def _read_processes(self) -> None:
        for watch in self.watches.values():
            try:
                watch.read_process(self.clock)
            except OSError:  # it is ending: the next look sees that
                continue

    def _probe(self, now: float) -> bool:
        """One histogram of live objects, when the server has asked for it."""
        target = self.probes.next((watch.target for watch in self.watches.values()), now)
        if target is None:
            return False
        watch = self.watches[key_of(target)]
        try:
            self._snapshots.append(watch.take(LIVE, self.clock))
        except HeapwatchError as error:
            self._journal.warning(f"{target.name}: no histogram of live objects: {error}", "probe")
            return True
        self._event(watch, "probe", f"live objects were counted: {watch.newest_cost_ms:.0f} ms of pause")
        return True

    def _visit(self, now: float) -> bool:
        key = self.schedule.next(now, lambda one: self.watches[one].sees_collections)
        if key is None:
            return False
        self._visit_one(key, now)
        return True

    def _visit_one(self, key: Key, now: float) -> None:
        watch, turn = self.watches[key], self.schedule.turn(key)
        blind = now - max(watch.visited_at, watch.since) > _BLIND_INTERVALS * turn.budget.interval_s()
        pressure = None if blind else process.pressure()
        decision = turn.budget.decide(now, watch.used_bytes, pressure, watch.throttled() and not blind)
        if not decision.allowed:
            self.put_offs += 1
            watch.trouble, watch.trouble_reason = f"put off: {decision.why}", "put-off"
            self.schedule.put_off(key, now, decision.retry_after)
            return
        used = watch.used_bytes
        try:
            snapshot = watch.take(self.settings.mode, self.clock)
        except HeapwatchError as error:
            self._failed(key, watch, error)
            return
        after = self.clock.monotonic()
        watch.visited_at = after
        cost = watch.newest_cost_ms
        self.schedule.visited(key, after, cost, used)
        self._journal.solved(
            str(key), f"{watch.target.name} ({watch.target.pid}): histograms are taken again"
        )
        watch.trouble = watch.trouble_reason = ""
        watch.note(
            snapshot.time,
            {
                "heapwatch.pause_ms": cost,
                "heapwatch.pause_share": watch.pause_share(after),
                "heapwatch.pause_budget": turn.budget.limits.share,
                "heapwatch.interval_s": turn.budget.interval_s(),
                **self._suspects(watch, snapshot),
            },
        )
        self._snapshots.append(snapshot)

    def _suspects(self, watch: Watch, snapshot: Snapshot) -> Mapping[str, float]:
        """How many families of classes seem to leak, once that can be told."""
        suspects = watch.suspects
        if suspects is None:
            return {}
        if suspects.add(snapshot, watch.target.command.split(" ", 1)[0]):
            for text in suspects.news(utc):
                self._event(watch, "suspect", text)
        return {} if suspects.undecided else {"heapwatch.suspects": float(len(suspects.found))}

    def _failed(self, key: Key, watch: Watch, error: HeapwatchError) -> None:
        reason = getattr(error, "reason", type(error).__name__.lower())
        self.failures[reason] = self.failures.get(reason, 0) + 1
        # Who hangs up once may just be ending; who does it again will not have us.
        temporary = getattr(error, "temporary", True) or (
            reason == "closed" and not self.schedule.turn(key).failures
        )
        now = self.clock.monotonic()
        wait = self.schedule.failed(
            key, now, temporary=temporary, retry_after=getattr(error, "retry_after", None)
        )
        if watch.trouble_reason != reason and not temporary:
            self._event(watch, "collection_failed", str(error))
        watch.trouble, watch.trouble_reason = str(error), reason
        self._journal.warning(f"{watch.target.name}: {error}; tried again in {wait:.0f} s", str(key))

    # -- what becomes of it -------------------------------------------------------------------------------

    def _event(self, watch: Watch, kind: str, text: str) -> None:
        labels = self._event_labels(watch.target)
        self._events.append(Event(self.clock.now_ms(), kind, labels, f"{watch.target.name}: {text}"))

    def _note_steps(self) -> None:
        step = self.clock.stepped()
        if step:
            way = f"{'forward' if step > 0 else 'back'} by {abs(step):.0f} s"
            text = f"the clock of {self.settings.host} was set {way}"
            self._events.append(Event(self.clock.now_ms(), "clock", {"host": self.settings.host}, text))
            self._journal.warning(text)

    def _gather(self) -> None:
        for watch in self.watches.values():
            self._blocks += watch.blocks()

    def _batch(
        self,
        sequence: int,
        snapshots: List[Snapshot],
        blocks: List[MetricBlock],
        events: List[Event],
        logs: Sequence[LogBlock] = (),
    ) -> Batch:
        return Batch(self.id, sequence, snapshots, blocks, events, logs)

    def _targets(self) -> List[Target]:
        return [watch.target for watch in self.watches.values()]

    def _spread(self) -> float:
        """A tenth of the time between batches, by chance: a fleet does not call all at once."""
        return self._batch_s * 0.1 * (self._chance() - 0.5)


def _next(due: float, every: float, now: float) -> float:
    """The next time of something periodic. What was missed is not made up for."""
    return due + every if now < due + every / 2 else now + every


def _portions(snapshots: Sequence[Snapshot]) -> List[List[Snapshot]]:
    """Snapshots in groups that a server takes at once."""
    groups: List[List[Snapshot]] = []
    room = 0
    for snapshot in snapshots:
        if len(snapshot.histogram) > room or not groups:
            groups.append([])
            room = _CLASSES_PER_BATCH
        groups[-1].append(snapshot)
        room -= len(snapshot.histogram)
    return groups
