"""Protobuf messages of other projects, from tables like their `.proto` files; protobuf makes the classes.

Only what we read is declared: protobuf skips the rest. In Prometheus' messages series and their labels are
declared as bytes, which look the same on the wire: labels that came before are recognised by them and not
read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "bool": _FIELD.TYPE_BOOL,
    "bytes": _FIELD.TYPE_BYTES,
    "double": _FIELD.TYPE_DOUBLE,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "string": _FIELD.TYPE_STRING,
    "uint32": _FIELD.TYPE_UINT32,
    "uint64": _FIELD.TYPE_UINT64,
}
Fields = Mapping[str, tuple[int, str]]
"""Number and type by name: a type of protobuf's or a message of the table, `*` before it = repeated."""


def classes(package: str, table: Mapping[str, Fields]) -> dict[str, Callable[..., Any]]:
    """The message classes of a table, by name."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in table.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            plain = kind.lstrip("*")
            made = message.field.add(
                name=field,
                number=number,
                label=_FIELD.LABEL_REPEATED if kind[0] == "*" else _FIELD.LABEL_OPTIONAL,
                type=_TYPES.get(plain, _FIELD.TYPE_MESSAGE),
            )
            if plain not in _TYPES:
                made.type_name = f".{package}.{plain}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in table
    }


SAMPLE: Fields = {"value": (1, "double"), "timestamp": (2, "int64")}
HISTOGRAM: Fields = {
    "count_int": (1, "uint64"),
    "count_float": (2, "double"),
    "sum": (3, "double"),
    "timestamp": (15, "int64"),
}

PROMETHEUS = classes(
    "prometheus",
    {
        "WriteRequest": {"timeseries": (1, "*bytes")},
        "TimeSeries": {
            "labels": (1, "*bytes"),
            "samples": (2, "*Sample"),
            "exemplars": (3, "*bytes"),
            "histograms": (4, "*Histogram"),
        },
        "Label": {"name": (1, "string"), "value": (2, "string")},
        "Sample": SAMPLE,
        "Histogram": HISTOGRAM,
    },
)
PROMETHEUS_2 = classes(
    "io.prometheus.write.v2",
    {
        "Request": {"symbols": (4, "*string"), "timeseries": (5, "*TimeSeries")},
        "TimeSeries": {
            "labels_refs": (1, "*uint32"),
            "samples": (2, "*Sample"),
            "histograms": (3, "*Histogram"),
            "exemplars": (4, "*bytes"),
            "created_timestamp": (6, "int64"),
        },
        "Sample": SAMPLE,
        "Histogram": HISTOGRAM,
    },
)
STATUS = classes("google.rpc", {"Status": {"code": (1, "int32"), "message": (2, "string")}})["Status"]
