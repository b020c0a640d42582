"""What OTLP's metrics and logs have in common: bodies in protobuf or JSON, resources, answers, errors.

A resource says who sends. We call things by our own words where we have some, so that one query finds what
came by OTLP and what came from an agent:

    host.name                     host
    service.name                  service, and of a Java program also jvm, as the agent calls it
    service.version               version
    service.instance.id           instance
    deployment.environment(.name) env
    process.pid                   pid, of a Java program
    telemetry.*, process.*, os.*, host.*, container.image.*     left out: they tell series apart that are one
    anything else                 as it is, such as k8s.pod.name
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from heapwatch.errors import Unreadable
from heapwatch.ingest.intake import Unsupported
from heapwatch.ingest.limits import TooLarge
from heapwatch.ingest.messages import STATUS

Form = Literal["application/x-protobuf", "application/json"]
PROTOBUF: Form = "application/x-protobuf"
JSON: Form = "application/json"
LARGEST = 16 << 20
"""Bytes of one request, decompressed: messages in memory take many times what they take on the wire."""

_DEEPEST = 32
_WORDS = {
    "host.name": "host",
    "service.name": "service",
    "service.version": "version",
    "service.instance.id": "instance",
    "deployment.environment": "env",
    "deployment.environment.name": "env",
}
_LEFT_OUT = ("telemetry.", "process.", "os.", "host.", "container.image.")
_Request = TypeVar("_Request", bound=Message)


def form_of(content_type: str) -> Form:
    """In which of OTLP's two encodings a request is, and its answer will be."""
    media = content_type.partition(";")[0].strip().lower()
    if media == PROTOBUF:
        return PROTOBUF
    if media == JSON:
        return JSON
    raise Unsupported(f"Content-Type {content_type[:100]!r}: OTLP is {PROTOBUF} or {JSON}")


def parsed(kind: type[_Request], body: bytes, form: Form) -> _Request:
    """The message in a body that is decompressed."""
    if len(body) > LARGEST:
        raise TooLarge(
            f"the request has {len(body)} bytes; at most {LARGEST} are taken: export fewer at once"
        )
    if form == PROTOBUF:
        try:
            return kind.FromString(body)
        except DecodeError as error:
            raise Unreadable(f"the body is not an OTLP request in protobuf: {error}") from error
    try:
        given = _without_hexadecimals(json.loads(body))
        return json_format.ParseDict(given, kind(), ignore_unknown_fields=True, max_recursion_depth=_DEEPEST)
    except Exception as error:  # json_format lets out whatever a strange value makes Python say
        told = f"{type(error).__name__}: {error}"[:300]
        raise Unreadable(f"the body is not an OTLP request in JSON: {told}") from error


def _without_hexadecimals(given: Any) -> Any:
    """OTLP writes ids in hexadecimal where protobuf's own JSON has base64. Exemplars are not read anyway."""
    if isinstance(given, list):
        return [_without_hexadecimals(each) for each in given]
    if not isinstance(given, dict):
        return given
    found = {}
    for name, value in given.items():
        if name in ("traceId", "spanId", "trace_id", "span_id") and isinstance(value, str):
            found[name] = base64.b64encode(bytes.fromhex(value)).decode()
        elif name != "exemplars":
            found[name] = _without_hexadecimals(value)
    return found


def told(message: Message, form: Form) -> bytes:
    """An answer in the encoding of its request."""
    if form == PROTOBUF:
        return message.SerializeToString()
    return json_format.MessageToJson(message, indent=None).encode()


def failure(code: int, text: str, form: Form) -> bytes:
    """A `google.rpc.Status`."""
    return told(STATUS(code=code, message=text), form)


def text_of(value: AnyValue) -> str:
    """A value as the text of a label."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    found = plain(value)
    return found if isinstance(found, str) else "" if found is None else json.dumps(found, ensure_ascii=False)


def plain(value: AnyValue) -> Any:
    """A value as JSON has it; bytes are base64."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return None if kind is None else getattr(value, kind)


def labels_of(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: text_of(pair.value) for pair in attributes if pair.key}


def resource_labels(resource: Resource) -> dict[str, str]:
    """Who sends, in our words."""
    given = labels_of(resource.attributes)
    java = given.get("telemetry.sdk.language") == "java"
    found = {}
    for name, value in given.items():
        if name in _WORDS:
            found[_WORDS[name]] = value
        elif not name.startswith(_LEFT_OUT):
            found[name] = value
    if java and given.get("service.name"):
        found.setdefault("jvm", given["service.name"])
        if given.get("process.pid", "").isdecimal():
            found.setdefault("pid", given["process.pid"])
    return found


def complaint(what: str, rejected: Mapping[str, int], advice: Callable[[str], str]) -> str:
    """What was not stored and why, for the sender's log; "" when all was."""
    if not rejected:
        return ""
    whys = "; ".join(f"{count} {reason}{advice(reason)}" for reason, count in sorted(rejected.items()))
    return f"{sum(rejected.values())} {what} were not stored: {whys}"
