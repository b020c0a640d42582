"""hsperfdata: the counters that a HotSpot JVM keeps in a mapped file, free to read at any time.

    header  cafec0c0 | byte order | version | accessible | used | overflow | mod time | offset | entries
    entry   length | name offset | vector length | type | flags | unit | variability | data offset | name

The magic is big-endian, everything else in the order that byte 4 names (1 = little). Two kinds of value are
in use: 64-bit integers (`J`) and NUL-padded strings (`B` with a length).

The file is read with pread and never mapped: when another JVM with the same pid in a shared /tmp truncates
it, a mapped reader dies of SIGBUS. Which file belongs to a process is decided by its inode in
/proc/PID/maps, so a leftover of a dead JVM is never taken for a living one, and a file that a /tmp cleaner
deleted is still read through /proc/PID/map_files.
"""

from __future__ import annotations

import os
import re
import struct
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from heapwatch.errors import HeapwatchError, Truncated, Unreadable
from heapwatch.jvm import process
from heapwatch.jvm.counters import CollectionWatch, Plan, heap_counters, metrics
from heapwatch.model import Target

__all__ = [
    "CollectionWatch",
    "NoPerfData",
    "PerfData",
    "Plan",
    "attach_is_disabled",
    "decode",
    "heap_counters",
    "metrics",
    "open_for",
]

Value = Union[int, str]

_MAGIC = 0xCAFEC0C0
_HEADER = 32
_ENTRY = 20
_LARGEST_FILE = 1 << 22
_LONG, _BYTES = ord("J"), ord("B")
_MAPPING = re.compile(r"^([0-9a-f]+-[0-9a-f]+) \S+ \S+ \S+ (\d+) +(/.*hsperfdata_[^/]*/\d+)( \(deleted\))?$")
_REREADS = 5

# Pairs that the VM changes one after the other: a read between the two would tell of half a collection.
_PAIRED = re.compile(r"^sun\.gc\.collector\.\d+\.invocations$|^sun\.rt\.safepoints$")


class NoPerfData(HeapwatchError):
    """This JVM's counters cannot be had; the message says why. Attaching may work all the same."""


class _Entry(NamedTuple):
    kind: int
    offset: int
    length: int


class _Cut(NamedTuple):
    """How some counters are read: the numbers by one unpacking that skips all that lies between them."""

    names: Optional[Sequence[str]]
    numbers: List[str]
    unpack: Callable[[bytes], Tuple[int, ...]]
    texts: List[Tuple[str, int, int]]


