"""Batches into rows, exactly once.

    check -> drop what is stored -> names -> intent
          -> class_sample, sample, event, log -> snapshot -> ack -> live

What makes it exactly once, whatever dies in between (docs/decisions/0006-exactly-once.md): a snapshot is its
(incarnation, time, mode) and counts when its `snapshot` row is there, written after its classes; what an
intent names without such a row is removed before the next insert. A metric sample is its (series, time), an
event all of itself. Times that rise need no look into the store to be new. Log messages are known by their
batch (logs.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.model import Batch, Event, JvmId, MetricBlock, Snapshot
from heapwatch.store import rows
from heapwatch.store.acks import Acks
from heapwatch.store.admission import check
from heapwatch.store.dimensions import NOBODY, Names
from heapwatch.store.engine import Engine
from heapwatch.store.hours import HOUR_MS, Hours, Unit, by_hour
from heapwatch.store.identity import identity, others
from heapwatch.store.intent import Intent, stored
from heapwatch.store.latest import newest
from heapwatch.store.live import Live
from heapwatch.store.logs import KEYED, WITHOUT_ORDER, LogWriter, histogram_logs
from heapwatch.store.makers import Makers
from heapwatch.store.points import TOO_MANY, Memo, Replays, Runs, unacceptable
from heapwatch.store.rows import Prepared
from heapwatch.store.samples import Chunk, SampleWriter
from heapwatch.store.settings import Settings

ROWS_AT_ONCE = 500_000


class Writer:
    """The one way in; one insert at a time."""

    def __init__(
        self,
        engine: Engine,
        names: Names,
        live: Live,
        acks: Acks,
        intent: Intent,
        settings: Settings,
        clock: Callable[[], int],
        hours: Hours,
    ) -> None:
        self._engine = engine
        self._names = names
        self._live = live
        self._acks = acks
        self._intent = intent
        self._settings = settings
        self._clock = clock
        self._hours = hours
        self.makers = Makers(names, live.values, settings.series_each, settings.max_series, clock)
        self._memo = Memo(names, self.makers)
        self._replays = Replays(live)
        self._lock = threading.Lock()
        self.samples = SampleWriter(names.ids, live)
        self._logs = LogWriter(names, clock, settings.max_log_sources)

    @property
    def future_ms(self) -> int:
        return self._settings.future_ms

    def recover(self) -> int:
        """Undo what a crash or a failure left half; how many histograms that was."""
        with self._lock:
            return self._intent.recover(self._engine)

    def insert(self, batches: Sequence[Batch]) -> list[bool]:
        """Store batches; False for each whose number was stored before."""
        for batch in batches:
            check(batch, self._clock(), self._settings.future_ms)
        with self._lock:
            self._intent.recover(self._engine)
            fresh: dict[tuple[str, int], Batch] = {}
            answers = []
            for batch in batches:
                name = batch.agent, batch.sequence
                answers.append(name not in self._acks and name not in fresh)
                if answers[-1]:
                    fresh[name] = batch
            replays: set[tuple[str, int]] = set()
            for some in _parts(list(fresh.values())):
                replays |= self._store(some)
            names = [(batch.agent, batch.sequence) for batch in batches]
            return [new and name not in replays for new, name in zip(answers, names, strict=True)]

    def close(self) -> None:
        """Write down what may still be in memory only."""
        with self._lock:
            self._acks.write(self._clock(), self._engine, at_once=True)

    def insert_samples(
        self,
        series: Sequence[str],
        times: Sequence[int] | NDArray[np.int64],
        values: Sequence[float] | NDArray[np.float64],
        senders: Sequence[tuple[str, int]],
        *,
        once: bool = False,
    ) -> list[dict[str, int]]:
        """Store points by tagged series names; `once` tells those that are stored already from new ones.

        `senders` says of whom how many rows are, in order; so many were refused of each, by reason.
        """
        moments = np.asarray(times, np.int64)
        numbers = np.asarray(values, np.float64)
        runs, names = Runs(senders), series
        bad = unacceptable(moments, numbers, self._clock() + self.future_ms)
        if bad:
            for reason, rows in bad.items():
                runs.refuse(reason, rows)
            good = ~np.logical_or.reduce(list(bad.values()))
            moments, numbers = moments[good], numbers[good]
            names = list(compress(series, good.tolist()))
            runs.keep(good)
        with self._lock:
            kept = self._memo.ids(names, moments, runs, self._engine)
            room = kept != TOO_MANY
            if not room.all():
                runs.refuse("too-many-series", ~room)
                kept, moments, numbers = kept[room], moments[room], numbers[room]
            every = kept
            if once:
                fresh = self._replays.fresh(kept, moments, self._engine)
                kept, moments, numbers = kept[fresh], moments[fresh], numbers[fresh]
            self._hours.touch(self._hours_of(kept, moments), self._engine)
            self.samples.write_columns(kept, moments, numbers, self._engine)
            if once:
                self._replays.done(every)
            self._took(kept, moments, numbers)
        return runs.refused

    def _took(self, series: NDArray[Any], times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """These samples are stored: what is newest may be among them."""
        last = newest(series, times)
        series, times = series[last], times[last]
        self._live.values.took(series, times, values[last])
        owners = self._names.series.owners.of(series)
        order = np.argsort(owners, kind="stable")
        starts = np.flatnonzero(np.diff(owners[order], prepend=-1)) if len(order) else order
        for place, time in zip(
            starts.tolist(), np.maximum.reduceat(times[order], starts).tolist(), strict=True
        ):
            self._heard(int(owners[order[place]]), time)

    def _store(self, batches: Sequence[Batch]) -> set[tuple[str, int]]:
        """Answers the uploads of log messages that were stored before."""
        self._know_jvms(batches)
        found = self._new_snapshots(batches)
        snapshots = [self._prepared(incarnation, snapshot) for incarnation, snapshot in found]
        self.makers.claims.settle(self._engine)
        chunks = self.samples.fresh(list(self._chunks(batches)), self._engine)
        events = [(self._incarnation(event.labels), event) for batch in batches for event in batch.events]
        kept = histogram_logs(found) if self._settings.histograms_as_logs else []
        logs = self._logs.fresh([*batches, *kept], self._engine)
        self._hours.touch(_hours(snapshots, chunks, self._names), self._engine)
        self._intent.declare((each.key for each in snapshots), (each.note for each in logs))
        if snapshots:
            self._engine.insert("class_sample", rows.class_samples(snapshots, self._names.ids))
        self.samples.write(chunks, self._engine)
        if events:
            self._engine.insert("event", rows.event_rows(events, self._names.ids))
        self._logs.write(logs, self._engine)
        if snapshots:
            self._engine.insert("snapshot", rows.snapshot_rows(snapshots, self._names.ids))
        self._intent.fulfilled()
        self._acks.add((batch.agent, batch.sequence) for batch in batches if batch.agent not in WITHOUT_ORDER)
        self._publish(snapshots, chunks, events)
        self._acks.write(self._clock(), self._engine)
        uploads = {(batch.agent, batch.sequence) for batch in batches if batch.agent == KEYED}
        return uploads - {(rows.batch.agent, rows.batch.sequence) for rows in logs}

    def _know_jvms(self, batches: Sequence[Batch]) -> None:
        wanted: dict[JvmId, tuple[int, dict[str, str]]] = {}

        def saw(who: JvmId | None, time: int, labels: Mapping[str, str]) -> None:
            if who is not None:
                first, known = wanted.get(who, (time, {}))
                wanted[who] = min(first, time), {**known, **others(labels)}

        for batch in batches:
            for snapshot in batch.snapshots:
                saw(snapshot.jvm, snapshot.time, snapshot.labels)
            for block in batch.metrics:
                if block.times:
                    saw(identity(block.labels), min(block.times), block.labels)
            for event in batch.events:
                who = identity(event.labels)
                if who is not None and who.pid:  # a deploy is of a name, a start is of a process
                    saw(who, event.time, {} if event.kind in rows.OF_US else event.labels)
            for log in batch.logs:
                who = identity(log.labels)
                if who is not None and who.pid and log.times:
                    saw(who, min(log.times), {})
        self._names.jvms.known(wanted, self._engine)

    def _new_snapshots(self, batches: Sequence[Batch]) -> list[tuple[int, Snapshot]]:
        """With their incarnations, those that are not stored."""
        found: dict[tuple[int, int, int], tuple[int, Snapshot]] = {}
        doubtful = []
        for snapshot in (each for batch in batches for each in batch.snapshots):
            incarnation = self._names.jvms.by_who[snapshot.jvm].id
            key = incarnation, snapshot.time, rows.mode_number(snapshot.mode)
            if key in found:
                continue
            found[key] = incarnation, snapshot
            newest = self._live.heads.get((incarnation, key[2]))
            if newest is not None and snapshot.time <= newest.time:
                doubtful.append(key)
        for key in stored(self._engine, "snapshot", doubtful):
            del found[key]
        return list(found.values())

    def _prepared(self, incarnation: int, snapshot: Snapshot) -> Prepared:
        histogram = snapshot.histogram
        ids = self._names.classes.ids(histogram.classes, histogram.modules, self._engine)
        return rows.prepared(snapshot, incarnation, ids)

    def _chunks(self, batches: Sequence[Batch]) -> Iterator[Chunk]:
        blocks = [block for batch in batches for block in batch.metrics if block.times]
        named = [(block, *self._series_names(block)) for block in blocks]
        keys = ((incarnation, name) for _, incarnation, names in named for name in names.values())
        self.makers.made(self._names.series.known(dict.fromkeys(keys, "agent"), self._engine))
        for block, incarnation, names in named:
            times = np.frombuffer(block.times, np.int64)
            for metric, name in names.items():
                series = self._names.series.by_name[incarnation, name]
                yield Chunk(series, times, np.frombuffer(block.values[metric], np.float64))

    def _series_names(self, block: MetricBlock) -> tuple[int, dict[str, str]]:
        """Whose the block is, and each metric's name with its tags."""
        who = identity(block.labels)
        if who is not None:
            return self._names.jvms.by_who[who].id, {metric: metric for metric in block.values}
        tags = "".join(f";{name}={block.labels[name]}" for name in sorted(block.labels))
        return NOBODY, {metric: metric + tags for metric in block.values}

    def _incarnation(self, labels: Mapping[str, str]) -> int:
        who = identity(labels)
        known = self._names.jvms.by_who.get(who) if who is not None else None
        return known.id if known else NOBODY

    def _publish(
        self, snapshots: Sequence[Prepared], chunks: Sequence[Chunk], events: Sequence[tuple[int, Event]]
    ) -> None:
        jvms = self._names.jvms.by_id
        for each in snapshots:
            self._live.saw((each.incarnation, each.mode), each.head, each.table)
            jvms[each.incarnation].heard(each.head.time)
        for chunk in chunks:
            incarnation = self._names.series.by_id[chunk.series].incarnation
            self._heard(incarnation, int(chunk.times[-1]))
        for incarnation, event in events:
            if incarnation and event.kind not in rows.OF_US:
                jvms[incarnation].heard(event.time)
                if event.kind in rows.ENDS and event.time == jvms[incarnation].last_seen:
                    jvms[incarnation].exited = event.time

    def _heard(self, incarnation: int, time: int) -> None:
        if incarnation:
            self._names.jvms.by_id[incarnation].heard(time)

    def _hours_of(self, series: NDArray[Any], times: NDArray[np.int64]) -> set[Unit]:
        owners = self._names.series.owners.of(series)
        return {
            (owner, hour) for hour, places in by_hour(times) for owner in np.unique(owners[places]).tolist()
        }


def _hours(snapshots: Sequence[Prepared], chunks: Sequence[Chunk], names: Names) -> set[Unit]:
    """The hours of incarnations that get new rows."""
    found = {(each.incarnation, each.head.time // HOUR_MS) for each in snapshots}
    for chunk in chunks:
        incarnation = names.series.by_id[chunk.series].incarnation
        first, last = int(chunk.times[0]) // HOUR_MS, int(chunk.times[-1]) // HOUR_MS
        hours = {first} if first == last else set((chunk.times // HOUR_MS).tolist())
        found.update((incarnation, hour) for hour in hours)
    return found


def _parts(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Inserts of a size that memory does not notice."""
    part: list[Batch] = []
    size = 0
    for batch in batches:
        part.append(batch)
        size += sum(len(snapshot.histogram) for snapshot in batch.snapshots)
        size += sum(len(block.texts) for block in batch.logs)
        if size >= ROWS_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part
