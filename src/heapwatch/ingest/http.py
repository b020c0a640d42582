"""The HTTP doors of our own forms: a raw histogram text, a batch of an agent, log messages."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from heapwatch.errors import Refused, Unreadable, UsageError
from heapwatch.ingest import bodies, logs
from heapwatch.ingest.agents import Agents
from heapwatch.ingest.batcher import Batcher, rows_of
from heapwatch.ingest.doors import Door
from heapwatch.ingest.guard import Guard, admit, admit_logs
from heapwatch.ingest.intake import Intake
from heapwatch.jvm import histogram
from heapwatch.model import Batch, Histogram, JvmId, Snapshot
from heapwatch.wire import batch as wire

PID_LINE = re.compile(r"\A\s*(\d{1,10}):[ \t]*\r?\n")
TOTAL_LINE = re.compile(r"^Total[ \t]+\d+[ \t]+\d+[ \t]*\r?$", re.MULTILINE)
MOST_LABELS = 64
LONGEST_LABEL = 1024


@dataclass(frozen=True)
class Upload:
    """What the sender of a raw histogram says about it."""

    host: str
    jvm: str
    time: int
    mode: str
    pid: int | None = None
    started: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    dated: bool = True
    """Whether the sender gave the time; ours is never the same twice for one JVM."""

    def check(self) -> None:
        for name, value in (("host", self.host), ("jvm", self.jvm)):
            if not value.strip() or len(value) > LONGEST_LABEL:
                raise UsageError(f"{name}: a histogram needs to say whose it is: ?host=NAME&jvm=APPLICATION")
        check_labels(self.labels)


def check_labels(labels: Mapping[str, str]) -> None:
    """Names and labels are stored for ever, so they have limits."""
    if len(labels) > MOST_LABELS:
        raise UsageError(f"label: at most {MOST_LABELS} labels")
    for name, value in labels.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}", name) or len(value) > LONGEST_LABEL:
            raise UsageError(f"label.{name[:40]}: a name of letters, digits and _.- and a short value")


class HttpDoors:
    """The uploads of histograms, agents' batches and logs."""

    def __init__(
        self,
        intake: Intake,
        batcher: Batcher,
        check: Callable[[Batch], None],
        stored_totals: Callable[[Snapshot], tuple[int, int] | None],
        guard: Guard,
        probes: Callable[[Collection[str]], list[JvmId]] = lambda _hosts: [],
    ) -> None:
        self.histograms = Door("histogram")
        self.batches = Door("batch")
        self.logs = Door("logs")
        self.agents = Agents()
        self._intake = intake
        self._batcher = batcher
        self._check = check
        self._stored_totals = stored_totals
        self._guard = guard
        self._probes = probes
        self._own = threading.local()

    async def take_histogram(self, request: Request, source: str, upload: Upload) -> dict[str, Any]:
        """Store the text in the body; the answer says what was read."""

        known = False

        def decode(body: bytes) -> Batch:
            nonlocal known
            encoding = request.headers.get("content-encoding", "")
            snapshot = read_histogram(body, encoding, upload, self._intake.limits.text, self._parser())
            known = upload.dated and self._known(snapshot)
            if not known:
                admit(self._guard, f"{self.histograms.name} {source}", snapshot)
            return as_batch(snapshot, body)

        batch, fresh = await self._take(request, source, self.histograms, decode)
        fresh, snapshot = fresh and not known, batch.snapshots[0]
        found = snapshot.histogram
        return {
            "stored": True,
            "duplicate": not fresh,
            **snapshot.jvm._asdict(),
            "time": snapshot.time,
            "mode": snapshot.mode,
            "rows": sum(found.rows),
            "classes": len(found),
            "instances": found.total_instances,
            "bytes": found.total_bytes,
        }

    async def take_batch(self, request: Request, source: str) -> dict[str, Any]:
        """Store an agent's batch; a replay is recognised."""

        def decode(body: bytes) -> Batch:
            encoding = request.headers.get("content-encoding", "")
            return wire.decode(bodies.decompress(body, encoding, self._intake.limits.text))

        batch, fresh = await self._take(request, source, self.batches, decode)
        self.agents.saw(batch, request.headers.get("user-agent", ""))
        wanted = self._probes({snapshot.jvm.host for snapshot in batch.snapshots})
        answer: dict[str, Any] = {"stored": True, "duplicate": not fresh}
        if wanted:
            answer["probe"] = [{"pid": each.pid, "started": each.started} for each in wanted]
        return answer

    async def take_logs(self, request: Request, source: str, upload: logs.LogUpload) -> dict[str, Any]:
        """Store the log messages in the body; a replay under the same key is recognised."""
        found = logs.Messages()

        def decode(body: bytes) -> Batch:
            nonlocal found
            encoding = request.headers.get("content-encoding", "")
            found = logs.read(body, encoding, upload, self._intake.limits.text)
            batch = logs.as_batch(found, upload)
            admit_logs(self._guard, f"{self.logs.name} {source}", batch.logs)
            return batch

        _, fresh = await self._take(request, source, self.logs, decode)
        for reason, count in found.rejects.items():
            self._intake.rejects.add(self.logs.name, reason, found.bad.encode(), source, count=count)
        return {
            "stored": True,
            "duplicate": not fresh,
            "messages": len(found.texts),
            "rejected": dict(found.rejects),
            "first": min(found.times),
            "last": max(found.times),
        }

    async def _take(
        self, request: Request, source: str, door: Door, decode: Callable[[bytes], Batch]
    ) -> tuple[Batch, bool]:
        def checked(body: bytes) -> Batch:
            batch = decode(body)
            self._check(batch)
            return batch

        batch, fresh = await self._intake.take(request, source, door, checked, self._batcher.add)
        door.samples += rows_of(batch) if fresh else 0
        return batch, fresh

    def _parser(self) -> histogram.Parser:
        """This thread's own: it remembers names, and most texts have the names of those before."""
        parser: histogram.Parser | None = getattr(self._own, "parser", None)
        if parser is None:
            parser = self._own.parser = histogram.Parser()
        return parser

    def _known(self, snapshot: Snapshot) -> bool:
        """Whether this histogram is stored already; a JVM has one of each mode at one moment."""
        there = self._stored_totals(snapshot)
        found = snapshot.histogram
        if there is not None and there != (found.total_instances, found.total_bytes):
            raise Refused(
                "another histogram of this JVM is stored at this very moment "
                f"({there[0]} instances, {there[1]} bytes); give the time it was taken, or the pid"
            )
        return there is not None


