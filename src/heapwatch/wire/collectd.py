"""What collectd sends: JSON of write_http, and the binary packets of its network plugin (port 25826).

https://collectd.org/wiki/index.php/Binary_protocol; types and their sources from types.db come as names in
JSON and as places in a packet. A sample is `collectd.<plugin>.<type>` with the labels host, plugin_instance
and type_instance; where a type has several sources, the source's name is the last part.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, replace
from math import isfinite
from typing import Dict, Iterator, List, Mapping, Tuple

from heapwatch.errors import Unreadable
from heapwatch.wire.graphite import MAX_SECONDS, Lines
from heapwatch.wire.series import series_of

_PART = struct.Struct("!HH")
_NUMBER = struct.Struct("!Q")
_COUNT = struct.Struct("!H")
_KINDS = {0: struct.Struct("!Q"), 1: struct.Struct("<d"), 2: struct.Struct("!q"), 3: struct.Struct("!Q")}
"""Counter, gauge (little-endian, as x86 has it), derive, absolute."""

_TEXTS = {0: "host", 2: "plugin", 3: "plugin_instance", 4: "type", 5: "type_instance"}
_TIME, _TIME_HR, _VALUES, _SIGNED, _ENCRYPTED = 0x0001, 0x0008, 0x0006, 0x0200, 0x0210
_HIGH_RESOLUTION = 2.0**30

_SOURCES: Mapping[str, Tuple[str, ...]] = {
    "if_octets": ("rx", "tx"),
    "if_packets": ("rx", "tx"),
    "if_errors": ("rx", "tx"),
    "if_dropped": ("rx", "tx"),
    "disk_octets": ("read", "write"),
    "disk_ops": ("read", "write"),
    "disk_time": ("read", "write"),
    "disk_merged": ("read", "write"),
    "disk_io_time": ("io_time", "weighted_io_time"),
    "ps_count": ("processes", "threads"),
    "ps_cputime": ("user", "syst"),
    "ps_pagefaults": ("minflt", "majflt"),
    "ps_disk_octets": ("read", "write"),
    "ps_disk_ops": ("read", "write"),
    "load": ("shortterm", "midterm", "longterm"),
}
"""Of types with several sources their names (types.db); a packet has only the order. Others are numbered."""


@dataclass(frozen=True)
class _Told:
    """What a packet has said so far: each part holds until it is said again."""

    time: float  # s
    names: Mapping[str, str]


def parse_packet(packet: bytes, now_ms: int) -> Lines:
    """The samples of one datagram; Unreadable when its parts do not fit together."""
    lines, told = Lines(), _Told(now_ms / 1000, {})
    for kind, payload in _parts(packet):
        if kind in _TEXTS:
            text = payload.rstrip(b"\0").decode("utf-8", "replace")
            told = replace(told, names={**told.names, _TEXTS[kind]: text})
        elif kind in (_TIME, _TIME_HR):
            told = replace(told, time=_time(payload, kind))
        elif kind == _VALUES:
            values = _values(payload)
            _add(lines, told.names, told.time, _sources(told.names.get("type", ""), len(values)), values)
        elif kind == _ENCRYPTED:
            lines.rejects.add("encrypted", packet)
    return lines


def parse_json(body: bytes, now_ms: int) -> Lines:
    """The samples of what write_http posts: a list of values, each of one plugin and type at one time."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise Unreadable(f"not JSON: {error}") from error
    if not isinstance(found, list):
        raise Unreadable("not a list of values, as collectd's write_http sends it (Format JSON)")
    lines = Lines()
    for each in found:
        try:
            names = {key: str(each.get(key) or "") for key in _TEXTS.values()}
            values = [float("nan") if one is None else float(one) for one in each["values"]]
            _add(lines, names, float(each.get("time", now_ms / 1000)), list(each["dsnames"]), values)
        except (AttributeError, KeyError, TypeError, ValueError):
            lines.rejects.add("not-a-value-list", json.dumps(each).encode())
    return lines


def _parts(packet: bytes) -> Iterator[Tuple[int, bytes]]:
    place = 0
    while place < len(packet):
        if place + _PART.size > len(packet):
            raise Unreadable("a packet that ends within a part")
        kind, length = _PART.unpack_from(packet, place)
        if length < _PART.size or place + length > len(packet):
            raise Unreadable(f"a part of {length} bytes in a packet of {len(packet)}")
        yield kind, packet[place + _PART.size : place + length]
        place += length


def _time(payload: bytes, kind: int) -> float:
    if len(payload) != _NUMBER.size:
        raise Unreadable("a time that is not of eight bytes")
    number = float(_NUMBER.unpack(payload)[0])
    return number / _HIGH_RESOLUTION if kind == _TIME_HR else number


def _values(payload: bytes) -> List[float]:
    if len(payload) < _COUNT.size:
        raise Unreadable("values without their number")
    (count,) = _COUNT.unpack_from(payload)
    if len(payload) != _COUNT.size + 9 * count:
        raise Unreadable(f"{count} values in {len(payload)} bytes")
    kinds = payload[_COUNT.size : _COUNT.size + count]
    begin = _COUNT.size + count
    found = []
    for place, kind in enumerate(kinds):
        if kind not in _KINDS:
            raise Unreadable(f"a value of the unknown kind {kind}")
        found.append(float(_KINDS[kind].unpack_from(payload, begin + 8 * place)[0]))
    return found


def _sources(type_: str, count: int) -> List[str]:
    if count == 1:
        return ["value"]
    known = _SOURCES.get(type_, ())
    return list(known) if len(known) == count else [str(place) for place in range(count)]


def _add(
    lines: Lines, names: Mapping[str, str], time: float, sources: List[str], values: List[float]
) -> None:
    plugin, type_ = names.get("plugin", ""), names.get("type", "")
    labels: Dict[str, str] = {
        key: text for key, text in names.items() if key not in ("plugin", "type") and text
    }
    for source, value in zip(sources, values):
        name = ".".join(
            part for part in ("collectd", plugin, type_, "" if source == "value" else source) if part
        )
        shown = f"{name} {value} {time}".encode()
        if not plugin or not type_:
            lines.rejects.add("no-plugin-or-type", shown)
        elif not isfinite(value):
            lines.rejects.add("not-finite", shown)
        elif not 0 <= time < MAX_SECONDS:
            lines.rejects.add("time-out-of-range", shown)
        else:
            lines.paths.append(series_of(name, labels))
            lines.values.append(value)
            lines.times.append(round(time * 1000))
