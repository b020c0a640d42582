"""What is waiting to be sent: encoded batches on disk, read by every sink at its own pace.

All sinks share one row of segments (segments.py); each has a cursor, the number of the last batch it is done
with, in a file of its own. A segment goes when every cursor has passed it, or, when the whole exceeds its
bound, from the oldest end: what a cursor had not passed is then counted as dropped for its sink.

`put` returns when the operating system has the batch: a killed agent loses nothing, a power failure perhaps
the last seconds. A disk that refuses (full, read-only, gone) does not stop the agent: batches then wait in
memory, bounded too, and move to the disk as soon as it takes them.

Numbers rise for ever, also when the disk was lost: they are the epoch milliseconds at which a batch was made.
"""

from __future__ import annotations

import fcntl
import os
from array import array
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Deque, Dict, List, Mapping, NamedTuple, Sequence

from heapwatch.agent.segments import SUFFIX, Frame, Segment, frame, read, scan
from heapwatch.errors import Unreadable, UsageError
from heapwatch.model import MetricBlock

_SEGMENTS = 16
_SMALLEST_SEGMENT = 64 << 10


class Entry(NamedTuple):
    sequence: int
    data: bytes


class Depth(NamedTuple):
    """How much waits for a sink."""

    entries: int
    bytes: int


@dataclass
class Cursor:
    """One sink's place: everything up to `done` is delivered or given up."""

    path: Path | None
    done: int = 0
    dropped: int = 0

    def save(self) -> None:
        if self.path is None:
            return
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, b"%020d\n" % self.done, 0)
        finally:
            os.close(descriptor)