class Layout:
    """Where each counter of one file is. Counters are added while a VM starts; the header tells."""

    def __init__(self, data: bytes) -> None:
        order, entries, offset = _header(data)
        self.key = data[:_HEADER]
        self._order = order
        self._cut: Optional[_Cut] = None
        self._long = struct.Struct(order + "q").unpack_from
        self._places: Dict[str, _Entry] = {}
        entry = struct.Struct(order + "iiiBBBBi")
        for _ in range(entries):
            if offset < _HEADER or offset + _ENTRY > len(data):
                raise Truncated(f"hsperfdata ends before its entry at {offset}")
            length, name_at, vector, kind, _, _, _, data_at = entry.unpack_from(data, offset)
            if length < _ENTRY or offset + length > len(data):
                raise Unreadable(f"hsperfdata entry at {offset} has length {length}")
            if not _ENTRY <= name_at < length or not name_at < data_at <= length or vector < 0:
                raise Unreadable(f"hsperfdata entry at {offset} points outside itself")
            size = vector if kind == _BYTES else 8
            known = (kind == _LONG and vector == 0) or (kind == _BYTES and vector > 0)
            if known and data_at + size <= length:
                name = data[offset + name_at : offset + data_at].partition(b"\0")[0]
                self._places[name.decode("utf-8", "replace")] = _Entry(kind, offset + data_at, size)
            offset += length
        self._paired = [place.offset for name, place in self._places.items() if _PAIRED.match(name)]
        self.end = max((place.offset + place.length for place in self._places.values()), default=_HEADER)

    def fits(self, data: bytes) -> bool:
        """Whether `data` has the layout that was read: same number of entries, size and change time."""
        return data[:_HEADER] == self.key

    def values(self, data: bytes, names: Optional[Sequence[str]] = None) -> Dict[str, Value]:
        """The counters `names`, or all. The same list of names again costs next to nothing."""
        if self._cut is None or self._cut.names is not names:
            self._cut = self._cut_out(names)
        cut = self._cut
        found: Dict[str, Value] = dict(zip(cut.numbers, cut.unpack(data)))
        for name, start, end in cut.texts:
            found[name] = data[start:end].partition(b"\0")[0].decode("utf-8", "replace")
        return found

    def _cut_out(self, names: Optional[Sequence[str]]) -> _Cut:
        wanted = self._places if names is None else [name for name in names if name in self._places]
        places = sorted((self._places[name], name) for name in wanted)
        numbers = [(place, name) for place, name in places if place.kind == _LONG]
        texts = [
            (name, place.offset, place.offset + place.length)
            for place, name in places
            if place.kind == _BYTES
        ]
        parts, at = [], 0
        for place, _ in numbers:
            parts.append(f"{place.offset - at}xq")
            at = place.offset + 8
        unpack = struct.Struct(self._order + "".join(parts)).unpack_from
        return _Cut(names, [name for _, name in numbers], unpack, texts)

    def paired(self, data: bytes) -> List[int]:
        return [self._long(data, offset)[0] for offset in self._paired]


def _header(data: bytes) -> Tuple[str, int, int]:
    """Byte order, number of entries and offset of the first."""
    if len(data) < _HEADER:
        raise Truncated(f"hsperfdata of {len(data)} bytes has no header")
    if struct.unpack_from(">I", data)[0] != _MAGIC:
        raise Unreadable("not an hsperfdata file (bad magic)")
    order = "<" if data[4] == 1 else ">"
    if data[5] != 2:
        raise Unreadable(f"hsperfdata version {data[5]}.{data[6]} is unknown")
    if not data[7]:
        raise Unreadable("hsperfdata is not ready yet")
    offset, entries = struct.unpack_from(order + "ii", data, 24)
    if entries < 0 or offset < _HEADER:
        raise Unreadable(f"hsperfdata header says {entries} entries at {offset}")
    return order, entries, offset


def decode(data: bytes) -> Dict[str, Value]:
    """All counters in the bytes of an hsperfdata file."""
    return Layout(data).values(data)


class PerfData:
    """The open counters of one JVM. A read costs one pread and the unpacking of what is asked for."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._layout: Optional[Layout] = None
        self._plan: Optional[Plan] = None
        self._pairs: List[int] = []

    @property
    def plan(self) -> Plan:
        """What this VM's counters mean; made anew when it has added some."""
        if self._plan is None:
            self._plan = Plan(self.read())
        return self._plan

    def sample(self) -> Mapping[str, Value]:
        """The counters that `plan` needs: the cheap way to read a JVM every second."""
        return self.read(self.plan.names)

    def metrics(self) -> Dict[str, float]:
        """The samples of this moment, by metric name."""
        return self.plan.metrics(self.sample())

    def read(self, names: Optional[Sequence[str]] = None) -> Mapping[str, Value]:
        """The counters `names`, or all: from a moment at which no collection was half counted."""
        data, layout = self._bytes()
        before = layout.paired(data)
        if before != self._pairs:  # something was counted since the last reading, perhaps just now
            for _ in range(_REREADS):
                again, layout = self._bytes()
                if layout.paired(again) == before:
                    break
                data, before = again, layout.paired(again)
            self._pairs = before
            data = data if layout.fits(data) else again
        return layout.values(data, names)

    def content(self) -> bytes:
        """The file as it is now."""
        return os.pread(self._descriptor, _LARGEST_FILE, 0)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> PerfData:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _bytes(self) -> Tuple[bytes, Layout]:
        layout = self._layout
        try:
            data = os.pread(self._descriptor, layout.end if layout else _LARGEST_FILE, 0)
            if layout is None or not layout.fits(data):
                data = os.pread(self._descriptor, _LARGEST_FILE, 0)
                layout = self._layout = Layout(data)
                self._plan = None
            elif len(data) < layout.end:
                raise Truncated("hsperfdata was cut off by someone")
        except OSError as error:
            raise Unreadable(f"hsperfdata: {error.strerror}") from error
        return data, layout


