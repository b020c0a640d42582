"""Many small deliveries become few large inserts, and each sender hears back once its own is durable.

    add() ----> queue ----> one insert at a time, in a thread ----> add() returns
                 full: Unavailable (503)          failed: the error, to those it concerns

The first delivery after a pause is inserted at once; while inserts go on, one starts every `interval`
seconds, or as soon as `rows_at_once` rows wait. What is lost with the process was never acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from heapwatch.errors import HeapwatchError, Unavailable
from heapwatch.model import Batch
from heapwatch.store.texts import Texts

log = structlog.get_logger("heapwatch.ingest")

RETRY_AFTER = 5.0

_Given = TypeVar("_Given")
_Result = TypeVar("_Result")


class InsertFailed(HeapwatchError):
    """The store failed in a way that it does not explain; its log does."""


@dataclass(frozen=True)
class Samples:
    """Points of plain metrics, as columns: series `series[i]` was `values[i]` at `times[i]` (epoch ms).

    `once` is for senders who come again when they hear no answer: each series has one point at a time.
    """

    series: Sequence[str]
    times: Sequence[int] | NDArray[np.int64]
    values: Sequence[float] | NDArray[np.float64]
    source: str
    once: bool = False
    sender: str = ""
    """Who it is from: a token's name or an address; limits are counted for it."""


def together(parts: Sequence[Samples]) -> tuple[Sequence[str], NDArray[np.int64], NDArray[np.float64]]:
    """Series, times and values of all of them, behind each other."""
    columns = [part.series for part in parts if isinstance(part.series, Texts)]
    every = len(columns) == len(parts)
    return (
        Texts.joined(columns) if every else list(chain.from_iterable(part.series for part in parts)),
        np.concatenate([np.asarray(part.times, np.int64) for part in parts]),
        np.concatenate([np.asarray(part.values, np.float64) for part in parts]),
    )


@dataclass
class Figures:
    """What the batcher did since the start, for /metrics and /api/v1/status."""

    inserts: int = 0
    failures: int = 0
    batches: int = 0
    duplicates: int = 0
    rows: int = 0
    samples: int = 0
    dropped_samples: int = 0
    insert_seconds: float = 0.0


@dataclass
class _Waiting:
    batch: Batch
    rows: int
    done: asyncio.Future[bool]


@dataclass
class _Points:
    samples: Samples
    done: asyncio.Future[dict[str, int]] | None = None  # of a sender that waits for its answer

    def __len__(self) -> int:
        return len(self.samples.series)


@dataclass
class _Queue:
    batches: deque[_Waiting] = field(default_factory=deque)
    samples: deque[_Points] = field(default_factory=deque)
    rows: int = 0


def rows_of(batch: Batch) -> int:
    """How many rows a batch becomes, roughly: what queues and inserts are measured by."""
    classes = sum(len(snapshot.histogram) + 1 for snapshot in batch.snapshots)
    metrics = sum(len(block.times) * len(block.values) for block in batch.metrics)
    return classes + metrics + len(batch.events) + sum(len(block.texts) for block in batch.logs)


