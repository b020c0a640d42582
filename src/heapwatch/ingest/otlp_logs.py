"""Log records of OpenTelemetry as log messages.

The labels are those of the resource (otlp.py) with `_sourceCategory` (the service) and `_sourceName` (the
scope, which is the logger). A record with a body and nothing else is its text, with a stack trace below it.
One that has attributes or belongs to a trace is kept as a JSON object, whose `message` is the body: the
language's `json` finds its fields. Where in the code (`code.*`) and by which thread is left out.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from array import array
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs

from heapwatch.ingest.logs import LONGEST_MESSAGE
from heapwatch.ingest.otlp import Form, complaint, labels_of, parsed, plain, resource_labels
from heapwatch.model import Batch, LogBlock
from heapwatch.store.admission import LONGEST_NAME, OLDEST_MS
from heapwatch.store.logs import KEYED, UNKEYED
from heapwatch.wire.graphite import Rejects
from heapwatch.wire.levels import LEVELS, named_level

FUTURE_MS = 86_400_000
_LEFT_OUT = ("code.", "thread.", "exception.")
_STACK = "exception.stacktrace"


@dataclass
class Records:
    """The messages of a request, by source."""

    blocks: list[LogBlock] = field(default_factory=list)
    rejects: Rejects = field(default_factory=Rejects)
    undated: bool = False
    """Whether a record had no time of its own: an equal request may then be another one."""

    def answer(self) -> ExportLogsServiceResponse:
        told = complaint("log records", self.rejects.counts, lambda _reason: "")
        if not told:
            return ExportLogsServiceResponse()
        partial = ExportLogsPartialSuccess(
            rejected_log_records=sum(self.rejects.counts.values()), error_message=told
        )
        return ExportLogsServiceResponse(partial_success=partial)

    def batch(self, body: bytes) -> Batch | None:
        """All of it; a request that comes again is known by its bytes. None when there is nothing."""
        if not any(block.texts for block in self.blocks):
            return None
        if self.undated:
            return Batch(UNKEYED, secrets.randbits(63), logs=self.blocks)
        digest = hashlib.blake2b(body, digest_size=8, person=b"otlp-logs").digest()
        return Batch(KEYED, int.from_bytes(digest, "big") >> 1, logs=self.blocks)


def read(body: bytes, form: Form, now_ms: int) -> Records:
    """The messages in a body that is decompressed."""
    found = Records()
    for resource in parsed(ExportLogsServiceRequest, body, form).resource_logs:
        whose = resource_labels(resource.resource)
        if whose.get("service"):
            whose.setdefault("_sourceCategory", whose["service"])
        for scope in resource.scope_logs:
            _read_scope(found, scope, whose, now_ms)
    return found


def _read_scope(found: Records, scope: ScopeLogs, whose: dict[str, str], now_ms: int) -> None:
    labels = {**whose, **labels_of(scope.scope.attributes)}
    if scope.scope.name:
        labels.setdefault("_sourceName", scope.scope.name)
    fault = _labels_fault(labels)
    block = LogBlock(labels, array("q"), [], [])
    for record in scope.log_records:
        nanoseconds = record.time_unix_nano or record.observed_time_unix_nano
        time = nanoseconds // 1_000_000 if nanoseconds else now_ms
        text = _text(record)
        why = fault or _fault(time, text, now_ms)
        if why:
            found.rejects.add(why, text.encode("utf-8", "backslashreplace"))
            continue
        found.undated |= not nanoseconds
        block.times.append(time)
        block.texts.append(text[:LONGEST_MESSAGE])
        block.levels.append(_level(record))
    if block.texts:
        found.blocks.append(block)


def _labels_fault(labels: dict[str, str]) -> str:
    endless = any(len(name) + len(value) > LONGEST_NAME for name, value in labels.items())
    numbers = (labels.get(name, "") for name in ("pid", "started"))
    return "bad-labels" if endless or not all(not each or each.isdecimal() for each in numbers) else ""


def _fault(time: int, text: str, now_ms: int) -> str:
    if not text:
        return "no-text"
    if time < OLDEST_MS:
        return "time-too-old"
    return "time-in-future" if time > now_ms + FUTURE_MS else ""


def _level(record: LogRecord) -> str:
    """Severities go by four from trace (1-4) to fatal (21-24)."""
    number = int(record.severity_number)
    return LEVELS[5 - (number - 1) // 4] if 1 <= number <= 24 else named_level(record.severity_text)


def _text(record: LogRecord) -> str:
    body = plain(record.body)
    stack = next((str(plain(each.value)) for each in record.attributes if each.key == _STACK), "")
    more = {
        each.key: plain(each.value)
        for each in record.attributes
        if each.key and not each.key.startswith(_LEFT_OUT)
    }
    if record.event_name:
        more["event_name"] = record.event_name
    if record.trace_id:
        more["trace_id"] = record.trace_id.hex()
    if record.span_id:
        more["span_id"] = record.span_id.hex()
    if not more and not isinstance(body, (dict, list)):
        said = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        return "\n".join(filter(None, (said.rstrip("\n"), stack.rstrip("\n"))))
    whole: dict[str, Any] = {"message": body} if body is not None else {}
    if stack:
        whole["exception"] = stack
    for name, value in _nested(more).items():
        whole.setdefault(name, value)
    return json.dumps(whole, ensure_ascii=False)


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    """`http.status` as `status` in `http`, as paths of the log language are, where no value is in the way."""
    found: dict[str, Any] = {}
    for name in sorted(flat):
        place = found
        *path, last = name.split(".")
        for part in path:
            below = place.setdefault(part, {})
            if not isinstance(below, dict):
                break
            place = below
        else:
            if last not in place:
                place[last] = flat[name]
                continue
        found[name] = flat[name]
    return found
