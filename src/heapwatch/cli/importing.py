"""From files of histograms and logs to batches that can be sent twice and are stored once.

A batch is one histogram, and its name (agent, sequence) is made of everything that is stored of it. So the
same files again, the same histogram in another archive, or a log that has grown since the last import add
only what is new. A histogram that was cut off is reported and never stored in part.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import socket
import time
from array import array
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Iterator, Literal

from heapwatch.cli import archives, importing_logs, records
from heapwatch.cli.importing_logs import LogRules
from heapwatch.cli.naming import Naming, Pattern, default_mode, guess, heading, moment
from heapwatch.errors import HeapwatchError, Unreadable, UsageError
from heapwatch.jvm import histogram
from heapwatch.model import Batch, JvmId, Snapshot
from heapwatch.wire.moments import local
from heapwatch.wire.moments import utc as utc_zone

PIECE = 4 << 20
"""Bytes read at a time; a file of any length is cut into histograms as it is read."""

LONGEST = 64 << 20
"""Bytes without a histogram's end after which a file is given up."""

_FIRST_ROW = re.compile(r"^[ \t]*1:[ \t]+\d", re.MULTILINE)

OWN = Pattern("{host}/{jvm}/{pid}-{started}/{time}.{mode}.histo", utc=True)
"""How an export of the server names its texts."""

HIST, SAMPLES, PROBE, META = ".hist.parquet", ".samples.parquet", ".probe.parquet", ".meta.json"
"""What the files of a recording end with (recordings.py)."""

FUTURE_MS = 86_400_000
"""A time further ahead than this is taken for a misread name, not for a clock that is ahead."""


@dataclass(frozen=True)
class Rules:
    """How a histogram gets its identity: what flags say wins over the path, the path over the defaults."""

    given: Naming = field(default_factory=Naming)
    pattern: Pattern | None = None
    utc: bool = False
    every: float | None = None  # seconds between the histograms of one file
    kind: Literal["auto", "histograms", "logs"] = "auto"
    logs: LogRules = field(default_factory=LogRules)

    def of_path(self, path: str) -> Naming:
        if self.pattern:
            told = self.pattern.read(path)
        elif OWN.fits(path):
            told = OWN.read(path)
        else:
            told = guess(path, self.utc)
        return self.given.over(told)


@dataclass
class Counts:
    files: int = 0
    histograms: int = 0
    rows: int = 0
    messages: int = 0
    ignored: int = 0  # files without any histogram, and no logs either
    bad: list[archives.Bad] = field(default_factory=list)


