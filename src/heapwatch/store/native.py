"""ClickHouse's Native format: blocks of columns as the engine keeps them in memory.

    varint(columns) varint(rows) { string(name) string(type) bytes }...      string = varint(length) utf-8

Numbers go in and come out as the bytes of a numpy column, so they cost a copy and nothing per row; the client
library's own codec walks over times value by value and wants one type for all columns of a numpy result.
The same bytes serve the embedded engine and HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from heapwatch.errors import Truncated, Unreadable

TIME: Final = "DateTime64(3, 'UTC')"
HOUR: Final = "DateTime('UTC')"
MODE: Final = "Enum8('all' = 0, 'live' = 1)"
LABELS: Final = "Map(String, String)"
WORD: Final = "LowCardinality(String)"
"""Texts of which there are few: a dictionary, and each row's place in it. Read only; written as `String`."""

_NUMBERS: Mapping[str, Any] = {
    "UInt8": np.uint8,
    "UInt16": np.uint16,
    "UInt32": np.uint32,
    "UInt64": np.uint64,
    "Int8": np.int8,
    "Int16": np.int16,
    "Int32": np.int32,
    "Int64": np.int64,
    "Float32": np.float32,
    "Float64": np.float64,
    TIME: np.int64,
    HOUR: np.uint32,
    MODE: np.int8,
}

_PLACES = (np.uint8, np.uint16, np.uint32, np.uint64)


@dataclass(frozen=True)
class Column:
    """One column of a block: numbers as a numpy array, `String` and `LABELS` as a list."""

    name: str
    type: str
    values: NDArray[Any] | Sequence[Any]


class Columns:
    """An answer: `answer["bytes"]` is a numpy column, or a list of texts; empty when there are no rows."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def __getitem__(self, name: str) -> Any:
        return self._data[name] if self._data else np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(next(iter(self._data.values()))) if self._data else 0

    def only(self) -> Any:
        """The one value of an answer with one row and one column."""
        (values,) = self._data.values()
        return values[0]


def write(columns: Sequence[Column]) -> bytes:
    """The columns, all of one length, as one block."""
    rows = len(columns[0].values)
    parts = [_varint(len(columns)), _varint(rows)]
    for column in columns:
        if len(column.values) != rows:
            raise ValueError(f"column {column.name} has {len(column.values)} rows, the first has {rows}")
        parts += [_string(column.name), _string(column.type), _values(column)]
    return b"".join(parts)


def read(data: bytes) -> Columns:
    """All blocks of an answer, joined by column."""
    reader = _Reader(data)
    blocks: list[dict[str, Any]] = []
    while reader.place < len(data):
        found = reader.block()
        if found and len(next(iter(found.values()))):
            blocks.append(found)
    if len(blocks) < 2:
        return Columns(blocks[0] if blocks else {})
    return Columns({name: _joined([part[name] for part in blocks]) for name in blocks[0]})


def _joined(parts: list[Any]) -> Any:
    return list(chain.from_iterable(parts)) if isinstance(parts[0], list) else np.concatenate(parts)


def _values(column: Column) -> bytes:
    if column.type == "String":
        return _strings(list(column.values))
    if column.type == LABELS:
        return _labels(list(column.values))
    return np.ascontiguousarray(column.values, _NUMBERS[column.type]).tobytes()


def _labels(maps: Sequence[Mapping[str, str]]) -> bytes:
    """Map columns are an array's: where each row ends, then all keys, then all values."""
    ends = np.fromiter(accumulate(map(len, maps)), np.uint64, len(maps)).tobytes()
    keys = list(chain.from_iterable(maps))
    values = list(chain.from_iterable(row.values() for row in maps))
    return b"".join([ends, _strings(keys), _strings(values)])


def _strings(texts: Sequence[str]) -> bytes:
    """Many texts: short ones of ASCII, as names are, have one byte of length and as many as letters."""
    few = set(texts)
    if len(few) * 4 < len(texts):
        written = {text: _string(text) for text in few}
        return b"".join(map(written.__getitem__, texts))
    if max(map(len, few), default=0) < 128:
        together = "".join([f"{len(text):c}{text}" for text in texts])
        if together.isascii():
            return together.encode()
    return b"".join(map(_string, texts))


def _string(text: str) -> bytes:
    data = text.encode("utf-8", "backslashreplace")
    return _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def block(self) -> dict[str, Any]:
        columns, rows = self._number(), self._number()
        found: dict[str, Any] = {}
        for _ in range(columns):
            name, kind = self._text(), self._text()
            found[name] = self._column(kind, rows)
        return found

    def _column(self, kind: str, rows: int) -> Any:
        if kind == "String":
            return [self._text() for _ in range(rows)]
        if kind == LABELS:
            ends = self._numbers(np.uint64, rows).tolist()
            total = ends[-1] if ends else 0
            keys = [self._text() for _ in range(total)]
            values = [self._text() for _ in range(total)]
            starts = [0, *ends[:-1]]
            return [dict(zip(keys[a:b], values[a:b], strict=True)) for a, b in zip(starts, ends, strict=True)]
        if kind == WORD:
            return self._words(rows)
        if kind not in _NUMBERS:
            raise Unreadable(f"the engine answered with a column of type {kind}")
        return self._numbers(_NUMBERS[kind], rows)

    def _words(self, rows: int) -> list[str]:
        """version u64, then: u64, whose low byte is the width of places; the dictionary; the places."""
        if not rows:
            return []
        width = int(self._numbers(np.uint64, 2)[1]) & 0xFF
        words = [self._text() for _ in range(int(self._numbers(np.uint64, 1)[0]))]
        count = int(self._numbers(np.uint64, 1)[0])
        if width >= len(_PLACES) or count != rows:
            raise Unreadable("the engine answered with a dictionary that is not of this column")
        places = self._numbers(_PLACES[width], rows).tolist()
        return list(map(words.__getitem__, places))

    def _numbers(self, dtype: Any, rows: int) -> NDArray[Any]:
        start, self.place = self.place, self.place + rows * np.dtype(dtype).itemsize
        if self.place > len(self._data):
            raise Truncated("the engine's answer ends within a column")
        return np.frombuffer(self._data, dtype, rows, start)

    def _number(self) -> int:
        number = shift = 0
        while True:
            if self.place >= len(self._data):
                raise Truncated("the engine's answer ends within a number")
            byte = self._data[self.place]
            self.place += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def _text(self) -> str:
        length = self._number()
        start, self.place = self.place, self.place + length
        if self.place > len(self._data):
            raise Truncated("the engine's answer ends within a text")
        return self._data[start : self.place].decode("utf-8", "replace")
