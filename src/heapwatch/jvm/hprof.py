"""Heap dumps (HPROF 1.0.2, as HotSpot writes them; also gzipped): how many of what, and who holds a class.

    file        "JAVA PROFILE 1.0.2\\0" | size of ids | ms | record*
    record      tag | time | length | body      01 text, 02 class, 0C and 1C part of the heap
    heap        01-08, FF roots | 20 class | 21 instance | 22 array of objects | 23 array of plain values

One pass counts and writes all references into temporary files, a column each; a way to a root is then sought
upward from some objects of the class, level by level. Memory holds classes, roots and what is being searched,
never the heap. Sizes are of contents: a dump does not say how large headers are.
"""

from __future__ import annotations

import mmap
import os
import struct
from bisect import bisect_right
from collections import Counter
from itertools import compress, count
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Set, Tuple, Union

from heapwatch.errors import HeapwatchError, Truncated, Unreadable
from heapwatch.jvm import ways
from heapwatch.jvm.dumpfile import Column, content
from heapwatch.jvm.holders import ELEMENT, Group, Link, class_name

Progress = Callable[[float], None]
Buffer = Union[bytes, mmap.mmap]

_SIZES = {4: 1, 5: 2, 6: 4, 7: 8, 8: 1, 9: 2, 10: 4, 11: 8}
_PLAIN = {4: "boolean", 5: "char", 6: "float", 7: "double", 8: "byte", 9: "short", 10: "int", 11: "long"}
_ROOTS = {1: "a handle of native code", 2: "a handle of native code", 3: "a variable on a stack",
          4: "a variable on a native stack", 5: "a system class", 6: "a thread", 7: "a monitor in use",
          8: "a thread", 0xFF: "a root of the VM"}  # fmt: skip
_PASSING = (3, 4)  # a variable holds for a moment: what holds the object for good is sought further up
_ROOT_EXTRA = {2: 8, 3: 8, 4: 4, 6: 4, 8: 8}
_MOST_TARGETS, _SAMPLES = 500_000, 32
_U2, _U4 = struct.Struct(">H").unpack_from, struct.Struct(">I").unpack_from


class Row(NamedTuple):
    name: str
    instances: int
    bytes: int


class Found(NamedTuple):
    """What a dump says: its classes by size, who holds the suspect directly, and ways to it from a root."""

    rows: List[Row]
    suspects: int
    direct: List[Tuple[str, str, int]]  # holder, field, how many it holds
    ways: List[Group]


class _Class(NamedTuple):
    parent: int
    fields: List[Tuple[int, int]]  # name, type
    static_fields: List[Tuple[int, int]]  # name, object


def _silent(_share: float) -> None:
    pass