def read_histogram(
    body: bytes, encoding: str, upload: Upload, limit: int, parser: histogram.Parser
) -> Snapshot:
    """The one histogram in a body, whatever tool wrote it."""
    text = histogram.decode(bodies.decompress(body, encoding or bodies.sniff(body), limit))
    found = _parse(text, parser)
    pid_line = PID_LINE.match(text)
    pid = upload.pid if upload.pid is not None else int(pid_line[1]) if pid_line else 0
    jvm = JvmId(upload.host, upload.jvm, pid, upload.started)
    return Snapshot(jvm, upload.time, upload.mode, found, labels=upload.labels)


def _parse(text: str, parser: histogram.Parser) -> Histogram:
    if not text.strip():
        raise Unreadable("the body is empty; send what jmap -histo prints (curl --data-binary @-)")
    # Two texts that are alike would even add up: the second one looks like a very long class name.
    if text.count("\nTotal ") > 1 and len(TOTAL_LINE.findall(text)) > 1:
        number = sum(1 for _ in histogram.split(text))
        if number > 1:
            raise Unreadable(f"{number} histograms in one body; send one a request, or use heapwatch import")
    return parser.parse(text)


def as_batch(snapshot: Snapshot, body: bytes) -> Batch:
    """The same text for the same JVM and time is the same batch, so that a retry is stored once."""
    told = (*snapshot.jvm, snapshot.time, snapshot.mode, sorted(snapshot.labels.items()))
    digest = hashlib.blake2b(repr(told).encode("utf-8", "surrogatepass") + body, digest_size=8).digest()
    return Batch("upload", int.from_bytes(digest, "big") >> 1, [snapshot])