class Batcher:
    """The one way into the store. Lives on the event loop; only `insert*` run elsewhere."""

    def __init__(
        self,
        insert: Callable[[Sequence[Batch]], list[bool]],
        insert_samples: Callable[[Sequence[Samples]], list[dict[str, int]]],
        *,
        interval: float = 1.0,
        rows_at_once: int = 250_000,
        rows_at_most: int = 2_000_000,
        on_stored: Callable[[list[Batch]], None] = lambda _batches: None,
        on_insert: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._insert = insert
        self._insert_samples = insert_samples
        self._interval = interval
        self._rows_at_once = rows_at_once
        self._rows_at_most = rows_at_most
        self._on_stored = on_stored
        self._on_insert = on_insert
        self._queue = _Queue()
        self._pending: dict[tuple[str, int], asyncio.Future[bool]] = {}
        self._more = asyncio.Event()
        self._urgent = asyncio.Event()
        self._space = asyncio.Condition()
        self._writer = ThreadPoolExecutor(1, "heapwatch-writer")
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._inserting_since: float | None = None
        self.figures = Figures()
        self.trouble = ""
        self._trouble_since = 0.0

    @property
    def depth(self) -> int:
        """Rows that wait for their insert."""
        return self._queue.rows

    def stuck_for(self) -> float:
        """Seconds for which the insert of this moment has been running; 0 when there is none."""
        return 0.0 if self._inserting_since is None else time.monotonic() - self._inserting_since

    def trouble_age(self) -> float:
        """Seconds since an insert failed last."""
        return time.monotonic() - self._trouble_since

    def start(self) -> None:
        """Begin to insert."""
        self._task = asyncio.create_task(self._run(), name="batcher")

    async def stop(self) -> None:
        """Take nothing more, insert what is there, return when that is done."""
        self._stopping = True
        self._more.set()
        self._urgent.set()
        async with self._space:
            self._space.notify_all()
        if self._task:
            await self._task
        self._writer.shutdown(wait=True)

    async def add(self, batch: Batch) -> bool:
        """Return once the batch is durable: True when it was new, False when it was stored before."""
        key = (batch.agent, batch.sequence)
        twin = self._pending.get(key)
        if twin is not None:  # a retry overtook the answer to the first delivery
            await asyncio.shield(twin)
            return False
        rows = rows_of(batch)
        self._refuse_when_full(rows)
        waiting = _Waiting(batch, rows, asyncio.get_running_loop().create_future())
        self._pending[key] = waiting.done
        self._queue.batches.append(waiting)
        self._grow(rows)
        # The insert goes on when the sender hangs up: half of the queue must not depend on one peer.
        return await asyncio.shield(waiting.done)

    async def add_samples(self, samples: Samples) -> None:
        """Return once there is room for the points: the caller stops reading its socket until then."""
        rows = len(samples.series)
        async with self._space:
            await self._space.wait_for(lambda: self._stopping or self._fits(rows))
        self._queue.samples.append(_Points(samples))
        self._grow(rows)

    async def store_samples(self, samples: Samples) -> dict[str, int]:
        """Return once the points are durable: how many of them the store refused, by reason."""
        rows = len(samples.series)
        self._refuse_when_full(rows)
        waiting = _Points(samples, asyncio.get_running_loop().create_future())
        self._queue.samples.append(waiting)
        self._grow(rows)
        assert waiting.done is not None
        return await asyncio.shield(waiting.done)

    def offer_samples(self, samples: Samples) -> bool:
        """Take the points if there is room, for senders who cannot be made to wait."""
        rows = len(samples.series)
        if self._stopping or not self._fits(rows):
            return False
        self._queue.samples.append(_Points(samples))
        self._grow(rows)
        return True

    def _fits(self, rows: int) -> bool:
        return not self._queue.rows or self._queue.rows + rows <= self._rows_at_most

    def _refuse_when_full(self, rows: int) -> None:
        if self._stopping:
            raise Unavailable("the server is stopping", retry_after=RETRY_AFTER)
        if not self._fits(rows):
            raise Unavailable(f"{self._queue.rows} rows wait for the store", retry_after=RETRY_AFTER)

    def _grow(self, rows: int) -> None:
        self._queue.rows += rows
        self._more.set()
        if self._queue.rows >= self._rows_at_once:
            self._urgent.set()

    async def _run(self) -> None:
        last = -self._interval
        while True:
            await self._more.wait()
            wait = last + self._interval - time.monotonic()
            if wait > 0 and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._urgent.wait(), wait)
            last = time.monotonic()
            batches, samples = self._take()
            await self._store(batches)
            await self._store_samples(samples)
            async with self._space:
                self._space.notify_all()
            if self._stopping and not self._queue.batches and not self._queue.samples:
                return

    def _take(self) -> tuple[list[_Waiting], list[_Points]]:
        queue = self._queue
        batches: list[_Waiting] = []
        rows = 0
        while queue.batches and (not batches or rows + queue.batches[0].rows <= self._rows_at_once):
            batches.append(queue.batches.popleft())
            rows += batches[-1].rows
        samples: list[_Points] = []
        points = 0
        while queue.samples and (not samples or points + len(queue.samples[0]) <= self._rows_at_once):
            samples.append(queue.samples.popleft())
            points += len(samples[-1])
        queue.rows -= rows + points
        self._urgent.clear()
        if queue.batches or queue.samples:
            self._urgent.set()
        else:
            self._more.clear()
            if self._stopping:
                self._more.set()
        return batches, samples

    async def _store(self, waiting: list[_Waiting]) -> None:
        if not waiting:
            return
        try:
            fresh = await self._timed(self._insert, [each.batch for each in waiting])
        except HeapwatchError as error:
            if len(waiting) > 1 and not isinstance(error, Unavailable):
                for each in waiting:  # one of them is bad; its neighbours are not
                    await self._store([each])
                return
            self._fail(waiting, error)
        else:
            self._succeed(waiting, fresh)

    def _succeed(self, waiting: list[_Waiting], fresh: Sequence[bool]) -> None:
        self.trouble = ""
        stored = [each.batch for each, new in zip(waiting, fresh, strict=True) if new]
        self.figures.batches += len(stored)
        self.figures.duplicates += len(waiting) - len(stored)
        self.figures.rows += sum(each.rows for each, new in zip(waiting, fresh, strict=True) if new)
        if stored:
            self._on_stored(stored)
        for each, new in zip(waiting, fresh, strict=True):
            self._forget(each)
            if not each.done.done():
                each.done.set_result(new)

    def _fail(self, waiting: list[_Waiting], error: HeapwatchError) -> None:
        self._troubled(error)
        log.error("insert failed", batches=len(waiting), error=str(error))
        for each in waiting:
            self._forget(each)
            if not each.done.done():
                each.done.set_exception(error)
                each.done.exception()  # the sender may be gone; then nobody else would look at it

    def _troubled(self, error: HeapwatchError) -> None:
        self.figures.failures += 1
        self.trouble = str(error)
        self._trouble_since = time.monotonic()

    def _forget(self, waiting: _Waiting) -> None:
        self._pending.pop((waiting.batch.agent, waiting.batch.sequence), None)

    async def _store_samples(self, blocks: list[_Points]) -> None:
        for once in (False, True):
            parts = [block for block in blocks if block.samples.once == once]
            if not parts:
                continue
            try:
                refused = await self._timed(self._insert_samples, [part.samples for part in parts])
            except HeapwatchError as error:
                self._samples_failed(parts, error)
                continue
            self.trouble = ""
            self.figures.samples += sum(map(len, parts))
            for part, reasons in zip(parts, refused, strict=True):
                if part.done is not None and not part.done.done():
                    part.done.set_result(reasons)

    def _samples_failed(self, parts: list[_Points], error: HeapwatchError) -> None:
        """Who waits for an answer is told. A line protocol has none: what cannot be taken now waits."""
        self._troubled(error)
        log.error("insert of samples failed", samples=sum(map(len, parts)), error=str(error))
        for part in reversed(parts):
            if part.done is not None:
                if not part.done.done():
                    part.done.set_exception(error)
                    part.done.exception()  # the sender may be gone; then nobody else would look at it
            elif self._stopping or not isinstance(error, Unavailable):
                self.figures.dropped_samples += len(part)
            else:
                self._queue.samples.appendleft(part)
                self._queue.rows += len(part)
                self._more.set()
        self._urgent.clear()

    async def _timed(self, work: Callable[[_Given], _Result], given: _Given) -> _Result:
        self._inserting_since = begun = time.monotonic()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writer, work, given)
        except HeapwatchError:
            raise
        except Exception as error:
            log.exception("the store failed")
            raise InsertFailed(f"the store failed: {type(error).__name__}: {error}"[:400]) from error
        finally:
            self._inserting_since = None
            seconds = time.monotonic() - begun
            self.figures.inserts += 1
            self.figures.insert_seconds += seconds
            self._on_insert(seconds)
