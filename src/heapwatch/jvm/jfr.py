"""JDK Flight Recorder files, version 2 (JDK 9 and up, 8u262 and up): any event, by the file's own words.

    file        chunk*
    chunk       header of 68 bytes | event* | checkpoint* | metadata      a file of its own each
    header      "FLR\\0" | major, minor | size | where the last checkpoint is | where the metadata is |
                start, duration (ns) | start (ticks), ticks a second | features (bit 0: compressed integers)
    event       size | type | fields, as the metadata says
    checkpoint  size | 1 | start | duration | delta to the one before | flags | pools: type | (key | value)*
    metadata    size | 0 | start | duration | id | strings | a tree of elements with attributes

Integers are LEB128 of at most nine bytes, the ninth with eight bits. A field is a value, or the key of one in
the pool of its type. Metadata of a hostile file may describe types that hold themselves, or arrays of
nothing a million long: every value read is counted, and a chunk has no more of them than bytes.
"""

from __future__ import annotations

import struct
from functools import partial
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Set,
    Tuple,
    Union,
)

from heapwatch.errors import Truncated, Unreadable

Buffer = Union[bytes, memoryview]
Value = Any
"""int, float, bool, str, None, Ref (what lies in a pool), dict (field -> value) or list of them."""

_HEADER = struct.Struct(">4sHHqqqqqqqI")
_COMPRESSED = 1
_DEEPEST = 24  # of types in types, and of elements in elements
_MOST_RESOLVED = 16  # references to references
_SPARE = 10_000  # values beyond one a byte
_FLOAT, _DOUBLE = struct.Struct(">f"), struct.Struct(">d")
_VARIABLE = {"short": 16, "char": 0, "int": 32, "long": 0}
STRING = "java.lang.String"


class Ref(NamedTuple):
    """The key of a value in the pool of its type."""

    type: int
    key: int


class Field(NamedTuple):
    name: str
    type: int
    pooled: bool
    many: bool


class Type(NamedTuple):
    name: str
    fields: Tuple[Field, ...]


class Event(NamedTuple):
    """One event: its fields as they stand there; `Chunk.resolve` follows references."""

    name: str
    fields: Dict[str, Value]


class _Reader:
    """A place in the bytes of a chunk, and how many values may still be read."""

    def __init__(self, data: Buffer, at: int) -> None:
        self.data = data
        self.at = at

    def number(self) -> int:
        """A LEB128 integer, as a signed one of 64 bits."""
        data, at = self.data, self.at
        byte = data[at]
        at += 1
        if byte < 0x80:
            self.at = at
            return byte
        value, shift = byte & 0x7F, 7
        while True:
            byte = data[at]
            at += 1
            if shift == 56:
                value |= byte << 56
                break
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        self.at = at
        return value - (1 << 64) if value >> 63 else value

    def count(self) -> int:
        """How many things follow. Each takes room, so there cannot be more than bytes left."""
        count = self.number()
        if not 0 <= count <= len(self.data) - self.at:
            raise Unreadable(f"{count} things cannot follow at byte {self.at} of a JFR chunk")
        return count

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def raw(self, length: int) -> bytes:
        start = self.at
        if length > len(self.data) - start:
            raise Truncated(f"JFR chunk ends within a value at byte {start}")
        self.at += length
        return bytes(self.data[start : self.at])

    def string(self) -> Union[str, int, None]:
        """A string, or the key of one in the pool of strings."""
        kind = self.byte()
        if kind == 3:
            return self.raw(self.count()).decode("utf-8", "replace")
        if kind == 0:
            return None
        if kind == 1:
            return ""
        if kind == 2:
            return self.number()
        if kind == 4:
            units = [self.number() & 0xFFFF for _ in range(self.count())]
            return struct.pack(f"<{len(units)}H", *units).decode("utf-16-le", "replace")
        if kind == 5:
            return self.raw(self.count()).decode("latin-1")
        raise Unreadable(f"no encoding of a string: {kind} at byte {self.at - 1} of a JFR chunk")


