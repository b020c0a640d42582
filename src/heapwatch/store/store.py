"""The store: one object that takes batches and answers the API's questions.

Every method blocks and may be called from any thread. Reads answer plain dicts of lists, ready for JSON, and
take the API's parameters by keyword; times are epoch ms. `query_id` names a read, so that `cancel` stops it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from heapwatch.errors import Unavailable
from heapwatch.model import ALL, Batch, Event, JvmId, LogBlock, Snapshot
from heapwatch.store.admission import check
from heapwatch.store.findings import Findings
from heapwatch.store.keeping import Keeper
from heapwatch.store.kept import Kept
from heapwatch.store.logs import KEYED, UNKEYED
from heapwatch.store.reads import classes as class_tables
from heapwatch.store.reads import events as happenings
from heapwatch.store.reads import fleet as fleets
from heapwatch.store.reads import history, packages, snapshots, top, totals, vocabulary
from heapwatch.store.reads import jvms as lives
from heapwatch.store.reads import logs as log_reads
from heapwatch.store.reads import metrics as metrics_
from heapwatch.store.reads import observed as observing
from heapwatch.store.reads.intervals import buckets
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.selection import Selection
from heapwatch.store.writer import Writer

Answer = dict[str, Any]
_Part = TypeVar("_Part")


class Store:
    """Made by `open_store`; `close` it on every way out, since the engine may crash on exit otherwise."""

    def __init__(self, parts: Parts, writer: Writer, keeper: Keeper, on_close: Callable[[], None]) -> None:
        self.parts = parts
        self.findings = Findings(parts.engine)
        self.kept = Kept(parts.engine)
        self._writer = writer
        self._keeper = keeper
        self._on_close = on_close
        self._closing = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Finish what runs, close the engine, let the directory go. Closing twice is allowed."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._on_close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- in

    def check(self, batch: Batch) -> None:
        """Raise Refused, with the reason, when the batch may not be stored."""
        check(batch, self.parts.clock(), self._writer.future_ms)

    def insert(self, batches: Sequence[Batch]) -> list[bool]:
        """Store batches, durable when it returns; False for each whose number was stored before.

        All are checked first: Refused means that nothing was written. After any other error each batch is
        stored as a whole or not at all once it has been given again.
        """
        return self._open(self._writer.insert)(batches)

    def insert_samples(
        self,
        series: Sequence[str],
        times: Sequence[int] | NDArray[np.int64],
        values: Sequence[float] | NDArray[np.float64],
        sender: str = "",
        *,
        once: bool = False,
    ) -> dict[str, int]:
        """Store points of plain metrics: series in Graphite's tagged form. Answers rejects by reason.

        With `once` a point of a series and a time that is there already is left as it is.
        """
        (refused,) = self.insert_runs(series, times, values, [(sender, len(series))], once=once)
        return refused

    def insert_runs(
        self,
        series: Sequence[str],
        times: Sequence[int] | NDArray[np.int64],
        values: Sequence[float] | NDArray[np.float64],
        senders: Sequence[tuple[str, int]],
        *,
        once: bool = False,
    ) -> list[dict[str, int]]:
        """The same for points of several senders: each with its number of rows, in order, and its rejects."""
        return self._open(self._writer.insert_samples)(series, times, values, senders, once=once)

    def makers(self) -> list[dict[str, Any]]:
        """Who made the series, JVMs and classes of a day, and what was refused of whom."""
        return self._open(self._writer.makers.rows)()

    def claim(self, maker: str, names: Iterable[JvmId | str]) -> bool:
        """Whether this sender may name these lives of JVMs and these classes; those that are new count."""
        return self._open(self._writer.makers.claim)(maker, names)

    def refused(self, maker: str, names: Sequence[str], count: int) -> None:
        """So many lines of this sender, such as these, had names that `claim` had no room for."""
        self._open(self._writer.makers.refuse)(maker, names, count)

    def insert_logs(self, logs: Sequence[LogBlock], key: int | None = None) -> bool:
        """Store log messages, durable when it returns; False when those of this key were stored before.

        Without a key they are new, however often they come.
        """
        agent, number = (UNKEYED, secrets.randbits(63)) if key is None else (KEYED, key)
        return self.insert([Batch(agent, number, logs=logs)])[0]

    def note(self, events: Sequence[Event]) -> None:
        """Store events of our own making; replays collapse, since an event is all of itself."""
        if events:
            self.insert([Batch(UNKEYED, secrets.randbits(63), events=list(events))])

    # ---- out

    def jvms(self, *, query_id: str | None = None, **chosen: Any) -> Answer:
        return lives.jvms(self._ready(query_id), Selection.of(chosen))

    def fleet(
        self,
        *,
        from_: int,
        to: int,
        filter: str = "",  # noqa: A002
        sort: str = "growth_per_hour",
        order: str = "desc",
        limit: int = 200,
        offset: int = 0,
        group: str = "",
        beside: Mapping[JvmId, Mapping[str, Any]] | None = None,
        query_id: str | None = None,
        **chosen: Any,
    ) -> Answer:
        wish = fleets.Wish(filter, sort, order, limit, offset, group, beside or {})
        return fleets.fleet(self._ready(query_id), Selection.of(chosen), from_, to, wish)

    def totals(
        self,
        *,
        from_: int,
        to: int,
        interval: float | None = None,
        mode: str = ALL,
        query_id: str | None = None,
        **chosen: Any,
    ) -> Answer:
        frame = buckets(from_, to, interval)
        return totals.totals(self._ready(query_id), Selection.of(chosen), frame, mode)

    def top(
        self,
        *,
        from_: int,
        to: int,
        interval: float | None = None,
        mode: str = ALL,
        by: str = "bytes",
        n: int = 10,
        query_id: str | None = None,
        **chosen: Any,
    ) -> Answer:
        frame = buckets(from_, to, interval)
        return top.top(self._ready(query_id), Selection.of(chosen), frame, mode, by, n)

    def classes(
        self,
        *,
        at: int | None = None,
        before: int | None = None,
        mode: str = ALL,
        sort: str = "bytes",
        order: str = "desc",
        limit: int = 100,
        offset: int = 0,
        filter: str = "",  # noqa: A002
        package: str = "",
        query_id: str | None = None,
        **chosen: Any,
    ) -> Answer:
        pair = class_tables.Pair(Selection.of(chosen), before, self._now(at), mode, filter, package)
        page = class_tables.Page(sort, order, limit, offset)
        return class_tables.classes(self._ready(query_id), pair, page)

    def packages(
        self,
        *,
        at: int | None = None,
        before: int | None = None,
        mode: str = ALL,
        filter: str = "",  # noqa: A002
        package: str = "",
        query_id: str | None = None,
        **chosen: Any,
    ) -> Answer:
        pair = class_tables.Pair(Selection.of(chosen), before, self._now(at), mode, filter, package)
        return packages.packages(self._ready(query_id), pair)

    def class_history(
        self,
        *,
        classes: Sequence[str],
        from_: int,
        to: int,
        interval: float | None = None,
        mode: str = ALL,
        by: str | None = None,
        query_id: str | None = None,
        **chosen: Any,
    ) -> Answer:
        frame = buckets(from_, to, interval)
        parts, selection = self._ready(query_id), Selection.of(chosen)
        return history.class_history(parts, selection, classes, frame, mode, by or "")

    def class_names(self, *, match: str = "", limit: int = 100, query_id: str | None = None) -> Answer:
        return vocabulary.class_names(self._ready(query_id), match, limit)

    def labels(self, *, query_id: str | None = None) -> Answer:
        return vocabulary.labels(self._ready(query_id))

    def label_values(self, *, name: str, query_id: str | None = None) -> Answer:
        return vocabulary.label_values(self._ready(query_id), name)

    def metric(
        self,
        *,
        metrics: Sequence[str],
        from_: int,
        to: int,
        interval: float | None = None,
        rollup: str = "avg",
        query_id: str | None = None,
        **chosen: Any,
    ) -> Answer:
        frame = buckets(from_, to, interval)
        return metrics_.metric(self._ready(query_id), Selection.of(chosen), metrics, frame, rollup)

    def metric_names(self, *, query_id: str | None = None, **chosen: Any) -> Answer:
        return metrics_.metric_names(self._ready(query_id), Selection.of(chosen))

    def snapshots(
        self,
        *,
        from_: int,
        to: int,
        mode: str = "",
        limit: int = 1000,
        query_id: str | None = None,
        **chosen: Any,
    ) -> Answer:
        parts, selection = self._ready(query_id), Selection.of(chosen)
        return snapshots.snapshots(parts, selection, from_, to, mode, limit)

    def snapshot(
        self, *, at: int | None = None, mode: str = ALL, query_id: str | None = None, **chosen: Any
    ) -> Answer:
        return snapshots.snapshot(self._ready(query_id), Selection.of(chosen), self._now(at), mode)

    def snapshot_text(
        self, *, at: int | None = None, mode: str = ALL, query_id: str | None = None, **chosen: Any
    ) -> str:
        return snapshots.snapshot_text(self._ready(query_id), Selection.of(chosen), self._now(at), mode)

    def stored_snapshot(
        self, *, at: int | None = None, mode: str = ALL, query_id: str | None = None, **chosen: Any
    ) -> Snapshot:
        return snapshots.stored_snapshot(self._ready(query_id), Selection.of(chosen), self._now(at), mode)

    def export(
        self, *, from_: int, to: int, mode: str = "", query_id: str | None = None, **chosen: Any
    ) -> Iterator[Snapshot]:
        """Every histogram of the range, by time, as it came in."""
        return snapshots.export(self._ready(query_id), Selection.of(chosen), from_, to, mode)

    def export_logs(
        self, *, from_: int, to: int, query_id: str | None = None, **chosen: Any
    ) -> Iterator[log_reads.Message]:
        """Every log message of the range, by time and order of arrival."""
        return log_reads.export(self._ready(query_id), Selection.of(chosen), from_, to)

    def events(
        self, *, from_: int, to: int, limit: int = 1000, query_id: str | None = None, **chosen: Any
    ) -> Answer:
        return happenings.events(self._ready(query_id), Selection.of(chosen), from_, to, limit)

    def lives(self, *, since: int = 0, query_id: str | None = None, **chosen: Any) -> list[observing.Life]:
        """The lives with a histogram since then: what a detector looks after."""
        return observing.lives(self._ready(query_id), Selection.of(chosen), since)

    def observed(
        self,
        life: observing.Life,
        *,
        from_: int,
        to: int,
        least: float,
        only: list[str] | None = None,
        query_id: str | None = None,
    ) -> observing.Observed | None:
        """A life's histograms of the range, thinned, with the classes that moved by `least` or are named."""
        return observing.observed(self._ready(query_id), life, from_, to, least, only)

    def highest(self, life: observing.Life, *, classes: list[str], before: int) -> dict[str, float]:
        """How high classes of a life stood before a time: the highest of its hours' smallest counts."""
        return observing.highest(self._open(self.parts), life, classes, before)

    def cancel(self, query_id: str) -> bool:
        """Stop what runs under this name; False when nothing does."""
        return False if self._closed else self.parts.engine.cancel(query_id)

    # ---- upkeep

    def status(self, *, query_id: str | None = None) -> Answer:
        """Engine, rows, bytes on disk, retention, agents, trouble."""
        return self._keeper.status(self._ready(query_id))

    def rollup(self) -> int:
        """Sum up the hours that are over; how many hours of JVMs that was."""
        return self._open(self._keeper.rollup)()

    def retain(self) -> list[str]:
        """Drop what is older or more than the retention allows; what was dropped."""
        return self._open(self._keeper.retain)()

    def backup(self, path: str | Path) -> dict[str, Any]:
        """Write all data to a new directory."""
        return self._open(self._keeper.backup)(path)

    def _ready(self, query_id: str | None) -> Parts:
        return self._open(self.parts).asked_by(query_id)

    def _open(self, what: _Part) -> _Part:
        if self._closed:
            raise Unavailable("the store is closed")
        return what

    def _now(self, at: int | None) -> int:
        return self.parts.clock() if at is None else at
