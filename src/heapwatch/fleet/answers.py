"""What a host's probe said, believed only where it fits together.

The other side may be broken, cut off, or lie: every line is checked, and a histogram is taken only as what it
was asked for, of this host and of now. Whatever does not fit is one error; nothing is used in part.
"""

from __future__ import annotations

import base64
import json
from array import array
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Mapping

from heapwatch.errors import HeapwatchError
from heapwatch.fleet.results import BAD_ANSWER, HostFailed, JvmResult
from heapwatch.model import Batch, MetricBlock
from heapwatch.wire.batch import decode

CLOCK_MS = 2000
"""A clock that is off by less is taken for right: that long an answer may be on its way."""

_AROUND_MS = 600_000  # between hello and a histogram, however slow the host is
_LONGEST = 500  # characters of other people's text
_MOST_JVMS = 10_000


@dataclass(frozen=True)
class Answer:
    """Everything a host said to one request."""

    python: str
    user: str
    clock_ahead_ms: int
    jvms: list[JvmResult]
    result: Mapping[str, Any] | None = None  # of an operation
    refusal: tuple[str, str] | None = None  # its reason and its message


def read(data: bytes, host: str, begun_ms: int, ended_ms: int) -> Answer:
    """The answer in what the probe wrote; HostFailed when it cannot be believed.

    `begun_ms` and `ended_ms` are by our own clock: the host's `hello` was said between them.
    """
    records = _records(data)
    hello, *others = records
    told = _whole(hello, "time")
    ahead = told - ended_ms if told > ended_ms else told - begun_ms if told < begun_ms else 0
    ahead = ahead if abs(ahead) > CLOCK_MS else 0
    jvms = [_jvm(record, host, told, ahead) for record in others if record["is"] == "jvm"]
    result = refusal = None
    for record in others:
        if record["is"] == "result":
            result = record.get("result")
            if not isinstance(result, dict):
                raise _lie("a result that is no object")
        elif record["is"] == "failed":
            refusal = _text(record, "reason"), _text(record, "why")
    return Answer(_text(hello, "python"), _text(hello, "user"), ahead, jvms, result, refusal)


def _records(data: bytes) -> list[dict[str, Any]]:
    """The lines from `hello` to `end`. What a login prints before them is passed over."""
    lines = data.split(b"\n")
    start = next((at for at, line in enumerate(lines) if line.startswith(b'{"is":"hello"')), None)
    if start is None:
        raise _lie(f"not what a probe says: {data[:60]!r}" if data.strip() else "nothing was said")
    if len(lines) - start > _MOST_JVMS:
        raise _lie(f"{len(lines)} lines")
    records = []
    for line in lines[start:]:
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise _lie(f"a line that is cut off or no JSON: {line[:60]!r}") from None
        if not isinstance(record, dict) or record.get("is") not in _KINDS:
            raise _lie(f"a line that is none of a probe: {line[:60]!r}")
        records.append(record)
        if record["is"] == "end":
            break
    if records[-1]["is"] != "end":
        raise _lie("it ends before its end")
    count = sum(record["is"] in ("jvm", "result", "failed") for record in records)
    if records[-1].get("jvms") != count:
        raise _lie(f"{count} JVMs where {records[-1].get('jvms')!r} were told")
    return records


_KINDS = ("hello", "jvm", "result", "failed", "end")


def _jvm(record: Mapping[str, Any], host: str, told_ms: int, ahead: int) -> JvmResult:
    result = JvmResult(
        pid=_whole(record, "pid"),
        name=_text(record, "name"),
        outcome=_text(record, "outcome"),
        why=_text(record, "why"),
        user=_text(record, "user"),
        java=_text(record, "java"),
        collector=_text(record, "collector"),
        started=_whole(record, "started"),
        heap_used=_maybe_whole(record, "heap_used"),
        heap_max=_maybe_whole(record, "heap_max"),
        predicted_ms=_number(record, "predicted_ms"),
        pause_ms=_number(record, "pause_ms"),
        duration_ms=_number(record, "duration_ms"),
        classes=_maybe_whole(record, "classes"),
        instances=_maybe_whole(record, "instances"),
        bytes=_maybe_whole(record, "bytes"),
    )
    packed = record.get("batch")
    if packed is None:
        return result
    try:
        batch = decode(base64.b64decode(packed, validate=True))
    except (HeapwatchError, ValueError, TypeError) as error:
        raise _lie(f"a histogram that cannot be read: {error}") from error
    return replace(result, batch=_believed(batch, result, host, told_ms, ahead))


def _believed(batch: Batch, jvm: JvmResult, host: str, told_ms: int, ahead: int) -> Batch:
    """The batch, if it is one histogram of that JVM of that host, taken just now; by our clock."""
    if len(batch.snapshots) != 1 or batch.events or batch.logs or len(batch.metrics) > 1:
        raise _lie("a batch that is not one histogram")
    (snapshot,) = batch.snapshots
    if snapshot.jvm != (host, jvm.name, jvm.pid, jvm.started):
        raise _lie(f"a histogram of {snapshot.jvm.host}/{snapshot.jvm.jvm} in place of {host}/{jvm.name}")
    times = [snapshot.time, *(time for block in batch.metrics for time in block.times)]
    if any(abs(time - told_ms) > _AROUND_MS for time in times):
        raise _lie("a histogram of another time")
    if any(_is_strange(block, snapshot.labels, snapshot.jvm) for block in batch.metrics):
        raise _lie("metrics of something else than this JVM")
    if not ahead:
        return batch
    moved = [replace(snapshot, time=snapshot.time - ahead)]
    blocks = [
        replace(block, times=array("q", [time - ahead for time in block.times])) for block in batch.metrics
    ]
    return replace(batch, snapshots=moved, metrics=blocks)


def _is_strange(block: MetricBlock, labels: Mapping[str, str], jvm: tuple[str, str, int, int]) -> bool:
    host, name, pid, started = jvm
    own = {"host": host, "jvm": name, "pid": str(pid), "started": str(started)}
    return dict(block.labels) != {**own, **labels}


def _lie(text: str) -> HostFailed:
    return HostFailed(BAD_ANSWER, text)


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key, "")
    if not isinstance(value, str) or len(value) > 100 * _LONGEST:
        raise _lie(f"{key} is no text")
    return value[:_LONGEST]


def _whole(record: Mapping[str, Any], key: str) -> int:
    value = record.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
        raise _lie(f"{key} is no number: {str(value)[:40]!r}")
    return value


def _maybe_whole(record: Mapping[str, Any], key: str) -> int | None:
    return None if record.get(key) is None else _whole(record, key)


def _number(record: Mapping[str, Any], key: str) -> float | None:
    value = record.get(key)
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not isfinite(value) or value < 0:
        raise _lie(f"{key} is no number: {str(value)[:40]!r}")
    return float(value)