class Reader:
    """Reads files into batches and counts what it meets."""

    def __init__(self, rules: Rules) -> None:
        self.counts = Counts()
        self._rules = rules
        self._parser = histogram.Parser()

    def batches(self, inputs: archives.Inputs) -> Iterator[Batch]:
        for found in inputs:
            if isinstance(found, archives.Bad):
                self.counts.bad.append(found)
                continue
            self.counts.files += 1
            try:
                yield from self._file(found)
            except (HeapwatchError, *archives.BROKEN) as error:
                self.counts.bad.append(archives.Bad(found.name, archives.reason(error)))

    def _file(self, file: archives.File) -> Iterator[Batch]:
        stem = recording_of(file.name)
        if stem:
            if file.name.endswith(HIST):
                yield from self._recording(stem, file.mtime)
            return  # what lies beside it was read with it
        head = file.stream.peek(importing_logs.HEAD)[: importing_logs.HEAD]
        if self._rules.kind != "logs" and looks_like_parquet(file.name, head):
            yield from self._parquet(file.stream)
        elif head[:1] == b"{" and self._rules.kind != "logs" and records.is_ours(head):
            yield from self._records(file.name, file.stream)
        elif self._is_log(head):
            yield from self._logs(file, head)
        else:
            yield from self._histograms(file)

    def _recording(self, stem: Path, mtime: int) -> Iterator[Batch]:
        """A recording of Parquet files; its clock starts at its own beginning, its end is the file's date."""
        from heapwatch.cli.recordings import recording, snapshots

        told, history = self._rules.given, recording(stem)
        end = told.time if told.time is not None else mtime
        who = JvmId(
            told.host or history.host,
            told.jvm or history.service,
            told.pid or 0,
            end - round(float(history.times[-1]) * 1000) if len(history) else end,
        )
        for snapshot in snapshots(history, who, told.labels):
            self.counts.histograms += 1
            self.counts.rows += len(snapshot.histogram)
            yield Batch(name_of(snapshot), 0, [snapshot])

    def _parquet(self, stream: IO[bytes]) -> Iterator[Batch]:
        """An export with a row a class: it says itself whose and when everything is."""
        from heapwatch.cli.importing_parquet import snapshots

        for snapshot in snapshots(stream):
            self.counts.histograms += 1
            self.counts.rows += len(snapshot.histogram)
            yield Batch(name_of(snapshot), 0, [snapshot])

    def _is_log(self, head: bytes) -> bool:
        if self._rules.kind != "auto":
            return self._rules.kind == "logs"
        return not _FIRST_ROW.search(histogram.decode(head)) and importing_logs.looks_like_log(head)

    def _logs(self, file: archives.File, head: bytes) -> Iterator[Batch]:
        rules = self._rules
        known = rules.of_path(file.name) if rules.pattern or importing_logs.is_gc_log(head) else rules.given
        zone = utc_zone if rules.utc else local
        for batch in importing_logs.batches(file.stream, file.name, head, known, zone, rules.logs):
            self.counts.messages += sum(len(block.texts) for block in batch.logs)
            yield batch

    def _records(self, name: str, stream: IO[bytes]) -> Iterator[Batch]:
        """An export: it says itself whose and when everything is."""
        held: list[Batch] = []
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST), b""), 1):
            if not line.strip():
                continue
            digest = hashlib.sha256(line.rstrip()).hexdigest()[:32]
            try:
                batch = records.read(line.decode("utf-8", "strict"), f"import:{digest}")
            except (Unreadable, UnicodeDecodeError) as error:
                self.counts.bad.append(archives.Bad(f"{name}, line {number}", archives.reason(error)))
                continue
            for snapshot in batch.snapshots:  # so it is known again in any other form
                batch = replace(batch, agent=name_of(snapshot))
                self.counts.histograms += 1
                self.counts.rows += len(snapshot.histogram)
            if not batch.logs:
                yield batch
                continue
            held.append(batch)  # a message a batch would be very many
            if len(held) == importing_logs.AT_ONCE:
                yield self._joined(held)
                held.clear()
        if held:
            yield self._joined(held)

    def _joined(self, held: list[Batch]) -> Batch:
        self.counts.messages += len(held)
        digest = hashlib.sha256("".join(batch.agent for batch in held).encode()).hexdigest()[:32]
        return Batch(
            f"import:{digest}", 0, logs=records.joined(block for each in held for block in each.logs)
        )

    def _histograms(self, file: archives.File) -> Iterator[Batch]:
        known = self._rules.of_path(file.name)
        found = texts(file.stream)
        first_two = list(itertools.islice(found, 2))
        times = _Times(file.mtime, known.time, len(first_two) > 1, self._rules)
        for number, text in enumerate(itertools.chain(first_two, found), 1):
            try:
                snapshot = self._snapshot(text, known, times)
            except Unreadable as error:
                where = f"{file.name}, histogram {number}" if len(first_two) > 1 else file.name
                self.counts.bad.append(archives.Bad(where, str(error)))
                continue
            self.counts.histograms += 1
            self.counts.rows += len(snapshot.histogram)
            yield Batch(name_of(snapshot), 0, [snapshot])
        self.counts.ignored += not first_two

    def _snapshot(self, text: str, known: Naming, times: _Times) -> Snapshot:
        head = _FIRST_ROW.split(text, maxsplit=1)[0]
        own = heading(head)
        at = times.next(head, own.time)
        parsed = self._parser.parse(text)
        known = self._rules.given.over(own).over(known)
        jvm = JvmId(
            known.host or socket.gethostname(),
            known.jvm or "imported",
            known.pid or _jcmd_pid(head) or 0,
            known.started or 0,
        )
        return Snapshot(jvm, at, default_mode(known), parsed, labels=known.labels)