def open_for(target: Target, proc: str = "/proc") -> PerfData:
    """The counters of this JVM. NoPerfData says why there are none."""
    if target.vm != "hotspot":
        raise NoPerfData(f"{target.vm} keeps no hsperfdata")
    return PerfData(_open(target.pid, target.nspid, target.uid, proc))


def attach_is_disabled(target: Target, proc: str = "/proc") -> bool:
    """-XX:+DisableAttachMechanism, from the VM's own word, else from its options."""
    try:
        with open_for(target, proc) as perfdata:
            capabilities = perfdata.read(["sun.rt.jvmCapabilities"]).get("sun.rt.jvmCapabilities")
        if capabilities:
            return str(capabilities).startswith("0")
    except (NoPerfData, Unreadable):
        pass
    try:
        options = process.command_line(target.pid, proc)
        variables = process.environment(target.pid, proc) or {}
    except (ProcessLookupError, PermissionError):
        return False
    for variable in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"):
        options += variables.get(variable, "").split()
    wanted = [option for option in options if option.endswith("DisableAttachMechanism")]
    return bool(wanted) and wanted[-1].startswith("-XX:+")


def _open(pid: int, nspid: int, uid: int, proc: str) -> int:
    try:
        with open(f"{proc}/{pid}/maps", encoding="utf-8", errors="replace") as file:
            lines = [line for line in file if "hsperfdata_" in line]
    except (FileNotFoundError, ProcessLookupError):
        raise NoPerfData(f"process {pid} is gone") from None
    except PermissionError:
        return _open_unbound(pid, nspid, uid)
    for line in lines:
        match = _MAPPING.match(line.rstrip("\n"))
        if match:
            return _open_mapped(pid, match, proc)
    raise NoPerfData(f"JVM {pid} keeps no hsperfdata (-XX:-UsePerfData or -XX:+PerfDisableSharedMem)")


def _open_mapped(pid: int, match: re.Match[str], proc: str) -> int:
    mapping, inode, path, deleted = match.groups()
    refused = "it was deleted"
    if not deleted:
        try:
            descriptor = _open_file(f"{proc}/{pid}/root{path}")
            if os.fstat(descriptor).st_ino == int(inode):
                return descriptor
            os.close(descriptor)
            refused = "another JVM has replaced it"
        except OSError as error:
            refused = error.strerror or str(error)
    try:
        return os.open(f"{proc}/{pid}/map_files/{mapping}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        raise NoPerfData(
            f"the hsperfdata file of JVM {pid} cannot be read ({refused}); "
            "root with CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE reads it all the same"
        ) from None


def _open_unbound(pid: int, nspid: int, uid: int) -> int:
    """Without a look at the mappings: only a file of the JVM's own user, in our own /tmp."""
    if pid == nspid:
        for directory in _directories("/tmp"):
            try:
                descriptor = _open_file(f"{directory}/{pid}")
            except OSError:
                continue
            if os.fstat(descriptor).st_uid == uid:
                return descriptor
            os.close(descriptor)
    raise NoPerfData(f"the counters of JVM {pid} are closed to us: run as root, or as its own user")


def _open_file(path: str) -> int:
    # O_NONBLOCK: whoever can write the directory could put a FIFO there to make us wait for ever.
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)


def _directories(tmp: str) -> List[str]:
    try:
        return [f"{tmp}/{name}" for name in os.listdir(tmp) if name.startswith("hsperfdata_")]
    except OSError:
        return []
