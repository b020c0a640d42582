"""The log files that the agent ships: which they are, how far they were handed over, and what they cost.

    every second            one stat() a file; only one whose size has changed is read
    every `look_every_s`    which files fit the patterns, which JVMs write GC logs
    with every batch        places are written down: tail.json

What makes a line come once, whatever dies: before a batch goes into the spool, tail.json says its number and
the places before and behind its messages. After a crash the spool knows whether it has that batch, and so
which of the places hold.
"""

from __future__ import annotations

import json
import os
import re
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Set, Tuple

from heapwatch.agent.gclogs import gc_log_paths, uptime_ms
from heapwatch.agent.journal import Journal
from heapwatch.agent.tail_settings import TailSettings
from heapwatch.agent.tailed import FileKey, Place, Tailed, begins_as_any
from heapwatch.errors import Unreadable
from heapwatch.model import LogBlock, Target
from heapwatch.wire import records
from heapwatch.wire.moments import local, written_at

NAME = "tail.json"
POLL_S = 1.0
MOST_FILES = 500
MOST_HELD = 1 << 20
"""Characters of messages in memory; then a batch is due, and nothing more is read before it is made."""

GC_CATEGORY = "jvm/gc"

_QUIET_S = 30.0  # so long a file that was renamed or deleted may still be written to
_AHEAD_MS = 3_600_000  # a time further in the future is that of another zone, or wrong
_CLOCK_MS = 20  # the times of files are those of a coarser clock
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4")
_TOGETHER_MS = 5000  # a line without a time has that of the one before if they came so close
_WHOLE_S = 1.0  # so long a message waits for lines that go on it


_State = Tuple[Dict[FileKey, Place], int]
"""Places, and when the files were looked at last (epoch ms)."""


@dataclass
class _File:
    """A file, whose it is, and what waits for the next batch."""

    tailed: Tailed
    settings: TailSettings
    budget: float
    target: Target | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    blocks: List[LogBlock] = field(default_factory=list)
    quiet_since: float = float("-inf")
    newest: Tuple[int, int] = (0, 0)  # when a message came, and the time it said


