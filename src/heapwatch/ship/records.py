"""Batches as text for files and pipes.

jsonl      one JSON object a line, with a "type": snapshot, metrics, event or log
text       histograms as `jmap -histo` prints them, each under a comment with whose and when it is
graphite   the line protocol
"""

from __future__ import annotations

import json
from math import isnan
from typing import Dict, Iterator

from heapwatch.errors import UsageError
from heapwatch.jvm.histogram import render
from heapwatch.model import Batch, Event, LogBlock, MetricBlock, Snapshot
from heapwatch.wire import graphite
from heapwatch.wire.paths import Template

FORMS = ("jsonl", "text", "graphite")


class Records:
    """Writes batches in one form; `template` matters to graphite only."""

    def __init__(self, form: str, template: Template | None = None) -> None:
        if form not in FORMS:
            raise UsageError(f"no form {form!r}; there are {', '.join(FORMS)}")
        self._form = form
        self._template = template or Template()

    def write(self, batch: Batch) -> Iterator[bytes]:
        """The batch in blocks of whole records."""
        if self._form == "graphite":
            yield from graphite.encode(batch, self._template)
        elif self._form == "text":
            for snapshot in batch.snapshots:
                yield f"{heading(snapshot)}\n{render(snapshot.histogram)}\n".encode(
                    "utf-8", "backslashreplace"
                )
        else:
            for snapshot in batch.snapshots:
                yield _line("snapshot", snapshot_record(snapshot))
            for block in batch.metrics:
                yield _line("metrics", metrics_record(block))
            for event in batch.events:
                yield _line("event", event_record(event))
            for log in batch.logs:
                for record in log_records(log):
                    yield _line("log", record)


def log_records(block: LogBlock) -> Iterator[Dict[str, object]]:
    """A record a message."""
    levels = block.levels or [""] * len(block.texts)
    for time, level, text in zip(block.times, levels, block.texts):
        yield {"time": time, "labels": dict(block.labels), "level": level, "text": text}


def heading(snapshot: Snapshot) -> str:
    """Whose histogram it is and when it was taken, on one comment line."""
    host, jvm, pid, started = snapshot.jvm
    return (
        f"# heapwatch host={_word(host)} jvm={_word(jvm)} pid={pid} started={started}"
        f" time={snapshot.time} mode={snapshot.mode}"
    )


def snapshot_record(snapshot: Snapshot) -> Dict[str, object]:
    histogram = snapshot.histogram
    return {
        **snapshot.jvm._asdict(),
        "time": snapshot.time,
        "mode": snapshot.mode,
        "pause_ms": snapshot.pause,
        "duration_ms": snapshot.duration,
        "labels": dict(snapshot.labels),
        "heap": dict(snapshot.heap),
        "class": histogram.classes,
        "instances": list(histogram.instances),
        "bytes": list(histogram.bytes),
        "rows": list(histogram.rows),
        "modules": dict(histogram.modules),
    }


def metrics_record(block: MetricBlock) -> Dict[str, object]:
    values = {
        name: [None if isnan(value) else value for value in column] for name, column in block.values.items()
    }
    return {"labels": dict(block.labels), "times": list(block.times), "values": values}


def event_record(event: Event) -> Dict[str, object]:
    return {"time": event.time, "kind": event.kind, "labels": dict(event.labels), "text": event.text}


def _line(kind: str, record: Dict[str, object]) -> bytes:
    text = json.dumps({"type": kind, **record}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _word(text: str) -> str:
    return "_".join(text.split())