class Chunk:
    """One chunk: its types, its pools, its events. Every reference is resolved within it."""

    def __init__(self, data: Buffer) -> None:
        header = _header(data)
        _, _, _, size, checkpoint, metadata, start_ns, duration_ns, self._start_ticks, ticks, _ = header
        self.size = size
        self._data = data[:size]
        self.start_ms = start_ns / 1e6
        self.duration_ms = duration_ns / 1e6
        self.ticks_per_second = ticks
        self._values_left = size + _SPARE
        self._readers: Dict[int, Callable[[_Reader], Value]] = {}
        self.types = self._told(lambda: _types(self._data, metadata))
        self.ids: Dict[str, int] = {}
        for key, kind in self.types.items():
            self.ids.setdefault(kind.name, key)
        self.pools: Dict[int, Dict[int, Value]] = {}
        self._told(lambda: self._read_pools(checkpoint))

    def events(self, names: Iterable[str]) -> Iterator[Event]:
        """The events of these names, in the order of the file."""
        wanted = {self.ids[name] for name in names if name in self.ids}
        reader = _Reader(self._data, _HEADER.size)
        end = self.size
        while wanted and reader.at < end:
            start = reader.at
            size, kind = self._told(lambda: (reader.number(), reader.number()))
            if size < reader.at - start or start + size > end:
                raise Unreadable(f"an event of {size} bytes at byte {start} of a JFR chunk of {end}")
            if kind in wanted:
                found: Dict[str, Value] = self._told(partial(self._reader(kind, 0), reader))
                yield Event(self.types[kind].name, found)
            reader.at = start + size

    def moment_ms(self, ticks: int) -> float:
        """Ticks of this chunk's clock as epoch ms."""
        return float(self.start_ms + (ticks - self._start_ticks) * 1000 / self.ticks_per_second)

    def resolve(self, value: Value) -> Value:
        """What a reference stands for; what is none stays as it is. None when the pool lacks it."""
        for _ in range(_MOST_RESOLVED):
            if not isinstance(value, Ref):
                return value
            value = self.pools.get(value.type, {}).get(value.key)
        return None

    def text(self, value: Value) -> Optional[str]:
        """A string in any of its forms: itself, a key in the pool of strings, a symbol's."""
        for _ in range(_MOST_RESOLVED):
            value = self.resolve(value)
            if isinstance(value, dict) and len(value) == 1:
                value = next(iter(value.values()))
            elif not isinstance(value, Ref):
                break
        return value if isinstance(value, str) else None

    # -- reading --------------------------------------------------------------------------------------

    def _told(self, read: Callable[[], Any]) -> Any:
        """What leads beyond the end is told as that."""
        try:
            return read()
        except (IndexError, struct.error):
            raise Truncated("JFR chunk is cut off, or points beyond its end") from None

    def _read_pools(self, at: int) -> None:
        seen: Set[int] = set()
        while True:
            if at in seen or not _HEADER.size <= at < self.size:
                raise Unreadable(f"the checkpoints of a JFR chunk lead to byte {at}")
            seen.add(at)
            reader = _Reader(self._data, at)
            reader.number(), reader.number(), reader.number(), reader.number()
            delta = reader.number()
            reader.byte()
            for _ in range(reader.count()):
                kind = reader.number()
                read = self._reader(kind, 0)
                pool = self.pools.setdefault(kind, {})
                for _ in range(reader.count()):
                    key = reader.number()
                    pool.setdefault(key, read(reader))
            if delta == 0:
                return
            at += delta

    def _reader(self, kind: int, depth: int) -> Callable[[_Reader], Value]:
        """The function that reads a value of a type; made when the type is first met."""
        made = self._readers.get(kind)
        if made is not None:
            return made
        described = self.types.get(kind)
        if described is None:
            raise Unreadable(f"a JFR chunk has values of type {kind}, which its metadata does not describe")
        if depth > _DEEPEST:
            raise Unreadable(f"type {described.name} of a JFR chunk is made of itself")
        if not described.fields:
            reader = self._plain(described.name)
        else:
            reader = self._compound([(f.name, self._field(f, depth)) for f in described.fields])
        self._readers[kind] = reader
        return reader

    def _plain(self, name: str) -> Callable[[_Reader], Value]:
        if name in _VARIABLE:
            bits = _VARIABLE[name]
            return (lambda reader: _signed(reader.number(), bits)) if bits else _Reader.number
        if name == STRING:
            strings = self.ids.get(STRING, -1)

            def string(reader: _Reader) -> Value:
                found = reader.string()
                return Ref(strings, found) if isinstance(found, int) else found

            return string
        if name == "boolean":
            return lambda reader: bool(reader.byte())
        if name == "byte":
            return _Reader.byte
        if name == "float":
            return lambda reader: _FLOAT.unpack(reader.raw(4))[0]
        if name == "double":
            return lambda reader: _DOUBLE.unpack(reader.raw(8))[0]
        return self._compound([])

    def _field(self, field: Field, depth: int) -> Callable[[_Reader], Value]:
        kind = field.type
        one = self._reference(kind) if field.pooled else self._reader(kind, depth + 1)
        if not field.many:
            return one

        def many(reader: _Reader) -> Value:
            count = reader.count()
            self._spend(count)
            return [one(reader) for _ in range(count)]

        return many

    def _reference(self, kind: int) -> Callable[[_Reader], Value]:
        return lambda reader: Ref(kind, reader.number())

    def _compound(self, fields: List[Tuple[str, Callable[[_Reader], Value]]]) -> Callable[[_Reader], Value]:
        cost = len(fields) + 1

        def compound(reader: _Reader) -> Value:
            self._values_left -= cost
            if self._values_left < 0:
                self._spend(0)
            return {name: read(reader) for name, read in fields}

        return compound

    def _spend(self, count: int) -> None:
        self._values_left -= count
        if self._values_left < 0:
            raise Unreadable("a JFR chunk describes more values than it has bytes")