class Tails:
    """All of them. Used by the agent's one thread."""

    def __init__(
        self,
        tails: Iterable[TailSettings],
        directory: Path | None,
        host: str,
        labels: Mapping[str, str],
        journal: Journal,
        *,
        gc_logs: bool = False,
        look_every_s: float = 5.0,
    ) -> None:
        self.read_bytes = self.messages = self.skipped_bytes = 0
        self._tails, self._gc_logs = list(tails), gc_logs
        self._directory = directory
        self._host, self._labels = host, labels
        self._journal = journal
        self._look_every_s = look_every_s
        self._files: Dict[FileKey, _File] = {}
        self._paths: Dict[str, FileKey] = {}
        self._left: List[LogBlock] = []  # of files that were let go
        self._places: Dict[FileKey, Place] = {}  # of files that are not open now
        self._known: Set[str] = set()  # patterns that were looked for before: what is new, is new
        self._handed: Dict[FileKey, Place] = {}
        self._written: Tuple[int, _State, _State] = (0, ({}, 0), ({}, 0))
        self._unwritten = False  # there is a file or a pattern of which tail.json does not know
        self._held = self._looked = 0
        self._looked_at = self._polled_at = float("-inf")
        self._began_ms = self._seen_ms = 0  # wall clock of the first poll and of the newest

    def __len__(self) -> int:
        return len(self._files)

    @property
    def full(self) -> bool:
        """So much waits in memory that a batch should be made."""
        return self._held >= MOST_HELD * 3 // 4  # the rest may be too little for a line

    @property
    def waiting(self) -> bool:
        """There are messages for a batch."""
        return bool(self._left) or any(file.blocks for file in self._files.values())

    def next(self) -> float:
        """When to poll again."""
        return self._polled_at + POLL_S if self._tails or self._gc_logs else float("inf")

    def resume(self, last_sequence: int) -> None:
        """Go on where the run before has ended; `last_sequence` is the spool's newest batch."""
        if self._directory is None:
            return
        path = self._directory / NAME
        try:
            found = json.loads(path.read_text("utf-8"))
            behind = found["after" if last_sequence >= found["sequence"] else "before"]
            self._places = {(row[0], row[1]): Place(*row[2:]) for row in behind["places"]}
            self._known, self._seen_ms = set(found["patterns"]), int(behind["seen"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            self._journal.warning(f"{path}: not readable ({error}); log files are read from their end")
        self._handed = dict(self._places)
        self._written = (0, (self._handed, self._seen_ms), (self._handed, self._seen_ms))
        self._write()  # the next batches have higher numbers, and not what was lost

    def poll(self, now: float, now_ms: int, targets: Callable[[], Iterable[Target]]) -> None:
        """Read what has been written since the last time."""
        passed = min(now - self._polled_at, 10.0)
        self._polled_at = now
        if now >= self._looked_at + self._look_every_s:
            self._looked_at = now
            self._look(targets(), now_ms)
        for path, key in list(self._paths.items()):
            self._follow(path, key, now, now_ms)
        named = set(self._paths.values())
        for key, file in list(self._files.items()):
            file.budget = min(file.budget + passed * file.settings.rate, 10 * file.settings.rate)
            try:
                alive = self._read(file, now, now_ms, orphan=key not in named)
            except OSError as error:
                self._journal.warning(f"{file.tailed.path}: {error.strerror or error}", file.tailed.path)
                self._places[key] = file.tailed.place
                alive = False
            if not alive:
                self._let_go(key)
        self._seen_ms = now_ms
        self._began_ms = self._began_ms or now_ms
        if self._unwritten:
            self._write()

    def take(self, sequence: int) -> List[LogBlock]:
        """The messages for batch `sequence`, which goes into the spool now."""
        blocks, self._left, self._held = self._left, [], 0
        for file in self._files.values():
            blocks += file.blocks
            file.blocks = []
        after = {**self._places, **{key: file.tailed.place for key, file in self._files.items()}}
        if blocks or after != self._handed:
            self._written = (sequence, (self._handed, self._written[2][1]), (after, self._seen_ms))
            self._write()
            self._handed = after
        return [block for block in blocks if block.texts]

    def close(self) -> None:
        for key in list(self._files):
            self._let_go(key)

    # -- which files ----------------------------------------------------------------------------------------

    def _look(self, targets: Iterable[Target], now_ms: int) -> None:
        wanted = list(self._wanted(targets))
        resumed = self._seen_ms if self._looked == 0 else 0
        self._looked += 1
        for settings, target in wanted:
            if self._places:
                self._find_renamed(settings, target, now_ms)
            for path in settings.fitting():
                if resumed and settings.path in self._known:
                    self._find_missed(path, settings, target, now_ms)
                key = self._paths.get(path)
                if key is not None:
                    self._belongs(self._files[key], target)
                elif len(self._files) < MOST_FILES:
                    self._take_up(path, settings, target, now_ms)
                else:
                    self._journal.warning(f"{path}: not read, {MOST_FILES} log files are open", "tail")
        new = {settings.path for settings, _ in wanted} - self._known
        self._known |= new
        self._unwritten |= bool(new)

    def _wanted(self, targets: Iterable[Target]) -> Iterator[Tuple[TailSettings, Target | None]]:
        by_name: Dict[str, List[Target]] = {}
        for target in targets:
            by_name.setdefault(target.name, []).append(target)
            for path in gc_log_paths(target) if self._gc_logs else ():
                yield TailSettings(path, target.name, GC_CATEGORY, from_beginning=True), target
        for settings in self._tails:
            same = by_name.get(settings.jvm, []) if settings.jvm else []
            yield settings, same[0] if len(same) == 1 else None

    def _take_up(
        self,
        path: str,
        settings: TailSettings,
        target: Target | None,
        now_ms: int,
        *,
        new: bool = False,
        named: bool = True,
    ) -> None:
        try:
            stat = os.stat(path)
            key = (stat.st_dev, stat.st_ino)
            if key not in self._files:
                place = self._places.get(key)
                tailed = Tailed(path, key, settings.first_line, settings.encoding, place)
                self._places.pop(key, None)
                self._files[key] = file = _File(tailed, settings, settings.rate)
                self._belongs(file, target)
                if place is None:
                    if not (new or settings.from_beginning or settings.path in self._known):
                        tailed.to_the_end()
                elif not tailed.resumed:  # truncated since
                    self._keep(file, tailed.rest_of_copy(place), now_ms)
                if key not in self._handed:
                    for places in (self._handed, self._written[1][0], self._written[2][0]):
                        places[key] = tailed.place
                    self._unwritten = True
                self._journal.solved(path, f"{path}: is read")
            if named:
                self._paths[path] = key
        except OSError as error:
            self._journal.warning(f"{path}: {error.strerror or error}", path)

    def _find_renamed(self, settings: TailSettings, target: Target | None, now_ms: int) -> None:
        """Files that the run before was reading, and that have other names by now."""
        folder, name = os.path.split(settings.path)
        start = re.split(r"[*?\[]", name)[0]
        try:
            beside = [entry for entry in os.scandir(folder or ".") if entry.name.startswith(start)]
            for entry in beside:
                stat = entry.stat()
                place = self._places.get((stat.st_dev, stat.st_ino))
                if place is not None and entry.is_file():
                    self._take_up(entry.path, settings, target, now_ms, named=False)
        except OSError:  # no such folder, or a file that went: there is nothing to read
            return

    def _find_missed(self, path: str, settings: TailSettings, target: Target | None, now_ms: int) -> None:
        """Files that were written under this name and renamed again since we last looked."""
        folder, name = os.path.split(path)
        known = [*self._handed.values(), *(file.tailed.place for file in self._files.values())]
        heads = {(place.head_size, place.head) for place in known}
        found = []
        try:
            for entry in os.scandir(folder or "."):
                if entry.name.startswith(name) and entry.name != name and not entry.name.endswith(_PACKED):
                    stat = entry.stat()
                    key = stat.st_dev, stat.st_ino
                    fresh = stat.st_mtime_ns // 1_000_000 > self._seen_ms - _CLOCK_MS
                    if fresh and entry.is_file() and key not in self._files and key not in self._places:
                        found.append((stat.st_mtime_ns, entry.path))
            for _, missed in sorted(found):
                if not begins_as_any(missed, heads):  # else it is a copy of what we know
                    self._take_up(missed, settings, target, now_ms, new=True, named=False)
        except OSError as error:
            self._journal.warning(f"{path}: {error.strerror or error}", path)

    def _belongs(self, file: _File, target: Target | None) -> None:
        """The labels of a file's messages; they change when its JVM is started anew."""
        if file.labels and file.target == target:
            return
        settings = file.settings
        labels = {**self._labels, **settings.labels, "host": self._host}
        labels["_sourceCategory"] = settings.category or "log"
        labels["_sourceName"] = settings.name or file.tailed.path
        if target is not None:
            labels.update(jvm=target.name, pid=str(target.pid), started=str(target.started))
        elif settings.jvm:
            labels["jvm"] = settings.jvm
        file.labels, file.target = labels, target

    def _follow(self, path: str, key: FileKey, now: float, now_ms: int) -> None:
        """Whether a name still means the file that is open under it."""
        try:
            stat = os.stat(path)
            if (stat.st_dev, stat.st_ino) == key:
                return
        except OSError:
            stat = None
        del self._paths[path]
        file = self._files.get(key)
        if file is None:
            return
        file.quiet_since = now
        self._find_missed(path, file.settings, file.target, now_ms)
        if stat is not None:
            self._take_up(path, file.settings, file.target, now_ms, new=True)

    # -- what they say --------------------------------------------------------------------------------------

    def _read(self, file: _File, now: float, now_ms: int, orphan: bool) -> bool:
        """Read what is new; False when nothing can come any more."""
        tailed = file.tailed
        size = tailed.size()
        if not tailed.changed(size):
            if tailed.pending and now >= file.quiet_since + _WHOLE_S:
                self._keep(file, tailed.flush(), now_ms)
            if orphan and now >= file.quiet_since + _QUIET_S:
                self._keep(file, tailed.last_words(), now_ms)
                return False
            return True
        file.quiet_since = now
        if tailed.was_cut(size):
            self._keep(file, tailed.begin_anew(), now_ms)
        if size - tailed.place.offset > file.settings.lag:
            skipped = tailed.skip_to(size - file.settings.lag // 2)
            self.skipped_bytes += skipped
            self._journal.warning(
                f"{tailed.path}: {skipped} bytes left out, it grows faster than it may be read (rate)"
            )
        texts, taken = tailed.read(int(min(file.budget, max(0, MOST_HELD - self._held))))
        file.budget -= taken
        self.read_bytes += taken
        self._keep(file, texts, now_ms)
        return True

    def _keep(self, file: _File, texts: List[str], now_ms: int) -> None:
        if not texts:
            return
        if not file.blocks or file.blocks[-1].labels is not file.labels:
            file.blocks.append(LogBlock(file.labels, array("q"), [], []))
        block = file.blocks[-1]
        came, before = file.newest
        if now_ms - came > _TOGETHER_MS:
            before = now_ms
        for text in texts:
            time, level, said = _understood(text, now_ms, file.target)
            before = before if time is None or time > now_ms + _AHEAD_MS else time
            file.newest = now_ms, before
            block.times.append(before)
            block.texts.append(said)
            block.levels.append(level)
            self._held += len(said)
        self.messages += len(texts)

    # -- what is remembered ---------------------------------------------------------------------------------

    def _write(self) -> None:
        self._unwritten = False
        if self._directory is None:
            return
        sequence, *states = self._written
        before, after = (
            {"places": [[*key, *place] for key, place in places.items()], "seen": seen or self._began_ms}
            for places, seen in states
        )
        told = {"sequence": sequence, "before": before, "after": after, "patterns": sorted(self._known)}
        draft = self._directory / f"{NAME}.new"
        try:
            draft.write_text(json.dumps(told), "utf-8")
            os.replace(draft, self._directory / NAME)
            self._journal.solved(NAME, f"{draft}: is written again")
        except OSError as error:
            self._journal.warning(f"{draft}: {error.strerror}; log lines may come twice", NAME)

    def _let_go(self, key: FileKey) -> None:
        file = self._files.pop(key)
        self._left += file.blocks
        self._paths = {path: one for path, one in self._paths.items() if one != key}
        while len(self._places) > 2 * MOST_FILES:
            del self._places[next(iter(self._places))]
        file.tailed.close()


def _understood(text: str, now_ms: int, target: Target | None) -> Tuple[int | None, str, str]:
    """Time, level and text of a message; the level is left to the server unless only we see it."""
    if text.startswith("{"):
        try:
            return records.parse(text, now_ms, local)
        except Unreadable:
            return None, "", text
    time = written_at(text, now_ms, local)
    if time is None and target is not None:
        uptime = uptime_ms(text)
        time = None if uptime is None else min(target.started + uptime, now_ms)
    return time, "", text