def scan(path: str, suspect: str = "", progress: Progress = _silent) -> Found:
    """Read a dump; with `suspect` also who holds objects of that class."""
    with content(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size < 31:
            raise Truncated(f"{path}: a heap dump of {size} bytes has no header")
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
            try:
                return _Scan(data, suspect, progress).run()
            except (IndexError, KeyError, struct.error):
                raise Truncated(f"{path} is cut off or damaged") from None


class _Scan:
    most = _MOST_TARGETS

    def __init__(self, data: Buffer, suspect: str, progress: Progress) -> None:
        self.data, self.suspect, self.progress = data, suspect, progress
        start = bytes(data[:64])
        if not start.startswith(b"JAVA PROFILE 1.0."):
            raise Unreadable("not a heap dump (HPROF files begin with JAVA PROFILE)")
        end = start.find(b"\0")
        if end < 0:
            raise Truncated("heap dump without a header")
        self.width = _U4(data, end + 1)[0]
        if self.width not in (4, 8):
            raise Unreadable(f"heap dump with ids of {self.width} bytes")
        self.begin = end + 13
        self.sign = "Q" if self.width == 8 else "I"
        self.id = struct.Struct(">" + self.sign).unpack_from
        self.texts: Dict[int, Tuple[int, int]] = {}
        self.names: Dict[int, int] = {}
        self.classes: Dict[int, _Class] = {}
        self.roots: Dict[int, int] = {}
        self.counts: Dict[int, List[int]] = {}
        self.layouts: Dict[int, Tuple[struct.Struct, List[int]]] = {}
        self.told: Dict[int, str] = {}
        self.targets: Set[int] = set()
        self.suspects = 0
        self.held, self.firsts, self.kinds, self.ids = Column(), Column(), Column(), Column()

    def run(self) -> Found:
        segments = self._records()
        done = sum(end - start for start, end in segments) or 1
        for first in (True, False):  # classes first: a field's place is known by all the classes above
            seen = 0
            for start, end in segments:
                (self._describe if first else self._objects)(start, end)
                seen += end - start
                self.progress(seen / done / 2 + (0 if first else 0.5))
        rows = [Row(self.name(kind), *sums) for kind, sums in self.counts.items()]
        merged: Dict[str, List[int]] = {}
        for row in rows:
            sums = merged.setdefault(row.name, [0, 0])
            sums[0] += row.instances
            sums[1] += row.bytes
        rows = sorted((Row(name, *sums) for name, sums in merged.items()), key=lambda row: -row.bytes)
        if not self.suspect:
            return Found(rows, 0, [], [])
        if not self.targets:
            raise NotInDump(f"no object of class {self.suspect!r} is in this dump")
        direct, found = self._search()
        return Found(rows, self.suspects, direct, found)

    def name(self, kind: int) -> str:
        known = self.told.get(kind)
        if known is None:
            start, end = self.texts.get(self.names.get(kind, 0), (0, 0))
            raw = bytes(self.data[start:end]).decode("utf-8", "replace") or "?"
            known = self.told[kind] = _PLAIN[kind] + "[]" if kind in _PLAIN else class_name(raw)
        return known

    def text(self, key: int) -> str:
        start, end = self.texts.get(key, (0, 0))
        return bytes(self.data[start:end]).decode("utf-8", "replace")

    def _records(self) -> List[Tuple[int, int]]:
        data, at, end, width = self.data, self.begin, len(self.data), self.width
        segments = []
        while at < end:
            tag, length = data[at], _U4(data, at + 5)[0]
            at += 9
            if at + length > end:
                raise Truncated(f"heap dump is cut off: a record at byte {at} should have {length} bytes")
            if tag == 1 and length >= width:
                self.texts[self.id(data, at)[0]] = (at + width, at + length)
            elif tag == 2:
                self.names[self.id(data, at + 4)[0]] = self.id(data, at + 8 + width)[0]
            elif tag in (0x0C, 0x1C):
                segments.append((at, at + length))
            at += length
        if not segments:
            raise Truncated("heap dump without any object")
        return segments

    def _u4(self, at: int) -> int:
        return int(_U4(self.data, at)[0])

    def _size(self, tag: int, at: int) -> int:
        """Bytes of a sub-record behind its tag."""
        data, width = self.data, self.width
        if tag == 0x21:
            return int(2 * width + 8 + self._u4(at + 2 * width + 4))
        if tag == 0x22:
            return int(2 * width + 8 + self._u4(at + width + 4) * width)
        if tag == 0x23:
            kind = data[at + width + 8]
            if kind not in _SIZES:
                raise Unreadable(f"heap dump with an array of type {kind} at byte {at}")
            return int(width + 9 + self._u4(at + width + 4) * _SIZES[kind])
        if tag in _ROOTS:
            return int(width + (width if tag == 1 else _ROOT_EXTRA.get(tag, 0)))
        raise Unreadable(f"heap dump with a record of kind {tag:#x} at byte {at - 1}")

    def _describe(self, at: int, end: int) -> None:
        data = self.data
        while at < end:
            tag = data[at]
            at += 1
            if tag == 0x20:
                at = self._class(at)
            else:
                if tag in _ROOTS:
                    self.roots.setdefault(self.id(data, at)[0], tag)
                at += self._size(tag, at)
            if at > end:
                raise Truncated(f"heap dump is cut off within an object before byte {at}")

    def _width_of(self, kind: int) -> int:
        if kind != 2 and kind not in _SIZES:
            raise Unreadable(f"heap dump with a field of type {kind}")
        return self.width if kind == 2 else _SIZES[kind]

    def _class(self, at: int) -> int:
        data, width = self.data, self.width
        key, parent = self.id(data, at)[0], self.id(data, at + width + 4)[0]
        at += 7 * width + 8
        constants = _U2(data, at)[0]
        at += 2
        for _ in range(constants):
            at += 3 + self._width_of(data[at + 2])
        number = _U2(data, at)[0]
        at += 2
        static_fields = []
        for _ in range(number):
            kind = data[at + width]
            if kind == 2:
                static_fields.append((self.id(data, at)[0], self.id(data, at + width + 1)[0]))
            at += width + 1 + self._width_of(kind)
        number = _U2(data, at)[0]
        at += 2
        fields = []
        for _ in range(number):
            self._width_of(data[at + width])
            fields.append((self.id(data, at)[0], data[at + width]))
            at += width + 1
        self.classes[key] = _Class(parent, fields, static_fields)
        return at

    def _layout(self, kind: int) -> Tuple[struct.Struct, List[int]]:
        """How the references of an instance are cut out; what a weak reference refers to is not held."""
        made = self.layouts.get(kind)
        if made is None:
            pattern, names, gap, above, seen = ">", [], 0, kind, set()
            while above in self.classes and above not in seen:
                seen.add(above)
                weak = self.name(above) == "java.lang.ref.Reference"
                for field, sort in self.classes[above].fields:
                    if sort == 2 and not (weak and self.text(field) == "referent"):
                        pattern += (f"{gap}x" if gap else "") + self.sign
                        names.append(field)
                        gap = 0
                    else:
                        gap += self._width_of(sort)
                above = self.classes[above].parent
            made = self.layouts[kind] = (struct.Struct(pattern), names)
        return made

    def _objects(self, at: int, end: int) -> None:
        data, width, read, counts, wanted = self.data, self.width, self.id, self.counts, bool(self.suspect)
        while at < end:
            tag = data[at]
            at += 1
            if tag == 0x20:
                key = read(data, at)[0]
                at = self._class(at)
                if wanted:
                    self._holds(key, key, [held for _, held in self.classes[key].static_fields])
                continue
            size = self._size(tag, at)
            if at + size > end:
                raise Truncated(f"heap dump is cut off within an object at byte {at}")
            if tag in (0x21, 0x22, 0x23):
                key = read(data, at)[0]
                if tag == 0x23:
                    kind, content = data[at + width + 8], size - width - 9
                else:
                    kind = read(data, at + width + (4 if tag == 0x21 else 8))[0]
                    content = size - 2 * width - 8
                sums = counts.get(kind)
                if sums is None:
                    sums = counts[kind] = [0, 0]
                sums[0] += 1
                sums[1] += content
                if wanted:
                    self._object(tag, key, kind, at + 2 * width + 8, content)
            at += size

    def _object(self, tag: int, key: int, kind: int, at: int, content: int) -> None:
        if self.name(kind) == self.suspect:
            self.suspects += 1
            if len(self.targets) < _MOST_TARGETS:
                self.targets.add(key)
        if tag == 0x21:
            layout, names = self._layout(kind)
            if names and layout.size <= content:
                self._holds(key, kind, layout.unpack_from(self.data, at))
        elif tag == 0x22 and content:
            found = struct.unpack_from(f">{content // self.width}{self.sign}", self.data, at)
            self._holds(key, kind, list(filter(None, found)))

    def _holds(self, key: int, kind: int, held: Any) -> None:
        if held:
            self.firsts.extend((self.held.size(),))
            self.ids.extend((key,))
            self.kinds.extend((kind,))
            self.held.extend(held)

    # -- searching --------------------------------------------------------------------------------------

    def _search(self) -> Tuple[List[Tuple[str, str, int]], List[Group]]:
        self.columns = (self.held.view(), self.firsts.view(), self.ids.view(), self.kinds.view())
        sums: Counter[Tuple[str, str]] = Counter()
        for _, kind, field, _target in self.holders(self.targets):
            sums[(self.name(kind), field)] += 1
        direct = [(holder, field, number) for (holder, field), number in sums.most_common(12)]
        some = sorted(self.targets)[:: max(1, len(self.targets) // _SAMPLES)]
        return direct, ways.Search(self, self.suspect, some).run()

    def holders(self, wanted: Set[int]) -> Iterator[Tuple[int, int, str, int]]:
        held, firsts, ids, kinds = self.columns
        for edge in compress(count(), map(wanted.__contains__, held)):
            at = bisect_right(firsts, edge) - 1
            yield ids[at], kinds[at], self._field(ids[at], kinds[at], edge - firsts[at]), held[edge]

    def _field(self, key: int, kind: int, place: int) -> str:
        if key == kind:
            return self.text(self.classes[key].static_fields[place][0])
        if kind in self.classes and not self.name(kind).endswith("[]"):
            return self.text(self._layout(kind)[1][place])
        return ELEMENT

    def alike(self, kind: int) -> Iterator[int]:
        _, _, ids, kinds = self.columns
        return compress(ids, map(kind.__eq__, kinds))

    def root(self, key: int, link: Link) -> str:
        return "a static field" if link.static else _ROOTS.get(self.roots.get(key, 0), "")

    def lasts(self, key: int) -> bool:
        return self.roots.get(key) not in _PASSING


class NotInDump(HeapwatchError):
    """The class asked for has no object in the dump."""