class Spool:
    """Encoded batches in the order of their making. `put` by one thread, the rest by any."""

    def __init__(
        self,
        directory: Path | None,
        readers: Sequence[str],
        *,
        max_bytes: int = 64 << 20,
        max_memory: int = 2 << 20,
    ) -> None:
        self.disk_errors = 0
        self.error = ""  # why the disk is not used now, or ""
        self.torn_bytes = 0
        self._directory = directory
        self._max_bytes, self._max_memory = max_bytes, max_memory
        self._segment_bytes = max(max_bytes // _SEGMENTS, _SMALLEST_SEGMENT)
        self._segments: List[Segment] = []
        self._memory: Deque[Entry] = deque()
        self._memory_bytes = 0
        self._cursors: Dict[str, Cursor] = {name: Cursor(None) for name in readers}
        self._tail = self._lock_file = -1
        self._guard = Lock()
        self._last = 0
        self._try_disk()

    def next_sequence(self, now_ms: int) -> int:
        """A number for a new batch, higher than all before, also than those of earlier runs."""
        return max(self._last + 1, now_ms)

    def put(self, sequence: int, data: bytes) -> None:
        """Keep a batch until every sink is done with it."""
        with self._guard:
            self._last = sequence
            if not self._cursors:
                return
            self._memory.append(Entry(sequence, data))
            self._memory_bytes += len(data)
            try:
                self._try_disk()
            except UsageError as error:  # somebody else took the directory while we could not use it
                self._disk_failed(str(error))
            while self._memory_bytes > self._max_memory and len(self._memory) > 1:
                lost = self._memory.popleft()
                self._memory_bytes -= len(lost.data)
                self._count_dropped([lost.sequence])

    def peek(self, reader: str) -> Entry | None:
        """The oldest batch that this sink is not done with. What the disk lost is skipped and counted."""
        with self._guard:
            cursor = self._cursors[reader]
            for segment in list(self._segments):
                for place in segment.frames if _ends_after(segment, cursor.done) else ():
                    if place.sequence <= cursor.done:
                        continue
                    try:
                        return Entry(place.sequence, read(segment.path, place))
                    except Unreadable as error:
                        self._disk_failed(str(error))
                        cursor.done, cursor.dropped = place.sequence, cursor.dropped + 1
            return next((entry for entry in self._memory if entry.sequence > cursor.done), None)

    def done(self, reader: str, sequence: int, *, given_up: bool = False) -> None:
        """This sink needs no batch up to `sequence` any more; `given_up` counts it as dropped."""
        with self._guard:
            cursor = self._cursors[reader]
            cursor.dropped += given_up
            if sequence <= cursor.done:
                return
            cursor.done = sequence
            try:
                cursor.save()
            except OSError as error:
                self._disk_failed(f"{cursor.path}: {error.strerror}")
            self._forget()

    def depth(self, reader: str) -> Depth:
        with self._guard:
            return self._after(self._cursors[reader].done)

    def block(self, now_ms: int, labels: Mapping[str, str]) -> MetricBlock:
        """What waits for the sink that is furthest behind, as a batch tells it."""
        with self._guard:
            waiting = self._after(min((cursor.done for cursor in self._cursors.values()), default=self._last))
        values = {"heapwatch.spool_bytes": waiting.bytes, "heapwatch.spool_batches": waiting.entries}
        columns = {name: array("d", [float(value)]) for name, value in values.items()}
        return MetricBlock(labels, array("q", [now_ms]), columns)

    def dropped(self, reader: str) -> int:
        return self._cursors[reader].dropped

    @property
    def disk_bytes(self) -> int:
        return sum(segment.size for segment in self._segments)

    def close(self) -> None:
        """A last try to bring what waits in memory to the disk."""
        with self._guard:
            self._try_disk()
            if self._tail >= 0:
                os.close(self._tail)
            if self._lock_file >= 0:
                os.close(self._lock_file)
            self._tail = self._lock_file = -1

    def _after(self, done: int) -> Depth:
        entries = size = 0
        for segment in self._segments:
            if _ends_after(segment, done):
                first = bisect_left(segment.frames, (done + 1,))  # frames lie in order, one behind the other
                entries += len(segment.frames) - first
                size += segment.size - segment.frames[first].offset
        held = [len(entry.data) for entry in self._memory if entry.sequence > done]
        return Depth(entries + len(held), size + sum(held))

    # -- disk -------------------------------------------------------------------------------------------

    def _try_disk(self) -> None:
        """Bring memory to the disk, as far as it lets us."""
        if self._directory is None:
            return
        try:
            if self._lock_file < 0:
                self._open(self._directory)
            elif self._tail >= 0 and os.fstat(self._tail).st_nlink == 0:
                self._deleted()
                self._open(self._directory)
            while self._memory:
                self._append(self._memory[0])
                self._memory_bytes -= len(self._memory.popleft().data)
            self.error = ""
        except OSError as error:
            self._disk_failed(f"{error.filename or self._directory}: {error.strerror}")

    def _deleted(self) -> None:
        """Somebody deleted our files, and with them what waited there."""
        self._disk_failed(f"{self._directory}: was deleted while in use")
        for segment in self._segments:
            self._count_dropped([place.sequence for place in segment.frames])
        self._segments = []
        os.close(self._tail)
        os.close(self._lock_file)
        self._tail = self._lock_file = -1

    def _disk_failed(self, message: str) -> None:
        self.disk_errors += 1
        self.error = message

    def _open(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
            os.close(lock)
            raise UsageError(f"spool {directory} is in use by process {holder or '?'}") from None
        try:
            os.ftruncate(lock, 0)
            os.pwrite(lock, b"%d\n" % os.getpid(), 0)
            self._recover(directory)
        except BaseException:
            os.close(lock)
            raise
        self._lock_file = lock

    def _recover(self, directory: Path) -> None:
        segments: List[Segment] = []
        last = 0
        for path in sorted(directory.glob(f"*{SUFFIX}")):
            segment, torn = scan(path, last)
            if torn:
                self.torn_bytes += torn
                os.truncate(path, segment.size)
            if segment.frames:
                segments.append(segment)
                last = segment.frames[-1].sequence
            else:
                path.unlink()
        for name, cursor in self._cursors.items():
            cursor.path = directory / f"{_file_name(name)}.at"
            cursor.done = max(cursor.done, _saved(cursor.path))
            last = max(last, cursor.done)
        self._segments = segments
        if self._memory and self._memory[0].sequence <= last:
            self._start_over(self._memory[0].sequence - 1)
        self._last = max(self._last, last)

    def _start_over(self, done: int) -> None:
        """The clock went back while the disk was away: what is on it would come after what came later."""
        for segment in self._segments:
            self._count_dropped([place.sequence for place in segment.frames])
            self._delete(segment)
        self._segments = []
        for cursor in self._cursors.values():
            cursor.done = done

    def _append(self, entry: Entry) -> None:
        data = frame(entry.sequence, entry.data)
        segment = self._segments[-1] if self._segments else None
        if segment is None or self._tail < 0 or segment.size + len(data) > self._segment_bytes:
            segment = self._begin(entry.sequence)
        start = segment.size
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._tail, data[written:], start + written)
        except OSError as error:
            self._cut(start)
            raise OSError(error.errno, error.strerror, str(segment.path)) from error
        segment.frames.append(Frame(entry.sequence, start, start + len(data)))
        self._bound()

    def _begin(self, sequence: int) -> Segment:
        """A new last segment. What is on the disk already is never written to again by a later run."""
        assert self._directory is not None
        path = self._directory / f"{sequence:020d}{SUFFIX}"
        tail = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        if self._tail >= 0:
            os.close(self._tail)
        if self._segments and not self._segments[-1].frames:
            unused = self._segments.pop()
            if unused.path != path:
                self._delete(unused)
        self._tail = tail
        self._segments.append(Segment(path))
        return self._segments[-1]

    def _cut(self, size: int) -> None:
        """Take back a write that failed half way; if not even that works, recovery will."""
        try:
            os.ftruncate(self._tail, size)
        except OSError as error:
            self._disk_failed(f"{self._directory}: {error.strerror}")

    def _bound(self) -> None:
        while self.disk_bytes > self._max_bytes and len(self._segments) > 1:
            oldest = self._segments.pop(0)
            self._count_dropped([place.sequence for place in oldest.frames])
            self._delete(oldest)

    def _count_dropped(self, sequences: Sequence[int]) -> None:
        for cursor in self._cursors.values():
            lost = [number for number in sequences if number > cursor.done]
            if lost:
                cursor.dropped += len(lost)
                cursor.done = lost[-1]

    def _forget(self) -> None:
        """Let go of what every sink is done with. The last file is cut, mostly before it hits the disk."""
        done = min(cursor.done for cursor in self._cursors.values())
        while len(self._segments) > 1 and not _ends_after(self._segments[0], done):
            self._delete(self._segments.pop(0))
        if self._segments and not _ends_after(self._segments[0], done) and self._tail >= 0:
            self._cut(0)
            self._segments[0].frames.clear()
        while self._memory and self._memory[0].sequence <= done:
            self._memory_bytes -= len(self._memory.popleft().data)

    def _delete(self, segment: Segment) -> None:
        try:
            segment.path.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            self._disk_failed(f"{segment.path}: {error.strerror}")


def _ends_after(segment: Segment, sequence: int) -> bool:
    return bool(segment.frames) and segment.frames[-1].sequence > sequence


def _saved(path: Path) -> int:
    try:
        return int(path.read_bytes()[:20])
    except (FileNotFoundError, ValueError):
        return 0


def _file_name(reader: str) -> str:
    return "".join(
        letter if letter.isalnum() and letter.isascii() else f"%{ord(letter):02x}" for letter in reader
    )