class _Times:
    """When a file's histograms were taken: their own time lines say, else its name, else its date."""

    def __init__(self, mtime: int, named: int | None, several: bool, rules: Rules) -> None:
        self._first = named if named is not None else mtime
        self._several = several
        self._rules = rules
        self._number = 0

    def next(self, head: str, told: int | None) -> int:
        at = told if told is not None else moment(_last_lines(head), self._rules.utc)
        if at is None:
            if self._several and self._rules.every is None:
                raise UsageError("several histograms, no times: say how far apart, --every 10s")
            at = self._first + round(self._number * (self._rules.every or 0) * 1000)
        self._number += 1
        if at > time.time() * 1000 + FUTURE_MS:
            raise UsageError("its time lies in the future: give --pattern, --time or --utc")
        return at


def looks_like_parquet(name: str, head: bytes) -> bool:
    """By its first bytes; by its name, too, so that one without them is told and not passed over."""
    return head.startswith(b"PAR1") or name.endswith(".parquet")


def texts(stream: IO[bytes]) -> Iterator[str]:
    """The histograms of a file of any length, one by one, each with what stands before it."""
    data = stream.read(PIECE)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16, as PowerShell's `>` writes: not to be cut at b"\n"
        yield from _parts(histogram.decode(data + stream.read(LONGEST)))
        return
    held = ""
    while piece := stream.read(PIECE):
        ended = data.rfind(b"\n") + 1
        held += histogram.decode(data[:ended])
        data = data[ended:] + piece
        for text in list(_parts(held))[:-1]:  # the last one may go on in the next piece
            yield text
            held = held[len(text) + 1 :]
        if len(held) + len(data) > LONGEST:
            raise Unreadable(f"{LONGEST >> 20} MiB without the end of a histogram")
    yield from _parts(held + histogram.decode(data))


def _parts(text: str) -> Iterator[str]:
    """As `histogram.split`, which looks at every line; most files hold one histogram."""
    return iter([text]) if len(_FIRST_ROW.findall(text)) == 1 else histogram.split(text)


def recording_of(name: str) -> Path | None:
    """The stem of the recording that this file is of; None when it is of none."""
    for suffix in (HIST, SAMPLES, PROBE, META):
        stem = Path(name.removesuffix(suffix))
        if name.endswith(suffix) and stem.with_name(stem.name + HIST).is_file():
            return stem
    return None


def name_of(snapshot: Snapshot) -> str:
    """A name for the batch that holds this snapshot alone; equal for equal content."""
    jvm, h = snapshot.jvm, snapshot.histogram
    told = (*jvm, snapshot.time, snapshot.mode, sorted(snapshot.labels.items()))
    digest = hashlib.sha256(repr(told).encode())
    order = sorted(range(len(h)), key=h.classes.__getitem__)  # a store keeps none
    digest.update("\0".join(h.classes[i] for i in order).encode("utf-8", "surrogatepass"))
    for column in (h.instances, h.bytes, h.rows):
        digest.update(array("q", [column[i] for i in order]).tobytes())
    return f"import:{digest.hexdigest()[:32]}"


def _jcmd_pid(head: str) -> int | None:
    """`4711:` on a line of its own is how jcmd begins."""
    for line in reversed(head.splitlines()):
        if line.endswith(":") and line[:-1].isdigit():
            return int(line[:-1])
    return None


def _last_lines(head: str) -> str:
    """The few lines before a histogram, last one first: what a loop wrote between two of them."""
    return "\n".join(reversed(head.splitlines()[-5:]))
