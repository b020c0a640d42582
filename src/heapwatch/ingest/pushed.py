"""Samples that others push by HTTP: exposition text, Sumo's HTTP source, collectd's JSON, remote write, OTLP.

A body of Graphite lines may hold histograms by the path template. They are complete with the body, so nothing
waits for more of them. All else becomes plain points, with the labels that the sender gives all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from starlette.requests import Request

from heapwatch.ingest import otlp_metrics, remote_write
from heapwatch.ingest.batcher import Batcher, Samples, rows_of
from heapwatch.ingest.class_lines import ClassLines
from heapwatch.ingest.doors import Door
from heapwatch.ingest.guard import Guard
from heapwatch.ingest.intake import Intake
from heapwatch.model import Batch
from heapwatch.wire.graphite import Lines, untagged
from heapwatch.wire.paths import Template
from heapwatch.wire.series import series_of

Read = Callable[[bytes], Lines]
_Lines = TypeVar("_Lines", bound=Lines)


@dataclass
class _Pushed:
    lines: Lines
    samples: Samples
    histograms: list[Batch] = field(default_factory=list)

    @property
    def parts(self) -> list[Batch | Samples]:
        return [self.samples, *self.histograms]


class PushDoors:
    """The doors for samples. Lives on the event loop."""

    def __init__(
        self, intake: Intake, batcher: Batcher, check: Callable[[Batch], None], guard: Guard
    ) -> None:
        self._guard = guard
        self.prometheus = Door("prometheus")
        self.sumo = Door("sumo")
        self.collectd = Door("collectd-http")
        self.remote_write = Door("remote-write")
        self.otlp_metrics = Door("otlp-metrics")
        self.otlp_logs = Door("otlp-logs")
        self.alerts = Door("alert-webhook")
        self.written = remote_write.Reader()
        self.points = otlp_metrics.Reader()
        self._intake = intake
        self._batcher = batcher
        self._check = check

    @property
    def all(self) -> list[Door]:
        more = [self.remote_write, self.otlp_metrics, self.otlp_logs, self.alerts]
        return [self.prometheus, self.sumo, self.collectd, *more]

    async def take(
        self,
        request: Request,
        source: str,
        door: Door,
        read: Read,
        labels: Mapping[str, str] | None = None,
        template: Template | None = None,
    ) -> dict[str, Any]:
        """Store what `read` makes of the body; each series has these labels, unless it says others."""

        def decode(body: bytes) -> _Pushed:
            plain = self._intake.plain(body, request.headers.get("content-encoding", ""))
            return self._sorted(read(plain), labels or {}, template, door, source)

        pushed = await self._take(request, source, door, decode)
        return {
            "stored": True,
            "samples": len(pushed.lines),
            "histograms": len(pushed.histograms),
            "rejected": pushed.lines.rejects.counts,
        }

    async def take_points(
        self,
        request: Request,
        source: str,
        door: Door,
        read: Callable[[bytes], _Lines],
        labels: Mapping[str, str] | None = None,
    ) -> _Lines:
        """Store what `read` makes of a body as it came; the answer is the protocol's own affair."""
        found: list[_Lines] = []

        def decode(body: bytes) -> _Pushed:
            found.append(read(body))
            return self._sorted(found[0], labels or {}, None, door, source)

        await self._take(request, source, door, decode)
        return found[0]

    async def take_batch(
        self, request: Request, source: str, door: Door, read: Callable[[bytes], Batch | None]
    ) -> bool:
        """Store what `read` finds in a body as it came; False when there was nothing new."""

        def decode(body: bytes) -> Batch | None:
            batch = read(body)
            if batch is not None:
                self._check(batch)
            return batch

        async def store(batch: Batch | None) -> bool:
            return batch is not None and await self._batcher.add(batch)

        batch, fresh = await self._intake.take(request, source, door, decode, store)
        door.samples += rows_of(batch) if batch is not None and fresh else 0
        return fresh

    async def _take(
        self, request: Request, source: str, door: Door, decode: Callable[[bytes], _Pushed]
    ) -> _Pushed:
        def sent(body: bytes) -> _Pushed:
            pushed = decode(body)
            pushed.samples = replace(pushed.samples, sender=source)
            return pushed

        pushed, refused = await self._intake.take(request, source, door, sent, self._store)
        rejects = pushed.lines.rejects
        kept = dict(rejects.samples)
        for reason, count in rejects.counts.items():
            self._intake.rejects.add(door.name, reason, kept.get(reason, b""), source, count=count)
        for reason, count in refused.items():  # the store has counted them
            pushed.lines.refuse(reason, count)
        door.samples += len(pushed.samples.series) + sum(map(rows_of, pushed.histograms))
        return pushed

    def _sorted(
        self, lines: Lines, labels: Mapping[str, str], template: Template | None, door: Door, source: str
    ) -> _Pushed:
        histograms: list[Batch] = []
        series: Sequence[str] = lines.paths
        times: Sequence[int] = lines.times
        values: Sequence[float] = lines.values
        if template is not None:
            classes = ClassLines(template, guard=self._guard)
            series, times, values = classes.sift(lines, f"{door.name} {source}")
            histograms = list(classes.ready(everything=True))
            for each in histograms:
                self._check(each)
        samples = Samples(labelled(series, labels), times, values, door.name, once=True)
        return _Pushed(lines, samples, histograms)

    async def _store(self, pushed: _Pushed) -> dict[str, int]:
        """How many points the store refused, by reason."""
        for batch in pushed.histograms:
            await self._batcher.add(batch)
        return await self._batcher.store_samples(pushed.samples) if pushed.samples.series else {}


def labelled(series: Sequence[str], labels: Mapping[str, str]) -> Sequence[str]:
    """The same series with these labels added; what a series says itself wins."""
    if not labels:
        return series
    known: dict[str, str] = {}
    for each in series:
        if each not in known:
            name, own = untagged(each)
            known[each] = series_of(name, {**labels, **own})
    return [known[each] for each in series]


def pairs(text: str) -> dict[str, str]:
    """`k=v, k=v` of a header; what is none is left out."""
    cells = [cell.partition("=") for cell in text.split(",")]
    found = {key.strip(): value.strip() for key, _, value in cells}
    return {key: value for key, value in found.items() if key and value}