def chunks(data: Buffer) -> Iterator[Chunk]:
    """The chunks of a file, one by one: only one is in memory, beside the file's own bytes."""
    view, at = memoryview(data), 0
    if not len(view):
        raise Truncated("an empty file is no JFR recording")
    while at < len(view):
        chunk = Chunk(view[at:])
        yield chunk
        at += chunk.size


def is_recording(data: bytes) -> bool:
    """Whether these first bytes are those of a JFR file."""
    return data[:4] == b"FLR\0"


def _signed(value: int, bits: int) -> int:
    """-1 of 32 bits is written as 4294967295."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _header(data: Buffer) -> Tuple[Any, ...]:
    if bytes(data[:4]) != b"FLR\0"[: len(data)] or not len(data):
        raise Unreadable("not a JFR recording (its chunks begin with FLR)")
    if len(data) < _HEADER.size:
        raise Truncated(f"JFR chunk of {len(data)} bytes has no header")
    header = _HEADER.unpack_from(data)
    major, minor, size, ticks, features = header[1], header[2], header[3], header[9], header[10]
    if major != 2:
        raise Unreadable(
            f"JFR version {major}.{minor} is unknown; version 2 is read (JDK 9 and up, 8u262 and up)"
        )
    if size <= _HEADER.size:
        raise Truncated("JFR chunk was never finished: dump the recording, do not copy its repository")
    if size > len(data):
        raise Truncated(f"JFR chunk of {size} bytes is cut off after {len(data)}")
    if not features & _COMPRESSED:
        raise Unreadable("JFR chunk without compressed integers: not written by HotSpot")
    if ticks <= 0:
        raise Unreadable(f"JFR chunk with {ticks} ticks a second")
    return header


def _types(data: Buffer, at: int) -> Dict[int, Type]:
    """The types by their numbers, from the metadata event."""
    if not _HEADER.size <= at < len(data):
        raise Unreadable(f"the metadata of a JFR chunk should be at byte {at}")
    reader = _Reader(data, at)
    reader.number(), reader.number(), reader.number(), reader.number(), reader.number()
    strings = [reader.string() for _ in range(reader.count())]
    found: Dict[int, Type] = {}
    _element(reader, strings, found, 0)
    return found


def _element(
    reader: _Reader, strings: List[Union[str, int, None]], found: Dict[int, Type], depth: int
) -> Tuple[Union[str, int, None], Mapping[Union[str, int, None], Union[str, int, None]]]:
    """One element of the tree; a class among them is put into `found`."""
    if depth > _DEEPEST:
        raise Unreadable("the metadata of a JFR chunk is nested too deeply")
    name = strings[reader.number()]
    attributes = {strings[reader.number()]: strings[reader.number()] for _ in range(reader.count())}
    children = [_element(reader, strings, found, depth + 1) for _ in range(reader.count())]
    if name == "class":
        key = _decimal(attributes.get("id"))
        found[key] = Type(
            str(attributes.get("name")),
            tuple(_field(each) for kind, each in children if kind == "field"),
        )
    return name, attributes


def _field(attributes: Mapping[Union[str, int, None], Union[str, int, None]]) -> Field:
    return Field(
        name=str(attributes.get("name")),
        type=_decimal(attributes.get("class")),
        pooled=attributes.get("constantPool") == "true",
        many=bool(_decimal(attributes.get("dimension") or "0")),
    )


def _decimal(text: Union[str, int, None]) -> int:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Unreadable(f"the metadata of a JFR chunk has {text!r} for a number")
    return int(text)
