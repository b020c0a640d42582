"""What `ship.records` and the server's export write as jsonl, read back: one JSON object a line.

    {"type":"snapshot","host":"h1","jvm":"shop","pid":4711,"started":1795341000000,"time":...,"class":[...],...}

The types are snapshot (also when none is said), metrics, event and log. A line is taken whole or refused
whole; its totals are its columns, so nothing can disagree.
"""

from __future__ import annotations

import json
import re
from array import array
from math import isfinite, nan
from typing import Any, Iterable, Mapping, Sequence

from heapwatch.errors import Unreadable
from heapwatch.model import ALL, LIVE, Batch, Event, Histogram, JvmId, LogBlock, MetricBlock, Snapshot

_OURS = re.compile(
    rb'\{\s*"(?:type"\s*:\s*"(?:snapshot|metrics|event|log)"|host"\s*:[^\n]*"(?:class|mode)"\s*:)'
)
_LARGEST = 2**63 - 1


def read(line: str, name: str) -> Batch:
    """The batch, called `name`, that holds what one line says."""
    try:
        record = json.loads(line)
        kind = record.get("type", "snapshot")
        if kind == "snapshot":
            return Batch(name, 0, snapshots=[_snapshot(record)])
        if kind == "metrics":
            return Batch(name, 0, metrics=[_metrics(record)])
        if kind == "event":
            return Batch(name, 0, events=[_event(record)])
        if kind == "log":
            return Batch(name, 0, logs=[_log(record)])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise Unreadable(f"not a record of heapwatch: {type(error).__name__}: {error}") from error
    raise Unreadable(f"a record of unknown type {kind!r}")


def _snapshot(record: Mapping[str, Any]) -> Snapshot:
    classes = [_text(name) for name in record["class"]]
    instances, held, rows = (_whole_column(record[key]) for key in ("instances", "bytes", "rows"))
    if not len(classes) == len(instances) == len(held) == len(rows):
        raise ValueError("columns of different length")
    if len(set(classes)) != len(classes):
        raise ValueError("a class twice")
    if record["mode"] not in (ALL, LIVE):
        raise ValueError(f"mode {record['mode']!r}")
    return Snapshot(
        jvm=JvmId(
            _text(record["host"]), _text(record["jvm"]), _whole(record["pid"]), _whole(record["started"])
        ),
        time=_whole(record["time"]),
        mode=record["mode"],
        histogram=Histogram(classes, instances, held, rows, _texts(record.get("modules") or {})),
        pause=_optional(record.get("pause_ms")),
        duration=_optional(record.get("duration_ms")),
        heap={_text(key): _number(value) for key, value in (record.get("heap") or {}).items()},
        labels=_texts(record.get("labels") or {}),
    )


def _metrics(record: Mapping[str, Any]) -> MetricBlock:
    times = _whole_column(record["times"])
    values = {
        _text(name): array("d", [nan if value is None else _number(value) for value in column])
        for name, column in record["values"].items()
    }
    if any(len(column) != len(times) for column in values.values()):
        raise ValueError("columns of different length")
    return MetricBlock(_texts(record["labels"]), times, values)


def _event(record: Mapping[str, Any]) -> Event:
    return Event(
        _whole(record["time"]), _text(record["kind"]), _texts(record["labels"]), _text(record.get("text", ""))
    )


def _log(record: Mapping[str, Any]) -> LogBlock:
    time = array("q", [_whole(record["time"])])
    return LogBlock(_texts(record["labels"]), time, [_text(record["text"])], [_text(record.get("level", ""))])


def is_ours(head: bytes) -> bool:
    """Whether a file that begins like this was written by us; other logs are JSON lines, too."""
    return _OURS.match(head) is not None


def joined(blocks: Iterable[LogBlock]) -> list[LogBlock]:
    """Messages of a source together, in their order."""
    found: dict[tuple[tuple[str, str], ...], LogBlock] = {}
    for block in blocks:
        key = tuple(sorted(block.labels.items()))
        whole = found.setdefault(key, LogBlock(block.labels, array("q"), [], []))
        whole.times.extend(block.times)
        whole.texts.extend(block.texts)
        whole.levels.extend(block.levels)
    return list(found.values())


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {_text(key): _text(text) for key, text in value.items()}


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise TypeError(f"{value!r} is no count")
    return value


def _whole_column(values: Sequence[Any]) -> array[int]:
    return array("q", [_whole(value) for value in values])


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _optional(value: Any) -> float | None:
    return None if value is None else _number(value)
