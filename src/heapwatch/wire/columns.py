"""The columns that a batch consists of, written and read. (What they mean is in batch.py.)

    ints, floats   count u32, then as many int64 or float64, little-endian; but from 32 on: mask u8, then for
                   each bit set in the mask, lowest first, that byte of all numbers in turn; a byte that is
                   0 in all of them is left out

Long columns lie byte by byte because that packs better than number by number, and because cutting them up so
costs a tenth of finding a width for each.
"""

from __future__ import annotations

import struct
import sys
from array import array
from itertools import accumulate, filterfalse
from operator import itemgetter
from typing import Dict, Iterable, List, Mapping, Sequence

from heapwatch.errors import Truncated, Unreadable

MAX_TEXTS = 1 << 20
"""Most different texts that one batch may hold."""

_LONG = 32  # numbers from which on a column lies byte by byte
_SWAP = sys.byteorder == "big"


class Texts(Dict[str, int]):
    """Text to its index; a text that is asked for the first time gets the next one."""

    def __missing__(self, text: str) -> int:
        index = self[text] = len(self)
        return index


class Writer:
    """Collects columns; texts are written once and named by their index."""

    def __init__(self) -> None:
        self.texts = Texts()
        self._parts: List[bytes] = []

    def parts(self) -> List[bytes]:
        texts = list(self.texts)
        try:
            blob = "".join(texts).encode()
        except UnicodeEncodeError:  # half a surrogate pair is no text: it is written as its escape
            texts = [text.encode("utf-8", "backslashreplace").decode() for text in texts]
            blob = "".join(texts).encode()
        body, self._parts = self._parts, []
        self.ints(list(map(len, texts)))
        return [*self._parts, struct.pack("<I", len(blob)), blob, b"".join(body)]

    def raw(self, data: bytes) -> None:
        self._parts.append(data)

    def ints(self, values: Sequence[int]) -> None:
        if isinstance(values, array):
            self._column(values)
        else:  # faster than by way of an array
            self._planes(struct.pack(f"<{len(values)}q", *values), len(values))

    def floats(self, values: Iterable[float]) -> None:
        self._column(values if isinstance(values, array) else array("d", values))

    def lookup(self, texts: Sequence[str]) -> Sequence[int]:
        if len(texts) < 2:
            return [self.texts[text] for text in texts]
        known = self.texts
        if len(known) < len(texts):  # most are new: a third faster than one by one
            new = dict.fromkeys(filterfalse(known.__contains__, texts))
            known.update(zip(new, range(len(known), len(known) + len(new))))
        found: Sequence[int] = itemgetter(*texts)(known)  # twice as fast as a comprehension
        return found

    def references(self, texts: Iterable[str]) -> None:
        self.ints([self.texts[text] for text in texts])

    def labels(self, labels: Mapping[str, str]) -> None:
        self.references(labels)
        self.references(labels.values())

    def _column(self, column: array[int] | array[float]) -> None:
        if _SWAP:
            column = column[:]
            column.byteswap()
        self._planes(column.tobytes(), len(column))

    def _planes(self, cells: bytes, count: int) -> None:
        """Numbers of eight bytes each, by the byte if there are many."""
        mask = 0
        self._parts.append(struct.pack("<I", count))
        if count < _LONG:
            self._parts.append(cells)
            return
        planes = []
        for place in range(8):
            plane = cells[place::8]
            if plane.count(0) != count:
                planes.append(plane)
                mask |= 1 << place
        self._parts.append(bytes((mask,)))
        self._parts += planes


class Reader:
    """Reads columns from bytes that may be anything. `room` bounds the memory that they may ask for."""

    def __init__(self, body: bytes, room: int) -> None:
        self._body = body
        self._room = room  # bytes that columns may still take: one of zeros is nothing on the wire
        self._at = 0
        self._texts: List[str] = []

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if self._at > len(self._body):
            raise Truncated("batch ends in the middle of a column")
        return self._body[start : self._at]

    def _use(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise Unreadable("batch holds more numbers than its size allows")

    def end(self) -> None:
        if self._at != len(self._body):
            raise Unreadable(f"{len(self._body) - self._at} bytes after the last part of a batch")

    def read_texts(self) -> None:
        lengths = self.ints()
        if len(lengths) > MAX_TEXTS:
            raise Unreadable(f"batch of {len(lengths)} texts; at most {MAX_TEXTS} are accepted")
        if lengths and min(lengths) < 0:
            raise Unreadable("text of negative length")
        (size,) = struct.unpack("<I", self._take(4))
        try:
            blob = str(self._take(size), "utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable(f"text that is not UTF-8: {error}") from error
        ends = list(accumulate(lengths))
        if (ends[-1] if ends else 0) != len(blob):
            raise Unreadable(f"{len(blob)} characters of text where {sum(lengths)} belong")
        self._texts = [blob[end - size : end] for size, end in zip(lengths, ends)]

    def text(self, index: int) -> str:
        if 0 <= index < len(self._texts):
            return self._texts[index]
        raise Unreadable(f"text {index} of {len(self._texts)}")

    def texts_of(self, indexes: Sequence[int]) -> List[str]:
        if indexes:
            self.text(min(indexes))
            self.text(max(indexes))
        return list(map(self._texts.__getitem__, indexes))

    def classes(self) -> List[str]:
        kind = self._take(1)
        if kind == b"\0":
            return self.texts_of(self.ints())
        first, count = self.ints(2)
        if kind != b"\1" or first < 0 or count < 0 or first + count > len(self._texts):
            raise Unreadable(f"classes of kind {kind!r}, {count} from text {first} of {len(self._texts)}")
        self._use(8 * count)
        return self._texts[first : first + count]

    def ints(self, expected: int | None = None) -> array[int]:
        column: array[int] = array("q")
        self._planes(column, expected)
        return column

    def floats(self, expected: int | None = None) -> array[float]:
        column: array[float] = array("d")
        self._planes(column, expected)
        return column

    def _planes(self, column: array[int] | array[float], expected: int | None) -> None:
        (count,) = struct.unpack("<I", self._take(4))
        if expected is not None and count != expected:
            raise Unreadable(f"column of {count} where {expected} belong")
        self._use(8 * count)
        if count < _LONG:
            column.frombytes(self._take(8 * count))
        else:
            (mask,) = self._take(1)
            cells = bytearray(8 * count)
            for place in range(8):
                if mask >> place & 1:
                    cells[place::8] = self._take(count)
            column.frombytes(cells)
        if _SWAP:
            column.byteswap()

    def labels(self) -> Dict[str, str]:
        names = self.texts_of(self.ints())
        labels = dict(zip(names, self.texts_of(self.ints(len(names)))))
        if len(labels) != len(names):
            raise Unreadable("label that is given twice")
        return labels
